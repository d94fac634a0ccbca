#pragma once
#include "app/store/connection.h"

// What is put in order when a database is opened for writing.
namespace app::store {

/// Answers that an unclean end left in state Streaming get the text of their chunks and become Interrupted.
void finishInterrupted(Connection& connection);
/// Removes for good the chats that have been in the trash for 30 days, by the clock of this start and of one at least a day before. `now` in
/// milliseconds since 1970 UTC.
void purgeTrash(Connection& connection, qint64 now);

} // namespace app::store
