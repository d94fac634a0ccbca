#include "app/duplicate.h"
#include "app/export.h"
#include "app/store/salvage.h"
#include "tests/app/store_support.h"

using namespace app;
using namespace Qt::StringLiterals;
using test::execute;
using test::StoreFolder;

/// Messages in the trash: nothing finds them, undo brings them back, time removes them.
class TestDeletedMessages : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void whatFollowsGoesToo();
    void anotherVersionIsShownInstead();
    void undoGivesBackWhatWasShown();
    void undoKeepsWhatWasDeletedBefore();
    void undoBelowAnotherDeletionIsRefused();
    void nothingFindsThem();
    void nothingIsAddedBelow();
    void theyStayThirtyDays();
    void aWrongClockDoesNotTearThemApart();
    void salvageKeepsThemDeleted();
};

namespace {

/// Question, two answers; a question and its answer below the second one, which is shown.
struct Chat {
    StoreFolder folder;
    std::unique_ptr<Database> database = folder.open();
    ChatId id = database->createChat(u"Boats"_s, {});
    MessageId question = database->appendUserMessage(id, 0, u"alpha"_s).id;
    MessageId first = test::answer(*database, id, question, u"beta"_s).id;
    MessageId second = test::answer(*database, id, question, u"gamma"_s).id;
    MessageId more = database->appendUserMessage(id, second, u"delta"_s).id;
    MessageId last = test::answer(*database, id, more, u"epsilon"_s).id;

    QStringList shown() const {
        QStringList texts;
        for (const Message& message : database->branch(id))
            texts += message.text;
        return texts;
    }
    void reopen() {
        database.reset();
        database = folder.open();
    }
    qint64 rows() const {
        qint64 count = 0;
        sqlite3_exec(
            database->handle(), "SELECT count(*) FROM message",
            [](void* result, int, char** values, char**) {
                *static_cast<qint64*>(result) = QByteArray(values[0]).toLongLong();
                return 0;
            },
            &count, nullptr);
        return count;
    }
    /// Another start, at that many days from now by the clock that is noted and by the times of the rows.
    void pass(int days) {
        const qint64 ms = qint64(days) * 24 * 60 * 60 * 1000;
        execute(*database, u"UPDATE message SET deleted = deleted - %1"_s.arg(ms));
        execute(*database, u"INSERT OR REPLACE INTO setting(key, value) VALUES('trash.clock', '%1')"_s.arg(
                               QDateTime::currentMSecsSinceEpoch() - 2 * 24 * 60 * 60 * 1000ll));
        reopen();
    }
};

} // namespace

void TestDeletedMessages::whatFollowsGoesToo() {
    Chat chat;
    const DeletedMessages deleted = chat.database->deleteMessage(chat.more);
    QCOMPARE(deleted.count, 2);
    QCOMPARE(deleted.parent, chat.second);
    QCOMPARE(chat.shown(), (QStringList{u"alpha"_s, u"gamma"_s}));
    QCOMPARE(chat.database->chats()[0].messages, 3);
    chat.reopen(); // as stored
    QCOMPARE(chat.shown(), (QStringList{u"alpha"_s, u"gamma"_s}));
    QCOMPARE(chat.database->verify(), QString());
    // The first one, in all its versions: the chat is empty.
    QCOMPARE(chat.database->deleteMessage(chat.question).count, 3);
    QCOMPARE(chat.shown(), QStringList());
    QCOMPARE(chat.database->branchEnd(chat.id, 100, 1000).messages.size(), 0);
    QCOMPARE(chat.database->activeLeaf(chat.id), 0);
    QVERIFY(test::errorOf([&] { chat.database->deleteMessage(chat.question); }));
}

void TestDeletedMessages::anotherVersionIsShownInstead() {
    Chat chat;
    const MessageId third = test::answer(*chat.database, chat.id, chat.question, u"zeta"_s).id;
    chat.database->deleteMessage(third);
    QCOMPARE(chat.shown(), (QStringList{u"alpha"_s, u"gamma"_s, u"delta"_s, u"epsilon"_s})); // the one before
    QCOMPARE(chat.database->branch(chat.id)[1].versions, 2);
    chat.database->setActiveLeaf(chat.id, chat.first);
    chat.database->deleteMessage(chat.first);
    QCOMPARE(chat.shown(), (QStringList{u"alpha"_s, u"gamma"_s, u"delta"_s, u"epsilon"_s})); // the one after
    QCOMPARE(chat.database->branch(chat.id)[1].versions, 1);
    QCOMPARE(chat.database->versionsOf(chat.second).size(), 1);
    chat.database->deleteMessage(chat.second);
    QCOMPARE(chat.shown(), QStringList{u"alpha"_s});
}

void TestDeletedMessages::undoGivesBackWhatWasShown() {
    for (const bool first : {true, false}) {
        Chat chat;
        const QList<Message> before = chat.database->branch(chat.id);
        const DeletedMessages deleted = chat.database->deleteMessage(first ? chat.question : chat.second);
        chat.reopen(); // killed in between
        chat.database->restoreMessages(deleted);
        const QList<Message> after = chat.database->branch(chat.id);
        QCOMPARE(after.size(), before.size());
        for (qsizetype row = 0; row < after.size(); ++row) {
            QCOMPARE(after[row].id, before[row].id);
            QCOMPARE(after[row].text, before[row].text);
            QCOMPARE(after[row].versions, before[row].versions);
        }
        QCOMPARE(chat.database->search(u"beta"_s).size(), 1);
        QCOMPARE(chat.database->verify(), QString());
    }
}

