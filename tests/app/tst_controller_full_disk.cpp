#include "app/rescue.h"
#include "tests/app/controller_world.h"
#include "tests/app/disk_watch.h"
#include "tests/support/patience.h"

#include <atomic>

using namespace app;
using namespace Qt::StringLiterals;
using test::World;

// The store refuses: the chat goes on in memory, says so, and is stored as soon as that works again.
class ControllerFullDiskTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aNewChatOnAFullDisk();
    void fullInTheMiddleOfAnAnswer();
    void severalTurnsAndAnotherChat();
    void withoutAnyDatabase();
    void startedOnAFullDisk_data();
    void startedOnAFullDisk();
    void readOnlyUntilTheOtherEnds();
    void whatIsNeverTakenIsRescued_data();
    void whatIsNeverTakenIsRescued();
    void roomAtTheLastMoment();

private:
    /// The disk is full from here on (or has room again). Settles the store first.
    static void setFull(World& world, bool full) {
        world.inStore([full](Database& database) {
            test::execute(database, u"PRAGMA query_only = %1"_s.arg(full ? u"ON"_s : u"OFF"_s));
        });
    }
};

void ControllerFullDiskTest::aNewChatOnAFullDisk() {
    World world;
    setFull(world, true);
    QVERIFY(world.controller->send(u"Can you hear me?"_s));
    QTRY_COMPARE(world.transcript().count(), 2);
    QTRY_COMPARE(world.last().state, MessageState::Done);
    QCOMPARE(world.last().text, u"Hello there."_s);
    QVERIFY(world.controller->currentChat() < 0);
    QCOMPARE(world.notices.size(), 1); // once, not with every try
    QCOMPARE(world.controller->chats().size(), 1);
    QCOMPARE(world.controller->chats().front().title, u"Can you hear me?"_s);
    setFull(world, false);
    QTRY_VERIFY(world.controller->currentChat() > 0);
    const ChatId chat = world.controller->currentChat();
    QTRY_COMPARE(world.branch(chat).size(), 2);
    QTRY_COMPARE(world.branch(chat).back().state, MessageState::Done);
    QCOMPARE(world.branch(chat).front().text, u"Can you hear me?"_s);
    QCOMPARE(world.branch(chat).back().text, u"Hello there."_s);
    QCOMPARE(world.transcript().at(0).id, world.branch(chat).front().id);
    QCOMPARE(world.last().id, world.branch(chat).back().id);
    QTRY_VERIFY(world.controller->chats().size() == 1 && world.controller->chats().front().id == chat);
}

void ControllerFullDiskTest::fullInTheMiddleOfAnAnswer() {
    World world;
    world.engine->answer = QStringList(30, u"word "_s);
    world.engine->stepMs = 3;
    QSignalSpy chunks(world.controller.get(), &ChatController::chunkStored);
    QVERIFY(world.controller->send(u"Speak"_s));
    QTRY_VERIFY(chunks.count() > 0);
    setFull(world, true);
    const MessageId answer = world.last().id;
    QVERIFY(answer > 0);
    QTRY_COMPARE(world.last().state, MessageState::Done);
    QCOMPARE(world.last().text, QString(u"word "_s).repeated(30));
    QTRY_VERIFY(!world.notices.isEmpty());
    setFull(world, false);
    QSignalSpy stored(world.controller.get(), &ChatController::answerStored);
    QVERIFY(stored.wait(test::PatienceMs));
    const Message message = world.branch(world.controller->currentChat()).back();
    QCOMPARE(message.id, answer);
    QCOMPARE(message.text, QString(u"word "_s).repeated(30)); // nothing twice, nothing missing
    QCOMPARE(message.state, MessageState::Done);
    QCOMPARE(message.tokens, 30);
}

