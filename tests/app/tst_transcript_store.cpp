#include "app/transcript_store.h"
#include "tests/app/disk_watch.h"
#include "tests/app/store_support.h"
#include "tests/support/patience.h"

#include <QFile>
#include <QSignalSpy>
#include <QThread>

#include <atomic>

using namespace app;
using namespace Qt::StringLiterals;
using test::StoreFolder;

class TestTranscriptStore : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void answersInOrderOnTheCallersThread();
    void errorsAreToldAndNothingStops();
    void nothingComesBackToWhoIsGone();
    void closingFinishesWhatWasAsked();
    void callsBeforeOpeningWait();
    void failedOpeningIsSaid();
    void noticeIsPassedOn();
    void opensOnceThereIsRoom();
    void writesOnceTheOtherHasEnded();
    void whatCannotPassIsLeftAlone();
};

void TestTranscriptStore::answersInOrderOnTheCallersThread() {
    StoreFolder folder;
    TranscriptStore store;
    QSignalSpy opened(&store, &TranscriptStore::opened);
    store.open(folder.path());
    QVERIFY(!store.isOpen());
    QVERIFY(opened.wait(test::PatienceMs));
    QVERIFY(store.isOpen());
    QCOMPARE(store.access(), Access::ReadWrite);
    QList<int> order;
    QThread* const here = QThread::currentThread();
    QThread* there = nullptr;
    for (int i = 0; i < 50; ++i) {
        store.run(
            this,
            [i, &there](Database& database) {
                there = QThread::currentThread();
                database.createChat(u"chat %1"_s.arg(i), {});
                return i;
            },
            [&](int number) {
                QCOMPARE(QThread::currentThread(), here);
                order.append(number);
            });
    }
    bool done = false;
    store.run(
        this, [](Database& database) { database.saveDraft(0, u"x"_s); }, [&] { done = true; });
    QTRY_VERIFY(done);
    QVERIFY(there != here);
    QCOMPARE(order.size(), 50);
    QVERIFY(std::is_sorted(order.begin(), order.end()));
    store.run([](Database& database) { database.createChat(u"quiet"_s, {}); });
    store.flush();
    QCOMPARE(Database::open(folder.path(), Access::ReadOnly)->chats().size(), 51);
}

void TestTranscriptStore::errorsAreToldAndNothingStops() {
    StoreFolder folder;
    TranscriptStore store;
    store.open(folder.path());
    QSignalSpy failed(&store, &TranscriptStore::failed);
    std::optional<StoreError::Kind> kind;
    bool done = false, later = false;
    store.run(
        this, [](Database& database) { database.renameChat(99, u"x"_s); }, [&] { done = true; },
        [&](const StoreError& error) { kind = error.kind(); });
    store.run(
        this, [](Database&) -> int { throw std::bad_alloc(); }, [&](int) { done = true; });
    store.run([](Database& database) { database.setActiveLeaf(1, 99); });
    store.run(
        this, [](Database& database) { return database.chats(); },
        [&](const QList<ChatSummary>&) { later = true; });
    QTRY_VERIFY(later);
    QVERIFY(!done);
    QVERIFY(kind == StoreError::Kind::Other);
    QCOMPARE(failed.size(), 3);
    QVERIFY(failed[0][0].toString().endsWith(u'.'));
}

void TestTranscriptStore::nothingComesBackToWhoIsGone() {
    StoreFolder folder;
    TranscriptStore store;
    store.open(folder.path());
    bool called = false, later = false;
    auto context = std::make_unique<QObject>();
    store.run(
        context.get(), [](Database& database) { return database.chats(); },
        [&](const QList<ChatSummary>&) { called = true; });
    store.run(
        context.get(), [](Database& database) { database.renameChat(99, {}); }, [] {},
        [&](const StoreError&) { called = true; });
    context.reset();
    store.run(
        this, [](Database&) {}, [&] { later = true; });
    QTRY_VERIFY(later);
    QVERIFY(!called);
}

void TestTranscriptStore::closingFinishesWhatWasAsked() {
    StoreFolder folder;
    {
        TranscriptStore store;
        store.open(folder.path());
        for (int i = 0; i < 100; ++i)
            store.run(
                this, [i](Database& database) { return database.createChat(u"chat %1"_s.arg(i), {}); },
                [](ChatId) { QFAIL("the store is gone"); });
    }
    QCoreApplication::processEvents();
    const auto database = folder.open();
    QCOMPARE(database->access(), Access::ReadWrite);
    QCOMPARE(database->chats().size(), 100);
    QVERIFY(!QFile::exists(folder.path(u"transcripts.db-wal"_s)) ||
            QFile(folder.path(u"transcripts.db-wal"_s)).size() == 0);
}

void TestTranscriptStore::callsBeforeOpeningWait() {
    StoreFolder folder;
    TranscriptStore store;
    QSignalSpy failed(&store, &TranscriptStore::failed);
    store.run([](Database& database) { database.chats(); });
    QVERIFY(failed.wait(test::PatienceMs)); // not open: said, not ignored
    store.open(folder.path());
    int chats = -1;
    store.run(
        this, [](Database& database) { return database.chats().size(); },
        [&](qsizetype count) { chats = int(count); });
    QTRY_COMPARE(chats, 0);
}

