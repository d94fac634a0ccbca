#include "app/safe_file.h"

#include <QFileInfo>
#include <QSaveFile>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace app {

namespace {

StoreError failure(const QString& path, const QFileDevice& file) {
    if (file.error() == QFileDevice::ResourceError)
        return {StoreError::Kind::Full,
                u"The disk is full: %1 could not be written. Free some space, then try again."_s.arg(path)};
    return {StoreError::Kind::Other, u"%1 could not be written: %2."_s.arg(path, file.errorString())};
}

StoreError failure(const QString& path, int error) {
    if (error == ENOSPC || error == EDQUOT)
        return {StoreError::Kind::Full,
                u"The disk is full: %1 could not be written. Free some space, then try again."_s.arg(path)};
    return {StoreError::Kind::Other,
            u"%1 could not be written: %2."_s.arg(path, QString::fromLocal8Bit(std::strerror(error)))};
}

/// The device is unbuffered: what it takes is with the system, and what the system refuses is heard here.
void writeAll(const QString& path, QFileDevice& file, const QByteArray& bytes) {
    for (qint64 done = 0; done < bytes.size();) {
        const qint64 taken = file.write(bytes.constData() + done, bytes.size() - done);
        if (taken <= 0)
            throw failure(path, file);
        done += taken;
    }
}

/// Some file systems and most devices cannot sync, which is no failure to write.
void sync(const QString& path, int descriptor) {
    if (::fsync(descriptor) != 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS)
        throw failure(path, errno);
}

/// The new name is on the disk, too. The file is whole either way, so nobody is told of a failure.
void syncFolderOf(const QString& path) {
    const int folder = ::open(QFile::encodeName(QFileInfo(path).absolutePath()).constData(),
                              O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return;
    ::fsync(folder);
    ::close(folder);
}

constexpr QIODevice::OpenMode kMode = QIODevice::WriteOnly | QIODevice::Unbuffered;

} // namespace

void writeFile(const QString& path, const QByteArray& bytes) {
    const QFileInfo there(path);
    if (there.exists() && !there.isFile() && !there.isDir()) {
        QFile device(path);
        if (!device.open(kMode))
            throw failure(path, device);
        writeAll(path, device, bytes);
        sync(path, device.handle());
        return;
    }
    // By itself QSaveFile notices neither what fails when its buffer is flushed nor a failing sync.
    QSaveFile file(path);
    if (!file.open(kMode) || !file.setPermissions(QFile::ReadOwner | QFile::WriteOwner))
        throw failure(path, file);
    writeAll(path, file, bytes);
    sync(path, file.handle());
    if (!file.commit())
        throw failure(path, file);
    syncFolderOf(path);
}

} // namespace app
