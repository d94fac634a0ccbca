-- The schema of the first release (version 1) with a little in every table, as it was on the disk. Frozen: never edit this file; a later
-- version has to open what it describes.
PRAGMA application_id = 1400204649;
PRAGMA user_version = 1;
BEGIN;
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
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX message_by_chat ON message(chat, parent);
CREATE INDEX message_by_parent ON message(parent);
CREATE INDEX message_streaming ON message(state) WHERE state = 'streaming';

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

INSERT INTO chat(id, title, system_prompt, created, updated) VALUES(1, 'First release', 'Be brief.', 1795000000000, 1795000060000);
INSERT INTO chat(id, title, created, updated, deleted) VALUES(2, 'In the trash', 1795000000000, 1795000000000, 4795000000000);
INSERT INTO message(id, chat, parent, role, state, content, created) VALUES(1, 1, NULL, 'user', 'done', 'A question', 1795000000000);
INSERT INTO message(id, chat, parent, role, state, model, created) VALUES(2, 1, 1, 'assistant', 'streaming', 'toy', 1795000001000);
INSERT INTO chunk(message, seq, content) VALUES(2, 1, 'An answer '), (2, 2, '😀');
INSERT INTO message(id, chat, parent, role, state, content, model, tokens, tokens_per_second, created)
    VALUES(3, 1, 1, 'assistant', 'done', 'Another version', '', 3, 12.5, 1795000002000);
INSERT INTO draft(chat, content) VALUES(1, 'half a thought');
INSERT INTO event(chat, kind, details, created) VALUES(1, 'model', '{"name": "toy"}', 1795000000500);
INSERT INTO setting(key, value) VALUES('look.theme', 'dark');
UPDATE chat SET active_leaf = 2 WHERE id = 1;
COMMIT;
PRAGMA journal_mode = WAL;
