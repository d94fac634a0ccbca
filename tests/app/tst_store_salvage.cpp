#include "tests/app/damage_support.h"

#include <QElapsedTimer>
#include <QFileInfo>

using namespace app;
using namespace Qt::StringLiterals;
using namespace test;

/// R8: what comes back of a damaged file: every row that lies in a whole page, whatever is lost above it.
class TestStoreSalvage : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void everyPageButTheLeavesIsLost();
    void halfAFile();
    void whatOnlyTheLogHas();
    void longTextsAndTheirEnds();
    void streamingAnswersAndSettings();
    void hostileChainsCostNothing();
    void killedWhileItWasReplaced();

private:
    QByteArray m_good; // a closed database with kMessages messages
    static constexpr int kMessages = 1002;
};

namespace {

int rootOf(const StoreFolder& folder, const QString& table) {
    const QString path = folder.path(u"schema.db"_s);
    const auto database = Database::open(path);
    sqlite3_stmt* query = nullptr;
    sqlite3_prepare_v2(database->handle(), "SELECT rootpage FROM sqlite_schema WHERE name = ?", -1, &query,
                       nullptr);
    const QByteArray name = table.toUtf8();
    sqlite3_bind_text(query, 1, name.constData(), -1, SQLITE_STATIC);
    const int root = sqlite3_step(query) == SQLITE_ROW ? sqlite3_column_int(query, 0) : 0;
    sqlite3_finalize(query);
    return root;
}

} // namespace

void TestStoreSalvage::initTestCase() {
    m_good = goodFile(kMessages);
}

void TestStoreSalvage::everyPageButTheLeavesIsLost() {
    // The root of the table of messages first: it alone tells SQLite where all the others are.
    for (const bool all : {false, true}) {
        StoreFolder folder;
        QByteArray bytes = m_good;
        int lost = 0;
        for (qsizetype at = 4096; at < bytes.size(); at += 4096) {
            const bool isInterior = bytes[at] == 0x05 || bytes[at] == 0x02;
            if (isInterior && (all || at == 4096 * (rootOf(folder, u"message"_s) - 1))) {
                bytes.replace(at, 4096, QByteArray(4096, '\0'));
                ++lost;
            }
        }
        QVERIFY(all ? lost > 1 : lost == 1);
        if (all)
            bytes.replace(0, 4096, QByteArray(4096, '\0'));
        write(folder.path(), bytes);
        const auto database = folder.open();
        const QList<Message> branch = database->branch(1);
        QCOMPARE(branch.size(), kMessages);
        for (int i = 0; i < kMessages; ++i)
            QCOMPARE(branch[i].text, textOf(i));
        QCOMPARE(database->chats().value(0).title, u"long chat"_s);
        QCOMPARE(database->settings().value(u"theme"_s), u"dark"_s);
        QVERIFY(database->notice().contains(QString::number(kMessages)));
        QVERIFY(database->notice().contains(folder.path(movedAside(folder).value(0))));
        QVERIFY(database->notice().contains(u"more of your texts may be in it"_s));
        QCOMPARE(database->verify(), QString());
    }
}

void TestStoreSalvage::halfAFile() {
    StoreFolder folder;
    const QByteArray half = m_good.left(m_good.size() / 2 + 1000);
    write(folder.path(), half);
    const auto database = folder.open();
    int found = 0;
    for (const ChatSummary& chat : database->chats())
        found += static_cast<int>(database->branch(chat.id).size());
    QVERIFY2(found > 50 && found < kMessages, qPrintable(QString::number(found)));
    QCOMPARE(database->verify(), QString());
}

void TestStoreSalvage::whatOnlyTheLogHas() {
    StoreFolder folder, killed;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"t"_s, {});
    database->appendUserMessage(chat, 0, u"in the log"_s);
    const QByteArray log = contentOf(folder.path() + u"-wal"_s);
    QVERIFY(!contentOf(folder.path()).contains("in the log"));
    write(killed.path(), QByteArray(100, 'x'));
    write(killed.path() + u"-wal"_s, log + "and what was not committed");
    const auto recovered = killed.open();
    QCOMPARE(recovered->branch(chat).value(0).text, u"in the log"_s);
    QCOMPARE(contentOf(killed.path(movedAside(killed).value(0)) + u"-wal"_s),
             log + "and what was not committed");
}

