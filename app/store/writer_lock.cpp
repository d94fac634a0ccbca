#include "app/store/writer_lock.h"

#include <QFile>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace app::store {

namespace {

QByteArray lockName(const QString& databasePath) {
    return QFile::encodeName(databasePath + QStringLiteral(".lock"));
}

struct flock wholeFile(short type) {
    struct flock lock = {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

} // namespace

WriterLock& WriterLock::operator=(WriterLock&& other) noexcept {
    std::swap(m_descriptor, other.m_descriptor);
    return *this;
}

WriterLock::Result WriterLock::take(const QString& databasePath) {
    const int descriptor = ::open(lockName(databasePath).constData(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return errno == ENOSPC || errno == EDQUOT ? Result::Full : Result::ReadOnly;
    // Open file description locks, unlike the classic ones, also exclude a second connection of the same
    // process.
    struct flock lock = wholeFile(F_WRLCK);
    if (::fcntl(descriptor, F_OFD_SETLK, &lock) != 0) {
        ::close(descriptor);
        return Result::Busy;
    }
    release();
    m_descriptor = descriptor;
    return Result::Taken;
}

void WriterLock::release() {
    if (m_descriptor >= 0)
        ::close(m_descriptor);
    m_descriptor = -1;
}

bool WriterLock::isHeld(const QString& databasePath) {
    const int descriptor = ::open(lockName(databasePath).constData(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    struct flock lock = wholeFile(F_WRLCK);
    const bool asked = ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0;
    ::close(descriptor);
    return asked && lock.l_type != F_UNLCK;
}

} // namespace app::store
