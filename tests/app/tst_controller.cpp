#include "tests/app/controller_world.h"
#include "tests/support/patience.h"

using namespace app;
using namespace Qt::StringLiterals;
using test::World;

// Questions and answers of one chat.
class ControllerTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void asksTheEngineOnlyWhenTheQuestionIsStored();
    void firstMessageMakesAChatWithATitle();
    void tokensGrowTheRowAndReachTheStoreInChunks();
    void nothingIsTakenWhileAnswering();
    void stopKeepsWhatThereIs();
    void stopBeforeTheQuestionIsStored();
    void stoppedAnswerGoesOn();
    void aFailureKeepsTheText();
    void aFullDenseCacheIsExplained();
    void regenerateMakesASibling();
    void editingMakesABranch();
    void versionsAreNotChangedWhileAnswering();
    void historyIsLimitedByTheWindow();
    void withoutAModelNothingIsSent();
    void theSettingsSayWhereAnAnswerEnds();
    void evictionsAreRecordedOncePerAnswer();
};

void ControllerTest::theSettingsSayWhereAnAnswerEnds() {
    World world;
    Settings settings = world.controller->settings();
    settings.longestAnswer = 300;
    settings.stopWords = {u"\nUser:"_s, u"END"_s};
    world.controller->applySettings(settings);
    world.ask(u"How long?"_s);
    QCOMPARE(world.engine->lastAnswer().maxTokens, 300);
    QCOMPARE(world.engine->lastAnswer().stopWords, (std::vector<std::string>{"\nUser:", "END"}));
}

void ControllerTest::asksTheEngineOnlyWhenTheQuestionIsStored() { // R1
    World world;
    QList<Message> seen;
    world.engine->onChat = [&](const engine::ChatRequest& request) {
        if (request.purpose != engine::Purpose::Answer)
            return;
        // Another process sees it: a connection of its own, at the moment when the engine is asked.
        const auto reader = Database::open(world.folder.path(), Access::ReadOnly);
        QCOMPARE(request.history.back().text, std::string("Is it on the disk?"));
        seen = reader->branch(request.chatId);
        QCOMPARE(request.history.back().id, seen.front().id);
        QCOMPARE(request.answerId, seen.back().id);
    };
    world.ask(u"Is it on the disk?"_s);
    QCOMPARE(seen.size(), 2);
    QCOMPARE(seen.front().text, u"Is it on the disk?"_s);
    QCOMPARE(seen.back().text, QString());
}

void ControllerTest::firstMessageMakesAChatWithATitle() {
    World world;
    QCOMPARE(world.controller->currentChat(), 0);
    world.ask(u"# What is\na sumidero, and why is it called like that in Spanish of all languages?"_s);
    QVERIFY(world.controller->currentChat() > 0);
    QTRY_COMPARE(world.controller->chats().size(), 1);
    const ChatSummary chat = world.controller->chats().front();
    QCOMPARE(chat.id, world.controller->currentChat());
    QCOMPARE(chat.title, u"What is a sumidero, and why is it called like…"_s);
    QCOMPARE(world.controller->currentSummary().title, chat.title);
    QCOMPARE(world.transcript().count(), 2);
    QCOMPARE(world.last().text, u"Hello there."_s);
    QCOMPARE(world.last().state, MessageState::Done);
    QCOMPARE(world.last().model, u"small"_s);
    QCOMPARE(world.last().tokens, 3);
    QVERIFY(world.last().tokensPerSecond > 0);
    world.ask(u"And another one"_s);
    QCOMPARE(world.controller->chats().size(), 1);
    QCOMPARE(world.transcript().count(), 4);
    QCOMPARE(world.engine->lastAnswer().history.size(), std::size_t(3));
    const QList<Message> stored = world.branch(chat.id);
    QCOMPARE(stored.size(), 4);
    for (int row = 0; row < 4; ++row) {
        QCOMPARE(stored[row].id, world.transcript().at(row).id);
        QCOMPARE(stored[row].text, world.transcript().at(row).text);
        QCOMPARE(stored[row].state, MessageState::Done);
    }
    QCOMPARE(stored[3].tokens, 3);
}

