#include "app/store/files.h"
#include "app/store/health.h"
#include "app/store/opening.h"

#include <QFileInfo>
#include <QTemporaryDir>

#include <sqlite3.h>

using namespace Qt::StringLiterals;

// Opening a file that must not be changed.
namespace app::store {

StoreError damagedFile(const QString& path) {
    return {StoreError::Kind::Damaged,
            u"%1 is damaged or not a database; nothing in it was changed."_s.arg(path)};
}

StoreError foreignFile(const QString& path) {
    return {StoreError::Kind::Foreign,
            u"%1 is the database of another program; nothing in it was touched."_s.arg(path)};
}

namespace {

/// A copy with its log for this reader alone.
QString copyAside(const QString& path, const QTemporaryDir& folder) {
    const QString copy = folder.filePath(u"transcripts.db"_s);
    if (!copyPrivately(path, copy))
        return {};
    copyPrivately(path + u"-wal"_s, copy + u"-wal"_s);
    return copy;
}

std::unique_ptr<Connection> upToDateCopy(Connection& connection, const QString& path, const Schema& schema) {
    backUp(connection, path);
    auto copy = std::make_unique<Connection>(path, Connection::Mode::ReadWrite);
    applyMigrations(*copy, schema);
    return copy;
}

std::unique_ptr<Connection> upToDateInMemory(Connection& connection, const Schema& schema) {
    auto copy = std::make_unique<Connection>(u":memory:"_s, Connection::Mode::Create);
    copy->copyFrom(connection);
    applyMigrations(*copy, schema);
    return copy;
}

/// An older file cannot be brought up to date by a reader; a copy for this reader alone can. In memory where
/// the disk of the temporary folder is full as well.
void readThroughUpToDateCopy(Opened& opened, const Schema& schema) {
    auto folder = std::make_shared<QTemporaryDir>();
    std::unique_ptr<Connection> copy;
    try {
        copy = upToDateCopy(*opened.connection, folder->filePath(u"transcripts.db"_s), schema);
    } catch (const std::exception&) {
        copy = upToDateInMemory(*opened.connection, schema);
    }
    opened.connection = std::move(copy);
    opened.connection->makeReadOnly(u"These chats are only being read."_s);
    opened.copy = folder;
}

bool cannotWriteBeside(const SQLite::Exception& error) {
    switch (error.getErrorCode() & 0xff) {
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        return true;
    case SQLITE_IOERR:
        return error.getExtendedErrorCode() == SQLITE_IOERR_SHMOPEN ||
               error.getExtendedErrorCode() == SQLITE_IOERR_SHMSIZE ||
               error.getExtendedErrorCode() == SQLITE_IOERR_SHMMAP;
    default:
        return false;
    }
}

std::unique_ptr<Connection> connectForReading(const QString& path, std::shared_ptr<void>& copyFolder) {
    try {
        auto connection = std::make_unique<Connection>(path, Connection::Mode::ReadOnly);
        connection->number("SELECT count(*) FROM sqlite_schema");
        return connection;
    } catch (const SQLite::Exception& error) {
        if (!cannotWriteBeside(error))
            throw;
    }
    // WAL wants to write beside the file even to read it.
    if (QFileInfo(path + u"-wal"_s).size() == 0)
        return std::make_unique<Connection>(path, Connection::Mode::Immutable);
    auto folder = std::make_shared<QTemporaryDir>();
    const QString copy = copyAside(path, *folder);
    if (copy.isEmpty()) // no room for it either
        return std::make_unique<Connection>(path, Connection::Mode::Alone);
    copyFolder = folder;
    return std::make_unique<Connection>(copy, Connection::Mode::ReadOnly);
}

} // namespace

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
