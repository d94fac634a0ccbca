#pragma once
#include "app/store/connection.h"

// Rows as the values of chat_types.h, and back; shared by the parts of the store.
namespace app::store {

/// Bytes of a title that are shown; an export has all of it. Whatever a file says, a list of titles stays small.
constexpr int kShownTitle = 1000;

qint64 nowMs();
QString name(Role role);
QString name(MessageState state);
/// False: no such name, `result` is left alone.
bool fromName(const QString& name, Role& result);
bool fromName(const QString& name, MessageState& result);

/// The columns that messageFrom() reads, in its order.
#define SUMIDERO_MESSAGE_COLUMNS                                                                             \
    "id, chat, parent, role, state, content, model, created, tokens, tokens_per_second"
Message messageFrom(const Query& row);

/// What is stored of an answer that is still being written: its text and its chunks, joined here because of
/// possible NULs.
QString assembledText(Connection& connection, MessageId answer);
/// Text and chunks become the text; the chunks go. Inside a transaction.
void settleAnswer(Connection& connection, MessageId answer, MessageState state);

} // namespace app::store
