#include "app/store/opening.h"
#include "app/paths.h"
#include "app/store/files.h"
#include "app/store/health.h"
#include "app/store/quarantine.h"
#include "app/store/rows.h"
#include "app/store/salvage.h"
#include "app/store/upkeep.h"

#include <QFileInfo>
#include <QThread>

#include <cerrno>

using namespace Qt::StringLiterals;

namespace app::store {

namespace {

constexpr qint64 kAlwaysCheckedBytes = 32 << 20; // a quick check of this size takes some ten milliseconds
constexpr int kLockPatienceMs = 500;             // another program may just be closing

StoreError notCreated(const QString& path) {
    const bool full = errno == ENOSPC || errno == EDQUOT;
    return {full ? StoreError::Kind::Full : StoreError::Kind::ReadOnly,
            full ? u"The disk is full: %1 could not be created."_s.arg(path)
                 : u"%1 could not be created."_s.arg(path)};
}

void makeFile(const QString& path, const Schema& schema) {
    removeDatabase(path);
    if (!createPrivate(path)) // SQLite gives its log and index files the mode of the database
        throw notCreated(path);
    try {
        Connection connection(path, Connection::Mode::ReadWrite);
        connection.checkpointOnClose(true);
        createSchema(connection, schema);
        connection.translated([&] { connection.execute("PRAGMA journal_mode = WAL"); });
    } catch (...) {
        removeDatabase(path);
        throw;
    }
}

void putInPlace(const QString& draft, const QString& path) {
    if (!syncFile(draft) || !renameOver(draft, path))
        throw notCreated(path);
    syncFolderOf(path);
}

/// Under another name first: a file that has the real name is always whole, and an empty one was never ours.
void createNew(const QString& path, const Schema& schema) {
    const QString draft = path + u".new"_s;
    makeFile(draft, schema);
    putInPlace(draft, path);
}

/// What is tried again later may then be opened for writing.
Opened readInstead(const QString& path, const Schema& schema, const QString& why) {
    Opened opened = openForReading(path, schema);
    if (opened.connection->isReadOnly() && !opened.notice.isEmpty()) // of a newer version: that stays so
        return opened;
    opened.connection->makeReadOnly(why);
    opened.notice = why;
    opened.mayPass = true;
    return opened;
}

WriterLock::Result takePatiently(WriterLock& lock, const QString& path) {
    WriterLock::Result result = lock.take(path);
    for (int waited = 0; result == WriterLock::Result::Busy && waited < kLockPatienceMs; waited += 20) {
        QThread::msleep(20);
        result = lock.take(path);
    }
    return result;
}

QString sentenceFor(WriterLock::Result result, const QString& path) {
    switch (result) {
    case WriterLock::Result::Busy:
        return u"Another Sumidero is already running with these chats; here they can only be read."_s;
    case WriterLock::Result::Full:
        return u"The disk is full: the chats can only be read until there is room again."_s;
    default:
        return u"The chats can only be read: %1 or its folder cannot be written."_s.arg(path);
    }
}

QString recoveredName(const QString& path) {
    return path + u".recovered"_s;
}

/// What can be read of a damaged file goes into a new one; only when that is whole and on the disk, the old
/// one goes aside and the new one takes its place.
QString replaceDamaged(const QString& path, const Schema& schema) {
    const QString fresh = recoveredName(path);
    makeFile(fresh, schema);
    qint64 saved = 0;
    try {
        saved = salvage(path, fresh);
    } catch (...) {
        removeDatabase(fresh);
        throw;
    }
    const QString old = moveAside(path);
    putInPlace(fresh, path);
    const QString where = u" The damaged file is kept as %1; more of your texts may be in it."_s.arg(old);
    if (saved == 0)
        return u"The chats could not be read, and new ones are begun."_s + where;
    return u"The file with the chats was damaged. %1 messages were recovered from it."_s.arg(saved) + where;
}

/// A start was killed while it replaced a damaged file: the old one is aside, the new one not yet in its
/// place. A notice, or nothing when that was not so.
QString finishReplacing(const QString& path) {
    const QString fresh = recoveredName(path);
    if (QFileInfo::exists(path) || !QFileInfo::exists(fresh) || QFileInfo::exists(fresh + u"-wal"_s)) {
        removeDatabase(fresh);
        return {};
    }
    if (QFileInfo::exists(path + u"-wal"_s))
        moveAside(path);
    putInPlace(fresh, path);
    return u"The file with the chats was damaged. What could be read of it was recovered; the damaged file "
           u"is "
           "kept beside %1, and more of your texts may be in it."_s.arg(path);
}

void putInOrder(Connection& connection, QString& notice) {
    try {
        finishInterrupted(connection);
        purgeTrash(connection, nowMs());
    } catch (const StoreError& error) {
        if (error.kind() != StoreError::Kind::Full)
            throw;
        notice = QString::fromUtf8(error.what()); // reading works; it is tried again at the next start
    }
}

std::unique_ptr<Connection> connect(const QString& path, const Schema& schema, bool thoroughly,
                                    Health& health) {
    auto connection = std::make_unique<Connection>(path, Connection::Mode::ReadWrite);
    health = examine(*connection, schema, thoroughly);
    // The folder and the file can be written, so only a broken header makes SQLite refuse to.
    if (health == Health::Fine && connection->isReadOnly())
        health = Health::Damaged;
    return connection;
}

void prepareForWriting(Opened& opened, const Schema& schema, bool suspected) {
    Connection& connection = *opened.connection;
    if (suspected && !checkIndexes(connection).isEmpty())
        rebuildIndexes(connection);
    connection.execute("PRAGMA journal_mode = WAL");
    migrate(connection, schema);
    connection.checkpointOnClose(true);
    putInOrder(connection, opened.notice);
    QFile::remove(suspicionMark(connection.path()));
}

/// Leaves the connection closed unless all is well.
Health tryToOpen(Opened& opened, const QString& path, const Schema& schema, bool thoroughly, bool suspected) {
    Health health = Health::Fine;
    try {
        opened.connection = connect(path, schema, thoroughly, health);
        if (health == Health::Fine || health == Health::Older) {
            prepareForWriting(opened, schema, suspected);
            return Health::Fine;
        }
    } catch (const SQLite::Exception& error) {
        if (!isDamage(error))
            throw;
        health = Health::Damaged;
    } catch (const StoreError& error) {
        if (error.kind() != StoreError::Kind::Damaged)
            throw;
        health = Health::Damaged;
    }
    if (opened.connection)
        opened.connection->checkpointOnClose(false);
    opened.connection.reset();
    return health;
}

/// Empty, unless something had to be replaced.
QString makeThere(const QString& path, const Schema& schema) {
    const QString notice = finishReplacing(path);
    const QFileInfo file(path);
    // SQLite takes an empty file for a new database, and deletes the log beside it.
    if (file.exists() ? file.size() == 0 : QFileInfo(path + u"-wal"_s).size() > 0)
        return replaceDamaged(path, schema);
    if (!file.exists())
        createNew(path, schema);
    return notice;
}

Opened openLocked(const QString& path, const Schema& schema, WriterLock lock) {
    Opened opened;
    opened.lock = std::move(lock);
    opened.notice = makeThere(path, schema);
    const bool suspected = QFileInfo::exists(suspicionMark(path));
    const bool thoroughly =
        suspected || QFileInfo(path + u"-wal"_s).size() > 0 || QFileInfo(path).size() <= kAlwaysCheckedBytes;
    Health health = tryToOpen(opened, path, schema, thoroughly, suspected);
    if (health == Health::Damaged) {
        opened.notice = replaceDamaged(path, schema);
        health = tryToOpen(opened, path, schema, false, false);
    }
    switch (health) {
    case Health::Foreign:
        throw foreignFile(path);
    case Health::Newer:
        opened.lock.release();
        return openForReading(path, schema);
    case Health::Damaged:
        throw StoreError(StoreError::Kind::Damaged,
                         u"%1 cannot be used: even a new file is damaged."_s.arg(path));
    default:
        return opened;
    }
}

StoreError notOpened(const QString& path, const SQLite::Exception& error) {
    if (isFull(error, path))
        return {StoreError::Kind::Full,
                u"The disk is full: the chats in %1 cannot be opened. Free some space."_s.arg(path)};
    return {StoreError::Kind::Other,
            u"%1 could not be opened: %2."_s.arg(path, QString::fromUtf8(error.what()))};
}

Opened openOrSay(const QString& path, const Schema& schema, WriterLock lock) {
    try {
        return openLocked(path, schema, std::move(lock));
    } catch (const SQLite::Exception& error) {
        throw notOpened(path, error);
    }
}

} // namespace

Opened openForWriting(const QString& path, const Schema& schema) {
    const QFileInfo file(path);
    if (!makePrivateFolder(file.absolutePath()))
        throw notCreated(path);
    const bool writable =
        QFileInfo(file.absolutePath()).isWritable() && (!file.exists() || file.isWritable());
    WriterLock lock;
    const WriterLock::Result taken = writable ? takePatiently(lock, path) : WriterLock::Result::ReadOnly;
    if (taken == WriterLock::Result::Full && !file.exists())
        throw StoreError(StoreError::Kind::Full, sentenceFor(taken, path));
    if (taken != WriterLock::Result::Taken)
        return readInstead(path, schema, sentenceFor(taken, path));
    try {
        return openOrSay(path, schema, std::move(lock));
    } catch (const StoreError& error) {
        if (error.kind() != StoreError::Kind::Full || QFileInfo(path).size() == 0)
            throw;
        try {
            return readInstead(path, schema, sentenceFor(WriterLock::Result::Full, path));
        } catch (const StoreError&) {
            // It cannot even be read: what was said first is the reason.
        }
        throw;
    }
}

} // namespace app::store
