#include "app/paths.h"

#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

using namespace Qt::StringLiterals;

namespace app {

QString dataFolder() {
    return QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + u"/sumidero"_s;
}

QString databasePath() {
    return dataFolder() + u"/transcripts.db"_s;
}

QString modelsFolder() {
    return dataFolder() + u"/models"_s;
}

QString stateFolder() {
    // Qt has no location for state before 6.7.
    QString home = qEnvironmentVariable("XDG_STATE_HOME");
    if (!home.startsWith(u'/'))
        home = QDir::homePath() + u"/.local/state"_s;
    return home + u"/sumidero"_s;
}

bool makePrivateFolder(const QString& path) {
    const QFileInfo info(path);
    if (info.exists())
        return info.isDir();
    const QString parent = info.absolutePath();
    if (parent == info.absoluteFilePath() || !makePrivateFolder(parent))
        return false;
    return QDir().mkdir(info.absoluteFilePath(), QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner) ||
           QFileInfo(path).isDir(); // another process was faster
}

} // namespace app
