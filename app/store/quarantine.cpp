#include "app/store/quarantine.h"
#include "app/database.h"

#include <QDateTime>
#include <QFile>
#include <QFileInfo>

using namespace Qt::StringLiterals;

namespace app::store {

QString moveAside(const QString& path) {
    const QString base = path + u".damaged-"_s + QDateTime::currentDateTime().toString(u"yyyyMMdd-HHmmss"_s);
    QString target = base;
    for (int number = 2; QFileInfo::exists(target) || QFileInfo::exists(target + u"-wal"_s); ++number)
        target = base + u"-%1"_s.arg(number);
    // The database first: without its log it would look whole, as of its last checkpoint, to a start after a
    // kill in between.
    for (const QString& suffix : {u""_s, u"-wal"_s, u"-shm"_s}) {
        if (QFileInfo::exists(path + suffix) && !QFile::rename(path + suffix, target + suffix))
            throw StoreError(
                StoreError::Kind::Damaged,
                u"%1 is damaged and could not be moved aside; nothing in it was changed."_s.arg(path));
    }
    return target;
}

} // namespace app::store
