#include "app/export.h"
#include "tests/app/store_support.h"

#include <QFileInfo>
#include <QProcess>
#include <QRandomGenerator>

#include <nlohmann/json.hpp>

using namespace app;
using namespace Qt::StringLiterals;
using test::StoreFolder;

/// R12: nothing is lost on the way out and in again; nothing else gets in.
class TestExport : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void jsonKeepsEverything();
    void jsonKeepsRandomTrees();
    void readableForms();
    void filesAreAtomicAndPrivate();
    void refusesEverythingElse();
    void anyOrderOfMembers();
    void endlessAndHugeFiles();
    void commandLine();
};

namespace {

QString oddText() {
    return u"emoji 👩‍👩‍👧 🇪🇸, rtl مرحبا \u202e, nul "_s + QChar(0) +
           u" after, \"quotes\" \\ / \b\f\t\r\n </script> e\u0301"_s;
}

/// Everything that must survive, with ids replaced by places.
QStringList facts(Database& database, ChatId id) {
    const ChatSummary chat = *database.chat(id);
    const QList<Message> messages = database.allMessages(id);
    const auto place = [&](MessageId message) {
        for (int i = 0; i < messages.size(); ++i) {
            if (messages[i].id == message)
                return i;
        }
        return -1;
    };
    QStringList facts{chat.title, chat.systemPrompt, QString::number(chat.created.toMSecsSinceEpoch()),
                      QString::number(chat.updated.toMSecsSinceEpoch()),
                      QString::number(place(database.activeLeaf(id)))};
    for (const Message& message : messages) {
        facts << QString::number(place(message.parent)) << QString::number(int(message.role))
              << QString::number(int(message.state)) << message.text << message.model
              << QString::number(message.created.toMSecsSinceEpoch()) << QString::number(message.tokens)
              << QString::number(message.tokensPerSecond, 'g', 17);
    }
    return facts;
}

QString sentenceOf(Database& database, const QByteArray& json) {
    try {
        importChat(database, json);
    } catch (const StoreError& error) {
        return QString::fromUtf8(error.what());
    }
    return {};
}

} // namespace

void TestExport::jsonKeepsEverything() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(oddText(), u"Be "_s + oddText());
    const Message question = database->appendUserMessage(chat, 0, oddText());
    const Message first = test::answer(*database, chat, question.id, oddText(), MessageState::Interrupted);
    database->appendUserMessage(chat, first.id, u"x😀"_s.repeated(2'000'000)); // 10 MB of UTF-8
    test::answer(*database, chat, question.id, {}, MessageState::Error);
    test::answer(*database, chat, question.id, u"third"_s, MessageState::Stopped);
    database->setActiveLeaf(chat, first.id);
    const QByteArray json = exportChat(*database, chat, ExportFormat::Json);
    QVERIFY(json.size() > 10'000'000);

    StoreFolder other;
    const auto elsewhere = other.open();
    elsewhere->createChat(u"in the way"_s, {});
    const ChatId imported = importChat(*elsewhere, json);
    QCOMPARE(facts(*elsewhere, imported), facts(*database, chat));
    QCOMPARE(elsewhere->branch(imported).size(), 2);
    QCOMPARE(elsewhere->verify(), QString());
    // A second time beside itself: new ids, the same content.
    const ChatId again = importChat(*elsewhere, json);
    QVERIFY(again != imported);
    QCOMPARE(facts(*elsewhere, again), facts(*database, chat));
}

void TestExport::jsonKeepsRandomTrees() {
    StoreFolder folder;
    const auto database = folder.open();
    QRandomGenerator random(5);
    for (int round = 0; round < 20; ++round) {
        const ChatId chat = database->createChat(u"chat %1"_s.arg(round), {});
        QList<MessageId> ids{0};
        for (int i = random.bounded(30); i > 0; --i) {
            QString text;
            for (int length = random.bounded(40); length > 0; --length)
                text.append(QChar(random.bounded(0xd800)));
            const MessageId parent = ids[random.bounded(ids.size())];
            const auto state = static_cast<MessageState>(1 + random.bounded(4));
            ids.append(random.bounded(2) ? database->appendUserMessage(chat, parent, text).id
                                         : test::answer(*database, chat, parent, text, state).id);
        }
        const ChatId copy = importChat(*database, exportChat(*database, chat, ExportFormat::Json));
        QCOMPARE(facts(*database, copy), facts(*database, chat));
    }
    QCOMPARE(database->verify(), QString());
}

