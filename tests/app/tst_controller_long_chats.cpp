#include "tests/app/controller_world.h"
#include "tests/support/patience.h"

#include <chrono>
#include <future>

using namespace app;
using namespace Qt::StringLiterals;
using test::World;

// A long chat is shown when its newest messages are there; what needs the others waits for them.
class ControllerLongChatsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void openingDoesNotWaitForASearch();
    void aNewSearchEndsTheLastOne();
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
    /// For what is held up: whoever waits for that has lost patience before.
    static constexpr std::chrono::milliseconds LongerThanPatience{2 * test::PatienceMs};
    /// Until it is shown; the rest is still to come.
    static void openUntilShown(World& world, ChatId chat) {
        QSignalSpy opened(world.controller.get(), &ChatController::chatOpened);
        world.controller->openChat(chat);
        QVERIFY(opened.wait(test::PatienceMs));
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
    QVERIFY(stored.count() > 0 || stored.wait(test::PatienceMs));
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

/// What takes long and only reads has a thread of its own.
void ControllerLongChatsTest::openingDoesNotWaitForASearch() {
    World world;
    world.ask(u"Needle in a haystack"_s);
    const ChatId chat = world.controller->currentChat();
    world.controller->newChat();
    std::promise<void> release; // as long as it is wanted, another search runs
    world.store->readAside(
        world.controller.get(), {},
        [held = release.get_future().share()](Database&) {
            held.wait_for(LongerThanPatience);
            return 0;
        },
        [](int) {});
    QStringList order;
    connect(
        world.controller.get(), &ChatController::searchFinished, this,
        [&](const QString&, const QList<SearchHit>& hits) { order.append(u"found %1"_s.arg(hits.size())); });
    connect(world.controller.get(), &ChatController::chatOpened, this, [&] {
        order.append(u"opened"_s);
        release.set_value();
    });
    world.controller->search(u"needle"_s);
    world.controller->openChat(chat);
    QTRY_COMPARE(order.size(), 2);
    QCOMPARE(order, QStringList({u"opened"_s, u"found 2"_s})); // title and text
}

void ControllerLongChatsTest::aNewSearchEndsTheLastOne() {
    World world;
    world.ask(u"Needle in a haystack"_s);
    std::promise<void> release;
    world.store->readAside(
        world.controller.get(), {},
        [held = release.get_future().share()](Database&) {
            held.wait_for(LongerThanPatience);
            return 0;
        },
        [](int) {});
    QSignalSpy found(world.controller.get(), &ChatController::searchFinished);
    for (const QString& words : {u"n"_s, u"ne"_s, u"nee"_s})
        world.controller->search(words);
    release.set_value();
    QTRY_VERIFY(!found.isEmpty());
    world.store->flush();
    QCoreApplication::processEvents();
    QCOMPARE(found.size(), 1);
    QCOMPARE(found.front().front().toString(), u"nee"_s);
}

QTEST_GUILESS_MAIN(ControllerLongChatsTest)
#include "tst_controller_long_chats.moc"