void TestStoreSalvage::longTextsAndTheirEnds() {
    StoreFolder folder;
    QString text;
    for (int i = 0; i < 5000; ++i)
        text += u"wörter %1 "_s.arg(i);
    {
        const auto database = folder.open();
        const ChatId chat = database->createChat(u"t"_s, {});
        const Message question = database->appendUserMessage(chat, 0, u"Why?"_s);
        const Message first = test::answer(*database, chat, question.id, text);
        database->appendUserMessage(chat, first.id, u"And then?"_s);
    }
    const QByteArray whole = contentOf(folder.path());
    const auto recovered = [&](const QByteArray& bytes) {
        StoreFolder damaged;
        write(damaged.path(), QByteArray(100, '\0') + bytes.mid(100));
        return damaged.open()->branch(1);
    };
    QCOMPARE(recovered(whole).value(1).text, text);
    QByteArray cut = whole;
    const qsizetype at = cut.indexOf("w\xc3\xb6rter 2500") / 4096 * 4096;
    cut.replace(at, 4096, QByteArray(4096, '\0'));
    const QList<Message> branch = recovered(cut);
    QCOMPARE(branch.size(), 3);
    QCOMPARE(branch[1].state, MessageState::Interrupted); // can be continued
    QVERIFY(text.startsWith(branch[1].text) && branch[1].text.size() > text.size() / 4);
    QVERIFY(branch[1].text.size() < text.size() * 3 / 4);
    QCOMPARE(branch[2].text, u"And then?"_s);
}

void TestStoreSalvage::streamingAnswersAndSettings() {
    StoreFolder folder, damaged;
    {
        const auto database = folder.open();
        const ChatId chat = database->createChat(u"t"_s, {});
        const Message question = database->appendUserMessage(chat, 0, u"Why?"_s);
        const Message answer = database->beginAnswer(chat, question.id, u"toy"_s);
        for (int i = 0; i < 30; ++i)
            database->appendChunk(answer.id, u"piece %1 "_s.arg(i));
        database->saveDraft(chat, u"not sent"_s);
        database->recordEvent(chat, u"model"_s, u"{}"_s);
        test::execute(*database, u"PRAGMA wal_checkpoint(TRUNCATE)"_s);
        write(damaged.path(), QByteArray(100, '\0') + contentOf(folder.path()).mid(100));
    }
    const auto database = damaged.open();
    const QList<Message> branch = database->branch(1);
    QCOMPARE(branch.size(), 2);
    QCOMPARE(branch[1].state, MessageState::Interrupted);
    QVERIFY(branch[1].text.startsWith(u"piece 0 piece 1 "_s) && branch[1].text.endsWith(u"piece 29 "_s));
    QCOMPARE(database->draft(1), u"not sent"_s);
    QCOMPARE(database->verify(), QString());
}

/// A thousand rows that all say that their text is the whole file.
void TestStoreSalvage::hostileChainsCostNothing() {
    StoreFolder folder;
    const int pages = 4000;
    QByteArray bytes(pages * 4096, '\x41');
    bytes.replace(0, 4096, m_good.left(4096));
    const auto put = [&](qsizetype at, quint32 value) {
        for (int i = 0; i < 4; ++i)
            bytes[at + i] = static_cast<char>(value >> (24 - 8 * i));
    };
    for (int page = 1; page < pages; ++page)
        put(page * 4096, static_cast<quint32>(page % (pages - 1) + 2)); // a ring of overflow pages
    QByteArray leaf(4096, '\0');
    leaf[0] = 0x0d;
    leaf[3] = 0x03; // 800 cells
    leaf[4] = 0x20;
    for (int cell = 0; cell < 800; ++cell) {
        leaf[8 + 2 * cell] = 0x07;
        leaf[9 + 2 * cell] = 0x00;
    }
    leaf.replace(0x700, 4, QByteArray::fromHex("87e7ff7f")); // 16 million bytes long
    bytes.replace(4096, 4096, leaf);
    bytes.replace(8 * 4096, 4096, leaf);
    write(folder.path(), bytes);
    QElapsedTimer timer;
    timer.start();
    const auto database = folder.open();
    QVERIFY(database->chats().isEmpty());
    QVERIFY2(timer.elapsed() < 20'000, qPrintable(QString::number(timer.elapsed())));
}

void TestStoreSalvage::killedWhileItWasReplaced() {
    StoreFolder folder;
    write(folder.path(), m_good.left(m_good.size() / 2));
    folder.open()->chats();
    // As if killed before the new one had its name.
    QVERIFY(QFile::rename(folder.path(), folder.path() + u".recovered"_s));
    {
        const auto database = folder.open();
        QVERIFY(!database->chats().isEmpty());
        QVERIFY(database->notice().contains(u"more of your texts may be in it"_s));
        QCOMPARE(movedAside(folder).size(), 1);
    }
    QCOMPARE(folder.open()->notice(), QString());
    // What an earlier start left unfinished is not taken for the chats.
    write(folder.path() + u".recovered"_s, "half");
    QVERIFY(!folder.open()->chats().isEmpty());
    QVERIFY(!QFileInfo::exists(folder.path() + u".recovered"_s));
}

QTEST_GUILESS_MAIN(TestStoreSalvage)
#include "tst_store_salvage.moc"
