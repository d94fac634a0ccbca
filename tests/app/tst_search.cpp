#include "tests/app/store_support.h"

#include <QRandomGenerator>
#include <QRegularExpression>
#include <QSet>

using namespace app;
using namespace Qt::StringLiterals;
using test::StoreFolder;

/// R11: search agrees with the text, whatever was done to it.
class TestSearch : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void findsBeginningsOfWords();
    void findsInTitles();
    void findsWhatHasNoWordBeginnings();
    void marksTheMatch();
    void survivesOddInput();
    void agreesWithBruteForceAfterRandomEdits();
    void repairsItsIndex();
};

namespace {

QSet<MessageId> messagesFound(Database& database, const QString& words) {
    QSet<MessageId> found;
    for (const SearchHit& hit : database.search(words, 100000)) {
        if (hit.message != 0)
            found.insert(hit.message);
    }
    return found;
}

QString randomWord(QRandomGenerator& random) {
    static const QStringList kWords{u"sink"_s,  u"sinks"_s, u"Sinking"_s, u"window"_s,
                                    u"Widow"_s, u"naïve"_s, u"cache"_s,   u"cached"_s,
                                    u"x1"_s,    u"x12"_s,   u"кэш"_s,     u"Größe"_s};
    return kWords[random.bounded(kWords.size())];
}

QString randomText(QRandomGenerator& random) {
    QStringList words;
    for (int count = random.bounded(12); count > 0; --count)
        words.append(randomWord(random));
    static const QStringList kGlue{u" "_s, u", "_s, u"\n"_s, u"; "_s};
    return words.join(kGlue[random.bounded(kGlue.size())]);
}

/// Small letters without accents, as the index sees a word.
QString folded(const QString& word) {
    QString result;
    for (const QChar character : word.toLower().normalized(QString::NormalizationForm_D)) {
        if (character.category() != QChar::Mark_NonSpacing)
            result.append(character);
    }
    return result;
}

bool matches(const QString& text, const QStringList& prefixes) {
    const QStringList words = text.split(QRegularExpression(u"[ ,;\n]+"_s), Qt::SkipEmptyParts);
    return std::all_of(prefixes.begin(), prefixes.end(), [&](const QString& prefix) {
        return std::any_of(words.begin(), words.end(),
                           [&](const QString& word) { return folded(word).startsWith(folded(prefix)); });
    });
}

} // namespace

void TestSearch::findsBeginningsOfWords() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"t"_s, {});
    const Message one = database->appendUserMessage(chat, 0, u"Attention sinks keep the Café stable"_s);
    const Message two = test::answer(*database, chat, one.id, u"A window alone collapses."_s);
    QCOMPARE(messagesFound(*database, u"sink"_s), QSet<MessageId>{one.id});
    QCOMPARE(messagesFound(*database, u"SINKS atten"_s), QSet<MessageId>{one.id});
    QCOMPARE(messagesFound(*database, u"cafe"_s), QSet<MessageId>{one.id});
    QCOMPARE(messagesFound(*database, u"tention"_s), QSet<MessageId>{});
    QCOMPARE(messagesFound(*database, u"sink window"_s), QSet<MessageId>{});
    QCOMPARE(messagesFound(*database, u"a"_s), (QSet<MessageId>{one.id, two.id}));
    database->deleteChat(chat);
    QVERIFY(database->search(u"sink"_s).isEmpty());
    database->restoreChat(chat);
    QCOMPARE(database->search(u"a"_s, 1).size(), 1);
}

void TestSearch::findsInTitles() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"Holiday in Málaga"_s, {});
    database->createChat(u"Other"_s, {});
    QCOMPARE(database->search(u"malag"_s).size(), 1);
    QCOMPARE(database->search(u"malag"_s)[0].chat, chat);
    QCOMPARE(database->search(u"malag"_s)[0].message, 0);
    database->renameChat(chat, u"東京の休日"_s);
    QVERIFY(database->search(u"malag"_s).isEmpty());
    QCOMPARE(database->search(u"休日"_s).size(), 1);
}

