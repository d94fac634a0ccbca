#pragma once
#include <QString>

// What the store does with whole files; their contents are SQLite's. All of it is for the user alone (0600).
namespace app::store {

/// An empty file. False, with errno: it exists, or cannot be made.
bool createPrivate(const QString& path);
/// False: there is nothing to copy, or no room.
bool copyPrivately(const QString& from, const QString& to);
/// On the disk when it returns. False: the disk does not take it.
bool syncFile(const QString& path);
/// The names in its folder are on the disk, too.
void syncFolderOf(const QString& path);
/// False, with errno. What had the new name is gone.
bool renameOver(const QString& from, const QString& to);
/// Whether the disk of a file that may not exist takes `bytes` more. True where that cannot be told.
bool hasRoom(const QString& path, qint64 bytes = 1 << 16);
/// A database that nobody has open, and what SQLite keeps beside it.
void removeDatabase(const QString& path);

} // namespace app::store
