#include "app/store/salvage.h"
#include "app/store/rows.h"

#include <QFile>
#include <QFileInfo>
#include <QHash>
#include <QTemporaryDir>

#include <algorithm>
#include <functional>

using namespace Qt::StringLiterals;

namespace app::store {

namespace {

constexpr qint64 kFarthestId = qint64(1) << 32; // no transcript has had that many rows

using RowReader = std::function<void(const Query&)>;

/// Reads the rows of one table whose key lies in a range, in order, going round what is damaged by halving
/// the range.
class Reader {
public:
    Reader(Connection& connection, std::string_view select, RowReader use)
        : m_connection(connection), m_select(select), m_use(std::move(use)) {}

    void readAll() { read(0, kFarthestId); }

private:
    /// `first` and `last` are keys; column 0 of the select is the key.
    void read(qint64 first, qint64 last) {
        while (first <= last) {
            qint64 next = first;
            try {
                Query query = m_connection.query(m_select);
                query.bind(first).bind(last);
                while (query.next()) {
                    m_use(query);
                    next = query.integer(0) + 1;
                }
                return;
            } catch (const SQLite::Exception&) {
                ++m_faults;
            }
            if (next > first) { // what came before the damage has been read
                first = next;
                continue;
            }
            if (first == last || m_faults > kPatience)
                return;
            const qint64 middle = first + (last - first) / 2;
            read(first, middle);
            first = middle + 1;
        }
    }

    static constexpr int kPatience = 20000; // failed look-ups; a file that is damage all over is given up

    Connection& m_connection;
    std::string_view m_select;
    RowReader m_use;
    int m_faults = 0;
};

/// Rows go over with their ids; what refers to a lost row is tied to what is left.
class Copier {
public:
    Copier(Connection& from, Connection& to) : m_from(from), m_to(to) {}

    qint64 copy() {
        m_to.write(Durability::Full, [&] {
            copyChats();
            copyMessages();
            copyChunks();
            copySmallTables();
            finishChats();
        });
        return m_messages;
    }

private:
    void copyChats() {
        Reader(m_from,
               "SELECT id, title, system_prompt, created, updated, deleted, active_leaf FROM chat WHERE id "
               "BETWEEN ? AND ? ORDER BY id",
               [&](const Query& row) {
                   Query insert =
                       m_to.query("INSERT OR IGNORE INTO chat(id, title, system_prompt, created, updated, "
                                  "deleted) VALUES(?, ?, ?, ?, ?, ?)");
                   insert.bind(row.integer(0))
                       .bind(row.text(1))
                       .bind(row.text(2))
                       .bind(row.integer(3))
                       .bind(row.integer(4));
                   insert.bindIdOrNull(row.integer(5)).run();
                   m_leaves.insert(row.integer(0), row.integer(6));
               })
            .readAll();
    }

    void copyMessages() {
        Reader(m_from,
               "SELECT " SUMIDERO_MESSAGE_COLUMNS " FROM message WHERE id BETWEEN ? AND ? ORDER BY id",
               [&](const Query& row) { copyMessage(row); })
            .readAll();
    }