void TestExport::readableForms() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"About\nsinks"_s, u"Be brief.\nAlways."_s);
    const Message question = database->appendUserMessage(chat, 0, u"Why?"_s);
    test::answer(*database, chat, question.id, u"Another *version*."_s);
    test::answer(*database, chat, question.id, u"Because of **softmax**"_s, MessageState::Stopped);
    QCOMPARE(exportChat(*database, chat, ExportFormat::Markdown),
             "# About sinks\n\n> Be brief.\n> Always.\n\n## You\n\nWhy?\n\n## toy\n\nBecause of "
             "**softmax**\n\n*(stopped)*\n");
    const QByteArray plain = exportChat(*database, chat, ExportFormat::PlainText);
    QVERIFY(plain.startsWith("About sinks\n\n[System]\nBe brief.\nAlways.\n\n[You, 20"));
    QVERIFY(plain.endsWith("]\nBecause of **softmax**\n(stopped)\n"));
    QVERIFY(!plain.contains("version"));
    QVERIFY(test::errorOf([&] { exportChat(*database, 99, ExportFormat::Json); }));
}

void TestExport::filesAreAtomicAndPrivate() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"t"_s, {});
    const QString path = folder.path(u"chat.md"_s);
    exportChatToFile(*database, chat, ExportFormat::Markdown, path);
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), "# t\n");
    QCOMPARE(QFile::permissions(path) & QFileDevice::Permissions(0x0077), QFileDevice::Permissions());
    // What fails leaves the old file as it was, and nothing beside it.
    QVERIFY(test::errorOf([&] { exportChatToFile(*database, 99, ExportFormat::Markdown, path); }));
    QVERIFY(test::errorOf(
        [&] { exportChatToFile(*database, chat, ExportFormat::Json, folder.path(u"no/such/folder"_s)); }));
    QVERIFY(test::errorOf([&] { exportChatToFile(*database, chat, ExportFormat::Json, folder.folder()); }));
    file.seek(0);
    QCOMPARE(file.readAll(), "# t\n");
    QCOMPARE(QDir(folder.folder()).entryList({u"chat*"_s}, QDir::Files).size(), 1);
}

void TestExport::anyOrderOfMembers() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"t"_s, u"Be brief."_s);
    const Message question = database->appendUserMessage(chat, 0, u"q"_s);
    test::answer(*database, chat, question.id, u"a"_s);
    nlohmann::json sorted =
        nlohmann::json::parse(exportChat(*database, chat, ExportFormat::Json).toStdString());
    sorted["a note"] = {{"of", {"somebody", "else"}}};
    const QByteArray bytes = QByteArray::fromStdString(sorted.dump()); // by name: messages before their title
    QCOMPARE(facts(*database, importChat(*database, bytes)), facts(*database, chat));
    QVERIFY(!sentenceOf(*database, QByteArray(bytes).replace("\"title\"", "\"messages\":[],\"title\""))
                 .isEmpty());
    QCOMPARE(database->chats().size(), 2);
    QCOMPARE(database->verify(), QString());
}

/// Bytes without an end, and how many were asked for.
class Endless : public QIODevice {
public:
    explicit Endless(QByteArray block) : m_block(std::move(block)) { open(ReadOnly | Unbuffered); }
    bool isSequential() const override { return true; }
    qint64 taken = 0;

protected:
    qint64 readData(char* to, qint64 size) override {
        for (qint64 i = 0; i < size; ++i)
            to[i] = m_block[static_cast<qsizetype>((taken + i) % m_block.size())];
        taken += size;
        return size;
    }
    qint64 writeData(const char*, qint64) override { return -1; }

private:
    QByteArray m_block;
};

void TestExport::endlessAndHugeFiles() {
    StoreFolder folder;
    const auto database = folder.open();
    for (const QByteArray& block :
         {QByteArray(1, '\0'), QByteArray("x"), QByteArray("["), QByteArray("{\"a\":")}) {
        Endless device(block);
        QVERIFY(test::errorOf([&] { importChat(*database, device); }));
        QVERIFY2(device.taken <= 1 << 17, qPrintable(QString::number(device.taken)));
    }
    QFile zero(u"/dev/zero"_s);
    QVERIFY(zero.open(QIODevice::ReadOnly));
    QVERIFY(test::errorOf([&] { importChat(*database, zero); }));
    QVERIFY(database->chats().isEmpty());
}

