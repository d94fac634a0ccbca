#pragma once
#include "tests/app/store_support.h"

#include <QDir>
#include <QFile>

// Files to be damaged, and what became of them.
namespace test {

inline QByteArray contentOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

inline void write(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(bytes), bytes.size());
}

/// Without the logs that went with them.
inline QStringList movedAside(const StoreFolder& folder) {
    QStringList names =
        QDir(folder.folder()).entryList({QStringLiteral("transcripts.db.damaged-*")}, QDir::Files);
    names.removeIf([](const QString& name) {
        return name.endsWith(QStringLiteral("-wal")) || name.endsWith(QStringLiteral("-shm"));
    });
    return names;
}

inline QString textOf(int number) {
    return QStringLiteral("message %1 ").arg(number) +
           QStringLiteral("with a text of some length ").repeated(number % 9);
}

/// A closed database with one chat of that many messages, from textOf(0) on.
inline QByteArray goodFile(int messages) {
    StoreFolder folder;
    {
        const auto database = folder.open();
        const app::ChatId chat =
            database->createChat(QStringLiteral("long chat"), QStringLiteral("Be brief."));
        database->saveSetting(QStringLiteral("theme"), QStringLiteral("dark"));
        database->runInTransaction([&] {
            app::MessageId last = 0;
            for (int i = 0; i < messages; ++i)
                last = database->appendUserMessage(chat, last, textOf(i)).id;
        });
    }
    return contentOf(folder.path());
}

} // namespace test
