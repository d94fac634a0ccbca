#include "tests/app/controller_world.h"
#include "tests/support/patience.h"

#include <QJsonDocument>

using namespace app;
using namespace Qt::StringLiterals;
using test::World;

// Which chat is open, what is restored, and answers that go on while another chat is looked at.
class ControllerChatsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theLastChatIsReopened();
    void theDraftIsRestored();
    void everyChatHasItsDraft();
    void aKilledAnswerCanBeContinued(); // R4
    void endingWhileAnsweringLosesNothing();
    void anAnswerGoesOnWhileAnotherChatIsOpen();
    void aQuestionInAnotherChatWaitsItsTurn();
    void newChatRightAfterSending();
    void deletingTheChatThatIsAnswered();
    void deleteAndUndo();
    void renameAndSearch();
    void exportAndImport();
    void openingReadsAheadAndSendingEndsThat();
    void theNewestOfTwoOpeningsWins();
    void theSystemPromptOfAChat();
};

void ControllerChatsTest::theLastChatIsReopened() {
    World world;
    world.ask(u"First"_s);
    const ChatId first = world.controller->currentChat();
    world.controller->newChat();
    QCOMPARE(world.controller->currentChat(), 0);
    QCOMPARE(world.transcript().count(), 0);
    world.ask(u"Second"_s);
    QTRY_COMPARE(world.controller->chats().size(), 2);
    QCOMPARE(world.controller->chats().front().title, u"Second"_s); // newest first
    world.open(first);
    world.end();
    world.start();
    QCOMPARE(world.controller->currentChat(), first);
    QCOMPARE(world.transcript().count(), 2);
    QCOMPARE(world.transcript().at(0).text, u"First"_s);
    QCOMPARE(world.controller->chats().size(), 2);
    world.controller->newChat();
    world.end();
    world.start();
    QCOMPARE(world.controller->currentChat(), 0);
}

void ControllerChatsTest::theDraftIsRestored() { // R5
    World world;
    world.ask(u"First"_s);
    world.controller->saveDraft(u"half a thou"_s);
    world.controller->saveDraft(u"half a thought"_s);
    world.end(); // at once: before the debounce
    world.create();
    world.controller->setStartupModel(QString::fromLatin1(World::Model));
    QSignalSpy opened(world.controller.get(), &ChatController::chatOpened);
    world.controller->start();
    QTRY_COMPARE(opened.count(), 1);
    QCOMPARE(opened[0][1].toString(), u"half a thought"_s);
    // Sending it ends it.
    QTRY_VERIFY(world.controller->modelState().phase == ModelState::Phase::Ready);
    world.ask(u"half a thought"_s);
    world.end();
    world.create();
    QSignalSpy again(world.controller.get(), &ChatController::chatOpened);
    world.controller->start();
    QTRY_COMPARE(again.count(), 1);
    QCOMPARE(again[0][1].toString(), QString());
}

void ControllerChatsTest::everyChatHasItsDraft() {
    World world;
    QSignalSpy opened(world.controller.get(), &ChatController::chatOpened);
    world.controller->saveDraft(u"of the new one"_s);
    world.ask(u"First"_s); // from elsewhere (an example button): the draft is replaced by it
    const ChatId first = world.controller->currentChat();
    world.controller->saveDraft(u"of the first"_s);
    world.controller->newChat();
    QCOMPARE(opened.last()[1].toString(), QString());
    world.controller->saveDraft(u"of the second"_s);
    world.controller->openChat(first);
    QTRY_COMPARE(opened.count(), 2);
    QCOMPARE(opened.last()[1].toString(), u"of the first"_s);
    world.controller->newChat();
    QCOMPARE(opened.last()[1].toString(), u"of the second"_s);
    world.controller->saveDraft(QString());
    world.controller->openChat(first);
    QTRY_COMPARE(opened.count(), 4);
    world.controller->newChat();
    QCOMPARE(opened.last()[1].toString(), QString());
}

