#include "app/export.h"
#include "tests/app/disk_watch.h"
#include "tests/app/store_support.h"

#include <QDir>
#include <QFileInfo>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace app;
using namespace Qt::StringLiterals;
using test::StoreFolder;
using Call = test::DiskWatch::Call;

/// What the disk can do to the store: R1, R3, R6, R7, R13.
class TestStoreFaults : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void userTextIsOnDiskBeforeTheCallReturns();
    void powerCutKeepsFinishedMessages();
    void fullDatabase();
    void fullAtEveryWrite();
    void fullFileSystem();
    void everyFailingCallIsReported();
    void readOnlyFolder();
    void readOnlyFolderAfterAnUncleanEnd();
};

namespace {

/// A conversation of which each step can fail; what was acknowledged is remembered and must be there later.
class Conversation {
public:
    /// False: something failed. Each failure must be of one of the kinds a disk can cause.
    bool step(Database& database) {
        try {
            if (m_chat == 0)
                m_chat = database.createChat(u"t"_s, {});
            if (m_question == 0) {
                m_question = database.appendUserMessage(m_chat, m_last, u"question %1"_s.arg(m_done)).id;
                m_texts.append(u"question %1"_s.arg(m_done));
            }
            if (m_answer == 0) {
                m_answer = database.beginAnswer(m_chat, m_question, u"toy"_s).id;
                m_written.clear();
            }
            while (m_written.size() < 50 * 4) {
                const QString piece = u"%1 words with a few letters each. "_s.arg(m_written.size());
                database.appendChunk(m_answer, piece);
                m_written += piece;
            }
            database.finishAnswer(m_answer, MessageState::Done, 1, 1);
            m_texts.append(m_written);
            m_last = m_answer;
            m_question = m_answer = 0;
            ++m_done;
            return true;
        } catch (const StoreError& error) {
            kinds.insert(static_cast<int>(error.kind()));
            return false;
        }
    }
    void verifyIn(Database& database) const {
        QCOMPARE(database.verify(), QString());
        if (m_chat == 0)
            return;
        const QList<Message> branch = database.branch(m_chat);
        QVERIFY(branch.size() >= m_texts.size());
        for (int i = 0; i < m_texts.size(); ++i)
            QCOMPARE(branch[i].text, m_texts[i]);
        if (m_answer != 0) // an unfinished one has all its acknowledged pieces
            QVERIFY(branch[m_texts.size()].text.startsWith(m_written));
    }
    /// Memory of the unfinished answer is of no use once the database was opened again: it is Interrupted
    /// now.
    void forgetUnfinished() {
        if (m_answer == 0)
            return;
        m_texts.append(m_written);
        m_last = m_answer;
        m_question = m_answer = 0;
        m_written.clear();
    }
    int done() const { return m_done; }
    QSet<int> kinds;

private:
    ChatId m_chat = 0;
    MessageId m_question = 0, m_answer = 0, m_last = 0;
    QString m_written;
    QStringList m_texts;
    int m_done = 0;
};

/// Runs in a process of its own, which may drop rights; its failures are told on a pipe.
QString inChild(const std::function<QString()>& work) {
    int ends[2];
    if (::pipe(ends) != 0)
        return u"no pipe"_s;
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        QString result;
        try {
            result = work();
        } catch (const std::exception& error) {
            result = u"threw: "_s + QString::fromUtf8(error.what());
        }
        const QByteArray bytes = result.toUtf8();
        const bool told =
            ::write(ends[1], bytes.constData(), static_cast<std::size_t>(bytes.size())) == bytes.size();
        ::_exit(told ? 0 : 1);
    }
    ::close(ends[1]);
    QByteArray told;
    char buffer[4096];
    for (ssize_t size; (size = ::read(ends[0], buffer, sizeof buffer)) > 0;)
        told.append(buffer, size);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return status == 0 ? QString::fromUtf8(told) : u"the process ended with status %1"_s.arg(status);
}

constexpr auto kReadableFile = QFile::ReadOwner | QFile::ReadGroup | QFile::ReadOther;
constexpr auto kReadableFolder = kReadableFile | QFile::ExeOwner | QFile::ExeGroup | QFile::ExeOther;

/// The superuser may write everywhere; somebody else may not.
bool becomeSomebodyElse() {
    return ::getuid() != 0 || ::setuid(65534) == 0;
}

} // namespace

void TestStoreFaults::userTextIsOnDiskBeforeTheCallReturns() {
    StoreFolder folder;
    test::DiskWatch watch;
    int syncs = 0;
    bool dirty = false;
    watch.synced = [&](const QString& path) {
        syncs += path.endsWith(u"-wal"_s);
        dirty = dirty && !path.endsWith(u"-wal"_s);
    };
    watch.before = [&](Call call, const QString& path) {
        dirty = dirty || (call == Call::Write && path.endsWith(u"-wal"_s));
        return SQLITE_OK;
    };
    const auto database = folder.open();
    const ChatId chat = database->createChat(u"t"_s, {});
    MessageId last = 0;
    for (int turn = 0; turn < 5; ++turn) {
        syncs = 0;
        last = database->appendUserMessage(chat, last, u"a question"_s).id;
        QVERIFY(syncs > 0 && !dirty);
        syncs = 0;
        const MessageId answer = database->beginAnswer(chat, last, u"toy"_s).id;
        for (int i = 0; i < 20; ++i)
            database->appendChunk(answer, u"words "_s);
        QCOMPARE(syncs, 0); // pieces of an answer wait for nobody
        QVERIFY(dirty);
        database->finishAnswer(answer, MessageState::Done, 20, 1);
        QVERIFY(syncs > 0 && !dirty);
        last = answer;
    }
}

