#include "tests/app/controller_world.h"
#include "tests/support/patience.h"

#include <QThread>

#include <atomic>

using namespace app;
using namespace Qt::StringLiterals;
using test::World;

// One order for everything that touches an answer or a chat, however fast the user is and however slow the disk.
class ControllerOrderTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void stopAndContinueWhileAPieceIsOnItsWay();
    void stopAndContinueAgainAndAgain();
    void stopAndAskTheNextWhileAPieceIsOnItsWay();
    void continuedWhileTheDiskIsFull();
    void aPieceThatFailsWhileClosingLeavesNoGap();
    void continuedAndClosedAtOnce();
    void anOldListDoesNotPutAnOldPromptBack();
    void bothInstructionsOfANewChat();
    void numbersBelongToTheOpenChat();
    void whoIsAnsweredAndWhoWaits();
    void aQuestionWithoutAnAnswerCanBeAnswered();

private:
    /// The database thread does nothing until this goes or is let go.
    class SlowDisk {
    public:
        explicit SlowDisk(World& world) {
            world.store->run([go = m_go](Database&) {
                while (!*go)
                    QThread::msleep(1);
            });
        }
        ~SlowDisk() { letGo(); }
        void letGo() { *m_go = true; }

    private:
        std::shared_ptr<std::atomic_bool> m_go = std::make_shared<std::atomic_bool>(false);
    };

    /// Asks and stops when `tokens` tokens are shown.
    static void askAndStop(World& world, int tokens) {
        const auto length = world.engine->answer.first(tokens).join(QString()).size();
        QVERIFY(world.controller->send(u"Speak"_s));
        QTRY_VERIFY(world.transcript().count() > 0 && world.last().text.size() >= length);
        world.controller->stop();
        QTRY_COMPARE(world.controller->activity(), Activity::Idle);
    }
    static QStringList numbered(int count) {
        QStringList words;
        for (int i = 0; i < count; ++i)
            words.append(u"%1 "_s.arg(i));
        return words;
    }
    /// What is stored is what is shown.
    static void compareWithStore(World& world) {
        const QList<Message> stored = world.branch(world.controller->currentChat());
        QCOMPARE(stored.size(), world.transcript().count());
        for (int row = 0; row < stored.size(); ++row) {
            QCOMPARE(stored[row].id, world.transcript().at(row).id);
            QCOMPARE(stored[row].text, world.transcript().at(row).text);
            QCOMPARE(stored[row].state, world.transcript().at(row).state);
        }
    }
};

void ControllerOrderTest::stopAndContinueWhileAPieceIsOnItsWay() {
    World world;
    world.engine->answer = numbered(50000);
    QSignalSpy stored(world.controller.get(), &ChatController::answerStored);
    QVERIFY(world.controller->send(u"Speak"_s));
    QTRY_COMPARE(world.transcript().count(), 2);
    {
        SlowDisk disk(world);
        const auto length = world.last().text.size();
        QTRY_VERIFY(world.last().text.size() > length + 100); // pieces wait for the disk
        world.controller->stop();
        QTRY_COMPARE(world.controller->activity(), Activity::Idle);
        world.engine->answer = QStringList{u"and on"_s};
        world.controller->continueAnswer();
        QTest::qWait(20);
    }
    QTRY_COMPARE(stored.count(), 2);
    QCOMPARE(world.last().state, MessageState::Done);
    QVERIFY(world.last().text.endsWith(u"and on"_s));
    QCOMPARE(world.notices, QStringList());
    compareWithStore(world);
}

void ControllerOrderTest::stopAndContinueAgainAndAgain() {
    World world;
    world.engine->answer = numbered(50000);
    askAndStop(world, 3);
    for (int round = 0; round < 20; ++round) {
        QTest::qWait(round % 4 * 3);
        world.controller->continueAnswer();
        QTest::qWait(round % 5 * 4);
        world.controller->stop();
        QTRY_COMPARE(world.controller->activity(), Activity::Idle);
    }
    QCOMPARE(world.notices, QStringList());
    QTRY_COMPARE(world.branch(world.controller->currentChat()).back().state, MessageState::Stopped);
    compareWithStore(world);
}

