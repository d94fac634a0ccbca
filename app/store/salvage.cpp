#include "app/store/salvage.h"
#include "app/store/leaf_reader.h"
#include "app/store/rows.h"

#include <QHash>

using namespace Qt::StringLiterals;

namespace app::store {

namespace {

constexpr int kUsualPageSize = 4096;
constexpr qint64 kFarthestId = qint64(1)
                               << 32; // no transcript has had that many rows; new ones go on from the highest

/// Takes rows in any order and tells by their values whose they are: no two of our tables hold rows of the same shape. Later versions of
/// the schema may have more columns at the end.
class Sorter {
public:
    explicit Sorter(Connection& to) : m_to(to) {}

    void take(const Record& row) {
        if (!row.isTable)
            takeFromIndex(row);
        else if (isMessage(row))
            addMessage(row);
        else if (isChat(row))
            addChat(row);
        else if (isEvent(row))
            addEvent(row);
        else if (row.values.size() == 2 && row.rowId >= 0 && row.rowId < kFarthestId && row.isNull(0) &&
                 row.isText(1))
            m_to.query("INSERT OR IGNORE INTO draft(chat, content) VALUES(?, ?)")
                .bind(row.rowId)
                .bind(row.text(1))
                .run();
    }

private:
    static bool isId(qint64 id) { return id > 0 && id < kFarthestId; }

    static bool isMessage(const Record& row) {
        Role role{};
        MessageState state{};
        return isId(row.rowId) && row.isNull(0) && isId(row.integer(1)) &&
               (row.isNull(2) || row.isInteger(2)) && row.isText(3) && fromName(row.text(3), role) &&
               row.isText(4) && fromName(row.text(4), state) && row.isText(5) &&
               (row.isCut || (row.isText(6) && row.isInteger(7) && row.isNumber(8) && row.isInteger(9)));
    }

    static bool isChat(const Record& row) {
        return isId(row.rowId) && row.isNull(0) && row.isText(1) && (row.isText(2) || row.isCut) &&
               (row.isCut || (row.isInteger(3) && row.isInteger(4) && row.values.size() >= 7 &&
                              (row.isNull(5) || row.isInteger(5)) && (row.isNull(6) || row.isInteger(6))));
    }

    static bool isEvent(const Record& row) {
        return !row.isCut && row.isNull(0) && isId(row.integer(1)) && row.isText(2) && row.isText(3) &&
               row.isInteger(4);
    }

    void addMessage(const Record& row) {
        const bool isAnswer = row.text(3) == name(Role::Assistant);
        m_to.query("INSERT OR IGNORE INTO message(id, chat, parent, role, state, content, model, created, "
                   "tokens, tokens_per_second, deleted) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(row.rowId)
            .bind(row.integer(1))
            .bindIdOrNull(row.integer(2))
            .bind(row.text(3))
            .bind(row.isCut && isAnswer ? name(MessageState::Interrupted) : row.text(4))
            .bind(row.text(5))
            .bind(row.text(6))
            .bind(row.integer(9))
            .bind(row.integer(7))
            .bind(row.real(8))
            .bindIdOrNull(row.values.size() > 10 ? row.integer(10) : 0)
            .run();
    }

    void addChat(const Record& row) {
        m_to.query("INSERT OR IGNORE INTO chat(id, title, system_prompt, created, updated, deleted, "
                   "active_leaf) VALUES(?, ?, ?, ?, ?, ?, ?)")
            .bind(row.rowId)
            .bind(row.text(1))
            .bind(row.text(2))
            .bind(row.integer(3))
            .bind(row.integer(4))
            .bindIdOrNull(row.integer(5))
            .bindIdOrNull(row.integer(6))
            .run();
    }

    void addEvent(const Record& row) {
        m_to.query("INSERT OR IGNORE INTO event(id, chat, kind, details, created) VALUES(?, ?, ?, ?, ?)")
            .bind(row.rowId)
            .bind(row.integer(1))
            .bind(row.text(2))
            .bind(row.text(3))
            .bind(row.integer(4))
            .run();
    }

    /// The tables without rowid.
    void takeFromIndex(const Record& row) {
        if (row.isCut)
            return;
        if (row.values.size() == 3 && isId(row.integer(0)) && row.isInteger(1) && row.isText(2))
            m_to.query("INSERT OR IGNORE INTO chunk(message, seq, content) VALUES(?, ?, ?)")
                .bind(row.integer(0))
                .bind(row.integer(1))
                .bind(row.text(2))
                .run();
        else if (row.values.size() == 2 && row.isText(0) && row.isText(1))
            m_to.query("INSERT OR IGNORE INTO setting(key, value) VALUES(?, ?)")
                .bind(row.text(0))
                .bind(row.text(1))
                .run();
    }

    Connection& m_to;
};

/// What refers to a lost row is tied to what is left.
class Mender {
public:
    explicit Mender(Connection& to) : m_to(to) {}

