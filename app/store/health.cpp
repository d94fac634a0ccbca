#include "app/store/health.h"

#include <QRegularExpression>

#include <sqlite3.h>

using namespace Qt::StringLiterals;

namespace app::store {

bool isDamage(const SQLite::Exception& error) {
    const int code = error.getErrorCode() & 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

namespace {

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

} // namespace

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

} // namespace app::store