void TestSearch::findsWhatHasNoWordBeginnings() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"t"_s, {});
    const Message japanese = database->appendUserMessage(chat, 0, u"私は東京都に住んでいますABC"_s);
    const Message thai = database->appendUserMessage(chat, japanese.id, u"ฉันรักภาษาไทยมาก"_s);
    const Message signs = database->appendUserMessage(chat, thai.id, u"p->next = 🎉; 100%_done\\"_s);
    const QString afterNul = QString(QChar(0)) + u"京都"_s;
    const Message nul = database->appendUserMessage(chat, signs.id, afterNul);
    QCOMPARE(messagesFound(*database, u"東京"_s), QSet<MessageId>{japanese.id});
    QCOMPARE(messagesFound(*database, u"京都"_s), (QSet<MessageId>{japanese.id, nul.id}));
    QCOMPARE(messagesFound(*database, u"ますabc"_s), QSet<MessageId>{japanese.id});
    QCOMPARE(messagesFound(*database, u"ภาษา"_s), QSet<MessageId>{thai.id});
    QCOMPARE(messagesFound(*database, u"->"_s), QSet<MessageId>{signs.id});
    QCOMPARE(messagesFound(*database, u"🎉"_s), QSet<MessageId>{signs.id});
    QCOMPARE(messagesFound(*database, u"%_"_s), QSet<MessageId>{signs.id});
    QCOMPARE(messagesFound(*database, u"next 🎉"_s), QSet<MessageId>{signs.id});
    QCOMPARE(messagesFound(*database, u"next 東京"_s), QSet<MessageId>{});
}

void TestSearch::marksTheMatch() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"t"_s, {});
    const QString filler = u"blah "_s.repeated(100);
    database->appendUserMessage(chat, 0, filler + u"the sinks\nhold 東京 "_s + filler);
    const QString snippet = database->search(u"sink"_s)[0].snippet;
    QVERIFY2(snippet.contains(u"the \ue000sinks\ue001 hold"_s), qPrintable(snippet));
    QVERIFY(snippet.size() < 200);
    const QString other = database->search(u"東京"_s)[0].snippet;
    QVERIFY2(other.contains(u"hold \ue000東京\ue001 blah"_s), qPrintable(other));
    QVERIFY(other.size() < 200);
}

void TestSearch::survivesOddInput() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"\"quoted\" NEAR(a b)"_s, {});
    const Message message =
        database->appendUserMessage(chat, 0, u"say \"hello\" AND NOT content: {x} ^start col*"_s);
    const QStringList odd{u""_s,
                          u"   "_s,
                          u"\""_s,
                          u"\"\""_s,
                          u"AND"_s,
                          u"NOT"_s,
                          u"* * *"_s,
                          u"a*"_s,
                          u"^x"_s,
                          u"content:x"_s,
                          u"(((("_s,
                          u"{x} : y"_s,
                          u"NEAR(a b)"_s,
                          u"'; DROP TABLE message; --"_s,
                          u"\\"_s,
                          u"%"_s,
                          u"_"_s,
                          u"+-+"_s,
                          QString(QChar(0)),
                          QString(QChar(0xd800)),
                          QString(QChar(0xdc00)) + u"a"_s,
                          u"\u0301"_s,
                          u"a "_s.repeated(5000),
                          u"x"_s.repeated(100000),
                          u"😀"_s.repeated(3000)};
    for (const QString& words : odd)
        database->search(words);
    QRandomGenerator random(7);
    for (int round = 0; round < 2000; ++round) {
        QString words;
        for (int i = random.bounded(12); i >= 0; --i)
            words.append(random.bounded(3) ? QChar(32 + random.bounded(96)) : QChar(random.bounded(0x10000)));
        database->search(words);
    }
    QCOMPARE(messagesFound(*database, u"\"hello\""_s), QSet<MessageId>{message.id});
    QCOMPARE(messagesFound(*database, u"and not"_s), QSet<MessageId>{message.id});
    QCOMPARE(database->verify(), QString());
}

