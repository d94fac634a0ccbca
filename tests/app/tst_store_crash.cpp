#include "tests/app/store_support.h"

#include <QElapsedTimer>
#include <QFile>
#include <QProcess>
#include <QRandomGenerator>

#include <atomic>
#include <cstdio>
#include <thread>
#include <unistd.h>

using namespace app;
using namespace Qt::StringLiterals;
using test::StoreFolder;

// R1, R2, R4, R9 with real processes: this program starts itself as a writer ("--write") or an opener
// ("--open") and kills it.

namespace {

/// What the writer says on its pipe, at once and unbuffered, after each call has returned.
void tell(const QByteArray& line) {
    const QByteArray whole = line + '\n';
    if (::write(STDOUT_FILENO, whole.constData(), static_cast<std::size_t>(whole.size())) != whole.size())
        ::_exit(3);
}

QString piece(MessageId answer, int number) {
    return u"<%1.%2> ¡palabra 😀! "_s.arg(answer).arg(number);
}

/// Asks and answers until it is killed: "asked ID", "chunk ID COUNT", "finished ID COUNT".
int writeForEver(const QString& path) {
    const auto database = Database::open(path);
    if (database->access() != Access::ReadWrite)
        return 2;
    tell("open");
    const ChatId chat =
        database->chats().isEmpty() ? database->createChat(u"t"_s, {}) : database->chats()[0].id;
    const QList<Message> before = database->branch(chat);
    MessageId last = before.isEmpty() ? 0 : before.last().id;
    for (int turn = 0;; ++turn) {
        last = database->appendUserMessage(chat, last, u"question with some words in it"_s).id;
        tell("asked " + QByteArray::number(last));
        const MessageId answer = database->beginAnswer(chat, last, u"toy"_s).id;
        const int pieces = 1 + turn * 7 % 40;
        for (int number = 1; number <= pieces; ++number) {
            database->appendChunk(answer, piece(answer, number));
            tell("chunk " + QByteArray::number(answer) + ' ' + QByteArray::number(number));
            ::usleep(300); // or most of the time would go into syncing the questions
        }
        database->finishAnswer(answer, MessageState::Done, pieces, 1);
        tell("finished " + QByteArray::number(answer) + ' ' + QByteArray::number(pieces));
        last = answer;
    }
}

/// Opens, says how, and stays until its standard input closes.
int openOnly(const QString& path) {
    const auto database = Database::open(path);
    tell(database->access() == Access::ReadWrite ? "writer" : "reader: " + database->notice().toUtf8());
    QFile input;
    if (input.open(stdin, QIODevice::ReadOnly))
        input.readAll();
    return 0;
}

/// All that was acknowledged so far.
struct Acknowledged {
    QList<MessageId> asked;
    QMap<MessageId, int> chunks;
    QMap<MessageId, int> finished;

    void read(const QByteArray& lines) {
        const qsizetype whole = lines.lastIndexOf('\n'); // the last line may have been cut off
        for (const QByteArray& line : lines.left(whole + 1).split('\n')) {
            const QList<QByteArray> words = line.split(' ');
            if (words[0] == "asked")
                asked.append(words[1].toLongLong());
            else if (words[0] == "chunk")
                chunks[words[1].toLongLong()] = words[2].toInt();
            else if (words[0] == "finished")
                finished[words[1].toLongLong()] = words[2].toInt();
        }
    }
};

} // namespace

class TestStoreCrash : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void killedAtRandomMoments();
    void twentyStartsOneWriter();
    void lockEndsWithItsProcess();
    void readerBesideAWriter();

private:
    std::unique_ptr<QProcess> start(const QString& mode, const QString& path) {
        auto process = std::make_unique<QProcess>();
        process->setProcessChannelMode(QProcess::ForwardedErrorChannel);
        process->start(QCoreApplication::applicationFilePath(), {mode, path});
        return process;
    }
};

