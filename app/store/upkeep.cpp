#include "app/store/upkeep.h"
#include "app/store/rows.h"

namespace app::store {

namespace {

constexpr qint64 kDayMs = 24ll * 60 * 60 * 1000;
constexpr qint64 kTrashMs = 30 * kDayMs;

QList<qint64> ids(Query& query) {
    QList<qint64> result;
    while (query.next())
        result.append(query.integer(0));
    return result;
}

/// What the clock said at an earlier start, at least a day ago by the clock of now; 0: not known. A clock that is wrong at one start, or for
/// a day, decides nothing: when it is right again it is behind what was noted, and that is forgotten.
qint64 believedTime(Connection& connection, qint64 now) {
    qint64 noted = 0;
    {
        Query query = connection.query("SELECT value FROM setting WHERE key = 'trash.clock'");
        if (query.next())
            noted = query.text(0).toLongLong();
    }
    if (noted > 0 && now >= noted && now - noted < kDayMs)
        return 0;
    connection.write(Durability::Normal, [&] {
        connection.query("INSERT OR REPLACE INTO setting(key, value) VALUES('trash.clock', ?)")
            .bind(QString::number(now))
            .run();
    });
    return noted > 0 && now >= noted ? noted : 0;
}

void purge(Connection& connection, qint64 chat) {
    connection.query("UPDATE chat SET active_leaf = NULL WHERE id = ?").bind(chat).run();
    connection.query("DELETE FROM message WHERE chat = ?").bind(chat).run();
    connection.query("DELETE FROM draft WHERE chat = ?").bind(chat).run();
    connection.query("DELETE FROM chat WHERE id = ?").bind(chat).run();
}

/// Messages that were deleted before this time, and what was below them in the trash already.
int purgeMessages(Connection& connection, qint64 before) {
    return connection
        .query("WITH RECURSIVE old(id) AS (SELECT id FROM message WHERE deleted < ?1 UNION SELECT m.id FROM "
               "message m JOIN old ON m.parent = old.id WHERE m.deleted IS NOT NULL) "
               "DELETE FROM message WHERE id IN (SELECT id FROM old)")
        .bind(before)
        .run();
}

} // namespace

void finishInterrupted(Connection& connection) {
    QList<qint64> open;
    {
        Query query = connection.query("SELECT id FROM message WHERE state = 'streaming'");
        open = ids(query);
    }
    if (open.isEmpty())
        return;
    connection.write(Durability::Full, [&] {
        for (const qint64 answer : open)
            settleAnswer(connection, answer, MessageState::Interrupted);
    });
}

void purgeTrash(Connection& connection, qint64 now) {
    const qint64 believed = believedTime(connection, now);
    if (believed == 0)
        return;
    QList<qint64> old;
    {
        Query query = connection.query("SELECT id FROM chat WHERE deleted < ?");
        old = ids(query.bind(believed - kTrashMs));
    }
    const bool messages = connection.number("SELECT count(*) FROM message WHERE deleted IS NOT NULL") > 0;
    if (old.isEmpty() && !messages)
        return;
    connection.write(Durability::Normal, [&] {
        for (const qint64 chat : old)
            purge(connection, chat);
        if (messages)
            purgeMessages(connection, believed - kTrashMs);
        // The index forgets deleted words only when its segments are merged.
        connection.execute("INSERT INTO message_fts(message_fts) VALUES('optimize')");
    });
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

} // namespace app::store