void TestSearch::agreesWithBruteForceAfterRandomEdits() {
    StoreFolder folder;
    auto database = folder.open();
    QRandomGenerator random(20261122);
    QList<ChatId> chats;
    const auto someChat = [&] { return chats[random.bounded(chats.size())]; };
    const auto edit = [&](int what) {
        if (what == 0 || chats.isEmpty()) {
            chats.append(database->createChat(randomText(random), {}));
            return;
        }
        const ChatId chat = someChat();
        const QList<Message> all = database->allMessages(chat);
        const MessageId parent =
            all.isEmpty() || random.bounded(4) == 0 ? 0 : all[random.bounded(all.size())].id;
        if (what < 6) {
            database->appendUserMessage(chat, parent, randomText(random));
        } else if (what < 12) {
            const Message answer = database->beginAnswer(chat, parent, u"toy"_s);
            for (int i = random.bounded(4); i > 0; --i)
                database->appendChunk(answer.id, randomText(random));
            if (random.bounded(5) > 0)
                database->finishAnswer(answer.id, MessageState::Stopped, 1, 1);
        } else if (what < 14) {
            for (const Message& message : all) {
                if (message.role == Role::Assistant && message.state == MessageState::Stopped) {
                    database->reopenAnswer(message.id);
                    database->appendChunk(message.id, u" "_s + randomText(random));
                    database->finishAnswer(message.id, MessageState::Stopped, 2, 1);
                }
            }
        } else if (what == 14) {
            database->renameChat(chat, randomText(random));
        } else if (what == 15) {
            database->deleteChat(chat);
        } else if (what == 16) {
            database->restoreChat(chat);
        } else if (what == 17) { // gone for good at the next start
            database->deleteChat(chat);
            test::execute(*database, u"UPDATE chat SET deleted = 1 WHERE id = %1"_s.arg(chat));
            chats.removeOne(chat);
            database.reset();
            database = folder.open();
        } else { // an edit that leaves everything undone
            test::errorOf([&] {
                database->runInTransaction([&] {
                    database->appendUserMessage(chat, 0, randomText(random));
                    throw StoreError(StoreError::Kind::Other, {});
                });
            });
        }
    };
    qsizetype found = 0;
    for (int step = 0; step < 600; ++step) {
        edit(random.bounded(19));
        if (step % 20 != 19)
            continue;
        QCOMPARE(database->verify(), QString());
        for (int query = 0; query < 10; ++query) {
            QStringList prefixes;
            for (int i = random.bounded(2); i >= 0; --i) {
                const QString word = randomWord(random);
                prefixes.append(word.left(1 + random.bounded(word.size())));
            }
            QSet<MessageId> expected;
            for (const ChatSummary& chat : database->chats()) {
                for (const Message& message : database->allMessages(chat.id)) {
                    // An answer is searchable once it is finished, or has been continued from what was.
                    if (message.state != MessageState::Streaming && matches(message.text, prefixes))
                        expected.insert(message.id);
                }
            }
            QCOMPARE(messagesFound(*database, prefixes.join(u' ')), expected);
            found += expected.size();
        }
    }
    QVERIFY(found > 1000); // the comparison was not of nothing with nothing
}

void TestSearch::repairsItsIndex() {
    StoreFolder folder;
    MessageId id = 0;
    {
        const auto database = folder.open();
        const ChatId chat = database->createChat(u"t"_s, {});
        id = database->appendUserMessage(chat, 0, u"sinks"_s).id;
        test::execute(
            *database,
            u"INSERT INTO message_fts(message_fts, rowid, content) VALUES('delete', 1, 'window')"_s);
        QVERIFY(!database->verify().isEmpty()); // the check sees what the plain integrity check does not
        QFile(folder.path() + u".check"_s).open(QIODevice::WriteOnly);
    }
    const auto database = folder.open();
    QCOMPARE(database->verify(), QString());
    QCOMPARE(messagesFound(*database, u"sinks"_s), QSet<MessageId>{id});
    QVERIFY(!QFile::exists(folder.path() + u".check"_s));
}

QTEST_GUILESS_MAIN(TestSearch)
#include "tst_search.moc"