void TestStoreFaults::powerCutKeepsFinishedMessages() {
    StoreFolder folder, after;
    test::DiskWatch watch;
    // The worst a power cut does to files: everything since their last sync is gone.
    watch.synced = [&](const QString& path) {
        if (!path.startsWith(folder.folder()))
            return;
        const QString target = after.path(QFileInfo(path).fileName());
        QFile::remove(target);
        QFile::copy(path, target);
    };
    const auto database = folder.open();
    QFile::copy(folder.path(), after.path()); // its folder was synced when it was made
    const ChatId chat = database->createChat(u"t"_s, {});
    MessageId last = 0;
    QStringList texts;
    for (int turn = 0; turn < 40; ++turn) {
        texts.append(u"question %1"_s.arg(turn));
        last = database->appendUserMessage(chat, last, texts.last()).id;
        const MessageId answer = database->beginAnswer(chat, last, u"toy"_s).id;
        database->appendChunk(answer, u"answer"_s.repeated(300));
        const bool finish = turn % 3 > 0;
        if (finish) {
            database->finishAnswer(answer, MessageState::Done, 1, 1);
            texts.append(u"answer"_s.repeated(300));
            last = answer;
        }
        StoreFolder restored;
        for (const QString& file : QDir(after.folder()).entryList(QDir::Files))
            QFile::copy(after.path(file), restored.path(file));
        const auto rest = restored.open();
        QCOMPARE(rest->notice(), QString());
        QCOMPARE(rest->verify(), QString());
        const QList<Message> branch = rest->branch(chat);
        QVERIFY(branch.size() >= texts.size());
        for (int i = 0; i < texts.size(); ++i)
            QCOMPARE(branch[i].text, texts[i]);
    }
}

void TestStoreFaults::fullDatabase() {
    StoreFolder folder;
    Conversation conversation;
    {
        const auto database = folder.open();
        QVERIFY(conversation.step(*database));
        test::execute(*database, u"PRAGMA max_page_count = 60"_s);
        while (conversation.step(*database))
            QVERIFY(conversation.done() < 10000);
        QCOMPARE(conversation.kinds, QSet<int>{static_cast<int>(StoreError::Kind::Full)});
        for (int i = 0; i < 20; ++i) // stays usable for reading and for another try
            QVERIFY(!conversation.step(*database));
        conversation.verifyIn(*database);
        exportChatToFile(*database, 1, ExportFormat::Json, folder.path(u"elsewhere.json"_s));
        test::execute(*database, u"PRAGMA max_page_count = 100000"_s);
        QVERIFY(conversation.step(*database)); // goes on where it stopped
        conversation.verifyIn(*database);
    }
    conversation.verifyIn(*folder.open());
}

void TestStoreFaults::fullAtEveryWrite() {
    for (int allowed = 0; allowed < 400; allowed = allowed < 60 ? allowed + 1 : allowed + 7) {
        StoreFolder folder;
        test::DiskWatch watch;
        int left = -1;
        watch.before = [&](Call call, const QString&) {
            if (call != Call::Write || left < 0)
                return SQLITE_OK;
            return left > 0 && left-- > 0 ? SQLITE_OK : SQLITE_FULL;
        };
        Conversation conversation;
        {
            const auto database = folder.open();
            left = allowed;
            for (int i = 0; i < 3; ++i)
                conversation.step(*database);
            conversation.verifyIn(*database);
            left = -1; // there is room again
            QVERIFY(conversation.step(*database));
            conversation.verifyIn(*database);
        }
        conversation.verifyIn(*folder.open());
        QVERIFY(conversation.kinds.isEmpty() ||
                conversation.kinds == QSet<int>{static_cast<int>(StoreError::Kind::Full)});
    }
}