void ControllerTest::tokensGrowTheRowAndReachTheStoreInChunks() {
    World world;
    world.engine->answer.clear();
    for (int i = 0; i < 20; ++i)
        world.engine->answer.append(u"ü%1 "_s.arg(i));
    const QString whole = world.engine->answer.join(QString());
    QSignalSpy grew(&world.transcript(), &TranscriptModel::textGrew);
    QSignalSpy chunks(world.controller.get(), &ChatController::chunkStored);
    QList<Activity> activities;
    connect(world.controller.get(), &ChatController::activityChanged, this,
            [&] { activities.append(world.controller->activity()); });
    world.ask(u"Count"_s);
    QCOMPARE(grew.count(), 20);
    QCOMPARE(grew[1][1].toInt(), 3);
    QCOMPARE(world.last().text, whole);
    QVERIFY(chunks.count() >= 2 && chunks.count() <= 4);
    QCOMPARE(chunks.last()[1].toLongLong(), whole.toUtf8().size());
    QCOMPARE(world.branch(world.controller->currentChat()).back().text, whole);
    QCOMPARE(activities, (QList<Activity>{Activity::Reading, Activity::Answering, Activity::Idle}));
}

void ControllerTest::nothingIsTakenWhileAnswering() {
    World world;
    world.engine->frozen = true;
    QVERIFY(!world.controller->send(u" \n "_s));
    QVERIFY(world.controller->send(u"One"_s));
    QVERIFY(!world.controller->send(u"Two"_s));
    QTRY_COMPARE(world.transcript().count(), 2);
    QVERIFY(!world.controller->send(u"Two"_s));
    QCOMPARE(world.last().state, MessageState::Streaming);
    QVERIFY(!world.controller->canContinue());
    world.engine->frozen = false;
    world.engine->thaw();
    QTRY_COMPARE(world.last().state, MessageState::Done);
    QCOMPARE(world.transcript().count(), 2);
}

void ControllerTest::stopKeepsWhatThereIs() {
    World world;
    connect(&world.transcript(), &TranscriptModel::textGrew, this, [&] { world.controller->stop(); });
    world.ask(u"Speak"_s);
    QCOMPARE(world.last().state, MessageState::Stopped);
    QCOMPARE(world.last().text, u"Hello"_s);
    const Message stored = world.branch(world.controller->currentChat()).back();
    QCOMPARE(stored.state, MessageState::Stopped);
    QCOMPARE(stored.text, u"Hello"_s);
    QCOMPARE(world.controller->activity(), Activity::Idle);
    QVERIFY(world.controller->canContinue());
}

void ControllerTest::stopBeforeTheQuestionIsStored() {
    World world;
    const int asked = world.engine->answersAsked();
    QVERIFY(world.controller->send(u"Never mind"_s));
    world.controller->stop();
    QTRY_COMPARE(world.transcript().count(), 2);
    QTRY_COMPARE(world.controller->activity(), Activity::Idle);
    world.settle();
    QCOMPARE(world.engine->answersAsked(), asked);
    QCOMPARE(world.branch(world.controller->currentChat()).front().text, u"Never mind"_s);
    QCOMPARE(world.branch(world.controller->currentChat()).back().state, MessageState::Stopped);
    // Without a word there is nothing to go on with: it is asked for again, under the same row.
    world.controller->continueAnswer();
    QTRY_COMPARE(world.last().state, MessageState::Done);
    QVERIFY(world.engine->lastAnswer().purpose == engine::Purpose::Answer);
    QCOMPARE(world.engine->lastAnswer().history.size(), std::size_t(1));
    QCOMPARE(world.last().text, u"Hello there."_s);
}

