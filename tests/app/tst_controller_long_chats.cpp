#include "tests/app/controller_world.h"

using namespace app;
using namespace Qt::StringLiterals;
using test::World;

// A long chat is shown when its newest messages are there; what needs the others waits for them.
class ControllerLongChatsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void shownBeforeAllIsRead();
    void whatNeedsTheBeginningWaits();
    void anotherChatInTheMeantime();

private:
    static constexpr int Rows = 6000;
    static ChatId makeLongChat(World& world) {
        ChatId chat = 0;
        world.inStore([&chat](Database& database) {
            chat = database.createChat(u"long"_s, {});
            database.runInTransaction([&] {
                MessageId last = 0;
                for (int i = 0; i < Rows; ++i) {
                    Message message;
                    message.chat = chat;
                    message.parent = last;
                    message.role = i % 2 ? Role::Assistant : Role::User;
                    message.text = u"message %1 "_s.arg(i) + u"with some words "_s.repeated(3);
                    last = database.insertMessage(message);
                }
                database.setActiveLeaf(chat, last);
            });
        });
        return chat;
    }
    /// Until it is shown; the rest is still to come.
    static void openUntilShown(World& world, ChatId chat) {
        QSignalSpy opened(world.controller.get(), &ChatController::chatOpened);
        world.controller->openChat(chat);
        QVERIFY(opened.wait());
        QVERIFY(!world.transcript().isWhole());
    }
};

void ControllerLongChatsTest::shownBeforeAllIsRead() {
    World world;
    const ChatId chat = makeLongChat(world);
    openUntilShown(world, chat);
    QVERIFY(world.transcript().count() >= 100 && world.transcript().count() < Rows / 2);
    QVERIFY(world.last().text.startsWith(u"message %1 "_s.arg(Rows - 1)));
    const MessageId seen = world.transcript().at(0).id;
    int moved = 0;
    connect(&world.transcript(), &TranscriptModel::prepended, world.controller.get(),
            [&](int count) { moved += count; });
    QTRY_VERIFY(world.transcript().isWhole());
    QCOMPARE(world.transcript().count(), Rows);
    QCOMPARE(world.transcript().at(moved).id, seen);
    const QList<Message> branch = world.branch(chat);
    for (int row = 0; row < Rows; ++row) {
        QCOMPARE(world.transcript().at(row).id, branch[row].id);
        QCOMPARE(world.transcript().at(row).text, branch[row].text);
    }
    // At the start, too.
    world.settle();
    world.end();
    world.start();
    QTRY_COMPARE(world.transcript().count(), Rows);
    QCOMPARE(world.transcript().at(0).id, branch[0].id);
}

void ControllerLongChatsTest::whatNeedsTheBeginningWaits() {
    World world;
    const ChatId chat = makeLongChat(world);
    openUntilShown(world, chat);
    const Message first = world.transcript().at(0);
    const int above = Rows - world.transcript().count();
    QSignalSpy stored(world.controller.get(), &ChatController::answerStored);
    bool taken = false; // the text stays until then
    if (first.role == Role::User)
        QTRY_VERIFY(taken = taken || world.controller->editAndResend(first.id, u"another question"_s));
    else
        world.controller->regenerate(first.id);
    QVERIFY(stored.count() > 0 || stored.wait());
    const QList<Message> branch = world.branch(chat);
    QCOMPARE(branch.size(), above + (first.role == Role::User ? 2 : 1));
    QCOMPARE(branch[above].parent, first.parent);
    QCOMPARE(branch[above].versions, 2);
    QTRY_COMPARE(world.transcript().count(), branch.size());
    QCOMPARE(world.transcript().at(0).id, branch[0].id);
}

void ControllerLongChatsTest::anotherChatInTheMeantime() {
    World world;
    const ChatId chat = makeLongChat(world);
    openUntilShown(world, chat);
    world.controller->newChat();
    QCOMPARE(world.transcript().count(), 0);
    QVERIFY(world.transcript().isWhole());
    world.ask(u"Something else"_s);
    world.settle();
    QCOMPARE(world.transcript().count(), 2);
    // A question in it while it is read goes to its end.
    openUntilShown(world, chat);
    world.ask(u"And now?"_s);
    QTRY_VERIFY(world.transcript().isWhole());
    QCOMPARE(world.transcript().count(), Rows + 2);
    QCOMPARE(world.branch(chat).size(), Rows + 2);
}

QTEST_GUILESS_MAIN(ControllerLongChatsTest)
#include "tst_controller_long_chats.moc"
