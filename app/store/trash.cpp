#include "app/store/database_impl.h"
#include "app/store/message_rows.h"

// Messages in the trash. Their rows stay as they are, with the time; upkeep.cpp removes them.
namespace app {

using store::Connection;
using store::Durability;
using store::gone;
using store::Query;
using store::Tree;

namespace {

bool isBelow(const Tree& tree, MessageId message, MessageId ancestor) {
    while (message != 0 && message != ancestor) {
        const MessageId parent = tree.parents.value(message);
        message = parent < message ? parent : 0; // a damaged chain ends here
    }
    return message == ancestor;
}

/// What is shown instead of a message: the version before it, else the one after it, else what it followed.
MessageId insteadOf(const Tree& tree, MessageId message) {
    const MessageId parent = tree.parents.value(message);
    const QList<MessageId> versions = tree.children.value(parent);
    const auto place = versions.indexOf(message);
    if (versions.size() < 2)
        return parent;
    return store::newestBelow(tree, versions[place > 0 ? place - 1 : place + 1]);
}

} // namespace

DeletedMessages Database::deleteMessage(MessageId message) {
    Connection& connection = m_impl->connection();
    return connection.write(Durability::Normal, [&] {
        DeletedMessages deleted;
        deleted.first = message;
        deleted.chat = store::load(connection, message).chat;
        const Tree tree = store::treeOf(connection, deleted.chat);
        if (!tree.parents.contains(message))
            throw gone();
        deleted.parent = tree.parents.value(message);
        deleted.leaf = store::shownLeaf(connection, deleted.chat);
        deleted.time = store::nowMs();
        if (isBelow(tree, deleted.leaf, message))
            connection.query("UPDATE chat SET active_leaf = ? WHERE id = ?")
                .bindIdOrNull(insteadOf(tree, message))
                .bind(deleted.chat)
                .run();
        deleted.count =
            connection
                .query("WITH RECURSIVE below(id) AS (VALUES(?1) UNION SELECT m.id FROM message m JOIN below "
                       "ON m.parent = below.id) UPDATE message SET deleted = ?2 "
                       "WHERE deleted IS NULL AND id IN (SELECT id FROM below)")
                .bind(message)
                .bind(deleted.time)
                .run();
        return deleted;
    });
}

void Database::restoreMessages(const DeletedMessages& deleted) {
    Connection& connection = m_impl->connection();
    connection.write(Durability::Normal, [&] {
        const Tree before = store::treeOf(connection, deleted.chat);
        if (deleted.parent != 0 && !before.parents.contains(deleted.parent))
            throw gone();
        const int restored =
            connection
                .query("WITH RECURSIVE below(id) AS (VALUES(?1) UNION SELECT m.id FROM message m JOIN below "
                       "ON m.parent = below.id WHERE m.deleted = ?2) UPDATE message SET deleted = NULL "
                       "WHERE deleted = ?2 AND id IN (SELECT id FROM below)")
                .bind(deleted.first)
                .bind(deleted.time)
                .run();
        if (restored == 0)
            throw gone();
        connection.query("UPDATE chat SET active_leaf = ? WHERE id = ?")
            .bindIdOrNull(deleted.leaf)
            .bind(deleted.chat)
            .run();
    });
}

} // namespace app