void ControllerTest::stoppedAnswerGoesOn() {
    World world;
    const auto once =
        connect(&world.transcript(), &TranscriptModel::textGrew, this, [&] { world.controller->stop(); });
    world.ask(u"Speak"_s);
    disconnect(once);
    const MessageId answer = world.last().id;
    world.engine->answer = QStringList{u" again"_s};
    QSignalSpy stored(world.controller.get(), &ChatController::answerStored);
    world.controller->continueAnswer();
    QCOMPARE(world.controller->activity(), Activity::Reading);
    QVERIFY(stored.wait(test::PatienceMs));
    QVERIFY(world.engine->lastAnswer().purpose == engine::Purpose::Continue);
    QCOMPARE(world.engine->lastAnswer().history.back().text, std::string("Hello"));
    QCOMPARE(world.engine->lastAnswer().history.back().id, answer);
    QCOMPARE(world.last().id, answer);
    QCOMPARE(world.last().text, u"Hello again"_s);
    QCOMPARE(world.last().tokens, 2);
    QCOMPARE(world.transcript().count(), 2);
    const Message inStore = world.branch(world.controller->currentChat()).back();
    QCOMPARE(inStore.text, u"Hello again"_s);
    QCOMPARE(inStore.state, MessageState::Done);
    QVERIFY(!world.controller->canContinue());
}

void ControllerTest::aFailureKeepsTheText() {
    World world;
    world.engine->failAfterTokens = 2;
    world.ask(u"Fail"_s);
    QCOMPARE(world.last().state, MessageState::Error);
    QCOMPARE(world.last().text, u"Hello there"_s);
    QCOMPARE(world.notices, QStringList{u"The engine stumbled."_s});
    const Message stored = world.branch(world.controller->currentChat()).back();
    QCOMPARE(stored.state, MessageState::Error);
    QCOMPARE(stored.text, u"Hello there"_s);
    world.ask(u"Once more"_s);
    QCOMPARE(world.last().state, MessageState::Done);
}

void ControllerTest::aFullDenseCacheIsExplained() {
    World world;
    world.engine->endReason = engine::StopReason::CacheFull;
    world.ask(u"Fill"_s);
    QCOMPARE(world.last().state, MessageState::Stopped);
    QCOMPARE(world.notices.size(), 1);
    QVERIFY(world.notices.front().contains(u"cache is full"_s));
}

void ControllerTest::regenerateMakesASibling() {
    World world;
    world.ask(u"One"_s);
    world.ask(u"Two"_s);
    const MessageId first = world.transcript().at(1).id;
    world.engine->answer = QStringList{u"Different"_s};
    QSignalSpy stored(world.controller.get(), &ChatController::answerStored);
    world.controller->regenerate(first);
    QVERIFY(stored.wait(test::PatienceMs));
    world.settle();
    QCOMPARE(world.transcript().count(), 2);
    QVERIFY(world.last().id != first);
    QCOMPARE(world.last().text, u"Different"_s);
    QCOMPARE(world.last().version, 2);
    QCOMPARE(world.last().versions, 2);
    QCOMPARE(world.engine->lastAnswer().history.size(), std::size_t(1));
    // Back to the first version, with what came after it.
    world.controller->showVersion(world.last().id, -1);
    QTRY_COMPARE(world.transcript().count(), 4);
    QCOMPARE(world.transcript().at(1).id, first);
    QCOMPARE(world.transcript().at(1).version, 1);
    QCOMPARE(world.transcript().at(1).versions, 2);
    QCOMPARE(world.transcript().at(2).text, u"Two"_s);
    world.controller->showVersion(first, -1); // there is none before it
    world.settle();
    QCOMPARE(world.transcript().count(), 4);
    world.controller->showVersion(first, 1);
    QTRY_COMPARE(world.last().text, u"Different"_s);
}