void ControllerChatsTest::aKilledAnswerCanBeContinued() {
    World world;
    world.engine->answer = QStringList(12, u"word "_s);
    world.engine->stepMs = 5;
    QSignalSpy chunks(world.controller.get(), &ChatController::chunkStored);
    QVERIFY(world.controller->send(u"Speak"_s));
    QTRY_COMPARE(chunks.count(), 1);
    world.kill();
    world.start();
    QCOMPARE(world.transcript().count(), 2);
    QCOMPARE(world.last().state, MessageState::Interrupted);
    QVERIFY(world.last().text.toUtf8().size() >= chunks[0][1].toLongLong());
    QVERIFY(world.controller->canContinue());
    const QString before = world.last().text;
    world.engine->answer = QStringList{u"and so on."_s};
    QSignalSpy stored(world.controller.get(), &ChatController::answerStored);
    world.controller->continueAnswer();
    QVERIFY(stored.wait(test::PatienceMs));
    QCOMPARE(world.last().text, before + u"and so on."_s);
    QCOMPARE(world.last().state, MessageState::Done);
    QCOMPARE(world.branch(world.controller->currentChat()).back().text, before + u"and so on."_s);
}

void ControllerChatsTest::endingWhileAnsweringLosesNothing() {
    World world;
    world.engine->answer = QStringList(100000, u"word "_s);
    QVERIFY(world.controller->send(u"Speak"_s));
    QTRY_VERIFY(world.transcript().count() == 2 && world.last().text.size() > 100);
    const QString shown = world.last().text;
    world.end();
    world.start();
    QCOMPARE(world.last().text, shown);
    QCOMPARE(world.last().state, MessageState::Interrupted);
}

void ControllerChatsTest::anAnswerGoesOnWhileAnotherChatIsOpen() {
    World world;
    world.ask(u"First"_s);
    const ChatId first = world.controller->currentChat();
    world.engine->answer = QStringList(40, u"word "_s);
    world.engine->stepMs = 2;
    QVERIFY(world.controller->send(u"Speak long"_s));
    QTRY_VERIFY(world.transcript().count() == 4 && world.last().text.size() > 10);
    world.controller->newChat();
    QCOMPARE(world.controller->activity(), Activity::Idle);
    QCOMPARE(world.transcript().count(), 0);
    // Back in the middle of it: the view shows all of it, and it grows on.
    world.open(first);
    QCOMPARE(world.transcript().count(), 4);
    QCOMPARE(world.last().state, MessageState::Streaming);
    QCOMPARE(world.controller->activity(), Activity::Answering);
    const auto before = world.last().text.size();
    QVERIFY(before > 10);
    world.controller->newChat();
    QSignalSpy stored(world.controller.get(), &ChatController::answerStored);
    QVERIFY(stored.wait(test::PatienceMs));
    world.open(first);
    QCOMPARE(world.last().text, QString(u"word "_s).repeated(40));
    QCOMPARE(world.last().state, MessageState::Done);
}

void ControllerChatsTest::aQuestionInAnotherChatWaitsItsTurn() {
    World world;
    world.engine->answer = QStringList(20, u"word "_s);
    world.engine->stepMs = 2;
    QVERIFY(world.controller->send(u"First"_s));
    QTRY_COMPARE(world.transcript().count(), 2);
    const ChatId first = world.controller->currentChat();
    world.controller->newChat();
    const int asked = world.engine->answersAsked();
    QSignalSpy stored(world.controller.get(), &ChatController::answerStored);
    QVERIFY(world.controller->send(u"Second"_s));
    QTRY_COMPARE(world.transcript().count(), 2);
    QCOMPARE(world.controller->activity(), Activity::Reading);
    QCOMPARE(world.engine->answersAsked(), asked);
    QCOMPARE(world.controller->waitsFor(), first);
    QTRY_COMPARE(stored.count(), 2);
    QCOMPARE(world.last().state, MessageState::Done);
    QVERIFY(world.controller->currentChat() != first);
    QCOMPARE(world.branch(first).back().state, MessageState::Done);
    QCOMPARE(world.branch(world.controller->currentChat()).back().text, QString(u"word "_s).repeated(20));
}

