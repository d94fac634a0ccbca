#include "tests/app/controller_world.h"
#include "tests/app/disk_watch.h"
#include "tests/support/patience.h"

using namespace app;
using namespace Qt::StringLiterals;
using test::World;

// Messages are deleted and come back, whatever is going on in their chat.
class ControllerDeletingTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void deleteAndUndo();
    void theModelNoLongerSeesIt();
    void anotherVersionStepsIn();
    void theAnswerIsStoppedFirst();
    void noQuestionGoesOutMeanwhile();
    void aMessageThatIsBeingChangedStays();
    void undoFromAnotherChat();
    void undoDuringAnAnswerLosesNeither();
    void whatIsNotStoredStays();
    void aKilledProgramHasAllOrNone();
};

namespace {

QStringList texts(const TranscriptModel& transcript) {
    QStringList all;
    for (const Message& message : transcript.messages())
        all += message.text;
    return all;
}

DeletedMessages removed(World& world, int row) {
    QSignalSpy deleted(world.controller.get(), &ChatController::messagesDeleted);
    world.controller->deleteMessage(world.transcript().at(row).id);
    if (deleted.isEmpty() && !deleted.wait(test::PatienceMs))
        return {};
    return deleted[0][0].value<DeletedMessages>();
}

} // namespace

void ControllerDeletingTest::deleteAndUndo() {
    World world;
    world.ask(u"One"_s);
    world.ask(u"Two"_s);
    const QStringList before = texts(world.transcript());
    const DeletedMessages deleted = removed(world, 2);
    QCOMPARE(deleted.count, 2);
    QCOMPARE(texts(world.transcript()), before.first(2));
    QCOMPARE(world.branch(world.controller->currentChat()).size(), 2);
    world.controller->undoDeleteMessages(deleted);
    QTRY_COMPARE(texts(world.transcript()), before);
    const DeletedMessages all = removed(world, 0);
    QCOMPARE(world.transcript().count(), 0);
    world.controller->undoDeleteMessages(all);
    QTRY_COMPARE(texts(world.transcript()), before);
}

void ControllerDeletingTest::theModelNoLongerSeesIt() {
    World world;
    world.ask(u"One"_s);
    world.ask(u"Two"_s);
    removed(world, 2);
    QTRY_COMPARE(world.engine->chats.back().history.size(),
                 std::size_t(2)); // read ahead of the next question
    QTRY_VERIFY(world.engine->isIdle());
    world.ask(u"Three"_s);
    const auto& history = world.engine->lastAnswer().history;
    QCOMPARE(history.size(), std::size_t(3));
    QCOMPARE(QString::fromStdString(history.back().text), u"Three"_s);
    QCOMPARE(world.branch(world.controller->currentChat()).size(), 4);
}

void ControllerDeletingTest::anotherVersionStepsIn() {
    World world;
    world.ask(u"One"_s);
    world.ask(u"Two"_s);
    world.engine->answer = QStringList{u"Another"_s};
    QSignalSpy stored(world.controller.get(), &ChatController::answerStored);
    world.controller->regenerate(world.transcript().at(1).id);
    QVERIFY(stored.wait(test::PatienceMs));
    world.settle();
    QCOMPARE(texts(world.transcript()), (QStringList{u"One"_s, u"Another"_s}));
    const DeletedMessages deleted = removed(world, 1);
    QCOMPARE(world.transcript().count(), 4);
    QCOMPARE(world.transcript().at(1).versions, 1);
    QCOMPARE(world.transcript().at(2).text, u"Two"_s);
    world.controller->undoDeleteMessages(deleted);
    QTRY_COMPARE(texts(world.transcript()), (QStringList{u"One"_s, u"Another"_s}));
    QCOMPARE(world.transcript().at(1).version, 2);
}

void ControllerDeletingTest::theAnswerIsStoppedFirst() {
    World world;
    world.ask(u"One"_s);
    world.engine->answer = QStringList(200, u"word "_s);
    world.engine->stepMs = 5;
    QVERIFY(world.controller->send(u"Two"_s));
    QTRY_VERIFY(world.controller->activity() == Activity::Answering);
    QTRY_VERIFY(world.last().id > 0 && world.last().text.size() > 50);
    const DeletedMessages deleted = removed(world, 2);
    QCOMPARE(world.transcript().count(), 2);
    QVERIFY(world.controller->activity() == Activity::Idle);
    world.settle();
    QCOMPARE(world.branch(world.controller->currentChat()).size(), 2);
    world.controller->undoDeleteMessages(deleted);
    QTRY_COMPARE(world.transcript().count(), 4);
    QVERIFY(world.last().text.size() > 50); // what was written is kept
    QCOMPARE(world.last().state, MessageState::Stopped);
    QVERIFY(world.controller->canContinue());
}

