#include "app/store/database_impl.h"
#include "app/store/message_rows.h"

#include <QHash>

#include <algorithm>

// The tree of messages and the branch of it that a chat shows. A parent is always older than its children.
namespace app {

using store::complete;
using store::Connection;
using store::newestBelow;
using store::number;
using store::Query;
using store::shownLeaf;
using store::siblings;
using store::Tree;
using store::treeOf;

namespace {

MessageId storedLeaf(Connection& connection, ChatId chat) {
    Query query = connection.query("SELECT active_leaf FROM chat WHERE id = ?");
    return query.bind(chat).next() ? query.integer(0) : 0;
}

} // namespace

namespace store {

Tree treeOf(Connection& connection, ChatId chat) {
    Query query = connection.query("SELECT id, parent FROM message WHERE chat = ?1 AND " SUMIDERO_IS_KEPT
                                   " ORDER BY id");
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

MessageId shownLeaf(Connection& connection, ChatId chat) {
    const MessageId leaf = storedLeaf(connection, chat);
    Query query = connection.query("SELECT 1 FROM message WHERE id = ? AND chat = ? AND deleted IS NULL");
    if (query.bind(leaf).bind(chat).next())
        return leaf;
    return newestBelow(treeOf(connection, chat), 0);
}

} // namespace store

namespace {

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

/// From a message up to the first of its chat, each by its key: what it costs does not depend on how long the
/// chat is. Newest first in `messages` until it is turned round.
BranchPart walkUp(Connection& connection, ChatId chat, MessageId from, int rows, qint64 characters) {
    BranchPart part;
    for (MessageId next = from; next != 0;) {
        if (part.messages.size() >= rows && characters <= 0)
            break;
        Query query = connection.query("SELECT " SUMIDERO_MESSAGE_COLUMNS " FROM message WHERE id = ?");
        if (!query.bind(next).next() || query.integer(1) != chat)
            next = 0; // a damaged chain ends here
        else {
            part.messages.append(store::messageFrom(query));
            const Message& message = part.messages.last();
            characters -= message.text.size();
            next = message.parent < message.id ? message.parent : 0;
        }
        part.isWhole = next == 0;
    }
    if (from == 0)
        part.isWhole = true;
    std::reverse(part.messages.begin(), part.messages.end());
    return part;
}

void finish(Connection& connection, QList<Message>& messages, bool writerAlive) {
    for (Message& message : messages) {
        complete(connection, message, writerAlive);
        number(message, siblings(connection, message.chat, message.parent));
    }
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

BranchPart Database::branchEnd(ChatId chat, int rows, qint64 characters) {
    Connection& connection = m_impl->connection();
    return connection.read([&] {
        BranchPart part = walkUp(connection, chat, shownLeaf(connection, chat), rows, characters);
        finish(connection, part.messages, m_impl->isWriterAlive());
        return part;
    });
}

BranchPart Database::branchUpTo(ChatId chat, MessageId last, int rows) {
    Connection& connection = m_impl->connection();
    return connection.read([&] {
        BranchPart part = walkUp(connection, chat, last, rows, 0);
        finish(connection, part.messages, m_impl->isWriterAlive());
        return part;
    });
}

MessageId Database::activeLeaf(ChatId chat) {
    Connection& connection = m_impl->connection();
    return connection.read([&] { return storedLeaf(connection, chat); });
}

MessageId Database::leafBelow(MessageId message) {
    Connection& connection = m_impl->connection();
    return connection.read([&] {
        MessageId leaf = message;
        for (;;) {
            Query query =
                connection.query("SELECT max(id) FROM message WHERE parent = ? AND deleted IS NULL");
            if (!query.bind(leaf).next() || query.isNull(0))
                return leaf;
            leaf = query.integer(0);
        }
    });
}

} // namespace app