void ControllerChatsTest::newChatRightAfterSending() {
    World world;
    QSignalSpy stored(world.controller.get(), &ChatController::answerStored);
    QVERIFY(world.controller->send(u"First"_s));
    world.controller->newChat(); // before the store said anything
    QVERIFY(world.controller->send(u"Second"_s));
    QTRY_COMPARE(stored.count(), 2);
    world.settle();
    QCOMPARE(world.controller->chats().size(), 2);
    QCOMPARE(world.transcript().count(), 2);
    QCOMPARE(world.transcript().at(0).text, u"Second"_s);
    const ChatId other = world.controller->chats()[0].id == world.controller->currentChat()
                             ? world.controller->chats()[1].id
                             : world.controller->chats()[0].id;
    QCOMPARE(world.branch(other).at(0).text, u"First"_s);
    QCOMPARE(world.branch(other).at(1).text, u"Hello there."_s);
}

void ControllerChatsTest::deletingTheChatThatIsAnswered() {
    World world;
    world.ask(u"Stays"_s);
    const ChatId stays = world.controller->currentChat();
    world.controller->newChat();
    world.engine->answer = QStringList(100000, u"word "_s);
    QVERIFY(world.controller->send(u"Goes"_s));
    QTRY_VERIFY(world.transcript().count() == 2 && !world.last().text.isEmpty());
    const ChatId goes = world.controller->currentChat();
    world.controller->deleteChat(goes);
    QTRY_COMPARE(world.controller->currentChat(), stays);
    world.settle();
    QCOMPARE(world.controller->activity(), Activity::Idle);
    QCOMPARE(world.branch(goes).back().state, MessageState::Stopped);
    QVERIFY(!world.branch(goes).back().text.isEmpty());
}

void ControllerChatsTest::deleteAndUndo() {
    World world;
    world.ask(u"First"_s);
    const ChatId first = world.controller->currentChat();
    QTRY_COMPARE(world.controller->chats().size(), 1);
    QSignalSpy deleted(world.controller.get(), &ChatController::chatDeleted);
    world.controller->deleteChat(first);
    QTRY_COMPARE(deleted.count(), 1);
    QCOMPARE(deleted[0][1].toString(), u"First"_s);
    QTRY_COMPARE(world.controller->chats().size(), 0);
    QCOMPARE(world.controller->currentChat(), 0);
    world.controller->undoDelete(first);
    QTRY_COMPARE(world.controller->currentChat(), first);
    QTRY_COMPARE(world.controller->chats().size(), 1);
    QCOMPARE(world.transcript().count(), 2);
}

void ControllerChatsTest::renameAndSearch() {
    World world;
    world.ask(u"The river floods"_s);
    const ChatId chat = world.controller->currentChat();
    world.controller->renameChat(chat, u" Water\nworks "_s);
    QTRY_COMPARE(world.controller->currentSummary().title, u"Water works"_s);
    world.controller->renameChat(chat, u"  "_s); // nothing is no name
    QSignalSpy found(world.controller.get(), &ChatController::searchFinished);
    world.controller->search(u"river"_s);
    QVERIFY(found.wait(test::PatienceMs));
    QCOMPARE(found[0][0].toString(), u"river"_s);
    const auto hits = found[0][1].value<QList<SearchHit>>();
    QCOMPARE(hits.size(), 1);
    QCOMPARE(hits.front().chatTitle, u"Water works"_s);
}