void ControllerOrderTest::stopAndAskTheNextWhileAPieceIsOnItsWay() {
    World world;
    world.engine->answer = numbered(50000);
    QSignalSpy stored(world.controller.get(), &ChatController::answerStored);
    QVERIFY(world.controller->send(u"Speak"_s));
    QTRY_COMPARE(world.transcript().count(), 2);
    {
        SlowDisk disk(world);
        QTRY_VERIFY(world.last().text.size() > 100);
        world.controller->stop();
        QTRY_COMPARE(world.controller->activity(), Activity::Idle);
        world.engine->answer = QStringList{u"Yes."_s};
        QVERIFY(world.controller->send(u"And then?"_s));
    }
    QTRY_COMPARE(stored.count(), 2);
    QCOMPARE(world.transcript().count(), 4);
    QCOMPARE(world.notices, QStringList());
    compareWithStore(world);
}

void ControllerOrderTest::continuedWhileTheDiskIsFull() {
    World world;
    world.engine->answer = numbered(500000); // more than is said before the store refuses, on any machine
    QVERIFY(world.controller->send(u"Speak"_s));
    QTRY_VERIFY(world.transcript().count() == 2 && world.last().text.size() > 100);
    world.inStore([](Database& database) { test::execute(database, u"PRAGMA query_only = ON"_s); });
    QTRY_VERIFY(!world.notices.isEmpty());
    world.controller->stop();
    QTRY_COMPARE(world.controller->activity(), Activity::Idle);
    QCOMPARE(world.last().state, MessageState::Stopped);
    world.engine->answer = QStringList{u"and on"_s};
    world.controller->continueAnswer(); // goes on in memory
    QTRY_COMPARE(world.last().state, MessageState::Done);
    QSignalSpy stored(world.controller.get(), &ChatController::answerStored);
    world.inStore([](Database& database) { test::execute(database, u"PRAGMA query_only = OFF"_s); });
    QTRY_COMPARE(stored.count(), 2);
    compareWithStore(world);
}

void ControllerOrderTest::aPieceThatFailsWhileClosingLeavesNoGap() {
    World world;
    world.engine->answer = numbered(50000);
    QVERIFY(world.controller->send(u"Speak"_s));
    QTRY_VERIFY(world.transcript().count() == 2 && !world.last().text.isEmpty());
    const ChatId chat = world.controller->currentChat();
    world.store->run([](Database& database) { test::execute(database, u"PRAGMA query_only = ON"_s); });
    SlowDisk disk(world);
    const auto length = world.last().text.size();
    QTRY_VERIFY(world.last().text.size() >
                length + 100); // a piece is in the queue, and more was written since
    world.store->run([](Database& database) { test::execute(database, u"PRAGMA query_only = OFF"_s); });
    const QString shown = world.last().text;
    world.controller.reset(); // closes: its last job stands behind
    disk.letGo();
    world.end();
    world.start();
    QCOMPARE(world.controller->currentChat(), chat);
    QCOMPARE(world.last().text, shown);
    QCOMPARE(world.last().state, MessageState::Interrupted);
}

void ControllerOrderTest::continuedAndClosedAtOnce() {
    World world;
    world.engine->answer = numbered(50000);
    QVERIFY(world.controller->send(u"Speak"_s));
    QTRY_COMPARE(world.transcript().count(), 2);
    SlowDisk disk(world);
    QTRY_VERIFY(world.last().text.size() > 100);
    world.controller->stop();
    QTRY_COMPARE(world.controller->activity(), Activity::Idle);
    world.controller->continueAnswer();
    const QString shown = world.last().text;
    world.controller.reset();
    disk.letGo();
    world.end();
    world.start();
    QCOMPARE(world.last().text, shown);
    QCOMPARE(world.last().state, MessageState::Interrupted);
}

void ControllerOrderTest::anOldListDoesNotPutAnOldPromptBack() {
    World world;
    world.controller->setChatSystemPrompt(u"Be brief."_s);
    world.ask(u"First"_s);
    QTRY_COMPARE(world.controller->chats().size(), 1);
    world.controller->renameChat(world.controller->currentChat(), u"Renamed"_s);
    world.store->flush();
    QCoreApplication::processEvents(); // renamed, so the list is asked for
    world.store->flush();              // and read, but not here yet
    world.controller->setChatSystemPrompt(u"Be long."_s);
    QCoreApplication::processEvents();
    QCOMPARE(world.controller->currentSummary().systemPrompt, u"Be long."_s);
    QTRY_COMPARE(world.controller->currentSummary().title, u"Renamed"_s);
    QCOMPARE(world.controller->currentSummary().systemPrompt, u"Be long."_s);
    QCOMPARE(world.controller->chats().front().systemPrompt, u"Be long."_s);
}

