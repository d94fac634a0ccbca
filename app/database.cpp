#include "app/database.h"
#include "app/store/database_impl.h"
#include "app/store/rows.h"

using namespace Qt::StringLiterals;

namespace app {

using store::Connection;
using store::Durability;
using store::Query;

namespace {

// What is in the trash has an index of its own: counting reads no texts.
#define SUMIDERO_CHAT_COLUMNS                                                                                \
    "SELECT id, title, created, updated, system_prompt, "                                                    \
    "(SELECT count(*) FROM message WHERE chat = chat.id) - "                                                 \
    "(SELECT count(*) FROM message INDEXED BY message_deleted "                                              \
    "WHERE chat = chat.id AND deleted IS NOT NULL) FROM chat "

ChatSummary summaryFrom(const Query& row) {
    ChatSummary chat;
    chat.id = row.integer(0);
    chat.title = store::shownTitle(row, 1);
    chat.created = QDateTime::fromMSecsSinceEpoch(row.integer(2));
    chat.updated = QDateTime::fromMSecsSinceEpoch(row.integer(3));
    chat.systemPrompt = row.text(4);
    chat.messages = static_cast<int>(row.integer(5));
    return chat;
}

void requireOneRow(int changed) {
    if (changed != 1)
        throw StoreError(StoreError::Kind::Other, u"This chat does not exist any more."_s);
}

} // namespace

bool Database::Impl::isWriterAlive() const {
    return access == Access::ReadWrite || store::WriterLock::isHeld(path);
}

Database::Database() : m_impl(std::make_unique<Impl>()) {}

Database::~Database() = default;

std::unique_ptr<Database> Database::open(const QString& path, Access wanted) {
    std::unique_ptr<Database> database(new Database);
    database->m_impl->path = path;
    const store::Schema& schema = store::currentSchema();
    database->m_impl->opened = wanted == Access::ReadWrite ? store::openForWriting(path, schema)
                                                           : store::openForReading(path, schema);
    if (database->m_impl->connection().isReadOnly())
        database->m_impl->access = Access::ReadOnly;
    return database;
}

Access Database::access() const {
    return m_impl->access;
}

bool Database::mayImprove() const {
    return m_impl->access == Access::ReadOnly && m_impl->opened.mayPass;
}

bool Database::isBeingWritten(const QString& path) {
    return store::WriterLock::isHeld(path);
}

QString Database::notice() const {
    return m_impl->opened.notice;
}

QString Database::path() const {
    return m_impl->path;
}

sqlite3* Database::handle() {
    return m_impl->connection().handle();
}

QList<ChatSummary> Database::chats() {
    Connection& connection = m_impl->connection();
    return connection.read([&] {
        Query query =
            connection.query(SUMIDERO_CHAT_COLUMNS "WHERE deleted IS NULL ORDER BY updated DESC, id DESC");
        QList<ChatSummary> result;
        while (query.next())
            result.append(summaryFrom(query));
        return result;
    });
}

std::optional<ChatSummary> Database::chat(ChatId chat) {
    Connection& connection = m_impl->connection();
    return connection.read([&]() -> std::optional<ChatSummary> {
        Query query = connection.query(SUMIDERO_CHAT_COLUMNS "WHERE deleted IS NULL AND id = ?");
        if (!query.bind(chat).next())
            return {};
        return summaryFrom(query);
    });
}

QString Database::wholeTitle(ChatId chat) {
    Connection& connection = m_impl->connection();
    return connection.read([&] {
        Query query = connection.query("SELECT title FROM chat WHERE id = ?");
        return query.bind(chat).next() ? query.text(0) : QString();
    });
}

ChatId Database::createChat(const QString& title, const QString& systemPrompt) {
    ChatSummary chat;
    chat.title = title;
    chat.systemPrompt = systemPrompt;
    chat.created = chat.updated = QDateTime::currentDateTime();
    return insertChat(chat);
}

ChatId Database::insertChat(const ChatSummary& chat) {
    Connection& connection = m_impl->connection();
    return connection.write(Durability::Full, [&] {
        connection.query("INSERT INTO chat(title, system_prompt, created, updated) VALUES(?, ?, ?, ?)")
            .bind(chat.title)
            .bind(chat.systemPrompt)
            .bind(chat.created.toMSecsSinceEpoch())
            .bind(chat.updated.toMSecsSinceEpoch())
            .run();
        return connection.lastId();
    });
}

void Database::updateChat(const ChatSummary& chat) {
    Connection& connection = m_impl->connection();
    connection.write(Durability::Full, [&] {
        requireOneRow(
            connection
                .query("UPDATE chat SET title = ?, system_prompt = ?, created = ?, updated = ? WHERE id = ?")
                .bind(chat.title)
                .bind(chat.systemPrompt)
                .bind(chat.created.toMSecsSinceEpoch())
                .bind(chat.updated.toMSecsSinceEpoch())
                .bind(chat.id)
                .run());
    });
}

void Database::renameChat(ChatId chat, const QString& title) {
    Connection& connection = m_impl->connection();
    connection.write(Durability::Normal, [&] {
        requireOneRow(
            connection.query("UPDATE chat SET title = ? WHERE id = ?").bind(title).bind(chat).run());
    });
}

void Database::setSystemPrompt(ChatId chat, const QString& text) {
    Connection& connection = m_impl->connection();
    connection.write(Durability::Full, [&] {
        requireOneRow(
            connection.query("UPDATE chat SET system_prompt = ? WHERE id = ?").bind(text).bind(chat).run());
    });
}

void Database::deleteChat(ChatId chat) {
    Connection& connection = m_impl->connection();
    connection.write(Durability::Normal, [&] {
        requireOneRow(connection.query("UPDATE chat SET deleted = ? WHERE id = ?")
                          .bind(store::nowMs())
                          .bind(chat)
                          .run());
    });
}

void Database::restoreChat(ChatId chat) {
    Connection& connection = m_impl->connection();
    connection.write(Durability::Normal, [&] {
        requireOneRow(connection.query("UPDATE chat SET deleted = NULL WHERE id = ?").bind(chat).run());
    });
}

void Database::saveDraft(ChatId chat, const QString& text) {
    Connection& connection = m_impl->connection();
    connection.write(Durability::Normal, [&] {
        if (text.isEmpty())
            connection.query("DELETE FROM draft WHERE chat = ?").bind(chat).run();
        else
            connection.query("INSERT OR REPLACE INTO draft(chat, content) VALUES(?, ?)")
                .bind(chat)
                .bind(text)
                .run();
    });
}

QString Database::draft(ChatId chat) {
    Connection& connection = m_impl->connection();
    return connection.read([&] {
        Query query = connection.query("SELECT content FROM draft WHERE chat = ?");
        return query.bind(chat).next() ? query.text(0) : QString();
    });
}

QHash<ChatId, QString> Database::drafts() {
    Connection& connection = m_impl->connection();
    return connection.read([&] {
        QHash<ChatId, QString> result;
        Query query = connection.query("SELECT chat, content FROM draft");
        while (query.next())
            result.insert(query.integer(0), query.text(1));
        return result;
    });
}

void Database::recordEvent(ChatId chat, const QString& kind, const QString& details) {
    Connection& connection = m_impl->connection();
    connection.write(Durability::Normal, [&] {
        connection.query("INSERT INTO event(chat, kind, details, created) VALUES(?, ?, ?, ?)")
            .bind(chat)
            .bind(kind)
            .bind(details)
            .bind(store::nowMs())
            .run();
    });
}

QMap<QString, QString> Database::settings() {
    Connection& connection = m_impl->connection();
    return connection.read([&] {
        Query query = connection.query("SELECT key, value FROM setting WHERE key <> 'trash.clock'");
        QMap<QString, QString> result;
        while (query.next())
            result.insert(query.text(0), query.text(1));
        return result;
    });
}

void Database::saveSetting(const QString& key, const QString& value) {
    Connection& connection = m_impl->connection();
    connection.write(Durability::Normal, [&] {
        connection.query("INSERT OR REPLACE INTO setting(key, value) VALUES(?, ?)")
            .bind(key)
            .bind(value)
            .run();
    });
}

void Database::stopWith(std::stop_token stop) {
    m_impl->connection().stopWith(std::move(stop));
}

void Database::runInTransaction(const std::function<void()>& work) {
    m_impl->connection().write(Durability::Full, work);
}

QString Database::verify() {
    Connection& connection = m_impl->connection();
    return connection.translated([&] {
        QStringList problems;
        {
            Query check = connection.query("PRAGMA integrity_check");
            while (check.next()) {
                if (check.text(0) != u"ok"_s)
                    problems.append(check.text(0));
            }
        }
        {
            Query check = connection.query("PRAGMA foreign_key_check");
            if (check.next())
                problems.append(u"a row of %1 refers to one that does not exist"_s.arg(check.text(0)));
        }
        if (connection.number("SELECT count(*) FROM chunk WHERE message NOT IN (SELECT id FROM message WHERE "
                              "state = 'streaming')") > 0)
            problems.append(u"there are chunks of an answer that is not being written"_s);
        if (!connection.isReadOnly())
            problems.append(store::checkIndexes(connection));
        problems.removeAll(QString());
        return problems.join(u'\n');
    });
}

} // namespace app
