#include "app/store/database_impl.h"
#include "app/store/message_rows.h"

using namespace Qt::StringLiterals;

// Messages one by one. Siblings (same parent) are versions of one turn, in the order of their ids.
namespace app {

using store::complete;
using store::Connection;
using store::Durability;
using store::gone;
using store::load;
using store::number;
using store::Query;
using store::siblings;

namespace {

StoreError notStreaming() {
    return {StoreError::Kind::Other, u"This answer is not being written."_s};
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
    Query query = connection.query("SELECT 1 FROM message WHERE id = ? AND chat = ? AND deleted IS NULL");
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

} // namespace

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
                       "AND state <> 'streaming' AND deleted IS NULL")
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

QList<Message> Database::allMessages(ChatId chat) {
    Connection& connection = m_impl->connection();
    return connection.read([&] {
        QList<Message> result;
        {
            Query query = connection.query("SELECT " SUMIDERO_MESSAGE_COLUMNS
                                           " FROM message WHERE chat = ? AND deleted IS NULL ORDER BY id");
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