void ControllerOrderTest::bothInstructionsOfANewChat() {
    World world;
    world.controller->setChatSystemPrompt(u"Only here."_s);
    Settings settings = world.controller->settings();
    settings.systemPrompt = u"Everywhere else."_s;
    world.controller->applySettings(settings);
    QCOMPARE(world.controller->currentSummary().systemPrompt, u"Only here."_s);
    world.ask(u"First"_s);
    QCOMPARE(world.engine->lastAnswer().system, std::string("Only here."));
    world.controller->newChat();
    QCOMPARE(world.controller->currentSummary().systemPrompt, u"Everywhere else."_s);
    QVERIFY(world.controller->send(u"Second"_s));
    world.controller->setChatSystemPrompt(u"While it is being created."_s);
    QTRY_VERIFY(world.controller->currentChat() > 0);
    world.settle();
    world.settle(); // the list, too
    QCOMPARE(world.controller->currentSummary().systemPrompt, u"While it is being created."_s);
    world.controller->newChat();
    settings.systemPrompt = u"Changed."_s;
    world.controller->applySettings(settings);
    QCOMPARE(world.controller->currentSummary().systemPrompt, u"Changed."_s); // it has none of its own
}

void ControllerOrderTest::numbersBelongToTheOpenChat() {
    World world;
    world.ask(u"First"_s);
    const ChatId first = world.controller->currentChat();
    QVERIFY(world.controller->cacheStatus().position > 0);
    world.engine->answer = QStringList(100000, u"word "_s);
    QVERIFY(world.controller->send(u"Long"_s));
    QTRY_COMPARE(world.controller->activity(), Activity::Answering);
    world.controller->newChat();
    QTest::qWait(20);
    QCOMPARE(world.controller->cacheStatus().position, 0);
    QCOMPARE(world.controller->cacheStatus().visible, 0);
    QVERIFY(world.controller->cacheStatus().capacity > 0);
    QVERIFY(world.controller->engineStatus().position > 0);
    world.open(first);
    QTRY_VERIFY(world.controller->cacheStatus().position > 0);
    world.controller->stop();
    QTRY_COMPARE(world.controller->activity(), Activity::Idle);
    QVERIFY(world.controller->cacheStatus().position > 0);
}

void ControllerOrderTest::whoIsAnsweredAndWhoWaits() {
    World world;
    QSignalSpy changed(world.controller.get(), &ChatController::busyChanged);
    world.engine->answer = QStringList(100000, u"word "_s);
    QVERIFY(world.controller->send(u"First"_s));
    QTRY_COMPARE(world.controller->activity(), Activity::Answering);
    const ChatId first = world.controller->currentChat();
    QCOMPARE(world.controller->busy(), (Busy{first, {}}));
    QCOMPARE(world.controller->waitsFor(), 0);
    world.controller->newChat();
    QCOMPARE(world.controller->waitsFor(), 0);
    QVERIFY(world.controller->send(u"Second"_s));
    QTRY_COMPARE(world.controller->waitsFor(), first);
    const ChatId second = world.controller->currentChat();
    QCOMPARE(world.controller->busy(), (Busy{first, {second}}));
    world.controller->stopChat(first);
    QTRY_COMPARE(world.controller->busy(), (Busy{second, {}}));
    QCOMPARE(world.controller->waitsFor(), 0);
    world.controller->stop();
    QTRY_COMPARE(world.controller->busy(), Busy());
    QVERIFY(changed.count() >= 4);
}

void ControllerOrderTest::aQuestionWithoutAnAnswerCanBeAnswered() {
    World world(false);
    {
        const auto database = Database::open(world.folder.path());
        const ChatId chat = database->createChat(u"Cut off"_s, {});
        database->appendUserMessage(chat, 0, u"Is anybody there?"_s);
        database->saveSetting(u"state.open_chat"_s, QString::number(chat));
    }
    world.start();
    QCOMPARE(world.transcript().count(), 1);
    QVERIFY(world.controller->canContinue());
    world.controller->continueAnswer();
    QTRY_COMPARE(world.transcript().count(), 2);
    QTRY_COMPARE(world.last().state, MessageState::Done);
    QVERIFY(world.engine->lastAnswer().purpose == engine::Purpose::Answer);
    QCOMPARE(world.engine->lastAnswer().history.size(), std::size_t(1));
    QVERIFY(!world.controller->canContinue());
    QTRY_COMPARE(world.branch(world.controller->currentChat()).back().state, MessageState::Done);
    compareWithStore(world);
}

QTEST_GUILESS_MAIN(ControllerOrderTest)
#include "tst_controller_order.moc"
