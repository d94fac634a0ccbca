#include "app/export.h"
#include "app/store/rows.h"
#include "app/store/upkeep.h"
#include "tests/app/store_support.h"

#include <QFileInfo>
#include <QRandomGenerator>

using namespace app;
using namespace Qt::StringLiterals;
using test::StoreFolder;

/// Chats, the tree of messages, drafts, settings: what the window relies on.
class TestDatabase : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void newestChatFirst();
    void deletedChatsComeBack();
    void answerGrowsByChunks();
    void unfinishedAnswerComesBackInterrupted();
    void versionsAndBranches();
    void draftsAndSettings();
    void transactionIsAllOrNothing();
    void refusesWhatIsNotThere();
    void filesAreForTheUserAlone();
    void trashIsEmptiedAfterThirtyDays();
    void aWrongClockEmptiesNothing();
    void theEndOfABranch();
    void absurdTitlesStaySmallInLists();
};

void TestDatabase::newestChatFirst() {
    StoreFolder folder;
    const auto database = folder.open();
    QCOMPARE(database->notice(), QString());
    const ChatId first = database->createChat(u"first"_s, u"Be brief."_s);
    QTest::qSleep(2);
    const ChatId second = database->createChat(u"second"_s, {});
    QCOMPARE(database->chats().size(), 2);
    QCOMPARE(database->chats()[0].id, second);
    QTest::qSleep(2);
    database->appendUserMessage(first, 0, u"hello"_s);
    QCOMPARE(database->chats()[0].id, first);
    QCOMPARE(database->chats()[0].messages, 1);
    database->renameChat(first, u"renamed"_s);
    database->setSystemPrompt(first, u"Be long."_s);
    QCOMPARE(database->chat(first)->title, u"renamed"_s);
    QCOMPARE(database->chat(first)->systemPrompt, u"Be long."_s);
    QVERIFY(!database->chat(77));
}

void TestDatabase::deletedChatsComeBack() {
    StoreFolder folder;
    ChatId chat = 0;
    {
        const auto database = folder.open();
        chat = database->createChat(u"kept"_s, {});
        database->appendUserMessage(chat, 0, u"hello"_s);
        database->deleteChat(chat);
        QVERIFY(database->chats().isEmpty());
        QVERIFY(!database->chat(chat));
    }
    const auto database = folder.open();
    QVERIFY(database->chats().isEmpty());
    database->restoreChat(chat);
    QCOMPARE(database->chats().size(), 1);
    QCOMPARE(database->branch(chat)[0].text, u"hello"_s);
}

void TestDatabase::answerGrowsByChunks() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"t"_s, {});
    const Message question = database->appendUserMessage(chat, 0, u"¿Qué?"_s);
    const Message answer = database->beginAnswer(chat, question.id, u"toy"_s);
    QCOMPARE(answer.state, MessageState::Streaming);
    database->appendChunk(answer.id, u"one "_s);
    database->appendChunk(answer.id, u"two"_s + QChar(0) + u"😀"_s);
    QCOMPARE(database->branch(chat)[1].text, u"one two"_s + QChar(0) + u"😀"_s);
    database->finishAnswer(answer.id, MessageState::Stopped, 7, 31.5);
    const Message stored = database->branch(chat)[1];
    QCOMPARE(stored.text, u"one two"_s + QChar(0) + u"😀"_s);
    QCOMPARE(stored.state, MessageState::Stopped);
    QCOMPARE(stored.tokens, 7);
    QCOMPARE(stored.tokensPerSecond, 31.5);
    QCOMPARE(stored.model, u"toy"_s);
    QCOMPARE(stored.parent, question.id);

    database->reopenAnswer(answer.id);
    database->appendChunk(answer.id, u" three"_s);
    database->finishAnswer(answer.id, MessageState::Done, 9, 30);
    QCOMPARE(database->branch(chat)[1].text, u"one two"_s + QChar(0) + u"😀 three"_s);
    QCOMPARE(database->verify(), QString());
}

