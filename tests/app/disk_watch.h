#pragma once
#include <QString>

#include <functional>

namespace test {

/// Stands between SQLite and the disk while it lives: sees every write and sync, and can make them fail. One
/// at a time; the databases it is to watch are opened and closed within its life.
class DiskWatch {
public:
    enum class Call { Open, Read, Write, Sync, Truncate, Delete, SharedMemory };

    DiskWatch();
    ~DiskWatch();

    /// Asked before each call; anything but 0 (SQLITE_OK) is what SQLite gets instead.
    std::function<int(Call call, const QString& path)> before;
    /// Told after a file has been synced.
    std::function<void(const QString& path)> synced;
};

} // namespace test
