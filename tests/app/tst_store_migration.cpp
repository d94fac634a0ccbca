#include "app/store/opening.h"
#include "app/store/rows.h"
#include "app/store/schema.h"
#include "tests/app/disk_watch.h"
#include "tests/app/store_support.h"

#include <QDir>
#include <QFileInfo>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace app;
using namespace Qt::StringLiterals;
using test::StoreFolder;

/// R10: a migration that ends anywhere leaves the old or the new, and old files become what new ones are.
class TestStoreMigration : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void firstReleaseOpensAsIfMadeToday();
    void migratedEqualsFresh();
    void stoppedAnywhereIsOldOrNew();
    void killedAnywhereIsOldOrNew();
    void backupIsWholeAndPrivate();
    void failingMigrationSaysSo();
    void readersSeeOldFilesUpToDate();
    void onAFullDiskItIsRead_data();
    void onAFullDiskItIsRead();
};

namespace {

// A future: the next two versions as they may come one day.
const char* const kNextStep =
    "ALTER TABLE chat ADD COLUMN folder TEXT NOT NULL DEFAULT '';"
    "CREATE TABLE pin(message INTEGER PRIMARY KEY REFERENCES message(id) ON DELETE CASCADE) STRICT;"
    "UPDATE chat SET folder = 'all';";
const char* const kLastStep = "CREATE INDEX chat_by_folder ON chat(folder);"
                              "UPDATE message SET model = 'unknown' WHERE role = 'assistant' AND model = '';";

int nextVersion() {
    return store::currentSchema().version + 1;
}
int lastVersion() {
    return nextVersion() + 1;
}

store::Schema futureSchema() {
    static const std::string create = std::string(store::currentSchema().create) + kNextStep + kLastStep;
    store::Schema schema{lastVersion(), create.c_str(), store::currentSchema().migrations};
    schema.migrations.push_back({nextVersion(), kNextStep});
    schema.migrations.push_back({lastVersion(), kLastStep});
    return schema;
}

/// Every version that a file of the first release goes through.
QSet<int> allVersions() {
    QSet<int> all;
    for (int version = 1; version <= lastVersion(); ++version)
        all.insert(version);
    return all;
}

QString dump(store::Connection& connection, const char* sql) {
    QString text;
    store::Query query = connection.query(sql);
    while (query.next())
        text += query.text(0) + u'\n';
    return text;
}

QString schemaOf(store::Connection& connection) {
    return dump(
        connection,
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name");
}

QString dataOf(store::Connection& connection) {
    return dump(connection, "SELECT id || title || system_prompt FROM chat ORDER BY id") +
           dump(connection, "SELECT id || content || role || state FROM message ORDER BY id") +
           dump(connection, "SELECT key || value FROM setting ORDER BY key");
}

/// A file as the first release left it, from a script that is never changed again.
void makeFirstRelease(const QString& path) {
    QFile script(QStringLiteral(SUMIDERO_SOURCE_DIR) + u"/tests/app/data/first_release.sql"_s);
    QVERIFY(script.open(QIODevice::ReadOnly));
    sqlite3* database = nullptr;
    QCOMPARE(sqlite3_open(path.toUtf8().constData(), &database), SQLITE_OK);
    char* problem = nullptr;
    const int result = sqlite3_exec(database, script.readAll().constData(), nullptr, nullptr, &problem);
    QVERIFY2(result == SQLITE_OK, problem);
    sqlite3_close(database);
}

/// State of a file that a migration was interrupted in: its version, if that is all of that version and
/// nothing else; 0 otherwise.
int versionIfWhole(const QString& path, const QString& data) {
    store::Connection connection(path, store::Connection::Mode::ReadWrite);
    const auto version = static_cast<int>(connection.number("PRAGMA user_version"));
    const QString schema = schemaOf(connection);
    const bool whole = dataOf(connection) == data &&
                       schema.contains(u"message_deleted"_s) == (version >= 2) &&
                       schema.contains(u"pin"_s) == (version >= nextVersion()) &&
                       schema.contains(u"chat_by_folder"_s) == (version >= lastVersion()) &&
                       dump(connection, "PRAGMA integrity_check") == u"ok\n"_s;
    return whole ? version : 0;
}

void migrateFile(const QString& path, const std::function<void(store::Connection&)>& prepare) {
    store::Connection connection(path, store::Connection::Mode::ReadWrite);
    connection.execute("PRAGMA journal_mode = WAL");
    prepare(connection);
    store::migrate(connection, futureSchema());
}

/// Lets `left` steps of SQLite's machine pass.
struct Countdown {
    int left;
    void (*end)();
    static int tick(void* self) {
        auto* countdown = static_cast<Countdown*>(self);
        if (--countdown->left >= 0)
            return 0;
        if (countdown->end)
            countdown->end();
        return 1;
    }
    void watch(store::Connection& connection) {
        sqlite3_progress_handler(connection.handle(), 1, tick, this);
    }
};

} // namespace

void TestStoreMigration::firstReleaseOpensAsIfMadeToday() {
    StoreFolder folder;
    makeFirstRelease(folder.path());
    const auto database = folder.open();
    QCOMPARE(database->notice(), QString());
    QCOMPARE(database->verify(), QString());
    QCOMPARE(database->chats().size(), 1);
    QCOMPARE(database->chats()[0].title, u"First release"_s);
    QCOMPARE(database->chats()[0].systemPrompt, u"Be brief."_s);
    const QList<Message> branch = database->branch(1);
    QCOMPARE(branch.size(), 2);
    QCOMPARE(branch[1].text, u"An answer 😀"_s);
    QCOMPARE(branch[1].state, MessageState::Interrupted); // was streaming
    QCOMPARE(branch[1].tokensPerSecond, 0.0);
    QCOMPARE(database->draft(1), u"half a thought"_s);
    QCOMPARE(database->settings().value(u"look.theme"_s), u"dark"_s);
    QCOMPARE(database->search(u"question"_s).size(), 1);
    database->restoreChat(2);
    QCOMPARE(database->chats().size(), 2);
}

void TestStoreMigration::migratedEqualsFresh() {
    StoreFolder folder;
    makeFirstRelease(folder.path(u"old.db"_s));
    for (const store::Schema& schema : {store::currentSchema(), futureSchema()}) {
        const auto old = store::openForWriting(folder.path(u"old.db"_s), schema);
        const auto fresh = store::openForWriting(folder.path(u"fresh%1.db"_s.arg(schema.version)), schema);
        // Columns that were added later stand at the end, so only what the tables are is compared, not how
        // they were written.
        const char* const kColumns =
            "SELECT m.name || '.' || c.name || ' ' || c.type || c.'notnull' || coalesce(c.dflt_value, '') "
            "FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1";
        QCOMPARE(dump(*old.connection, kColumns), dump(*fresh.connection, kColumns));
        const char* const kOthers = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM "
                                    "sqlite_schema WHERE type <> 'table' ORDER BY 1";
        QCOMPARE(dump(*old.connection, kOthers), dump(*fresh.connection, kOthers));
        QCOMPARE(old.connection->number("PRAGMA user_version"), schema.version);
        QCOMPARE(store::checkIndexes(*old.connection), QString());
    }
}

void TestStoreMigration::stoppedAnywhereIsOldOrNew() {
    QSet<int> seen;
    for (int steps = 0; !seen.contains(lastVersion()); steps = steps < 50 ? steps + 1 : steps + steps / 12) {
        StoreFolder folder;
        makeFirstRelease(folder.path());
        QString data;
        bool stopped = false;
        try {
            migrateFile(folder.path(), [&](store::Connection& connection) {
                data = dataOf(connection);
                static Countdown countdown;
                countdown = {steps, nullptr};
                countdown.watch(connection);
            });
        } catch (const std::exception&) {
            stopped = true;
        }
        const int version = versionIfWhole(folder.path(), data);
        QVERIFY2(version >= 1, qPrintable(u"after %1 steps"_s.arg(steps)));
        QCOMPARE(version == lastVersion(), !stopped);
        seen.insert(version);
        // The next start finishes it.
        const auto opened = store::openForWriting(folder.path(), futureSchema());
        QCOMPARE(opened.connection->number("PRAGMA user_version"), lastVersion());
    }
    QCOMPARE(seen, allVersions());
}

void TestStoreMigration::killedAnywhereIsOldOrNew() {
    QSet<int> seen;
    for (int steps = 0; !seen.contains(lastVersion()); steps += 1 + steps / 8) {
        StoreFolder folder;
        makeFirstRelease(folder.path());
        const QString data = [&] {
            store::Connection connection(folder.path(), store::Connection::Mode::ReadWrite);
            return dataOf(connection);
        }();
        const pid_t child = ::fork();
        if (child == 0) {
            static Countdown countdown{steps, [] { ::raise(SIGKILL); }};
            migrateFile(folder.path(), [](store::Connection& connection) { countdown.watch(connection); });
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        const int version = versionIfWhole(folder.path(), data);
        QVERIFY2(version >= 1, qPrintable(u"after %1 steps"_s.arg(steps)));
        QCOMPARE(version == lastVersion(), status == 0);
        seen.insert(version);
        QCOMPARE(
            store::openForWriting(folder.path(), futureSchema()).connection->number("PRAGMA user_version"),
            lastVersion());
    }
    QVERIFY(seen.contains(1) && seen.contains(lastVersion()));
}

void TestStoreMigration::backupIsWholeAndPrivate() {
    StoreFolder folder;
    makeFirstRelease(folder.path());
    store::openForWriting(folder.path(), futureSchema());
    const QString backup = folder.path() + u".v1.backup"_s;
    QCOMPARE(QFile::permissions(backup) & QFileDevice::Permissions(0x0077), QFileDevice::Permissions());
    QVERIFY(!QFileInfo::exists(backup + u".part"_s));
    const auto old = Database::open(backup); // is itself a database of the old version
    QCOMPARE(old->chats().size(), 1);
    QCOMPARE(old->verify(), QString());
}

void TestStoreMigration::failingMigrationSaysSo() {
    StoreFolder folder;
    makeFirstRelease(folder.path());
    store::Schema broken = futureSchema();
    broken.migrations.back().sql = "UPDATE message SET no_such_column = 1";
    QVERIFY(test::errorOf([&] { store::openForWriting(folder.path(), broken); }));
    // The first step was whole and stays; a program with a right second step goes on from there.
    QCOMPARE(store::openForWriting(folder.path(), futureSchema()).connection->number("PRAGMA user_version"),
             lastVersion());
}

void TestStoreMigration::readersSeeOldFilesUpToDate() {
    StoreFolder folder;
    makeFirstRelease(folder.path());
    const auto reader = store::openForReading(folder.path(), futureSchema());
    QCOMPARE(reader.connection->number("SELECT count(*) FROM chat WHERE folder = 'all'"), 2);
    QVERIFY(reader.connection->isReadOnly());
    QCOMPARE(QDir(folder.folder()).entryList({u"*.backup"_s}).size(), 0);
    store::Connection untouched(folder.path(), store::Connection::Mode::ReadOnly);
    QCOMPARE(untouched.number("PRAGMA user_version"), 1);
}

void TestStoreMigration::onAFullDiskItIsRead_data() {
    QTest::addColumn<int>("allowed"); // writes before the disk is full
    QTest::addColumn<bool>("temporaryToo");
    for (const int allowed : {0, 1, 5, 20, 30, 40, 60})
        for (const bool too : {false, true})
            QTest::addRow("%d writes%s", allowed, too ? ", the temporary folder as well" : "")
                << allowed << too;
}

void TestStoreMigration::onAFullDiskItIsRead() {
    QFETCH(int, allowed);
    QFETCH(bool, temporaryToo);
    StoreFolder folder;
    makeFirstRelease(folder.path());
    test::DiskWatch watch;
    int left = allowed;
    watch.before = [&](test::DiskWatch::Call call, const QString& path) {
        if (call != test::DiskWatch::Call::Write || left < 0 ||
            (!temporaryToo && !path.startsWith(folder.folder())))
            return SQLITE_OK;
        return left > 0 ? (--left, SQLITE_OK) : SQLITE_FULL;
    };
    {
        const auto opened = store::openForWriting(folder.path(), futureSchema());
        QCOMPARE(opened.connection->number("SELECT count(*) FROM chat WHERE folder = 'all'"), 2);
        QVERIFY(opened.connection->number("SELECT count(*) FROM message") > 0);
        QCOMPARE(opened.connection->isReadOnly(), opened.mayPass);
        if (allowed < 20) {
            QVERIFY(opened.connection->isReadOnly());
            QVERIFY2(opened.notice.contains(u"full"_s), qPrintable(opened.notice));
        }
    }
    left = -1; // there is room again
    const auto opened = store::openForWriting(folder.path(), futureSchema());
    QVERIFY(!opened.connection->isReadOnly());
    QCOMPARE(opened.connection->number("PRAGMA user_version"), lastVersion());
    QCOMPARE(opened.connection->number("SELECT count(*) FROM chat WHERE folder = 'all'"), 2);
}

QTEST_GUILESS_MAIN(TestStoreMigration)
#include "tst_store_migration.moc"
