#include "app/store/upkeep.h"
#include "app/store/rows.h"

namespace app::store {

namespace {

constexpr qint64 kTrashMs = 30ll * 24 * 60 * 60 * 1000;

QList<qint64> ids(Query& query) {
    QList<qint64> result;
    while (query.next())
        result.append(query.integer(0));
    return result;
}

void purge(Connection& connection, qint64 chat) {
    connection.query("UPDATE chat SET active_leaf = NULL WHERE id = ?").bind(chat).run();
    connection.query("DELETE FROM message WHERE chat = ?").bind(chat).run();
    connection.query("DELETE FROM draft WHERE chat = ?").bind(chat).run();
    connection.query("DELETE FROM chat WHERE id = ?").bind(chat).run();
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
    QList<qint64> old;
    {
        Query query = connection.query("SELECT id FROM chat WHERE deleted < ?");
        old = ids(query.bind(now - kTrashMs));
    }
    if (old.isEmpty())
        return;
    connection.write(Durability::Normal, [&] {
        for (const qint64 chat : old)
            purge(connection, chat);
        // The index forgets deleted words only when its segments are merged.
        connection.execute("INSERT INTO message_fts(message_fts) VALUES('optimize')");
    });
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

} // namespace app::store