void ControllerChatsTest::exportAndImport() {
    World world;
    world.ask(u"First"_s);
    const ChatId chat = world.controller->currentChat();
    const QString path = world.folder.folder() + u"/chat.json"_s;
    QSignalSpy written(world.controller.get(), &ChatController::exportFinished);
    world.controller->exportChat(chat, ExportFormat::Json, path);
    QVERIFY(written.wait(test::PatienceMs));
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QVERIFY(QJsonDocument::fromJson(file.readAll()).isObject());
    world.controller->newChat();
    QSignalSpy here(world.controller.get(), &ChatController::alreadyHere);
    world.controller->importChat(path);
    QTRY_COMPARE(world.controller->currentChat(), chat); // opened, not added
    QCOMPARE(here.size(), 1);
    QCOMPARE(world.controller->chats().size(), 1);
    world.controller->importChat(path, Twice::Allow);
    QTRY_VERIFY(world.controller->currentChat() != chat);
    QTRY_COMPARE(world.controller->chats().size(), 2);
    QTRY_COMPARE(world.transcript().count(), 2);
    QCOMPARE(world.transcript().at(1).text, u"Hello there."_s);
    world.controller->importChat(u"/no/such/file.json"_s);
    QTRY_VERIFY(!world.notices.isEmpty());
    QVERIFY(world.notices.back().contains(u"/no/such/file.json"_s));
    world.controller->exportChat(chat, ExportFormat::Markdown, u"/no/such/folder/a.md"_s);
    QTRY_COMPARE(world.notices.size(), 2);
}

void ControllerChatsTest::openingReadsAheadAndSendingEndsThat() {
    World world;
    world.ask(u"First"_s);
    const ChatId first = world.controller->currentChat();
    world.controller->newChat();
    world.settle();
    world.engine->frozen = true;
    const auto asked = world.engine->chats.size();
    world.controller->openChat(first);
    QTRY_COMPARE(world.engine->chats.size(), asked + 1);
    const engine::ChatRequest ahead = world.engine->chats.back();
    QVERIFY(ahead.purpose == engine::Purpose::Prepare);
    QCOMPARE(ahead.chatId, first);
    QCOMPARE(ahead.history.size(), std::size_t(2));
    QVERIFY(world.controller->isPreparing());
    QCOMPARE(world.controller->activity(), Activity::Idle);
    QVERIFY(world.controller->send(u"Quick"_s)); // the reading ahead ends, the answer comes
    QTRY_COMPARE(world.engine->stops.size(), 1);
    world.engine->frozen = false;
    world.engine->thaw();
    QTRY_COMPARE(world.last().state, MessageState::Done);
    QVERIFY(!world.controller->isPreparing());
    QVERIFY(world.engine->chats.back().purpose == engine::Purpose::Answer);
}

void ControllerChatsTest::theNewestOfTwoOpeningsWins() {
    World world;
    world.ask(u"First"_s);
    const ChatId first = world.controller->currentChat();
    world.controller->newChat();
    world.ask(u"Second"_s);
    const ChatId second = world.controller->currentChat();
    QSignalSpy opened(world.controller.get(), &ChatController::chatOpened);
    world.controller->openChat(first);
    world.controller->openChat(second);
    world.settle();
    QCOMPARE(opened.count(), 1);
    QCOMPARE(world.controller->currentChat(), second);
    world.controller->openChat(first);
    world.controller->newChat(); // at once; the reading comes too late
    world.settle();
    QCOMPARE(world.controller->currentChat(), 0);
    QCOMPARE(world.transcript().count(), 0);
}

void ControllerChatsTest::theSystemPromptOfAChat() {
    World world;
    world.controller->setChatSystemPrompt(u"Be brief."_s);
    world.ask(u"First"_s);
    QCOMPARE(world.engine->lastAnswer().system, std::string("Be brief."));
    QTRY_COMPARE(world.controller->chats().front().systemPrompt, u"Be brief."_s);
    const auto asked = world.engine->chats.size();
    world.controller->setChatSystemPrompt(u"Be long."_s);
    QTRY_COMPARE(world.engine->chats.size(), asked + 1); // read again, ahead
    QCOMPARE(world.engine->chats.back().system, std::string("Be long."));
    world.end();
    world.start();
    QCOMPARE(world.controller->currentSummary().systemPrompt, u"Be long."_s);
}

QTEST_GUILESS_MAIN(ControllerChatsTest)
#include "tst_controller_chats.moc"
