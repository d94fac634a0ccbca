#pragma once
#include "app/store/rows.h"

#include <QHash>

// One message and its place among its versions; shared by the parts of the store that read messages.
namespace app::store {

StoreError gone();
/// Throws gone().
Message load(Connection& connection, MessageId id);
/// Text and state of an answer whose chunks have not been joined yet.
void complete(Connection& connection, Message& message, bool writerAlive);
QList<MessageId> siblings(Connection& connection, ChatId chat, MessageId parent);
/// True for the messages of chat ?1 that are not in the trash, without reading their texts.
#define SUMIDERO_IS_KEPT                                                                                     \
    "id NOT IN (SELECT id FROM message INDEXED BY message_deleted WHERE chat = ?1 AND deleted IS NOT NULL)"
/// The shape of a chat without its texts, and without what is in the trash.
struct Tree {
    QHash<MessageId, MessageId> parents;
    QHash<MessageId, QList<MessageId>> children; // ascending
};
Tree treeOf(Connection& connection, ChatId chat);
/// The newest leaf below a message.
MessageId newestBelow(const Tree& tree, MessageId message);
/// The leaf of the branch that is shown; 0: there are no messages.
MessageId shownLeaf(Connection& connection, ChatId chat);
void number(Message& message, const QList<MessageId>& versions);

} // namespace app::store