void TestDatabase::unfinishedAnswerComesBackInterrupted() {
    StoreFolder folder;
    ChatId chat = 0;
    MessageId id = 0;
    {
        const auto database = folder.open();
        chat = database->createChat(u"t"_s, {});
        const Message question = database->appendUserMessage(chat, 0, u"q"_s);
        id = database->beginAnswer(chat, question.id, u"toy"_s).id;
        database->appendChunk(id, u"half an "_s);
        database->appendChunk(id, u"ans"_s);
        // A reader beside the running program sees the answer grow.
        const auto reader = Database::open(folder.path(), Access::ReadOnly);
        QCOMPARE(reader->branch(chat)[1].state, MessageState::Streaming);
        QCOMPARE(reader->branch(chat)[1].text, u"half an ans"_s);
    }
    {
        const auto reader = Database::open(folder.path(), Access::ReadOnly);
        QCOMPARE(reader->branch(chat)[1].state, MessageState::Interrupted);
        QCOMPARE(reader->branch(chat)[1].text, u"half an ans"_s);
    }
    const auto database = folder.open();
    QCOMPARE(database->branch(chat)[1].state, MessageState::Interrupted);
    QCOMPARE(database->branch(chat)[1].text, u"half an ans"_s);
    QCOMPARE(database->verify(), QString());
    database->reopenAnswer(id);
    database->appendChunk(id, u"wer"_s);
    database->finishAnswer(id, MessageState::Done, 4, 1);
    QCOMPARE(database->branch(chat)[1].text, u"half an answer"_s);
}

void TestDatabase::versionsAndBranches() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"t"_s, {});
    const Message question = database->appendUserMessage(chat, 0, u"q"_s);
    const Message first = test::answer(*database, chat, question.id, u"first"_s);
    const Message more = database->appendUserMessage(chat, first.id, u"more"_s);
    const Message second = test::answer(*database, chat, question.id, u"second"_s);
    QCOMPARE(database->branch(chat).size(), 2);
    QCOMPARE(database->branch(chat)[1].text, u"second"_s);
    QCOMPARE(database->branch(chat)[1].version, 2);
    QCOMPARE(database->branch(chat)[1].versions, 2);
    QCOMPARE(database->versionsOf(second.id).size(), 2);
    QCOMPARE(database->versionsOf(second.id)[0].id, first.id);
    QCOMPARE(database->leafBelow(first.id), more.id);
    database->setActiveLeaf(chat, database->leafBelow(first.id));
    QCOMPARE(database->branch(chat).size(), 3);
    QCOMPARE(database->branch(chat)[1].version, 1);
    // The first question asked differently: two roots.
    const Message other = database->appendUserMessage(chat, 0, u"Q"_s);
    QCOMPARE(other.version, 2);
    QCOMPARE(database->branch(chat).size(), 1);
    QCOMPARE(database->branch(chat)[0].versions, 2);
}

void TestDatabase::draftsAndSettings() {
    StoreFolder folder;
    {
        const auto database = folder.open();
        database->saveDraft(0, u"not yet"_s);
        database->saveDraft(5, u"other"_s);
        database->saveDraft(5, {});
        database->saveSetting(u"theme"_s, u"dark"_s);
        database->saveSetting(u"theme"_s, u"light"_s);
    }
    const auto database = folder.open();
    QCOMPARE(database->draft(0), u"not yet"_s);
    QCOMPARE(database->draft(5), QString());
    QCOMPARE(database->settings(), (QMap<QString, QString>{{u"theme"_s, u"light"_s}}));
}

void TestDatabase::transactionIsAllOrNothing() {
    StoreFolder folder;
    const auto database = folder.open();
    const auto failing = [&] {
        database->runInTransaction([&] {
            database->createChat(u"one"_s, {});
            database->createChat(u"two"_s, {});
            throw StoreError(StoreError::Kind::Other, u"no"_s);
        });
    };
    QCOMPARE(test::errorOf(failing), StoreError::Kind::Other);
    QVERIFY(database->chats().isEmpty());
    database->runInTransaction([&] {
        database->createChat(u"outer"_s, {});
        test::errorOf([&] { database->appendUserMessage(1, 4711, u"no such parent"_s); });
    });
    QCOMPARE(database->chats().size(), 1);
    QCOMPARE(database->chats()[0].messages, 0);
}

