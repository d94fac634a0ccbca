#include "app/store/database_impl.h"
#include "app/store/rows.h"

#include <QHash>

#include <algorithm>

using namespace Qt::StringLiterals;

// The tree of messages. Siblings (same parent) are versions of one turn, in the order of their ids.
namespace app {

using store::Connection;
using store::Durability;
using store::Query;

namespace {

StoreError gone() {
    return {StoreError::Kind::Other, u"This message does not exist any more."_s};
}

StoreError notStreaming() {
    return {StoreError::Kind::Other, u"This answer is not being written."_s};
}

Message load(Connection& connection, MessageId id) {
    Query query = connection.query("SELECT " SUMIDERO_MESSAGE_COLUMNS " FROM message WHERE id = ?");
    if (!query.bind(id).next())
        throw gone();
    return store::messageFrom(query);
}

/// Text and state of an answer whose chunks have not been joined yet.
void complete(Connection& connection, Message& message, bool writerAlive) {
    if (message.state != MessageState::Streaming)
        return;
    message.text = store::assembledText(connection, message.id);
    if (!writerAlive)
        message.state = MessageState::Interrupted;
}

QList<MessageId> siblings(Connection& connection, ChatId chat, MessageId parent) {
    Query query = connection.query("SELECT id FROM message WHERE chat = ? AND parent IS ? ORDER BY id");
    query.bind(chat).bindIdOrNull(parent);
    QList<MessageId> result;
    while (query.next())
        result.append(query.integer(0));
    return result;
}

void number(Message& message, const QList<MessageId>& versions) {
    message.versions = static_cast<int>(versions.size());
    message.version = static_cast<int>(versions.indexOf(message.id)) + 1;
}

void touch(Connection& connection, ChatId chat, MessageId leaf, qint64 now) {
    connection.query("UPDATE chat SET updated = ?, active_leaf = ? WHERE id = ?")
        .bind(now)
        .bind(leaf)
        .bind(chat)
        .run();
}

void requireParent(Connection& connection, ChatId chat, MessageId parent) {
    if (parent == 0)
        return;
    Query query = connection.query("SELECT 1 FROM message WHERE id = ? AND chat = ?");
    if (!query.bind(parent).bind(chat).next())
        throw gone();
}

MessageId insert(Connection& connection, const Message& message) {
    requireParent(connection, message.chat, message.parent);
    connection
        .query("INSERT INTO message(chat, parent, role, state, content, model, created, tokens, "
               "tokens_per_second) "
               "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(message.chat)
        .bindIdOrNull(message.parent)
        .bind(store::name(message.role))
        .bind(store::name(message.state))
        .bind(message.text)
        .bind(message.model)
        .bind(message.created.toMSecsSinceEpoch())
        .bind(message.tokens)
        .bind(message.tokensPerSecond)
        .run();
    return connection.lastId();
}

Message add(Connection& connection, const Message& message) {
    Message stored = message;
    stored.created = QDateTime::fromMSecsSinceEpoch(store::nowMs());
    stored.id = insert(connection, stored);
    number(stored, siblings(connection, stored.chat, stored.parent));
    touch(connection, stored.chat, stored.id, stored.created.toMSecsSinceEpoch());
    return stored;
}

/// The shape of a chat without its texts.
struct Tree {
    QHash<MessageId, MessageId> parents;
    QHash<MessageId, QList<MessageId>> children; // ascending
};

Tree treeOf(Connection& connection, ChatId chat) {
    Query query = connection.query("SELECT id, parent FROM message WHERE chat = ? ORDER BY id");
    query.bind(chat);
    Tree tree;
    while (query.next()) {
        tree.parents.insert(query.integer(0), query.integer(1));
        tree.children[query.integer(1)].append(query.integer(0));
    }
    return tree;
}

MessageId newestBelow(const Tree& tree, MessageId message) {
    for (auto found = tree.children.find(message); found != tree.children.end();
         found = tree.children.find(message))
        message = found->last();
    return message;
}

/// First message first. A damaged parent chain ends where it would repeat itself.
QList<MessageId> pathTo(const Tree& tree, MessageId leaf) {
    QList<MessageId> path;
    while (tree.parents.contains(leaf) && path.size() < tree.parents.size()) {
        path.append(leaf);
        leaf = tree.parents.value(leaf);
    }
    std::reverse(path.begin(), path.end());
    return path;
}

/// The messages of a path, in its order: one walk through the chat, which for a long one is much faster than
/// asking for each.
QList<Message> loadAll(Connection& connection, ChatId chat, const QList<MessageId>& path) {
    QHash<MessageId, qsizetype> places;
    places.reserve(path.size());
    for (qsizetype i = 0; i < path.size(); ++i)
        places.insert(path[i], i);
    QList<Message> result(path.size());
    Query query = connection.query("SELECT " SUMIDERO_MESSAGE_COLUMNS " FROM message WHERE chat = ?");
    query.bind(chat);
    while (query.next()) {
        if (const auto place = places.constFind(query.integer(0)); place != places.constEnd())
            result[*place] = store::messageFrom(query);
    }
    return result;
}

MessageId storedLeaf(Connection& connection, ChatId chat) {
    Query query = connection.query("SELECT active_leaf FROM chat WHERE id = ?");
    return query.bind(chat).next() ? query.integer(0) : 0;
}

} // namespace

QList<Message> Database::branch(ChatId chat) {
    Connection& connection = m_impl->connection();
    return connection.read([&] {
        const Tree tree = treeOf(connection, chat);
        MessageId leaf = storedLeaf(connection, chat);
        if (!tree.parents.contains(leaf))
            leaf = newestBelow(tree, 0);
        QList<Message> result = loadAll(connection, chat, pathTo(tree, leaf));
        const bool writerAlive = m_impl->isWriterAlive();
        for (Message& message : result) {
            complete(connection, message, writerAlive);
            number(message, tree.children.value(message.parent));
        }
        return result;
    });
}

Message Database::appendUserMessage(ChatId chat, MessageId parent, const QString& text) {
    Connection& connection = m_impl->connection();
    return connection.write(Durability::Full, [&] {
        Message message;
        message.chat = chat;
        message.parent = parent;
        message.role = Role::User;
        message.text = text;
        return add(connection, message);
    });
}

Message Database::beginAnswer(ChatId chat, MessageId parent, const QString& model) {
    Connection& connection = m_impl->connection();
    return connection.write(Durability::Normal, [&] {
        Message message;
        message.chat = chat;
        message.parent = parent;
        message.role = Role::Assistant;
        message.state = MessageState::Streaming;
        message.model = model;
        return add(connection, message);
    });
}

void Database::appendChunk(MessageId answer, const QString& text) {
    Connection& connection = m_impl->connection();
    connection.write(Durability::Normal, [&] {
        const int added =
            connection
                .query("INSERT INTO chunk(message, seq, content) SELECT id, 1 + coalesce((SELECT "
                       "max(seq) FROM chunk WHERE message = ?1), 0), ?2 FROM message "
                       "WHERE id = ?1 AND state = 'streaming'")
                .bind(answer)
                .bind(text)
                .run();
        if (added != 1)
            throw notStreaming();
    });
}

void Database::finishAnswer(MessageId answer, MessageState state, int tokens, double tokensPerSecond) {
    Connection& connection = m_impl->connection();
    connection.write(Durability::Full, [&] {
        const Message message = load(connection, answer);
        if (message.state != MessageState::Streaming)
            throw notStreaming();
        store::settleAnswer(connection, answer, state);
        connection.query("UPDATE message SET tokens = ?, tokens_per_second = ? WHERE id = ?")
            .bind(tokens)
            .bind(tokensPerSecond)
            .bind(answer)
            .run();
        connection.query("UPDATE chat SET updated = ? WHERE id = ?")
            .bind(store::nowMs())
            .bind(message.chat)
            .run();
    });
}

void Database::reopenAnswer(MessageId answer) {
    Connection& connection = m_impl->connection();
    connection.write(Durability::Normal, [&] {
        const int changed =
            connection
                .query("UPDATE message SET state = 'streaming' WHERE id = ? AND role = 'assistant' "
                       "AND state <> 'streaming'")
                .bind(answer)
                .run();
        if (changed != 1)
            throw gone();
    });
}

void Database::setActiveLeaf(ChatId chat, MessageId leaf) {
    Connection& connection = m_impl->connection();
    connection.write(Durability::Normal, [&] {
        requireParent(connection, chat, leaf);
        connection.query("UPDATE chat SET active_leaf = ? WHERE id = ?").bindIdOrNull(leaf).bind(chat).run();
    });
}

QList<Message> Database::versionsOf(MessageId id) {
    Connection& connection = m_impl->connection();
    return connection.read([&] {
        const Message one = load(connection, id);
        const QList<MessageId> versions = siblings(connection, one.chat, one.parent);
        const bool writerAlive = m_impl->isWriterAlive();
        QList<Message> result;
        for (const MessageId version : versions) {
            Message message = load(connection, version);
            complete(connection, message, writerAlive);
            number(message, versions);
            result.append(message);
        }
        return result;
    });
}

MessageId Database::leafBelow(MessageId message) {
    Connection& connection = m_impl->connection();
    return connection.read([&] {
        MessageId leaf = message;
        for (;;) {
            Query query = connection.query("SELECT max(id) FROM message WHERE parent = ?");
            if (!query.bind(leaf).next() || query.isNull(0))
                return leaf;
            leaf = query.integer(0);
        }
    });
}

MessageId Database::activeLeaf(ChatId chat) {
    Connection& connection = m_impl->connection();
    return connection.read([&] { return storedLeaf(connection, chat); });
}

QList<Message> Database::allMessages(ChatId chat) {
    Connection& connection = m_impl->connection();
    return connection.read([&] {
        QList<Message> result;
        {
            Query query = connection.query("SELECT " SUMIDERO_MESSAGE_COLUMNS
                                           " FROM message WHERE chat = ? ORDER BY id");
            query.bind(chat);
            while (query.next())
                result.append(store::messageFrom(query));
        }
        const bool writerAlive = m_impl->isWriterAlive();
        for (Message& message : result)
            complete(connection, message, writerAlive);
        return result;
    });
}

MessageId Database::insertMessage(const Message& message) {
    Connection& connection = m_impl->connection();
    return connection.write(Durability::Full, [&] { return insert(connection, message); });
}

} // namespace app
