#pragma once
#include <QString>

namespace app::store {

/// One writer per database, across processes: two connections that write and checkpoint can meet SQLite's
/// WAL-reset fault. The lock is the kernel's (it ends with the process, however that ends) on a small file
/// beside the database, never on the database itself, whose own locks would be dropped by closing another
/// descriptor of it.
class WriterLock {
public:
    enum class Result { Taken, Busy, ReadOnly, Full };

    WriterLock() = default;
    ~WriterLock() { release(); }
    WriterLock(WriterLock&& other) noexcept : m_descriptor(other.m_descriptor) { other.m_descriptor = -1; }
    WriterLock& operator=(WriterLock&& other) noexcept;

    Result take(const QString& databasePath);
    void release();
    /// Whether some process (this one included) holds the lock now. Takes nothing.
    static bool isHeld(const QString& databasePath);

private:
    int m_descriptor = -1;
};

} // namespace app::store