void TestDatabase::refusesWhatIsNotThere() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"t"_s, {});
    const Message question = database->appendUserMessage(chat, 0, u"q"_s);
    const Message done = test::answer(*database, chat, question.id, u"a"_s);
    const ChatId otherChat = database->createChat(u"other"_s, {});
    using test::errorOf;
    QVERIFY(errorOf([&] { database->appendChunk(done.id, u"late"_s); }));
    QVERIFY(errorOf([&] { database->appendChunk(99, u"late"_s); }));
    QVERIFY(errorOf([&] { database->finishAnswer(done.id, MessageState::Done, 0, 0); }));
    QVERIFY(errorOf([&] { database->reopenAnswer(question.id); }));
    QVERIFY(errorOf([&] { database->appendUserMessage(99, 0, u"x"_s); }));
    QVERIFY(errorOf([&] { database->appendUserMessage(otherChat, question.id, u"x"_s); }));
    QVERIFY(errorOf([&] { database->setActiveLeaf(otherChat, question.id); }));
    QVERIFY(errorOf([&] { database->renameChat(99, u"x"_s); }));
    QVERIFY(errorOf([&] { database->versionsOf(99); }));
    QCOMPARE(database->branch(chat)[1].text, u"a"_s);
    QCOMPARE(database->verify(), QString());
}

void TestDatabase::filesAreForTheUserAlone() {
    StoreFolder folder;
    const QString path = folder.path(u"deep/down/transcripts.db"_s);
    const auto database = Database::open(path);
    database->createChat(u"t"_s, {});
    const auto mode = [](const QString& name) {
        return QFile::permissions(name) & QFileDevice::Permissions(0x0077);
    };
    for (const QString& suffix : {u""_s, u"-wal"_s, u"-shm"_s, u".lock"_s}) {
        QVERIFY2(QFileInfo::exists(path + suffix), qPrintable(suffix));
        QCOMPARE(mode(path + suffix), QFileDevice::Permissions());
    }
    QCOMPARE(mode(folder.path(u"deep"_s)), QFileDevice::Permissions());
    QCOMPARE(mode(folder.path(u"deep/down"_s)), QFileDevice::Permissions());
}

void TestDatabase::trashIsEmptiedAfterThirtyDays() {
    StoreFolder folder;
    ChatId longChat = 0, fresh = 0;
    {
        const auto database = folder.open();
        longChat = database->createChat(u"long"_s, {});
        fresh = database->createChat(u"fresh"_s, {});
        database->runInTransaction([&] { // deeper than SQLite's cascades go
            MessageId parent = 0;
            for (int i = 0; i < 5000; ++i)
                parent = database->appendUserMessage(longChat, parent, u"message %1"_s.arg(i)).id;
        });
        QCOMPARE(database->branch(longChat).size(), 5000);
        database->saveDraft(longChat, u"draft"_s);
        database->recordEvent(longChat, u"evicted"_s, u"{}"_s);
        database->deleteChat(longChat);
        database->deleteChat(fresh);
        const qint64 day = 24ll * 60 * 60 * 1000;
        test::execute(*database,
                      u"UPDATE chat SET deleted = deleted - %1 WHERE id = %2"_s.arg(33 * day).arg(longChat));
        test::execute(*database,
                      u"UPDATE chat SET deleted = deleted - %1 WHERE id = %2"_s.arg(29 * day).arg(fresh));
        test::execute(*database,
                      u"UPDATE setting SET value = value - %1 WHERE key = 'trash.clock'"_s.arg(2 * day));
    }
    const auto database = folder.open();
    QVERIFY(test::errorOf([&] { database->restoreChat(longChat); }));
    QVERIFY(database->branch(longChat).isEmpty());
    QCOMPARE(database->draft(longChat), QString());
    database->restoreChat(fresh);
    QCOMPARE(database->chats().size(), 1);
    QCOMPARE(database->verify(), QString());
}