    qint64 mend() {
        m_to.execute(
            "INSERT INTO chat(id, title, created, updated) SELECT chat, 'Recovered chat', min(created), "
            "max(created) FROM message WHERE chat NOT IN (SELECT id FROM chat) GROUP BY chat");
        m_to.execute(
            "DELETE FROM chunk WHERE message NOT IN (SELECT id FROM message WHERE state = 'streaming')");
        m_to.execute("DELETE FROM event WHERE chat NOT IN (SELECT id FROM chat)");
        readMessages();
        for (auto orphan = m_orphans.constBegin(); orphan != m_orphans.constEnd(); ++orphan)
            m_to.query("UPDATE message SET parent = ? WHERE id = ?")
                .bindIdOrNull(orphan.value())
                .bind(orphan.key())
                .run();
        giveBackParents();
        mendLeaves();
        return m_chatOf.size();
    }

private:
    /// A parent is older than its child and in the same chat; where it is lost the newest one before stands in.
    void readMessages() {
        Query query = m_to.query("SELECT id, chat, parent, deleted FROM message ORDER BY id");
        while (query.next()) {
            const MessageId id = query.integer(0), parent = query.integer(2);
            const ChatId chat = query.integer(1);
            if (parent != 0 && m_chatOf.value(parent) != chat)
                m_orphans.insert(id, m_newest.value(chat));
            m_chatOf.insert(id, chat);
            if (query.isNull(3))
                m_newest.insert(chat, id);
        }
    }

    /// What follows a deleted message is deleted, too; where that was lost the text counts, not the deletion.
    void giveBackParents() {
        m_to.execute(
            "WITH RECURSIVE kept(id) AS (SELECT parent FROM message WHERE deleted IS NULL UNION SELECT "
            "m.parent FROM message m JOIN kept ON m.id = kept.id) "
            "UPDATE message SET deleted = NULL WHERE deleted IS NOT NULL AND id IN (SELECT id FROM kept)");
    }

    void mendLeaves() {
        QHash<ChatId, MessageId> leaves;
        {
            Query query = m_to.query("SELECT id, active_leaf FROM chat");
            while (query.next())
                leaves.insert(query.integer(0), query.integer(1));
        }
        for (auto leaf = leaves.constBegin(); leaf != leaves.constEnd(); ++leaf) {
            if (m_chatOf.value(leaf.value()) != leaf.key())
                m_to.query("UPDATE chat SET active_leaf = ? WHERE id = ?")
                    .bindIdOrNull(m_newest.value(leaf.key()))
                    .bind(leaf.key())
                    .run();
        }
    }

    Connection& m_to;
    QHash<MessageId, ChatId> m_chatOf;
    QHash<ChatId, MessageId> m_newest;
    QHash<MessageId, MessageId> m_orphans; // to their new parents
};

qint64 copyRows(PageFile& from, Connection& to) {
    return to.write(Durability::Full, [&] {
        to.execute("PRAGMA defer_foreign_keys = ON"); // the rows come in the order of their pages
        Sorter sorter(to);
        LeafReader(from).readAll([&](const Record& row) { sorter.take(row); });
        return Mender(to).mend();
    });
}

} // namespace

qint64 salvage(const QString& damaged, const QString& fresh) {
    Connection to(fresh, Connection::Mode::ReadWrite);
    to.checkpointOnClose(true);
    PageFile file(damaged);
    qint64 messages = copyRows(file, to);
    if (messages == 0 && file.pageSize() != kUsualPageSize) { // the header may be what is damaged
        PageFile again(damaged, kUsualPageSize);
        messages = copyRows(again, to);
    }
    return messages;
}

} // namespace app::store
