#include "tests/app/damage_support.h"

#include <QFileInfo>
#include <QRandomGenerator>

using namespace app;
using namespace Qt::StringLiterals;
using namespace test;

/// R8: whatever the file has become, its bytes are kept, the user is told, and there is a store to go on
/// with.
class TestStoreDamage : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void movedAsideAndBegunAnew_data();
    void movedAsideAndBegunAnew();
    void logIsMovedWithTheFile();
    void mostOfADamagedFileIsRecovered();
    void lostFirstPageIsReplaced();
    void randomBytesFlipped();
    void otherProgramsFilesAreLeftAlone();
    void readersNeverMoveAnything();
    void newerFilesAreOnlyRead();

private:
    QByteArray m_good; // a closed database with kMessages messages
    static constexpr int kMessages = 400;
};

void TestStoreDamage::initTestCase() {
    m_good = goodFile(kMessages);
    QVERIFY(m_good.size() > 40 * 4096);
}

void TestStoreDamage::movedAsideAndBegunAnew_data() {
    QTest::addColumn<QByteArray>("bytes");
    const QByteArray noise = [] {
        QByteArray bytes(50000, Qt::Uninitialized);
        QRandomGenerator random(1);
        for (char& byte : bytes)
            byte = static_cast<char>(random.bounded(256));
        return bytes;
    }();
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("one byte") << QByteArray("S");
    QTest::newRow("text") << QByteArray("Dear diary, this is not a database.\n").repeated(200);
    QTest::newRow("noise") << noise;
    QTest::newRow("all zero") << QByteArray(m_good.size(), '\0');
    QTest::newRow("header zeroed") << QByteArray(100, '\0') + m_good.sliced(100);
    QTest::newRow("truncated in the header") << m_good.left(60);
    QTest::newRow("truncated after a page") << m_good.left(4096);
    QTest::newRow("truncated in the middle") << m_good.left(m_good.size() / 2 + 1000);
    QTest::newRow("middle zeroed") << m_good.left(8 * 4096) + QByteArray(8 * 4096, '\0') +
                                          m_good.sliced(16 * 4096);
    QTest::newRow("noise in the middle")
        << m_good.left(5 * 4096) + noise.left(6 * 4096) + m_good.sliced(11 * 4096);
    QTest::newRow("schema version zeroed") << m_good.left(60) + QByteArray(4, '\0') + m_good.sliced(64);
    QTest::newRow("application id changed") << m_good.left(68) + QByteArray("Chat") + m_good.sliced(72);
    QTest::newRow("write version changed") << m_good.left(18) + QByteArray("\x07") + m_good.sliced(19);
}

void TestStoreDamage::movedAsideAndBegunAnew() {
    QFETCH(QByteArray, bytes);
    StoreFolder folder;
    write(folder.path(), bytes);
    {
        const auto database = folder.open();
        QCOMPARE(database->access(), Access::ReadWrite);
        const QStringList aside = movedAside(folder);
        QCOMPARE(aside.size(), 1);
        QVERIFY2(database->notice().contains(aside[0]) && database->notice().endsWith(u'.'),
                 qPrintable(database->notice()));
        QCOMPARE(contentOf(folder.path(aside[0])), bytes);
        QCOMPARE(database->verify(), QString());
        const ChatId chat = database->createChat(u"new"_s, {});
        database->appendUserMessage(chat, 0, u"life goes on"_s);
    }
    const auto again = folder.open();
    QCOMPARE(again->notice(), QString());
    QCOMPARE(movedAside(folder).size(), 1);
    QCOMPARE(again->branch(again->chats()[0].id)[0].text, u"life goes on"_s);
}

void TestStoreDamage::logIsMovedWithTheFile() {
    for (const bool fileIsThere : {true, false}) {
        StoreFolder folder;
        const QByteArray log = "what the log held";
        if (fileIsThere)
            write(folder.path(), {}); // SQLite itself would delete the log now
        write(folder.path() + u"-wal"_s, log);
        const auto database = folder.open();
        const QStringList aside = QDir(folder.folder()).entryList({u"*.damaged-*-wal"_s}, QDir::Files);
        QCOMPARE(aside.size(), 1);
        QCOMPARE(contentOf(folder.path(aside[0])), log);
        QVERIFY(!database->notice().isEmpty());
    }
}

void TestStoreDamage::mostOfADamagedFileIsRecovered() {
    StoreFolder folder;
    QByteArray bytes = m_good;
    // One page somewhere in the table of messages.
    const qsizetype at = bytes.indexOf(textOf(200).toUtf8());
    QVERIFY(at > 0);
    bytes.replace(at / 4096 * 4096, 4096, QByteArray(4096, '\xff'));
    write(folder.path(), bytes);
    const auto database = folder.open();
    QVERIFY(!database->notice().isEmpty());
    QCOMPARE(database->chats().size(), 1);
    QCOMPARE(database->chats()[0].title, u"long chat"_s);
    QCOMPARE(database->chats()[0].systemPrompt, u"Be brief."_s);
    QCOMPARE(database->settings().value(u"theme"_s), u"dark"_s);
    const QList<Message> branch = database->branch(database->chats()[0].id);
    QVERIFY2(branch.size() > kMessages - 60, qPrintable(QString::number(branch.size())));
    QVERIFY(branch.size() < kMessages);
    QCOMPARE(branch.first().text, textOf(0));
    QCOMPARE(branch.last().text, textOf(kMessages - 1));
    QVERIFY(database->notice().contains(QString::number(branch.size())));
    QVERIFY(!database->search(u"message 399"_s).isEmpty());
}