void TestDatabase::aWrongClockEmptiesNothing() {
    StoreFolder folder;
    {
        const auto database = folder.open();
        database->deleteChat(database->createChat(u"t"_s, {}));
    }
    store::Connection connection(folder.path(), store::Connection::Mode::ReadWrite);
    constexpr qint64 hour = 60ll * 60 * 1000, day = 24 * hour, year = 365 * day;
    const qint64 now = store::nowMs();
    // Starts, one after the other; a clock of years ahead is right again the next day.
    for (const qint64 start : {now + 11 * year, now + 11 * year + hour, now + day, now + 2 * day,
                               now + 11 * year, now + 20 * day, now + 29 * day, now + 40 * day}) {
        store::purgeTrash(connection, start);
        QCOMPARE(connection.number("SELECT count(*) FROM chat"), 1);
    }
    store::purgeTrash(connection, now + 41 * day);
    QCOMPARE(connection.number("SELECT count(*) FROM chat"), 0);
}

void TestDatabase::theEndOfABranch() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"t"_s, {});
    QVERIFY(database->branchEnd(chat, 10, 0).isWhole);
    QList<MessageId> ids{0};
    QRandomGenerator random(4);
    for (int i = 0; i < 300; ++i) // a tree with a long trunk
        ids.append(database
                       ->appendUserMessage(chat, ids[random.bounded(8) ? i : random.bounded(i + 1)],
                                           u"message %1"_s.arg(i))
                       .id);
    const auto facts = [](const QList<Message>& messages) {
        QStringList result;
        for (const Message& one : messages)
            result << u"%1 %2 %3 %4/%5 "_s.arg(one.id)
                          .arg(one.parent)
                          .arg(one.text)
                          .arg(one.version)
                          .arg(one.versions);
        return result;
    };
    for (const MessageId leaf : {ids.last(), ids[200], ids[1]}) {
        database->setActiveLeaf(chat, leaf);
        const QStringList whole = facts(database->branch(chat));
        BranchPart part = database->branchEnd(chat, 7, 0);
        QCOMPARE(part.messages.size(), std::min<qsizetype>(7, whole.size()));
        QCOMPARE(part.isWhole, whole.size() <= 7);
        QList<Message> joined = part.messages;
        while (!part.isWhole) {
            part = database->branchUpTo(chat, joined.first().parent, 20);
            joined = part.messages + joined;
        }
        QCOMPARE(facts(joined), whole);
    }
    database->setActiveLeaf(chat, ids.last());
    const BranchPart byText = database->branchEnd(chat, 1, 150);
    QVERIFY(byText.messages.size() > 10 && byText.messages.size() < 20);
    test::execute(*database, u"UPDATE chat SET active_leaf = NULL"_s);
    QCOMPARE(facts(database->branchEnd(chat, 1000, 0).messages), facts(database->branch(chat)));
}

void TestDatabase::absurdTitlesStaySmallInLists() {
    StoreFolder folder;
    const auto database = folder.open();
    const QString title = u"Schöne "_s + u"ö"_s.repeated(2'000'000);
    const ChatId chat = database->createChat(title, {});
    for (const QString& shown : {database->chats()[0].title, database->chat(chat)->title,
                                 database->search(u"schone"_s).value(0).chatTitle}) {
        QVERIFY(title.startsWith(shown.chopped(1)) && shown.endsWith(u'…') && shown.size() == 201);
    }
    QVERIFY(database->search(u"schone"_s).value(0).snippet.size() < 5000);
    QCOMPARE(database->wholeTitle(chat), title);
    QVERIFY(exportChat(*database, chat, ExportFormat::Json).size() > 4'000'000);
}

QTEST_GUILESS_MAIN(TestDatabase)
#include "tst_database.moc"
