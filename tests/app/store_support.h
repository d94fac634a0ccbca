#pragma once
#include "app/database.h"

#include <QTemporaryDir>
#include <QTest>

#include <optional>
#include <sqlite3.h>

// Small things that all tests of the store need.
namespace test {

/// A folder of its own, and the path of a database in it.
class StoreFolder {
public:
    QString path(const QString& name = QStringLiteral("transcripts.db")) const {
        return m_folder.filePath(name);
    }
    QString folder() const { return m_folder.path(); }
    std::unique_ptr<app::Database> open() const { return app::Database::open(path()); }

private:
    QTemporaryDir m_folder;
};

/// The kind of StoreError that `work` throws; nothing when it throws none.
template <class Work>
std::optional<app::StoreError::Kind> errorOf(Work work) {
    try {
        work();
    } catch (const app::StoreError& error) {
        return error.kind();
    }
    return {};
}

/// SQL behind the store's back.
inline void execute(app::Database& database, const QString& sql) {
    char* problem = nullptr;
    if (sqlite3_exec(database.handle(), sql.toUtf8().constData(), nullptr, nullptr, &problem) != SQLITE_OK)
        qFatal("%s", problem);
}

inline app::Message answer(app::Database& database, app::ChatId chat, app::MessageId parent,
                           const QString& text, app::MessageState state = app::MessageState::Done) {
    const app::Message message = database.beginAnswer(chat, parent, QStringLiteral("toy"));
    database.appendChunk(message.id, text);
    database.finishAnswer(message.id, state, 3, 12.5);
    return message;
}

} // namespace test