void ControllerFullDiskTest::severalTurnsAndAnotherChat() {
    World world;
    world.ask(u"Before"_s);
    const ChatId before = world.controller->currentChat();
    setFull(world, true);
    const auto turn = [&](const QString& text, int rows) {
        QVERIFY(world.controller->send(text));
        QTRY_COMPARE(world.transcript().count(), rows);
        QTRY_COMPARE(world.last().state, MessageState::Done);
    };
    turn(u"Two"_s, 4);
    turn(u"Three"_s, 6);
    world.controller->newChat();
    turn(u"Elsewhere"_s, 2);
    turn(u"Elsewhere again"_s, 4);
    const ChatId elsewhere = world.controller->currentChat();
    QVERIFY(elsewhere < 0);
    // Back and forth between them: what is not stored is still shown.
    world.open(before);
    QCOMPARE(world.transcript().count(), 6);
    QCOMPARE(world.transcript().at(4).text, u"Three"_s);
    world.open(elsewhere);
    QCOMPARE(world.transcript().count(), 4);
    setFull(world, false);
    QTRY_VERIFY(world.controller->currentChat() > 0);
    QTRY_VERIFY(world.branch(before).size() == 6 &&
                world.branch(world.controller->currentChat()).size() == 4 &&
                world.branch(before).back().state == MessageState::Done &&
                world.branch(world.controller->currentChat()).back().state == MessageState::Done);
    QCOMPARE(world.branch(before).at(4).text, u"Three"_s);
    QCOMPARE(world.branch(world.controller->currentChat()).at(2).text, u"Elsewhere again"_s);
    QTRY_COMPARE(world.controller->chats().size(), 2);
    world.end();
    world.start();
    QCOMPARE(world.controller->chats().size(), 2);
}

void ControllerFullDiskTest::withoutAnyDatabase() {
    World world(false);
    world.create();
    world.store->open(u"/proc/no/such/place/transcripts.db"_s);
    world.controller->setStartupModel(QString::fromLatin1(World::Model));
    QSignalSpy started(world.controller.get(), &ChatController::started);
    QTRY_VERIFY(!world.notices.isEmpty()); // says that it cannot be opened
    world.controller->start();
    QTRY_COMPARE(started.count(), 1);
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    QVERIFY(world.controller->send(u"Anyway"_s));
    QTRY_COMPARE(world.transcript().count(), 2);
    QTRY_COMPARE(world.last().state, MessageState::Done);
    QCOMPARE(world.last().text, u"Hello there."_s);
}

void ControllerFullDiskTest::startedOnAFullDisk_data() {
    QTest::addColumn<bool>("hasChats");
    QTest::addColumn<bool>("asks");
    QTest::newRow("first start, a question") << false << true;
    QTest::newRow("chats, a question") << true << true;
    QTest::newRow("chats, nothing done") << true << false;
}

/// What was asked and set in the meantime is stored as soon as there is room, beside what was there.
void ControllerFullDiskTest::startedOnAFullDisk() {
    QFETCH(bool, hasChats);
    QFETCH(bool, asks);
    World world(false);
    if (hasChats) {
        world.start();
        world.ask(u"Before"_s);
        Settings settings = world.controller->settings();
        settings.systemPrompt = u"Be brief."_s;
        world.controller->applySettings(settings);
        world.end();
    }
    std::atomic<bool> full = true;
    test::DiskWatch watch;
    watch.before = [&](test::DiskWatch::Call call, const QString&) {
        const bool needsRoom = call == test::DiskWatch::Call::Open || call == test::DiskWatch::Call::Write;
        return full && needsRoom ? SQLITE_FULL : SQLITE_OK;
    };
    world.create();
    world.store->setRetryMs(50);
    world.controller->setStartupModel(QString::fromLatin1(World::Model));
    world.controller->start();
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    QVERIFY2(world.notices.value(0).contains(u"full"_s), qPrintable(world.notices.value(0)));
    if (asks) {
        QVERIFY(world.controller->send(u"Can you hear me?"_s));
        QTRY_COMPARE(world.transcript().count(), 2);
        QTRY_COMPARE(world.last().state, MessageState::Done);
        QTRY_COMPARE(world.controller->unsavedTurns(), 1);
        Settings settings = world.controller->settings();
        settings.theme = Theme::Dark;
        world.controller->applySettings(settings);
    }
    QSignalSpy writable(world.controller.get(), &ChatController::writableChanged);
    full = false;
    QVERIFY(writable.count() > 0 || writable.wait(test::PatienceMs));
    QTRY_VERIFY(world.controller->currentChat() > 0);
    QTRY_COMPARE(world.controller->unsavedTurns(), 0);
    const ChatId chat = world.controller->currentChat();
    QTRY_COMPARE(world.branch(chat).size(), 2);
    QTRY_COMPARE(world.branch(chat).back().state, MessageState::Done);
    QCOMPARE(world.branch(chat).front().text, asks ? u"Can you hear me?"_s : u"Before"_s);
    QCOMPARE(world.transcript().at(0).text, world.branch(chat).front().text);
    QTRY_COMPARE(world.controller->chats().size(), hasChats && asks ? 2 : 1);
    if (hasChats)
        QCOMPARE(world.controller->settings().systemPrompt, u"Be brief."_s);
    world.end();
    world.start();
    QCOMPARE(world.controller->chats().size(), hasChats && asks ? 2 : 1);
    QCOMPARE(world.controller->settings().theme == Theme::Dark, asks);
    QCOMPARE(world.controller->settings().systemPrompt == u"Be brief."_s, hasChats);
    world.end(); // before the watch goes
}