    void copyMessage(const Query& row) {
        const Message message = messageFrom(row);
        if (!m_leaves.contains(message.chat)) {
            m_leaves.insert(message.chat, 0);
            m_to.query("INSERT OR IGNORE INTO chat(id, title, created, updated) VALUES(?, ?, ?, ?)")
                .bind(message.chat)
                .bind(u"Recovered chat"_s)
                .bind(message.created.toMSecsSinceEpoch())
                .bind(message.created.toMSecsSinceEpoch())
                .run();
        }
        const bool orphan = message.parent != 0 && m_chatOf.value(message.parent) != message.chat;
        const MessageId parent = orphan ? m_newest.value(message.chat) : message.parent;
        m_messages += m_to.query("INSERT OR IGNORE INTO message(id, chat, parent, role, state, content, "
                                 "model, created, tokens, "
                                 "tokens_per_second) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                          .bind(message.id)
                          .bind(message.chat)
                          .bindIdOrNull(parent)
                          .bind(name(message.role))
                          .bind(name(message.state))
                          .bind(message.text)
                          .bind(message.model)
                          .bind(message.created.toMSecsSinceEpoch())
                          .bind(message.tokens)
                          .bind(message.tokensPerSecond)
                          .run();
        m_chatOf.insert(message.id, message.chat);
        m_newest.insert(message.chat, message.id);
    }

    void copyChunks() {
        Reader(m_from,
               "SELECT message, seq, content FROM chunk WHERE message BETWEEN ? AND ? ORDER BY message, seq",
               [&](const Query& row) {
                   if (m_chatOf.contains(row.integer(0)))
                       m_to.query("INSERT OR IGNORE INTO chunk(message, seq, content) SELECT id, ?, ? FROM "
                                  "message WHERE id = ? "
                                  "AND state = 'streaming'")
                           .bind(row.integer(1))
                           .bind(row.text(2))
                           .bind(row.integer(0))
                           .run();
               })
            .readAll();
    }

    void copySmallTables() {
        Reader(m_from, "SELECT chat, content FROM draft WHERE chat BETWEEN ? AND ?", [&](const Query& row) {
            m_to.query("INSERT OR IGNORE INTO draft(chat, content) VALUES(?, ?)")
                .bind(row.integer(0))
                .bind(row.text(1))
                .run();
        }).readAll();
        Reader(m_from,
               "SELECT id, chat, kind, details, created FROM event WHERE id BETWEEN ? AND ? ORDER BY id",
               [&](const Query& row) {
                   if (m_leaves.contains(row.integer(1)))
                       m_to.query("INSERT INTO event(chat, kind, details, created) VALUES(?, ?, ?, ?)")
                           .bind(row.integer(1))
                           .bind(row.text(2))
                           .bind(row.text(3))
                           .bind(row.integer(4))
                           .run();
               })
            .readAll();
        Reader(m_from, "SELECT 0, key, value FROM setting WHERE ? <= ?", [&](const Query& row) {
            m_to.query("INSERT OR IGNORE INTO setting(key, value) VALUES(?, ?)")
                .bind(row.text(1))
                .bind(row.text(2))
                .run();
        }).readAll();
    }

    void finishChats() {
        for (auto leaf = m_leaves.constBegin(); leaf != m_leaves.constEnd(); ++leaf) {
            const bool there = m_chatOf.value(leaf.value()) == leaf.key();
            m_to.query("UPDATE chat SET active_leaf = ? WHERE id = ?")
                .bindIdOrNull(there ? leaf.value() : m_newest.value(leaf.key()))
                .bind(leaf.key())
                .run();
        }
    }

    Connection& m_from;
    Connection& m_to;
    QHash<ChatId, MessageId> m_leaves;
    QHash<MessageId, ChatId> m_chatOf;
    QHash<ChatId, MessageId> m_newest;
    qint64 m_messages = 0;
};

/// The first page holds the header and the schema, and is the same in every database of ours that was never
/// rewritten: a copy of the damaged file with the first page of the new one can often be read.
bool replaceFirstPage(const QString& path, const QString& fresh) {
    QFile from(fresh);
    QFile to(path);
    if (!from.open(QIODevice::ReadOnly) || !to.open(QIODevice::ReadWrite))
        return false;
    QByteArray page = from.read(100);
    const int size = page.size() == 100 ? (uchar(page[16]) << 8 | uchar(page[17])) : 0;
    page += from.read(size - 100);
    if (size < 512 || page.size() != size || to.size() < 2 * size)
        return false;
    const auto pages = static_cast<quint32>(to.size() / size);
    for (int i = 0; i < 4; ++i)
        page[28 + i] = static_cast<char>(pages >> (24 - 8 * i));
    return to.seek(0) && to.write(page) == size;
}

qint64 copyRows(const QString& from, const QString& fresh) {
    try {
        Connection source(from, Connection::Mode::ReadOnly);
        source.number("SELECT count(*) FROM sqlite_schema");
        Connection target(fresh, Connection::Mode::ReadWrite);
        target.checkpointOnClose(true);
        return Copier(source, target).copy();
    } catch (const std::exception&) {
        return 0;
    }
}

} // namespace

qint64 salvage(const QString& damaged, const QString& fresh) {
    if (QFileInfo(damaged).size() == 0)
        return 0;
    // From a copy: SQLite may change, even delete, what lies beside a file that it opens.
    const QTemporaryDir folder(fresh + u".XXXXXX"_s);
    const QString copy = folder.filePath(u"copy.db"_s);
    if (!QFile::copy(damaged, copy) || !QFile::setPermissions(copy, QFile::ReadOwner | QFile::WriteOwner))
        return 0;
    QFile::copy(damaged + u"-wal"_s, copy + u"-wal"_s);
    if (const qint64 messages = copyRows(copy, fresh))
        return messages;
    return replaceFirstPage(copy, fresh) ? copyRows(copy, fresh) : 0;
}

} // namespace app::store