void TestStoreCrash::killedAtRandomMoments() {
    StoreFolder folder;
    QRandomGenerator random(11);
    Acknowledged acknowledged;
    QSet<MessageId> seenInterrupted;
    constexpr int kKills = 120;
    for (int kill = 0; kill < kKills; ++kill) {
        const auto writer = start(u"--write"_s, folder.path());
        QByteArray said;
        if (kill % 10 != 0) { // every tenth dies while it starts
            const int lines =
                1 + random.bounded(16); // counted, because a busy machine gets nowhere in a given time
            while (said.count('\n') < lines && writer->waitForReadyRead(20000))
                said += writer->readAllStandardOutput();
            QVERIFY(said.startsWith("open\n"));
            ::usleep(random.bounded(3000));
        } else {
            QVERIFY(writer->waitForStarted());
            ::usleep(random.bounded(30000));
        }
        writer->kill();
        QVERIFY(writer->waitForFinished());
        QCOMPARE(writer->exitStatus(), QProcess::CrashExit);
        acknowledged.read(said + writer->readAllStandardOutput());
        if (kill % 4 != 3)
            continue;
        // Looked at by a reader first, which changes nothing, then opened as the next start does.
        for (const Access access : {Access::ReadOnly, Access::ReadWrite}) {
            const auto database = Database::open(folder.path(), access);
            QCOMPARE(database->verify(), QString());
            if (database->chats().isEmpty())
                continue;
            QMap<MessageId, Message> stored;
            for (const Message& message : database->allMessages(database->chats()[0].id))
                stored.insert(message.id, message);
            for (const MessageId id : acknowledged.asked)
                QCOMPARE(stored[id].text, u"question with some words in it"_s);
            for (auto chunk = acknowledged.chunks.begin(); chunk != acknowledged.chunks.end(); ++chunk) {
                QString expected;
                for (int number = 1; number <= chunk.value(); ++number)
                    expected += piece(chunk.key(), number);
                const Message& message = stored[chunk.key()];
                QVERIFY2(message.text.startsWith(expected), qPrintable(message.text));
                QVERIFY(message.state == MessageState::Done || message.state == MessageState::Interrupted);
                if (acknowledged.finished.contains(chunk.key()))
                    QCOMPARE(message.state, MessageState::Done);
                if (message.state == MessageState::Interrupted)
                    seenInterrupted.insert(message.id);
            }
        }
    }
    QVERIFY2(acknowledged.chunks.size() > 30, qPrintable(QString::number(acknowledged.chunks.size())));
    QVERIFY2(seenInterrupted.size() > 30,
             qPrintable(QString::number(seenInterrupted.size()))); // the kills did hit answers
    // Any of them can be continued.
    const auto database = folder.open();
    for (const MessageId id : seenInterrupted) {
        database->reopenAnswer(id);
        database->appendChunk(id, u"end"_s);
        database->finishAnswer(id, MessageState::Done, 1, 1);
    }
    QCOMPARE(database->verify(), QString());
}

void TestStoreCrash::twentyStartsOneWriter() {
    StoreFolder folder;
    std::vector<std::unique_ptr<QProcess>> processes;
    for (int i = 0; i < 20; ++i)
        processes.push_back(start(u"--open"_s, folder.path()));
    int writers = 0;
    for (const auto& process : processes) {
        QByteArray line;
        while (!line.contains('\n') && process->waitForReadyRead(30000))
            line += process->readAllStandardOutput();
        writers += line == "writer\n";
        QVERIFY2(line == "writer\n" || (line.startsWith("reader: ") && line.endsWith(".\n")),
                 line.constData());
    }
    QCOMPARE(writers, 1);
    for (const auto& process : processes) {
        process->closeWriteChannel();
        QVERIFY(process->waitForFinished());
        QCOMPARE(process->exitCode(), 0);
    }
    QCOMPARE(folder.open()->verify(), QString());
}

void TestStoreCrash::lockEndsWithItsProcess() {
    StoreFolder folder;
    const auto holder = start(u"--open"_s, folder.path());
    QVERIFY(holder->waitForReadyRead(20000));
    {
        QElapsedTimer timer;
        timer.start();
        const auto second = folder.open();
        QVERIFY(timer.elapsed() < 20000); // a sentence, not a hang
        QCOMPARE(second->access(), Access::ReadOnly);
        QVERIFY(second->notice().endsWith(u'.'));
        QCOMPARE(test::errorOf([&] { second->createChat(u"t"_s, {}); }), StoreError::Kind::ReadOnly);
    }
    holder->kill();
    QVERIFY(holder->waitForFinished());
    QCOMPARE(folder.open()->access(), Access::ReadWrite);
    // Also within one process.
    const auto first = folder.open();
    QCOMPARE(folder.open()->access(), Access::ReadOnly);
}

void TestStoreCrash::readerBesideAWriter() {
    StoreFolder folder;
    const auto writer = folder.open();
    const ChatId chat = writer->createChat(u"t"_s, {});
    std::atomic<bool> stop = false;
    std::atomic<int> looks = 0;
    QString problem;
    std::thread reading([&] {
        try {
            const auto reader = Database::open(folder.path(), Access::ReadOnly);
            qsizetype length = 0;
            while (!stop) {
                qsizetype now = 0;
                for (const Message& message : reader->branch(chat))
                    now += message.text.size();
                reader->search(u"words"_s);
                if (now < length)
                    problem = u"text has become shorter"_s;
                length = now;
                ++looks;
            }
        } catch (const StoreError& error) {
            problem = QString::fromUtf8(error.what());
        }
    });
    MessageId last = 0;
    for (int turn = 0; turn < 150 || (looks < 20 && turn < 5000); ++turn) {
        last = writer->appendUserMessage(chat, last, u"some words"_s).id;
        last = test::answer(*writer, chat, last, u"more words "_s.repeated(20)).id;
    }
    stop = true;
    reading.join();
    QCOMPARE(problem, QString());
    QVERIFY(looks >= 20);
    QCOMPARE(writer->verify(), QString());
}

int main(int argc, char** argv) {
    QCoreApplication application(argc, argv);
    const QStringList arguments = QCoreApplication::arguments();
    if (arguments.size() == 3 && arguments[1] == u"--write"_s)
        return writeForEver(arguments[2]);
    if (arguments.size() == 3 && arguments[1] == u"--open"_s)
        return openOnly(arguments[2]);
    TestStoreCrash test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_store_crash.moc"