void ControllerFullDiskTest::readOnlyUntilTheOtherEnds() {
    World world(false);
    auto other = world.folder.open();
    world.create();
    world.store->setRetryMs(20);
    QSignalSpy started(world.controller.get(), &ChatController::started);
    world.controller->setStartupModel(QString::fromLatin1(World::Model));
    world.controller->start();
    QVERIFY(started.wait(test::PatienceMs));
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    QVERIFY(world.controller->isReadOnly());
    QVERIFY(!world.controller->send(u"Not yet"_s));
    QSignalSpy writable(world.controller.get(), &ChatController::writableChanged);
    other.reset();
    QVERIFY(writable.wait(test::PatienceMs));
    QVERIFY(!world.controller->isReadOnly());
    world.ask(u"Now"_s);
    QCOMPARE(world.branch(world.controller->currentChat()).size(), 2);
}

void ControllerFullDiskTest::whatIsNeverTakenIsRescued_data() {
    QTest::addColumn<bool>("opens");
    QTest::newRow("the store was never opened") << false;
    QTest::newRow("the store refuses from some moment on") << true;
}

/// Quitting while nothing can be stored: the texts lie in a file, and the next start says where.
void ControllerFullDiskTest::whatIsNeverTakenIsRescued() {
    QFETCH(bool, opens);
    World world(false);
    if (!opens)
        QVERIFY(QDir().mkpath(world.folder.path())); // a folder where the file should be
    world.start();
    if (opens)
        setFull(world, true);
    QVERIFY(world.controller->send(u"Never forget this"_s));
    QTRY_COMPARE(world.transcript().count(), 2);
    QTRY_COMPARE(world.last().state, MessageState::Done);
    world.controller->saveDraft(u"and this half of a thought"_s);
    world.end();
    const QStringList files = Rescue::files();
    QCOMPARE(files.size(), 1);
    QFile file(files.front());
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QString text = QString::fromUtf8(file.readAll());
    for (const QString& part : {u"Never forget this"_s, u"Hello there."_s, u"and this half of a thought"_s})
        QCOMPARE(text.count(part), 1 + (part.startsWith(u"Never") ? 1 : 0)); // the title, too
    world.notices.clear();
    world.start();
    QTRY_VERIFY(world.notices.join(u'\n').contains(files.front()));
    QVERIFY(file.remove());
}

/// There is room again, but nobody has tried since: quitting does.
void ControllerFullDiskTest::roomAtTheLastMoment() {
    World world(false);
    QVERIFY(QDir().mkpath(world.folder.path()));
    world.start();
    world.store->setRetryMs(1'000'000);
    QVERIFY(world.controller->send(u"Never forget this"_s));
    QTRY_COMPARE(world.transcript().count(), 2);
    QTRY_COMPARE(world.last().state, MessageState::Done);
    QVERIFY(QDir().rmdir(world.folder.path()));
    world.end();
    QCOMPARE(Rescue::files(), QStringList());
    const auto database = Database::open(world.folder.path());
    QCOMPARE(database->chats().size(), 1);
    QCOMPARE(database->branch(database->chats().front().id).back().text, u"Hello there."_s);
}

QTEST_GUILESS_MAIN(ControllerFullDiskTest)
#include "tst_controller_full_disk.moc"