void TestDeletedMessages::undoKeepsWhatWasDeletedBefore() {
    Chat chat;
    chat.database->deleteMessage(chat.last);
    QTest::qSleep(2); // another millisecond
    const DeletedMessages deleted = chat.database->deleteMessage(chat.second);
    QCOMPARE(deleted.count, 2);
    chat.database->restoreMessages(deleted);
    QCOMPARE(chat.shown(), (QStringList{u"alpha"_s, u"gamma"_s, u"delta"_s}));
}

void TestDeletedMessages::undoBelowAnotherDeletionIsRefused() {
    Chat chat;
    const DeletedMessages below = chat.database->deleteMessage(chat.more);
    QTest::qSleep(2);
    const DeletedMessages above = chat.database->deleteMessage(chat.second);
    QVERIFY(test::errorOf([&] { chat.database->restoreMessages(below); }));
    QCOMPARE(chat.shown(), (QStringList{u"alpha"_s, u"beta"_s}));
    chat.database->restoreMessages(above);
    chat.database->restoreMessages(below);
    QCOMPARE(chat.shown(), (QStringList{u"alpha"_s, u"gamma"_s, u"delta"_s, u"epsilon"_s}));
    QVERIFY(test::errorOf([&] { chat.database->restoreMessages(below); })); // it is there
}

void TestDeletedMessages::nothingFindsThem() {
    Chat chat;
    chat.database->appendUserMessage(chat.id, chat.last, u"漢字と言葉"_s);
    QCOMPARE(chat.database->search(u"字と"_s).size(), 1);
    chat.database->deleteMessage(chat.second);
    for (const QString& word : {u"gamma"_s, u"delta"_s, u"字と"_s, u"epsilon"_s})
        QCOMPARE(chat.database->search(word).size(), 0);
    QCOMPARE(chat.database->search(u"beta"_s).size(), 1);
    for (const ExportFormat format : {ExportFormat::Markdown, ExportFormat::Json, ExportFormat::PlainText}) {
        const QByteArray text = exportChat(*chat.database, chat.id, format);
        QVERIFY(text.contains("beta"));
        QVERIFY(!text.contains("gamma") && !text.contains("epsilon"));
    }
    QCOMPARE(chat.database->allMessages(chat.id).size(), 2);
    QCOMPARE(chat.database->leafBelow(chat.question), chat.first);
    const ChatId copy = duplicateChat(*chat.database, chat.id, u"copy"_s, 0);
    QCOMPARE(chat.database->allMessages(copy).size(), 2);
}

void TestDeletedMessages::nothingIsAddedBelow() {
    Chat chat;
    chat.database->deleteMessage(chat.second);
    QVERIFY(test::errorOf([&] { chat.database->appendUserMessage(chat.id, chat.last, u"more"_s); }));
    QVERIFY(test::errorOf([&] { chat.database->beginAnswer(chat.id, chat.more, u"toy"_s); }));
    QVERIFY(test::errorOf([&] { chat.database->setActiveLeaf(chat.id, chat.last); }));
    QVERIFY(test::errorOf([&] { chat.database->reopenAnswer(chat.last); }));
    QCOMPARE(chat.shown(), (QStringList{u"alpha"_s, u"beta"_s}));
}

void TestDeletedMessages::theyStayThirtyDays() {
    Chat chat;
    const DeletedMessages deleted = chat.database->deleteMessage(chat.second);
    chat.pass(27); // by the clock of two days ago, 25
    QCOMPARE(chat.rows(), 5);
    chat.pass(7);
    QCOMPARE(chat.rows(), 2);
    QCOMPARE(chat.shown(), (QStringList{u"alpha"_s, u"beta"_s}));
    QCOMPARE(chat.database->verify(), QString());
    QVERIFY(test::errorOf([&] { chat.database->restoreMessages(deleted); }));
}

void TestDeletedMessages::aWrongClockDoesNotTearThemApart() {
    Chat chat;
    chat.database->deleteMessage(chat.last); // noted as later than what it follows
    execute(*chat.database, u"UPDATE message SET deleted = deleted + 8000000000 WHERE deleted IS NOT NULL"_s);
    chat.database->deleteMessage(chat.second);
    chat.pass(40);
    QCOMPARE(chat.database->notice(), QString());
    QCOMPARE(chat.rows(), 2);
    QCOMPARE(chat.database->verify(), QString());
}

void TestDeletedMessages::salvageKeepsThemDeleted() {
    Chat chat;
    const DeletedMessages deleted = chat.database->deleteMessage(chat.more);
    chat.database.reset();
    const QString copy = chat.folder.path(u"copy.db"_s);
    QVERIFY(Database::open(copy));
    QCOMPARE(store::salvage(chat.folder.path(), copy), 5);
    chat.database = Database::open(copy);
    QCOMPARE(chat.shown(), (QStringList{u"alpha"_s, u"gamma"_s}));
    chat.database->restoreMessages(deleted);
    // Where it is not known any more what was deleted the text counts.
    chat.database->deleteMessage(chat.more);
    execute(*chat.database, u"UPDATE message SET deleted = NULL WHERE id = %1"_s.arg(chat.last));
    chat.database.reset();
    const QString again = chat.folder.path(u"again.db"_s);
    QVERIFY(Database::open(again));
    QCOMPARE(store::salvage(copy, again), 5);
    chat.database = Database::open(again);
    QCOMPARE(chat.database->allMessages(chat.id).size(), 5);
}

QTEST_GUILESS_MAIN(TestDeletedMessages)
#include "tst_deleted_messages.moc"
