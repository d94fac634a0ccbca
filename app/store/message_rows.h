#pragma once
#include "app/store/rows.h"

// One message and its place among its versions; shared by the parts of the store that read messages.
namespace app::store {

StoreError gone();
/// Throws gone().
Message load(Connection& connection, MessageId id);
/// Text and state of an answer whose chunks have not been joined yet.
void complete(Connection& connection, Message& message, bool writerAlive);
QList<MessageId> siblings(Connection& connection, ChatId chat, MessageId parent);
void number(Message& message, const QList<MessageId>& versions);

} // namespace app::store
