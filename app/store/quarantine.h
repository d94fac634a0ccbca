#pragma once
#include <QString>

namespace app::store {

/// Moves the database and its -wal and -shm aside under one new name, so that they stay a set; nothing is
/// overwritten or deleted. Returns the new path; throws StoreError when they cannot be moved. No connection
/// may be open on them in this process.
QString moveAside(const QString& path);

} // namespace app::store
