#include "app/desktop/single_instance.h"

#include "app/paths.h"

#include <QCryptographicHash>
#include <QDir>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QLocalSocket>
#include <QThread>

#include <sys/stat.h>
#include <unistd.h>

namespace app::desktop {
namespace {

constexpr int PatienceMs = 30000;
constexpr int LongestSocketPath = 100; // a socket's address has room for 107 bytes
constexpr int KeyLength = 16;

/// A folder that is ours alone: the runtime folder, or one of the same kind below the temporary folder.
QString runtimeFolder() {
    const QString runtime = QString::fromLocal8Bit(qgetenv("XDG_RUNTIME_DIR"));
    QString folder = runtime + QStringLiteral("/sumidero");
    if (runtime.isEmpty() || folder.size() > LongestSocketPath - KeyLength - 8)
        folder = QDir::tempPath() + QStringLiteral("/sumidero-%1").arg(geteuid());
    makePrivateFolder(folder);
    struct stat info {};
    const bool ours = lstat(folder.toLocal8Bit().constData(), &info) == 0 && S_ISDIR(info.st_mode) &&
                      info.st_uid == geteuid();
    return ours ? folder : stateFolder(); // somebody else made it: keep away
}

/// The same for every way to write the path of one file, also before it exists.
QString keyOf(const QString& databasePath) {
    const QFileInfo info(databasePath);
    const QString folder = QFileInfo(info.absolutePath()).canonicalFilePath();
    const QString file = info.exists()
                             ? info.canonicalFilePath()
                             : (folder.isEmpty() ? info.absolutePath() : folder) + u'/' + info.fileName();
    const QByteArray hash = QCryptographicHash::hash(file.toUtf8(), QCryptographicHash::Sha256);
    return QString::fromLatin1(hash.toHex().left(KeyLength));
}

} // namespace

SingleInstance::SingleInstance(const QString& databasePath, QObject* parent) : QObject(parent) {
    const QString path = runtimeFolder() + u'/' + keyOf(databasePath);
    m_socketPath = path + QStringLiteral(".s");
    m_lock = std::make_unique<QLockFile>(path + QStringLiteral(".lock"));
    m_lock->setStaleLockTime(0); // by age never; when its process is gone always
}

SingleInstance::Outcome SingleInstance::begin() {
    constexpr int pauseMs = 50;
    QElapsedTimer clock;
    clock.start();
    do {
        if (m_lock->tryLock(0)) {
            listen();
            return Outcome::First;
        }
        if (m_lock->error() != QLockFile::LockFailedError)
            return Outcome::First; // no lock can be made here; the database has one of its own
        if (raiseOther())
            return Outcome::OtherRaised;
        QThread::msleep(pauseMs); // it has just started, or just ended
    } while (clock.elapsed() < PatienceMs);
    return Outcome::NoAnswer;
}

void SingleInstance::listen() {
    QLocalServer::removeServer(m_socketPath); // of a program that was killed: we have the lock
    m_server.setSocketOptions(QLocalServer::UserAccessOption);
    m_server.listen(m_socketPath);
    connect(&m_server, &QLocalServer::newConnection, this, [this] {
        while (QLocalSocket* socket = m_server.nextPendingConnection()) {
            connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
            socket->write("raised\n");
            socket->disconnectFromServer();
            Q_EMIT raiseRequested();
        }
    });
}

bool SingleInstance::raiseOther() const {
    QLocalSocket socket;
    socket.connectToServer(m_socketPath, QIODevice::ReadOnly);
    return socket.waitForConnected(1000) && socket.waitForReadyRead(PatienceMs / 2) &&
           socket.readAll().startsWith("raised");
}

} // namespace app::desktop
