#include "app/downloads/digest.h"

#include <QCryptographicHash>
#include <QFile>

namespace app::downloads {

QString sha256Of(const QString& path, const std::stop_token& stop, const std::function<void(qint64)>& read) {
    constexpr qint64 piece = 1 << 20;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly | QIODevice::Unbuffered))
        return {};
    QCryptographicHash hash(QCryptographicHash::Sha256);
    for (qint64 done = 0;;) {
        if (stop.stop_requested())
            return {};
        const QByteArray bytes = file.read(piece);
        if (bytes.isEmpty())
            break;
        hash.addData(bytes);
        done += bytes.size();
        if (read)
            read(done);
    }
    return file.error() == QFile::NoError ? QString::fromLatin1(hash.result().toHex()) : QString();
}

} // namespace app::downloads
