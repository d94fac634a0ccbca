#include "app/store/opening.h"
#include "app/paths.h"
#include "app/store/quarantine.h"
#include "app/store/rows.h"
#include "app/store/salvage.h"
#include "app/store/upkeep.h"

#include <QDir>
#include <QFileInfo>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QThread>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace app::store {

namespace {

constexpr qint64 kAlwaysCheckedBytes = 32 << 20; // a quick check of this size takes some ten milliseconds
constexpr int kLockPatienceMs = 500;             // another program may just be closing

enum class Health { Fine, Damaged, Newer, Older, Foreign };

bool isDamage(const SQLite::Exception& error) {
    const int code = error.getErrorCode() & 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

bool hasTables(Connection& connection, int expected) {
    return connection.number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN "
                             "('chat', 'message', 'chunk', 'draft', 'event', 'setting')") >= expected;
}

Health identify(Connection& connection, const Schema& schema) {
    const qint64 version = connection.number("PRAGMA user_version");
    if (connection.number("PRAGMA application_id") != kApplicationId) {
        const bool empty = connection.number("SELECT count(*) FROM sqlite_schema") == 0;
        return empty || hasTables(connection, 6) ? Health::Damaged : Health::Foreign;
    }
    if (version > schema.version)
        return Health::Newer;
    if (version < 1 || !hasTables(connection, 6))
        return Health::Damaged;
    return version < schema.version ? Health::Older : Health::Fine;
}

/// Throws when the check could not be made: a disk that cannot be read just now is not a damaged file.
bool passesCheck(Connection& connection) {
    Query check = connection.query("PRAGMA quick_check(1)");
    const QString verdict = check.next() ? check.text(0) : QString();
    static const QRegularExpression kUnread(u"error code[= ](\\d+)"_s);
    const int code = kUnread.match(verdict).captured(1).toInt();
    if (code != 0 && (code & 0xff) != SQLITE_CORRUPT)
        throw SQLite::Exception("the file could not be checked", code);
    return verdict == u"ok"_s;
}

Health examine(Connection& connection, const Schema& schema, bool thoroughly) {
    try {
        const Health health = identify(connection, schema);
        const bool ours = health == Health::Fine || health == Health::Older;
        return ours && thoroughly && !passesCheck(connection) ? Health::Damaged : health;
    } catch (const SQLite::Exception& error) {
        if (isDamage(error))
            return Health::Damaged;
        throw;
    }
}

void syncFolderOf(const QString& path) {
    const int folder = ::open(QFile::encodeName(QFileInfo(path).absolutePath()).constData(),
                              O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return;
    ::fsync(folder);
    ::close(folder);
}

StoreError notCreated(const QString& path) {
    const bool full = errno == ENOSPC || errno == EDQUOT;
    return {full ? StoreError::Kind::Full : StoreError::Kind::ReadOnly,
            full ? u"The disk is full: %1 could not be created."_s.arg(path)
                 : u"%1 could not be created."_s.arg(path)};
}

/// Under another name first: a file that has the real name is always whole, and an empty one was never ours.
void createNew(const QString& path, const Schema& schema) {
    const QString draft = path + u".new"_s;
    for (const QString& suffix : {u""_s, u"-wal"_s, u"-shm"_s, u"-journal"_s})
        QFile::remove(draft + suffix);
    // SQLite gives its log and index files the mode of the database.
    const int descriptor =
        ::open(QFile::encodeName(draft).constData(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0)
        throw notCreated(path);
    ::close(descriptor);
    try {
        Connection connection(draft, Connection::Mode::ReadWrite);
        connection.checkpointOnClose(true);
        createSchema(connection, schema);
        connection.translated([&] { connection.execute("PRAGMA journal_mode = WAL"); });
    } catch (...) {
        QFile::remove(draft);
        throw;
    }
    if (::rename(QFile::encodeName(draft).constData(), QFile::encodeName(path).constData()) != 0)
        throw notCreated(path);
    syncFolderOf(path);
}

StoreError damagedFile(const QString& path) {
    return {StoreError::Kind::Damaged,
            u"%1 is damaged or not a database; nothing in it was changed."_s.arg(path)};
}

StoreError foreignFile(const QString& path) {
    return {StoreError::Kind::Other,
            u"%1 is the database of another program; nothing in it was touched."_s.arg(path)};
}

Opened readInstead(const QString& path, const Schema& schema, const QString& why) {
    Opened opened = openForReading(path, schema);
    opened.connection->makeReadOnly(why);
    opened.notice = why;
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

/// An old file goes aside and a new one takes its place, with what could be read of the old.
QString replaceDamaged(const QString& path, const Schema& schema) {
    const QString old = moveAside(path);
    createNew(path, schema);
    const qint64 saved = salvage(old, path);
    QString notice =
        u"The chats could not be read; the damaged file was kept as %1 and a new one begun."_s.arg(old);
    if (saved > 0)
        notice += u" %1 messages were recovered from it."_s.arg(saved);
    return notice;
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

Opened openLocked(const QString& path, const Schema& schema, WriterLock lock) {
    Opened opened;
    opened.lock = std::move(lock);
    const QFileInfo file(path);
    const QFileInfo log(path + u"-wal"_s);
    // SQLite takes an empty file for a new database, and deletes the log beside it.
    if (file.exists() ? file.size() == 0 : log.size() > 0)
        opened.notice = replaceDamaged(path, schema);
    else if (!file.exists())
        createNew(path, schema);
    const bool suspected = QFileInfo::exists(suspicionMark(path));
    const bool thoroughly = suspected || log.size() > 0 || QFileInfo(path).size() <= kAlwaysCheckedBytes;
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

/// A copy with its log for this reader alone.
QString copyAside(const QString& path, const QTemporaryDir& folder) {
    const QString copy = folder.filePath(u"transcripts.db"_s);
    if (!QFile::copy(path, copy))
        return {};
    QFile::copy(path + u"-wal"_s, copy + u"-wal"_s);
    for (const QString& name : {copy, copy + u"-wal"_s})
        QFile::setPermissions(name, QFile::ReadOwner | QFile::WriteOwner);
    return copy;
}

/// An older file cannot be brought up to date by a reader; a copy for this reader alone can.
void readThroughUpToDateCopy(Opened& opened, const Schema& schema) {
    auto folder = std::make_shared<QTemporaryDir>();
    const QString copy = folder->filePath(u"transcripts.db"_s);
    backUp(*opened.connection, copy);
    opened.connection = std::make_unique<Connection>(copy, Connection::Mode::ReadWrite);
    migrate(*opened.connection, schema);
    opened.connection->makeReadOnly(u"These chats are only being read."_s);
    opened.copy = folder;
}

std::unique_ptr<Connection> connectForReading(const QString& path, std::shared_ptr<void>& copyFolder) {
    try {
        auto connection = std::make_unique<Connection>(path, Connection::Mode::ReadOnly);
        connection->number("SELECT count(*) FROM sqlite_schema");
        return connection;
    } catch (const SQLite::Exception& error) {
        const int code = error.getErrorCode() & 0xff;
        if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY)
            throw;
    }
    // WAL wants to write beside the file even to read it.
    if (QFileInfo(path + u"-wal"_s).size() == 0)
        return std::make_unique<Connection>(path, Connection::Mode::Immutable);
    auto folder = std::make_shared<QTemporaryDir>();
    const QString copy = copyAside(path, *folder);
    copyFolder = folder;
    return std::make_unique<Connection>(copy.isEmpty() ? path : copy, Connection::Mode::ReadOnly);
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
    if (taken != WriterLock::Result::Taken)
        return readInstead(path, schema, sentenceFor(taken, path));
    try {
        return openLocked(path, schema, std::move(lock));
    } catch (const SQLite::Exception& error) {
        throw StoreError(StoreError::Kind::Other,
                         u"%1 could not be opened: %2."_s.arg(path, QString::fromUtf8(error.what())));
    }
}

Opened openForReading(const QString& path, const Schema& schema) {
    if (!QFileInfo::exists(path))
        throw StoreError(StoreError::Kind::Other, u"There are no chats yet: %1 does not exist."_s.arg(path));
    if (QFileInfo(path).size() == 0) // SQLite would delete the log beside it
        throw damagedFile(path);
    Opened opened;
    try {
        opened.connection = connectForReading(path, opened.copy);
        switch (examine(*opened.connection, schema, false)) {
        case Health::Damaged:
            throw damagedFile(path);
        case Health::Foreign:
            throw foreignFile(path);
        case Health::Newer:
            opened.notice = u"These chats were saved by a newer Sumidero; this one can only read them."_s;
            opened.connection->makeReadOnly(opened.notice);
            break;
        case Health::Older:
            readThroughUpToDateCopy(opened, schema);
            break;
        case Health::Fine:
            break;
        }
    } catch (const SQLite::Exception& error) {
        if (isDamage(error))
            throw damagedFile(path);
        throw StoreError(StoreError::Kind::Other,
                         u"%1 could not be read: %2."_s.arg(path, QString::fromUtf8(error.what())));
    }
    return opened;
}

} // namespace app::store
