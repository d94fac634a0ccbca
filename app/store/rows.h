#pragma once
#include "app/store/connection.h"

// Rows as the values of chat_types.h, and back; shared by the parts of the store.
namespace app::store {

/// A title as people may see it, wherever it comes from: one line, with nothing in it that turns letters around or moves a cursor, and not
/// longer than a list of titles can bear. This is the only way a title leaves the store, except for an export, which has all of it.
QString shownTitle(const Query& row, int column);

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
