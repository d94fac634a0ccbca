#include "app/store/schema.h"
#include "app/store/files.h"

#include <QFile>
#include <QFileInfo>

#include <sqlite3.h>

using namespace Qt::StringLiterals;

namespace app::store {

namespace {

// Times are milliseconds since 1970 UTC. Ids are never used twice: the engine and exports refer to them.
// message.parent has no cascade: a chat is one long chain, and SQLite stops cascades 1,000 levels deep; whole
// chats are purged at once. The indexes hold no text of their own ("external content"); a row's old text has
// to be given back word for word to be removed. Below a message in the trash everything is in the trash.
constexpr const char* kCreate = R"sql(
CREATE TABLE chat(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    system_prompt TEXT NOT NULL DEFAULT '',
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    active_leaf INTEGER REFERENCES message(id) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX chat_by_update ON chat(updated);
CREATE INDEX chat_by_leaf ON chat(active_leaf);

CREATE TABLE message(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat INTEGER NOT NULL REFERENCES chat(id) DEFERRABLE INITIALLY DEFERRED,
    parent INTEGER REFERENCES message(id) DEFERRABLE INITIALLY DEFERRED,
    role TEXT NOT NULL CHECK(role IN ('system', 'user', 'assistant')),
    state TEXT NOT NULL CHECK(state IN ('streaming', 'done', 'stopped', 'interrupted', 'error')),
    content TEXT NOT NULL DEFAULT '',
    model TEXT NOT NULL DEFAULT '',
    tokens INTEGER NOT NULL DEFAULT 0,
    tokens_per_second REAL NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    deleted INTEGER
) STRICT;
CREATE INDEX message_by_chat ON message(chat, parent);
CREATE INDEX message_by_parent ON message(parent);
CREATE INDEX message_streaming ON message(state) WHERE state = 'streaming';
CREATE INDEX message_deleted ON message(chat, deleted) WHERE deleted IS NOT NULL;

CREATE TABLE chunk(
    message INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY(message, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE draft(
    chat INTEGER PRIMARY KEY,
    content TEXT NOT NULL
) STRICT;

CREATE TABLE event(
    id INTEGER PRIMARY KEY,
    chat INTEGER NOT NULL REFERENCES chat(id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    details TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX event_by_chat ON event(chat);

CREATE TABLE setting(
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE message_fts USING fts5(
    content, content = 'message', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
CREATE TRIGGER message_fts_insert AFTER INSERT ON message BEGIN
    INSERT INTO message_fts(rowid, content) VALUES(new.id, new.content);
END;
CREATE TRIGGER message_fts_delete AFTER DELETE ON message BEGIN
    INSERT INTO message_fts(message_fts, rowid, content) VALUES('delete', old.id, old.content);
END;
CREATE TRIGGER message_fts_update AFTER UPDATE OF content ON message BEGIN
    INSERT INTO message_fts(message_fts, rowid, content) VALUES('delete', old.id, old.content);
    INSERT INTO message_fts(rowid, content) VALUES(new.id, new.content);
END;

CREATE VIRTUAL TABLE chat_fts USING fts5(
    title, content = 'chat', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2');
CREATE TRIGGER chat_fts_insert AFTER INSERT ON chat BEGIN
    INSERT INTO chat_fts(rowid, title) VALUES(new.id, new.title);
END;
CREATE TRIGGER chat_fts_delete AFTER DELETE ON chat BEGIN
    INSERT INTO chat_fts(chat_fts, rowid, title) VALUES('delete', old.id, old.title);
END;
CREATE TRIGGER chat_fts_update AFTER UPDATE OF title ON chat BEGIN
    INSERT INTO chat_fts(chat_fts, rowid, title) VALUES('delete', old.id, old.title);
    INSERT INTO chat_fts(rowid, title) VALUES(new.id, new.title);
END;
)sql";

/// Messages may be in the trash, as chats may.
constexpr const char* kToTwo = R"sql(
ALTER TABLE message ADD COLUMN deleted INTEGER;
CREATE INDEX message_deleted ON message(chat, deleted) WHERE deleted IS NOT NULL;
)sql";

void setVersion(Connection& connection, int version) {
    connection.execute(("PRAGMA user_version = " + std::to_string(version)).c_str());
}

} // namespace

const Schema& currentSchema() {
    static const Schema schema{2, kCreate, {{2, kToTwo}}};
    return schema;
}

void createSchema(Connection& connection, const Schema& schema) {
    connection.write(Durability::Full, [&] {
        connection.execute(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
        connection.execute(schema.create);
        setVersion(connection, schema.version);
    });
}

void backUp(Connection& connection, const QString& target) {
    const QString part = target + u".part"_s;
    QFile::remove(part);
    createPrivate(part); // VACUUM INTO accepts an empty file: made here so that nobody else can ever read it
    connection.query("VACUUM INTO ?").bind(part).run();
    if (!syncFile(part))
        throw SQLite::Exception("the backup could not be written", SQLITE_IOERR);
    if (!renameOver(part, target))
        throw SQLite::Exception("the backup could not be put in place", SQLITE_IOERR);
}

void applyMigrations(Connection& connection, const Schema& schema) {
    const int from = static_cast<int>(connection.number("PRAGMA user_version"));
    for (const Migration& step : schema.migrations) {
        if (step.to <= from)
            continue;
        connection.write(Durability::Full, [&] {
            connection.execute(step.sql);
            setVersion(connection, step.to);
        });
    }
}

void migrate(Connection& connection, const Schema& schema) {
    const int from = static_cast<int>(connection.number("PRAGMA user_version"));
    if (from >= schema.version)
        return;
    // Not begun where it cannot end: the copy, and as much again for the steps.
    if (!hasRoom(connection.path(), 2 * QFileInfo(connection.path()).size()))
        throw SQLite::Exception("there is no room for a backup", SQLITE_FULL);
    try {
        backUp(connection, connection.path() + u".v%1.backup"_s.arg(from));
    } catch (...) {
        QFile::remove(connection.path() + u".v%1.backup.part"_s.arg(from));
        throw;
    }
    applyMigrations(connection, schema);
}

void rebuildIndexes(Connection& connection) {
    connection.write(Durability::Full, [&] {
        connection.execute("INSERT INTO message_fts(message_fts) VALUES('rebuild')");
        connection.execute("INSERT INTO chat_fts(chat_fts) VALUES('rebuild')");
    });
}

QString checkIndexes(Connection& connection) {
    try {
        connection.execute("INSERT INTO message_fts(message_fts, rank) VALUES('integrity-check', 1)");
        connection.execute("INSERT INTO chat_fts(chat_fts, rank) VALUES('integrity-check', 1)");
    } catch (const SQLite::Exception& error) {
        if ((error.getErrorCode() & 0xff) != SQLITE_CORRUPT)
            throw;
        return u"the full-text index does not agree with the texts"_s;
    }
    return {};
}

} // namespace app::store
