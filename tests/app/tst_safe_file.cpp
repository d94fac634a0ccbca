#include "app/export.h"
#include "app/safe_file.h"
#include "tests/app/store_support.h"

#include <QDir>

#include <cerrno>
#include <csignal>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace app;
using namespace Qt::StringLiterals;
using test::StoreFolder;

namespace {
int g_syncFailure = 0; // errno of the next syncs; 0: they work
} // namespace

/// Stands before the C library's, so that a disk can fail when it is asked to keep what it took.
extern "C" int fsync(int descriptor) {
    if (g_syncFailure == 0)
        return static_cast<int>(::syscall(SYS_fsync, descriptor));
    errno = g_syncFailure;
    return -1;
}

/// A file is written whole, or the old one stays and somebody is told why.
class TestSafeFile : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void replacesWholeAndPrivately();
    void refusedBytes_data();
    void refusedBytes();
    void refusedSync();
    void fullDisk();
    void devicesAreWrittenDirectly();
    void placesThatCannotBe();
    void exportKeepsTheOldFile();

private:
    QByteArray content(const QString& name = u"chat.md"_s) const {
        QFile file(m_folder->path(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("no such file");
    }
    QStringList names() const { return QDir(m_folder->folder()).entryList(QDir::Files | QDir::Hidden); }
    /// The sentence that writing it gives; empty: it worked.
    QString problem(const QByteArray& bytes, const QString& name = u"chat.md"_s) {
        try {
            writeFile(m_folder->path(name), bytes);
        } catch (const StoreError& error) {
            m_kind = error.kind();
            return QString::fromUtf8(error.what());
        }
        return {};
    }

    std::unique_ptr<StoreFolder> m_folder;
    StoreError::Kind m_kind{};
};

void TestSafeFile::init() {
    m_folder = std::make_unique<StoreFolder>();
    writeFile(m_folder->path(u"chat.md"_s), "the old one");
}

void TestSafeFile::cleanup() {
    g_syncFailure = 0;
}

void TestSafeFile::replacesWholeAndPrivately() {
    QCOMPARE(content(), "the old one");
    const QByteArray large(3'000'001, 'x');
    QCOMPARE(problem(large), QString());
    QCOMPARE(content(), large);
    QCOMPARE(problem({}), QString());
    QCOMPARE(content(), QByteArray());
    QCOMPARE(names(), QStringList{u"chat.md"_s});
    QCOMPARE(QFile::permissions(m_folder->path(u"chat.md"_s)) & QFileDevice::Permissions(0x0077),
             QFileDevice::Permissions());
}

void TestSafeFile::refusedBytes_data() {
    QTest::addColumn<int>("allowed");
    QTest::addColumn<int>("size");
    QTest::newRow("a small file, none of it") << 0 << 500;
    QTest::newRow("a small file, some of it") << 100 << 500;
    QTest::newRow("a large file") << 1'000'000 << 3'000'000;
}

void TestSafeFile::refusedBytes() {
    QFETCH(int, allowed);
    QFETCH(int, size);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit tight{static_cast<rlim_t>(allowed), before.rlim_max};
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &tight);
    const QString sentence = problem(QByteArray(size, 'x'));
    ::setrlimit(RLIMIT_FSIZE, &before);
    QVERIFY2(sentence.contains(u"File too large"_s), qPrintable(sentence));
    QCOMPARE(content(), "the old one");
    QCOMPARE(names(), QStringList{u"chat.md"_s});
}

void TestSafeFile::refusedSync() {
    g_syncFailure = ENOSPC;
    const QString sentence = problem("new");
    QVERIFY2(sentence.startsWith(u"The disk is full"_s), qPrintable(sentence));
    QCOMPARE(m_kind, StoreError::Kind::Full);
    QCOMPARE(content(), "the old one");
    g_syncFailure = EIO;
    QVERIFY2(problem("new").contains(u"Input/output error"_s), "the reason");
    QCOMPARE(content(), "the old one");
    g_syncFailure = EINVAL; // a file system that cannot sync
    QCOMPARE(problem("new"), QString());
    QCOMPARE(content(), "new");
    QCOMPARE(names(), QStringList{u"chat.md"_s});
}

void TestSafeFile::fullDisk() {
    const QByteArray place = QFile::encodeName(m_folder->folder());
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", place.constData(), "tmpfs", 0, "size=64k") != 0)
        QSKIP("a file system of its own cannot be mounted here");
    const auto unmount = qScopeGuard([&] { ::umount2(place.constData(), MNT_DETACH); });
    QCOMPARE(problem("the old one"), QString());
    QFile ballast(m_folder->path(u"ballast"_s));
    QVERIFY(ballast.open(QIODevice::WriteOnly | QIODevice::Unbuffered));
    while (ballast.write(QByteArray(4096, 'x')) > 0) {
    }
    for (const int size : {1, 500, 100'000}) {
        const QString sentence = problem(QByteArray(size, 'x'));
        QVERIFY2(sentence.startsWith(u"The disk is full"_s), qPrintable(sentence));
        QCOMPARE(m_kind, StoreError::Kind::Full);
        QCOMPARE(content(), "the old one");
        QCOMPARE(names().size(), 2);
    }
    ballast.resize(0);
    QCOMPARE(problem("new"), QString());
    QCOMPARE(content(), "new");
}

void TestSafeFile::devicesAreWrittenDirectly() {
    // A link, so that a mistake replaces this one and not the machine's device.
    for (const QString& device : {u"null"_s, u"full"_s})
        QVERIFY(QFile::link(u"/dev/"_s + device, m_folder->path(device)));
    QCOMPARE(problem("text", u"null"_s), QString());
    QVERIFY2(problem("text", u"full"_s).startsWith(u"The disk is full"_s),
             "what a device refuses is noticed");
    QVERIFY(QFileInfo(m_folder->path(u"full"_s)).isSymLink());
}

void TestSafeFile::placesThatCannotBe() {
    QVERIFY2(problem("x", u"no/such/folder"_s).contains(u"No such file"_s), "the reason");
    QVERIFY(QDir(m_folder->folder()).mkdir(u"folder"_s));
    QVERIFY(problem("x", u"folder"_s).endsWith(u'.'));
    QCOMPARE(names(), QStringList{u"chat.md"_s});
}

void TestSafeFile::exportKeepsTheOldFile() {
    const auto database = m_folder->open();
    const ChatId chat = database->createChat(u"t"_s, {});
    g_syncFailure = ENOSPC;
    QCOMPARE(test::errorOf([&] {
                 exportChatToFile(*database, chat, ExportFormat::Json, m_folder->path(u"chat.md"_s));
             }),
             StoreError::Kind::Full);
    QCOMPARE(content(), "the old one");
}

QTEST_GUILESS_MAIN(TestSafeFile)
#include "tst_safe_file.moc"