void TestTranscriptStore::failedOpeningIsSaid() {
    StoreFolder folder;
    QFile file(folder.path(u"file"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    TranscriptStore store;
    QSignalSpy openFailed(&store, &TranscriptStore::openFailed);
    store.open(folder.path(u"file/transcripts.db"_s));
    QVERIFY(openFailed.wait(test::PatienceMs));
    QVERIFY(openFailed[0][0].toString().endsWith(u'.'));
    QVERIFY(!store.isOpen());
}

void TestTranscriptStore::noticeIsPassedOn() {
    StoreFolder folder;
    QFile file(folder.path());
    QVERIFY(file.open(QIODevice::WriteOnly) &&
            file.write("not a database, but long enough to be looked at") > 0);
    file.close();
    TranscriptStore store;
    QSignalSpy opened(&store, &TranscriptStore::opened);
    store.open(folder.path());
    QVERIFY(opened.wait(test::PatienceMs));
    QVERIFY(opened[0][0].toString().contains(u"damaged"_s));
    QCOMPARE(store.access(), Access::ReadWrite);
    // A second one in the meantime only reads.
    TranscriptStore second;
    QSignalSpy secondOpened(&second, &TranscriptStore::opened);
    second.open(folder.path());
    QVERIFY(secondOpened.wait(test::PatienceMs));
    QCOMPARE(second.access(), Access::ReadOnly);
    QVERIFY(!secondOpened[0][0].toString().isEmpty());
}

void TestTranscriptStore::opensOnceThereIsRoom() {
    for (const bool there : {false, true}) { // a first start, and one with chats
        StoreFolder folder;
        if (there)
            folder.open()->createChat(u"before"_s, {});
        test::DiskWatch watch;
        std::atomic<bool> full = true;
        watch.before = [&](test::DiskWatch::Call call, const QString&) {
            return !full                                                                         ? SQLITE_OK
                   : call == test::DiskWatch::Call::Open || call == test::DiskWatch::Call::Write ? SQLITE_FULL
                                                                                                 : SQLITE_OK;
        };
        TranscriptStore store;
        store.setRetryMs(20);
        QSignalSpy failed(&store, &TranscriptStore::openFailed), improved(&store, &TranscriptStore::improved);
        store.open(folder.path());
        QVERIFY(failed.wait(test::PatienceMs));
        QVERIFY2(failed[0][0].toString().contains(u"full"_s), qPrintable(failed[0][0].toString()));
        QVERIFY(!store.isOpen());
        // Meanwhile the reason is said, not that something is closed.
        QString sentence;
        store.run(
            this, [](Database& database) { database.createChat(u"t"_s, {}); }, [] {},
            [&](const StoreError& error) { sentence = QString::fromUtf8(error.what()); });
        QTRY_VERIFY2(sentence.contains(u"full"_s), qPrintable(sentence));
        QTest::qWait(100);
        QCOMPARE(failed.count(), 1); // said once
        full = false;
        QVERIFY(improved.count() > 0 || improved.wait(test::PatienceMs));
        QVERIFY(store.isOpen());
        QCOMPARE(store.access(), Access::ReadWrite);
        qsizetype chats = -1;
        store.run(
            this, [](Database& database) { return database.chats().size(); },
            [&](qsizetype count) { chats = count; });
        QTRY_COMPARE(chats, there ? 1 : 0);
    }
}

void TestTranscriptStore::writesOnceTheOtherHasEnded() {
    StoreFolder folder;
    auto other = folder.open();
    const ChatId chat = other->createChat(u"t"_s, {});
    TranscriptStore store;
    store.setRetryMs(20);
    QSignalSpy opened(&store, &TranscriptStore::opened), improved(&store, &TranscriptStore::improved);
    store.open(folder.path());
    QVERIFY(opened.wait(test::PatienceMs));
    QCOMPARE(store.access(), Access::ReadOnly);
    QTest::qWait(100);
    QCOMPARE(improved.count(), 0);
    other.reset();
    QVERIFY(improved.count() > 0 || improved.wait(test::PatienceMs));
    QCOMPARE(store.access(), Access::ReadWrite);
    bool written = false;
    store.run(
        this, [chat](Database& database) { database.renameChat(chat, u"new"_s); }, [&] { written = true; });
    QTRY_VERIFY(written);
}

void TestTranscriptStore::whatCannotPassIsLeftAlone() {
    StoreFolder folder;
    {
        const auto database = folder.open();
        test::execute(*database, u"PRAGMA user_version = 99"_s);
    }
    TranscriptStore store;
    store.setRetryMs(10);
    QSignalSpy opened(&store, &TranscriptStore::opened), improved(&store, &TranscriptStore::improved);
    store.open(folder.path());
    QVERIFY(opened.wait(test::PatienceMs));
    int opens = 0;
    test::DiskWatch watch;
    watch.before = [&](test::DiskWatch::Call, const QString&) {
        ++opens;
        return SQLITE_OK;
    };
    QTest::qWait(100);
    QCOMPARE(opens, 0);
    QCOMPARE(improved.count(), 0);
}

QTEST_GUILESS_MAIN(TestTranscriptStore)
#include "tst_transcript_store.moc"
