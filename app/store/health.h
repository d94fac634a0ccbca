#pragma once
#include "app/store/connection.h"
#include "app/store/schema.h"

// What a file is, before anything is done with it.
namespace app::store {

enum class Health { Fine, Damaged, Newer, Older, Foreign };

bool isDamage(const SQLite::Exception& error);
/// Thoroughly: with SQLite's quick check. Throws SQLite::Exception when the disk cannot be read just now, which is no damage.
Health examine(Connection& connection, const Schema& schema, bool thoroughly);

} // namespace app::store
