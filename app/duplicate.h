#pragma once
#include "app/chat_types.h"

namespace app {

class Database;

/// A copy of a chat beside it, called `title`: all its branches, or with `upTo` only the messages that lead to that one. An answer that is
/// being written is copied as far as it is stored, as interrupted. Database thread. Throws StoreError; then there is no copy.
ChatId duplicateChat(Database& database, ChatId chat, const QString& title, MessageId upTo = 0);

} // namespace app