void ControllerTest::editingMakesABranch() {
    World world;
    world.ask(u"One"_s);
    world.ask(u"Two"_s);
    const Message second = world.transcript().at(2);
    QSignalSpy stored(world.controller.get(), &ChatController::answerStored);
    world.controller->editAndResend(second.id, u"Two, but better"_s);
    QVERIFY(stored.wait(test::PatienceMs));
    QCOMPARE(world.transcript().count(), 4);
    const Message edited = world.transcript().at(2);
    QCOMPARE(edited.text, u"Two, but better"_s);
    QCOMPARE(edited.parent, second.parent);
    QCOMPARE(edited.version, 2);
    QCOMPARE(edited.versions, 2);
    QCOMPARE(world.last().versions, 1);
    QCOMPARE(world.engine->lastAnswer().history.size(), std::size_t(3));
    QCOMPARE(world.branch(world.controller->currentChat()).at(2).id, edited.id);
    world.controller->showVersion(edited.id, -1);
    QTRY_COMPARE(world.transcript().at(2).text, u"Two"_s);
    QCOMPARE(world.transcript().count(), 4);
}

void ControllerTest::versionsAreNotChangedWhileAnswering() {
    World world;
    world.ask(u"One"_s);
    const MessageId answer = world.last().id;
    world.engine->frozen = true;
    QVERIFY(world.controller->send(u"Two"_s));
    QTRY_COMPARE(world.transcript().count(), 4);
    world.controller->regenerate(answer);
    world.controller->editAndResend(world.transcript().at(0).id, u"New"_s);
    world.controller->showVersion(answer, 1);
    world.controller->continueAnswer();
    world.inStore([](Database&) {});
    QCOMPARE(world.transcript().count(), 4);
    world.controller->stop();
    QTRY_COMPARE(world.last().state, MessageState::Stopped);
}

void ControllerTest::historyIsLimitedByTheWindow() {
    World world;
    Settings settings = world.controller->settings();
    settings.cache.window = 100; // 6,400 bytes can matter
    world.controller->applySettings(settings);
    for (int i = 0; i < 5; ++i)
        world.ask(u"%1 "_s.arg(i) + QString(2600, u'x'));
    const engine::ChatRequest& request = world.engine->lastAnswer();
    QCOMPARE(request.cache.window, 100);
    QVERIFY(request.history.size() >= 3 && request.history.size() <= 7);
    QCOMPARE(request.history.back().id, world.transcript().at(8).id);
    // What was not given to the engine is above the memory horizon.
    const auto firstRow = world.transcript().rowOf(request.history.front().id);
    QVERIFY(firstRow > 0);
    QCOMPARE(world.transcript().horizonRow(), firstRow);
    QCOMPARE(world.transcript().horizonOffset(), 0);
}

void ControllerTest::withoutAModelNothingIsSent() {
    World world(false);
    world.create();
    world.engine->brokenModels.append(u"/models/none.gguf"_s);
    world.controller->setStartupModel(u"/models/none.gguf"_s);
    world.controller->start();
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Failed);
    QCOMPARE(world.notices.back(), world.engine->loadFailure);
    QVERIFY(!world.controller->send(u"Anybody?"_s));
    QVERIFY(world.notices.back().contains(u"no model"_s));
    QVERIFY(world.controller->chats().isEmpty());
}

void ControllerTest::evictionsAreRecordedOncePerAnswer() {
    World world;
    world.ask(u"One"_s);
    const auto events = [&] {
        int count = 0;
        world.inStore([&count](Database& database) {
            sqlite3_stmt* statement = nullptr;
            sqlite3_prepare_v2(database.handle(), "SELECT count(*) FROM event WHERE kind = 'evicted'", -1,
                               &statement, nullptr);
            sqlite3_step(statement);
            count = sqlite3_column_int(statement, 0);
            sqlite3_finalize(statement);
        });
        return count;
    };
    QCOMPARE(events(), 0);
    connect(&world.transcript(), &TranscriptModel::textGrew, this, [&] { ++world.engine->status.forgotten; });
    world.ask(u"Two"_s);
    QCOMPARE(events(), 1);
}

QTEST_GUILESS_MAIN(ControllerTest)
#include "tst_controller.moc"