void TestStoreFaults::fullFileSystem() {
    StoreFolder folder;
    const QString problem = inChild([&] {
        const QByteArray mountPoint = QFile::encodeName(folder.folder());
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("none", mountPoint.constData(), "tmpfs", 0, "size=1m") != 0)
            return u"SKIP"_s;
        Conversation conversation;
        {
            const auto database = folder.open();
            QFile ballast(folder.path(u"ballast"_s));
            if (!ballast.open(QIODevice::WriteOnly) || ballast.write(QByteArray(300'000, 'x')) != 300'000)
                return u"no ballast"_s;
            ballast.close();
            while (conversation.step(*database)) {
                if (conversation.done() > 100000)
                    return u"never full"_s;
            }
            for (int i = 0; i < 10; ++i)
                conversation.step(*database);
            if (conversation.kinds != QSet<int>{static_cast<int>(StoreError::Kind::Full)})
                return u"another error than that the disk is full"_s;
            conversation.verifyIn(*database);
            ballast.remove();
            if (!conversation.step(*database))
                return u"does not go on although there is room"_s;
            conversation.verifyIn(*database);
            QFile(folder.path(u"more"_s)).open(QIODevice::WriteOnly);
            QFile more(folder.path(u"more"_s));
            if (more.open(QIODevice::WriteOnly))
                more.write(QByteArray(2'000'000, 'x'));
        }
        // A start on a full disk: everything can be read.
        const auto database = folder.open();
        conversation.verifyIn(*database);
        return QTest::currentTestFailed() ? u"the texts differ"_s : QString();
    });
    if (problem == u"SKIP"_s)
        QSKIP("a file system of its own cannot be mounted here");
    QCOMPARE(problem, QString());
}

void TestStoreFaults::everyFailingCallIsReported() {
    for (const bool once : {true, false}) {
        int reached = 0;
        for (int nth = 0; nth < 2000; nth = nth < 40 ? nth + 1 : nth + 1 + nth / 20) {
            StoreFolder folder;
            test::DiskWatch watch;
            int calls = -1;
            watch.before = [&](Call, const QString&) {
                const bool failing = calls >= 0 && (once ? calls == nth : calls >= nth);
                calls += calls >= 0;
                return failing ? SQLITE_IOERR : SQLITE_OK;
            };
            folder.open(); // made, closed
            Conversation conversation;
            try {
                calls = 0;
                const auto database = folder.open();
                for (int i = 0; i < 3; ++i)
                    conversation.step(*database);
            } catch (const StoreError&) {
                // Said at opening.
            }
            reached = calls;
            calls = -1;
            const auto database = folder.open();
            conversation.verifyIn(*database);
            QVERIFY2(QDir(folder.folder()).entryList({u"*damaged*"_s}).isEmpty(),
                     "a failing disk is not damage");
            if (reached <= nth)
                break;
        }
        QVERIFY(reached > 50);
    }
}

void TestStoreFaults::readOnlyFolder() {
    StoreFolder folder;
    ChatId chat = 0;
    {
        const auto database = folder.open();
        chat = database->createChat(u"t"_s, {});
        database->appendUserMessage(chat, 0, u"hello"_s);
    }
    QFile::setPermissions(folder.path(), kReadableFile);
    QFile::setPermissions(folder.folder(), kReadableFolder);
    const QString problem = inChild([&] {
        if (!becomeSomebodyElse())
            return u"rights could not be dropped"_s;
        const auto database = folder.open();
        if (database->access() != Access::ReadOnly || !database->notice().endsWith(u'.'))
            return u"access or notice: "_s + database->notice();
        if (database->branch(chat).value(0).text != u"hello"_s || database->search(u"hel"_s).size() != 1)
            return u"cannot be read"_s;
        if (test::errorOf([&] { database->appendUserMessage(chat, 0, u"x"_s); }) !=
            StoreError::Kind::ReadOnly)
            return u"writing was not refused"_s;
        if (test::errorOf([&] { Database::open(folder.path(u"new.db"_s)); }) == std::nullopt)
            return u"a new file was not refused"_s;
        return QString();
    });
    QFile::setPermissions(folder.folder(), QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    QCOMPARE(problem, QString());
}

void TestStoreFaults::readOnlyFolderAfterAnUncleanEnd() {
    StoreFolder folder;
    // Dies with everything still in the log.
    QCOMPARE(inChild([&] {
                 auto database = folder.open();
                 const ChatId chat = database->createChat(u"t"_s, {});
                 const Message question = database->appendUserMessage(chat, 0, u"hello"_s);
                 database->appendChunk(database->beginAnswer(chat, question.id, u"toy"_s).id, u"half"_s);
                 database.release(); // never closed
                 return QString();
             }),
             QString());
    QVERIFY(QFileInfo(folder.path() + u"-wal"_s).size() > 0);
    for (const QString& suffix : {u""_s, u"-wal"_s})
        QFile::setPermissions(folder.path() + suffix, kReadableFile);
    QFile::remove(folder.path() + u"-shm"_s);
    QFile::setPermissions(folder.folder(), kReadableFolder);
    const QString problem = inChild([&] {
        if (!becomeSomebodyElse())
            return u"rights could not be dropped"_s;
        const auto database = folder.open();
        const QList<Message> branch = database->branch(1);
        return branch.size() == 2 && branch[1].text == u"half"_s &&
                       branch[1].state == MessageState::Interrupted
                   ? QString()
                   : u"the log was not read"_s;
    });
    QFile::setPermissions(folder.folder(), QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    QCOMPARE(problem, QString());
}

QTEST_GUILESS_MAIN(TestStoreFaults)
#include "tst_store_faults.moc"
