#include "app/store/connection.h"
#include "app/store/files.h"

#include <QUrl>
#include <SQLiteCpp/Backup.h>

#include <cerrno>
#include <sqlite3.h>

using namespace Qt::StringLiterals;

namespace app::store {

namespace {

constexpr int kBusyTimeoutMs = 2000;

std::string address(const QString& path, Connection::Mode mode) {
    if (mode != Connection::Mode::Immutable)
        return path.toStdString();
    QUrl url = QUrl::fromLocalFile(path);
    url.setQuery(u"immutable=1"_s);
    return url.toEncoded().toStdString();
}

int flags(Connection::Mode mode) {
    switch (mode) {
    case Connection::Mode::Create:
        return SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
    case Connection::Mode::ReadWrite:
    case Connection::Mode::Alone:
        return SQLite::OPEN_READWRITE;
    case Connection::Mode::ReadOnly:
        return SQLite::OPEN_READONLY;
    case Connection::Mode::Immutable:
        return SQLite::OPEN_READONLY | SQLite::OPEN_URI;
    }
    return SQLite::OPEN_READONLY;
}

} // namespace

bool isFull(const SQLite::Exception& error, const QString& path) {
    const int code = error.getErrorCode() & 0xff;
    if (code == SQLITE_FULL || error.getExtendedErrorCode() == SQLITE_IOERR_SHMSIZE)
        return true;
    return (code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && !hasRoom(path);
}

QString suspicionMark(const QString& path) {
    return path + u".check"_s;
}

Query::~Query() {
    m_statement.tryReset();
    if (m_bound > 0)
        m_statement.clearBindings();
}

Query& Query::bindInteger(std::int64_t value) {
    m_statement.bind(++m_bound, value);
    return *this;
}

Query& Query::bind(double value) {
    m_statement.bind(++m_bound, value);
    return *this;
}

Query& Query::bind(const QString& value) {
    m_statement.bind(++m_bound, value.toStdString());
    return *this;
}

Query& Query::bindNull() {
    m_statement.bind(++m_bound);
    return *this;
}

QString Query::text(int column) const {
    const SQLite::Column value = m_statement.getColumn(column);
    const char* bytes = value.getText(); // before getBytes(), which counts what this made
    return QString::fromUtf8(bytes, value.getBytes());
}

QString Query::beginning(int column, int bytes) const {
    const SQLite::Column value = m_statement.getColumn(column);
    const char* text = value.getText();
    int size = value.getBytes();
    if (size > bytes) {
        size = bytes;
        while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) // within a character
            --size;
    }
    return QString::fromUtf8(text, size);
}

Connection::Connection(const QString& path, Mode mode)
    : m_path(path), m_database(address(path, mode), flags(mode), kBusyTimeoutMs) {
    sqlite3_extended_result_codes(handle(), 1);
    checkpointOnClose(false);
    if (mode == Mode::Alone) {
        execute("PRAGMA locking_mode = EXCLUSIVE");
        execute("PRAGMA query_only = ON");
    }
    execute("PRAGMA foreign_keys = ON");
    execute("PRAGMA secure_delete = ON"); // what is deleted is gone
    execute("PRAGMA temp_store = MEMORY");
    execute("PRAGMA synchronous = NORMAL");
    execute("PRAGMA journal_size_limit = 16777216");
    m_readOnly =
        (mode != Mode::Create && mode != Mode::ReadWrite) || sqlite3_db_readonly(handle(), "main") == 1;
}

Connection::~Connection() {
    m_statements.clear();
}

void Connection::makeReadOnly(const QString& why) {
    m_readOnly = true;
    m_whyReadOnly = why;
}

void Connection::checkpointOnClose(bool yes) {
    sqlite3_db_config(handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, yes ? 0 : 1, nullptr);
}

void Connection::copyFrom(Connection& other) {
    SQLite::Backup backup(m_database, other.m_database);
    if (const int result = backup.executeStep(-1); result != SQLITE_DONE)
        throw SQLite::Exception("the database could not be copied", result);
}

void Connection::stopWith(std::stop_token stop) {
    constexpr int Instructions = 100; // of SQLite's machine; a row takes about ten
    m_stop = std::move(stop);
    const auto isStopped = [](void* token) {
        return static_cast<const std::stop_token*>(token)->stop_requested() ? 1 : 0;
    };
    if (m_stop.stop_possible())
        sqlite3_progress_handler(handle(), Instructions, isStopped, &m_stop);
    else
        sqlite3_progress_handler(handle(), 0, nullptr, nullptr);
}

Query Connection::query(std::string_view sql) {
    std::unique_ptr<SQLite::Statement>& statement = m_statements[sql];
    if (!statement)
        statement = std::make_unique<SQLite::Statement>(m_database, std::string(sql));
    return Query(*statement);
}

qint64 Connection::number(const char* sql) {
    return m_database.execAndGet(sql).getInt64();
}

void Connection::requireWritable() const {
    if (!m_readOnly)
        return;
    throw StoreError(StoreError::Kind::ReadOnly,
                     m_whyReadOnly.isEmpty()
                         ? u"The chats can only be read: %1 cannot be written."_s.arg(m_path)
                         : m_whyReadOnly);
}

void Connection::setDurability(Durability durability) {
    if (durability == m_durability)
        return;
    execute(durability == Durability::Full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    m_durability = durability;
}

StoreError Connection::storeError(const SQLite::Exception& error) {
    const int code = error.getErrorCode() & 0xff;
    const int system = sqlite3_system_errno(handle());
    const QString details = QString::fromUtf8(error.what());
    const bool noRoom = system == ENOSPC || system == EDQUOT || system == EFBIG;
    if (isFull(error, m_path) || (code == SQLITE_IOERR && noRoom))
        return {StoreError::Kind::Full,
                u"The disk is full: nothing could be saved to %1. Free some space, then try again."_s.arg(
                    m_path)};
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
        if (!m_readOnly)
            createPrivate(suspicionMark(m_path));
        return {StoreError::Kind::Damaged,
                u"The file %1 is damaged (%2). It is checked and repaired at the next start."_s.arg(m_path,
                                                                                                    details)};
    }
    if (code == SQLITE_READONLY || code == SQLITE_PERM || code == SQLITE_CANTOPEN)
        return {StoreError::Kind::ReadOnly, u"%1 cannot be written (%2)."_s.arg(m_path, details)};
    if (code == SQLITE_INTERRUPT)
        return {StoreError::Kind::Interrupted, u"The chats were not read to the end."_s};
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return {StoreError::Kind::Other, u"Another program is using %1 just now; try again."_s.arg(m_path)};
    return {StoreError::Kind::Other, u"The chats could not be read or saved: %1."_s.arg(details)};
}

Connection::Scope::Scope(Connection& connection, Durability durability) : m_connection(connection) {
    if (connection.m_depth == 0) {
        connection.setDurability(durability); // only possible between transactions
        connection.execute("BEGIN IMMEDIATE");
    } else {
        connection.execute("SAVEPOINT nested");
    }
    ++connection.m_depth;
}

void Connection::Scope::commit() {
    m_connection.execute(m_connection.m_depth == 1 ? "COMMIT" : "RELEASE nested");
    --m_connection.m_depth;
    m_open = false;
}

Connection::Scope::~Scope() {
    if (!m_open)
        return;
    --m_connection.m_depth;
    if (sqlite3_get_autocommit(m_connection.handle()))
        return; // SQLite has rolled back by itself, as it does when the disk is full
    m_connection.m_database.tryExec(m_connection.m_depth == 0 ? "ROLLBACK"
                                                              : "ROLLBACK TO nested; RELEASE nested");
}

Connection::ReadScope::ReadScope(Connection& connection)
    : m_connection(connection), m_open(connection.m_depth == 0) {
    if (m_open)
        connection.execute("BEGIN");
    ++connection.m_depth;
}

Connection::ReadScope::~ReadScope() {
    --m_connection.m_depth;
    if (m_open)
        m_connection.m_database.tryExec("COMMIT");
}

} // namespace app::store
