#include "app/downloads/part_file.h"

#include "app/store_error.h"

#include <QFileInfo>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace app::downloads {
namespace {

StoreError failure(const QString& path, int error) {
    const auto kind = error == ENOSPC || error == EDQUOT ? StoreError::Kind::Full : StoreError::Kind::Other;
    const QString folder = QFileInfo(path).absolutePath();
    return {kind, kind == StoreError::Kind::Full
                      ? u"The disk is full; the model could not be stored in %1."_s.arg(folder)
                      : u"The model could not be stored in %1: %2."_s.arg(
                            folder, QString::fromLocal8Bit(std::strerror(error)))};
}

} // namespace

PartFile::PartFile(const QString& path) : m_file(path) {
    errno = 0;
    // Unbuffered: what the system refuses is heard at once.
    if (!m_file.open(QIODevice::ReadWrite | QIODevice::Unbuffered))
        throw failure(path, errno != 0 ? errno : EIO);
    m_file.setPermissions(QFile::ReadOwner | QFile::WriteOwner);
    m_size = m_file.size();
    m_file.seek(m_size);
}

void PartFile::append(const char* bytes, qint64 count) {
    while (count > 0) {
        errno = 0;
        const qint64 written = m_file.write(bytes, count);
        if (written <= 0)
            throw failure(m_file.fileName(), errno != 0 ? errno : EIO);
        bytes += written;
        count -= written;
        m_size += written;
    }
}

void PartFile::truncate(qint64 size) {
    errno = 0;
    if (!m_file.resize(size) || !m_file.seek(size))
        throw failure(m_file.fileName(), errno != 0 ? errno : EIO);
    m_size = size;
}

void PartFile::sync() {
    // Some file systems cannot sync, which is no failure to write.
    if (::fsync(m_file.handle()) != 0 && errno != EINVAL && errno != ENOTSUP)
        throw failure(m_file.fileName(), errno);
}

void moveIntoPlace(const QString& from, const QString& to) {
    if (std::rename(QFile::encodeName(from).constData(), QFile::encodeName(to).constData()) != 0)
        throw failure(to, errno);
    const int folder = ::open(QFile::encodeName(QFileInfo(to).absolutePath()).constData(),
                              O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return; // the file is whole either way
    ::fsync(folder);
    ::close(folder);
}

} // namespace app::downloads