void TestExport::refusesEverythingElse() {
    StoreFolder folder;
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"t"_s, {});
    const Message question = database->appendUserMessage(chat, 0, u"q"_s);
    test::answer(*database, chat, question.id, u"a"_s);
    const std::string good = exportChat(*database, chat, ExportFormat::Json).toStdString();
    using Json = nlohmann::json;
    const std::vector<std::function<void(Json&)>> harms{
        [](Json& json) { json.erase("format"); },
        [](Json& json) { json["format"] = "other"; },
        [](Json& json) { json["format"] = 3; },
        [](Json& json) { json.erase("version"); },
        [](Json& json) { json["version"] = 2; },
        [](Json& json) { json["version"] = "1"; },
        [](Json& json) { json["title"] = nullptr; },
        [](Json& json) { json["created"] = "yesterday"; },
        [](Json& json) { json["messages"] = "none"; },
        [](Json& json) { json["messages"].push_back(7); },
        [](Json& json) { json["messages"][0].erase("text"); },
        [](Json& json) { json["messages"][0]["text"] = Json::array(); },
        [](Json& json) { json["messages"][0]["role"] = "oracle"; },
        [](Json& json) { json["messages"][0]["state"] = "asleep"; },
        [](Json& json) { json["messages"][1]["parent"] = 4711; },
        [](Json& json) { json["messages"][1]["parent"] = json["messages"][1]["id"]; },
        [](Json& json) { json["messages"][0]["parent"] = json["messages"][1]["id"]; },
        [](Json& json) { json["messages"][1]["id"] = json["messages"][0]["id"]; },
        [](Json& json) { json["messages"][0]["id"] = nullptr; },
        [](Json& json) { json["messages"][0]["id"] = -4; },
        [](Json& json) { json["messages"][0]["id"] = 1.5; },
        [](Json& json) { json["messages"][0]["id"] = 18446744073709551615ull; },
        [](Json& json) { json["messages"][1]["tokens"] = 1e300; },
        [](Json& json) { json["messages"][1]["tokens"] = "many"; },
        [](Json& json) { json["active_leaf"] = 4711; },
    };
    for (std::size_t i = 0; i < harms.size(); ++i) {
        Json json = Json::parse(good);
        harms[i](json);
        const QString sentence = sentenceOf(*database, QByteArray::fromStdString(json.dump()));
        QVERIFY2(sentence.endsWith(u'.') && sentence.size() < 200,
                 qPrintable(u"harm %1: %2"_s.arg(i).arg(sentence)));
    }
    for (const QByteArray& bytes :
         {QByteArray(), QByteArray("[]"), QByteArray("null"), QByteArray("{}"), QByteArray("# t\n"),
          QByteArray("\xff\xfe\x00"), QByteArray(100000, '['), QByteArray::fromStdString(good).chopped(9)})
        QVERIFY(!sentenceOf(*database, bytes).isEmpty());
    // Any single byte changed: refused or harmless, never half a chat.
    QRandomGenerator random(3);
    for (int round = 0; round < 500; ++round) {
        QByteArray bytes = QByteArray::fromStdString(good);
        bytes[random.bounded(bytes.size())] = static_cast<char>(random.bounded(256));
        sentenceOf(*database, bytes);
    }
    for (const ChatSummary& summary : database->chats())
        QCOMPARE(summary.messages, 2);
    QCOMPARE(database->verify(), QString());
}

void TestExport::commandLine() {
    const QString program = QStringLiteral(SUMIDERO_BINARY_DIR) + u"/sumidero-cli"_s;
    if (!QFileInfo::exists(program))
        QSKIP("sumidero-cli has not been built");
    StoreFolder folder;
    const auto run = [&](const QStringList& arguments) {
        QProcess process;
        process.start(program,
                      QStringList{u"chats"_s} + arguments + QStringList{u"--database"_s, folder.path()});
        process.waitForFinished();
        return std::pair(process.exitCode(),
                         process.readAllStandardOutput() + process.readAllStandardError());
    };
    QCOMPARE(run({u"list"_s}).first, 1); // nothing there, and nothing is made
    QVERIFY(!QFileInfo::exists(folder.path()));
    const auto database = folder.open(); // the program is running meanwhile
    const ChatId chat = database->createChat(u"Title"_s, {});
    database->appendUserMessage(chat, 0, u"sinks hold\x1b[31m"_s);
    using Json = nlohmann::json;
    const auto json = [&](QStringList arguments) {
        return Json::parse(run(arguments << u"--json"_s).second.toStdString());
    };
    QCOMPARE(json({u"list"_s})["chats"].size(), 1u);
    QCOMPARE(json({u"list"_s})["chats"][0]["title"].get<std::string>(), "Title");
    QCOMPARE(json({u"show"_s, u"1"_s})["branch"][0]["text"].get<std::string>(), "sinks hold\x1b[31m");
    QCOMPARE(json({u"search"_s, u"sink"_s})["hits"].size(), 1u);
    QVERIFY(!run({u"show"_s, u"1"_s}).second.contains('\x1b')); // nothing that would drive a terminal
    QCOMPARE(
        run({u"export"_s, u"1"_s, u"--output"_s, folder.path(u"one.json"_s), u"--format"_s, u"json"_s}).first,
        0);
    // The running program holds the pen.
    QCOMPARE(run({u"import"_s, folder.path(u"one.json"_s)}).first, 1);
    QCOMPARE(run({u"show"_s, u"7"_s}).first, 1);
    QCOMPARE(run({u"show"_s}).first, 2);
    QProcess process;
    process.start(program, {u"chats"_s, u"import"_s, folder.path(u"one.json"_s), u"--database"_s,
                            folder.path(u"other.db"_s)});
    process.waitForFinished();
    QCOMPARE(process.exitCode(), 0);
    QCOMPARE(Database::open(folder.path(u"other.db"_s))->branch(1)[0].text, u"sinks hold\x1b[31m"_s);
}

QTEST_GUILESS_MAIN(TestExport)
#include "tst_export.moc"