void TestStoreDamage::lostFirstPageIsReplaced() {
    StoreFolder folder;
    write(folder.path(), QByteArray(4096, '\0') + m_good.sliced(4096));
    const auto database = folder.open();
    QCOMPARE(database->chats().size(), 1);
    QCOMPARE(database->branch(database->chats()[0].id).size(), kMessages);
    QVERIFY(!database->notice().isEmpty());
}

void TestStoreDamage::randomBytesFlipped() {
    QRandomGenerator random(8);
    int noticed = 0;
    for (int round = 0; round < 200; ++round) {
        StoreFolder folder;
        QByteArray bytes = m_good;
        // Half of them where it matters: headers of pages and their first cells.
        const qsizetype pages = bytes.size() / 4096;
        for (int flips = 1 + random.bounded(3); flips > 0; --flips) {
            const qsizetype at = random.bounded(2) ? random.bounded(pages) * 4096 + random.bounded(64)
                                                   : random.bounded(bytes.size());
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.bounded(8)));
        }
        write(folder.path(), bytes);
        try {
            const auto database = folder.open();
            const QStringList aside = movedAside(folder);
            QCOMPARE(aside.size(),
                     database->notice().isEmpty() || database->access() == Access::ReadOnly ? 0 : 1);
            if (!aside.isEmpty())
                QCOMPARE(contentOf(folder.path(aside[0])), bytes);
            noticed += !aside.isEmpty();
            for (const ChatSummary& chat : database->chats())
                database->branch(chat.id);
            database->search(u"message"_s);
            if (database->access() == Access::ReadWrite)
                database->appendUserMessage(database->createChat(u"new"_s, {}), 0, u"life goes on"_s);
        } catch (const StoreError& error) {
            QVERIFY(QByteArray(error.what())
                        .endsWith('.')); // found later: said, and looked at again at the next start
        }
        try {
            folder.open();
        } catch (const StoreError&) {
        }
        QVERIFY(!movedAside(folder).isEmpty() || QFileInfo(folder.path()).size() >= bytes.size() - 4096);
    }
    QVERIFY(noticed > 50);
}

void TestStoreDamage::otherProgramsFilesAreLeftAlone() {
    StoreFolder folder;
    sqlite3* other = nullptr;
    QCOMPARE(sqlite3_open(folder.path().toUtf8().constData(), &other), SQLITE_OK);
    sqlite3_exec(other, "CREATE TABLE recipes(name TEXT); INSERT INTO recipes VALUES('soup')", nullptr,
                 nullptr, nullptr);
    sqlite3_close(other);
    const QByteArray bytes = contentOf(folder.path());
    QVERIFY(test::errorOf([&] { folder.open(); }));
    QVERIFY(test::errorOf([&] { Database::open(folder.path(), Access::ReadOnly); }));
    QCOMPARE(contentOf(folder.path()), bytes);
    QVERIFY(movedAside(folder).isEmpty());
}

void TestStoreDamage::readersNeverMoveAnything() {
    StoreFolder folder;
    const QByteArray bytes = QByteArray(100, '\0') + m_good.sliced(100);
    write(folder.path(), bytes);
    QCOMPARE(test::errorOf([&] { Database::open(folder.path(), Access::ReadOnly); }),
             StoreError::Kind::Damaged);
    QCOMPARE(contentOf(folder.path()), bytes);
    QCOMPARE(test::errorOf([&] { Database::open(folder.path(u"none.db"_s), Access::ReadOnly); }),
             StoreError::Kind::Other);
    QVERIFY(!QFileInfo::exists(folder.path(u"none.db"_s)));
}

void TestStoreDamage::newerFilesAreOnlyRead() {
    StoreFolder folder;
    write(folder.path(), m_good);
    {
        const auto database = folder.open();
        test::execute(*database, u"PRAGMA user_version = 99"_s);
    }
    const auto database = folder.open();
    QCOMPARE(database->access(), Access::ReadOnly);
    QVERIFY2(database->notice().contains(u"newer"_s), qPrintable(database->notice()));
    QCOMPARE(database->branch(database->chats()[0].id).size(), kMessages);
    QCOMPARE(test::errorOf([&] { database->createChat(u"t"_s, {}); }), StoreError::Kind::ReadOnly);
    QVERIFY(movedAside(folder).isEmpty());
}

QTEST_GUILESS_MAIN(TestStoreDamage)
#include "tst_store_damage.moc"