void ControllerDeletingTest::noQuestionGoesOutMeanwhile() {
    World world;
    world.ask(u"One"_s);
    QSignalSpy deleted(world.controller.get(), &ChatController::messagesDeleted);
    world.controller->deleteMessage(world.transcript().at(1).id);
    QVERIFY(!world.controller->send(u"Two"_s)); // the text stays where it was written
    QVERIFY(deleted.wait(test::PatienceMs));
    world.ask(u"Two"_s);
    QCOMPARE(texts(world.transcript()).first(2), (QStringList{u"One"_s, u"Two"_s}));
}

void ControllerDeletingTest::aMessageThatIsBeingChangedStays() {
    World world;
    world.ask(u"One"_s);
    world.ask(u"Two"_s);
    world.controller->saveEdit(world.transcript().at(2).id, u"Two and a half"_s);
    world.controller->deleteMessage(world.transcript().at(1).id);
    world.settle();
    QCOMPARE(world.transcript().count(), 4);
    QVERIFY(world.notices.last().contains(u"cancel it first"_s));
    QVERIFY(removed(world, 3).count == 1); // what follows it may go
    QCOMPARE(world.controller->draft().edit, u"Two and a half"_s);
}

void ControllerDeletingTest::undoFromAnotherChat() {
    World world;
    world.ask(u"One"_s);
    const ChatId first = world.controller->currentChat();
    const DeletedMessages deleted = removed(world, 1);
    world.controller->newChat();
    world.ask(u"Other"_s);
    world.controller->undoDeleteMessages(deleted);
    QTRY_COMPARE(world.controller->currentChat(), first);
    QTRY_COMPARE(world.transcript().count(), 2);
}

void ControllerDeletingTest::undoDuringAnAnswerLosesNeither() {
    World world;
    world.ask(u"One"_s);
    const DeletedMessages deleted = removed(world, 0);
    world.engine->answer = QStringList(20, u"word "_s);
    world.engine->stepMs = 5;
    QVERIFY(world.controller->send(u"Two"_s));
    QTRY_VERIFY(world.controller->activity() == Activity::Answering);
    world.controller->undoDeleteMessages(deleted);
    QTRY_COMPARE(texts(world.transcript()).value(0), u"One"_s);
    QCOMPARE(world.transcript().at(0).versions, 2);
    world.controller->showVersion(world.transcript().at(0).id, 1);
    QTRY_COMPARE(texts(world.transcript()), (QStringList{u"Two"_s, QString(u"word "_s).repeated(20)}));
}

void ControllerDeletingTest::whatIsNotStoredStays() {
    test::DiskWatch watch;
    bool full = false;
    watch.before = [&full](test::DiskWatch::Call call, const QString&) {
        return full && call == test::DiskWatch::Call::Write ? SQLITE_FULL : SQLITE_OK;
    };
    World world;
    world.ask(u"One"_s);
    world.engine->answer = QStringList(200, u"word "_s);
    world.engine->stepMs = 5;
    QVERIFY(world.controller->send(u"Two"_s));
    QTRY_VERIFY(world.last().id > 0 && world.last().text.size() > 50);
    full = true;
    QSignalSpy deleted(world.controller.get(), &ChatController::messagesDeleted);
    world.controller->deleteMessage(world.transcript().at(2).id);
    QTRY_VERIFY(world.controller->unsavedTurns() > 0);
    QTRY_VERIFY(world.notices.contains(u"The disk does not take the answer, so nothing was deleted."_s));
    QCOMPARE(world.transcript().count(), 4);
    world.controller->deleteMessage(world.transcript().at(2).id);
    QVERIFY(world.notices.last().contains(u"not on the disk yet"_s));
    QCOMPARE(deleted.count(), 0);
    full = false;
    world.controller->trySaving();
    QTRY_COMPARE(world.controller->unsavedTurns(), 0);
    QTRY_COMPARE(world.branch(world.controller->currentChat()).size(), 4);
    QCOMPARE(removed(world, 2).count, 2); // now it can be
}

void ControllerDeletingTest::aKilledProgramHasAllOrNone() {
    World world;
    world.ask(u"One"_s);
    world.ask(u"Two"_s);
    const DeletedMessages deleted = removed(world, 1);
    world.kill();
    world.start();
    QCOMPARE(texts(world.transcript()), QStringList{u"One"_s});
    world.controller->undoDeleteMessages(deleted);
    QTRY_COMPARE(world.transcript().count(), 4);
}

QTEST_GUILESS_MAIN(ControllerDeletingTest)
#include "tst_controller_deleting.moc"
