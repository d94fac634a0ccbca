// Hugging Face as a server of the test's own plays it: no other can be reached from where the tests run.
#include "app/hugging_face.h"
#include "tests/app/http_server.h"
#include "tests/support/patience.h"

#include <QNetworkAccessManager>
#include <QSignalSpy>
#include <QTest>

using namespace Qt::StringLiterals;
using test::HttpServer;

class TestHuggingFace : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() {
        m_server = std::make_unique<HttpServer>();
        qputenv("HF_ENDPOINT", m_server->address().toLatin1());
        m_hub = std::make_unique<app::HuggingFace>(m_network);
        m_hub->patience = {300, 1, 2};
    }

    void names_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("name");
        QTest::newRow("name") << u" Qwen/Qwen2.5-0.5B-GGUF "_s << u"Qwen/Qwen2.5-0.5B-GGUF"_s;
        QTest::newRow("address") << u"https://huggingface.co/Qwen/Q/tree/main?x=1"_s << u"Qwen/Q"_s;
        QTest::newRow("file") << u"https://huggingface.co/Qwen/Q/resolve/main/a.gguf"_s << u"Qwen/Q"_s;
        QTest::newRow("short") << u"hf.co/Qwen/Q:Q4_K_M"_s << u"Qwen/Q"_s;
        QTest::newRow("words") << u"small coder"_s << QString();
        QTest::newRow("one") << u"qwen"_s << QString();
        QTest::newRow("path") << u"a/b/c"_s << QString();
        QTest::newRow("dots") << u"../etc"_s << QString();
    }
    void names() {
        QFETCH(QString, text);
        QTEST(app::HuggingFace::repositoryIn(text), "name");
    }

    void filesOfARepository() {
        page(u"/api/models/owner/toy"_s).body = R"({"id": "owner/toy", "sha": "abc", "gated": false,
            "cardData": {"license": "mit"}, "siblings": [
            {"rfilename": "README.md", "size": 5},
            {"rfilename": "toy-Q4_K_M.gguf", "size": 1000, "lfs": {"sha256": "SHA-AA11", "size": 1000, "pointerSize": 9}},
            {"rfilename": "mmproj-toy.gguf", "size": 7, "lfs": {"sha256": "bb"}},
            {"rfilename": "../../escape.gguf", "size": 7, "lfs": {"sha256": "cc"}},
            {"rfilename": "toy-00001-of-00002.gguf", "size": 7, "lfs": {"sha256": "dd"}},
            {"rfilename": "no-hash.gguf", "size": 7}]})";
        QByteArray& body = page(u"/api/models/owner/toy"_s).body;
        body.replace("SHA-AA11", QByteArray(60, '0') + "AA11");
        const QList<app::ModelOffer> files = list(u"owner/toy"_s);
        QCOMPARE(files.size(), 3);
        QCOMPARE(files.at(0).bytes, quint64(1000));
        QCOMPARE(files.at(0).sha256, QString(60, u'0') + u"aa11"_s);
        QCOMPARE(files.at(0).licence, u"mit"_s);
        QCOMPARE(files.at(0).file, u"owner/toy/toy-Q4_K_M.gguf"_s);
        QCOMPARE(files.at(0).problem, QString());
        QCOMPARE(app::HuggingFace::fileUrl(*files.at(0).hub).toString(),
                 m_server->address() + u"/owner/toy/resolve/abc/toy-Q4_K_M.gguf"_s);
        QCOMPARE(files.at(1).problem, u"It is split into 2 files, and number 2 is missing there."_s);
        QVERIFY(files.at(2).problem.contains(u"checksum"_s));
        QCOMPARE(m_server->asked, QStringList{u"/api/models/owner/toy?blobs=true"_s});
    }

    void aModelInSeveralFilesIsOneOffer() {
        QByteArray& body = page(u"/api/models/owner/toy"_s).body;
        body = R"({"sha": "abc", "siblings": [
            {"rfilename": "q8/toy-00002-of-00003.gguf", "size": 20, "lfs": {"sha256": "2HASH"}},
            {"rfilename": "q8/toy-00001-of-00003.gguf", "size": 10, "lfs": {"sha256": "1HASH"}},
            {"rfilename": "other.gguf", "size": 7, "lfs": {"sha256": "4HASH"}},
            {"rfilename": "q4/toy-00001-of-00002.gguf", "size": 10, "lfs": {"sha256": "5HASH"}},
            {"rfilename": "q8/toy-00003-of-00003.gguf", "size": 30, "lfs": {"sha256": "3HASH"}},
            {"rfilename": "q4/toy-00002-of-00002.gguf", "size": 10},
            {"rfilename": "q2/toy-00002-of-00002.gguf", "size": 10, "lfs": {"sha256": "6HASH"}}]})";
        body.replace("HASH", QByteArray(63, 'a'));
        const QList<app::ModelOffer> files = list(u"owner/toy"_s);
        QCOMPARE(files.size(), 4);
        const app::ModelOffer& whole = files.at(0);
        QCOMPARE(whole.problem, QString());
        QCOMPARE(whole.bytes, quint64(60));
        QCOMPARE(whole.name, u"toy"_s);
        QCOMPARE(whole.file, u"owner/toy/q8/toy-00001-of-00003.gguf"_s);
        QCOMPARE(whole.id, u"hf-1"_s + QString(15, u'a'));
        QCOMPARE(whole.parts.size(), 3);
        QCOMPARE(whole.parts.at(2).file, u"owner/toy/q8/toy-00003-of-00003.gguf"_s);
        QCOMPARE(whole.parts.at(2).bytes, quint64(30));
        QCOMPARE(whole.parts.at(2).sha256, u"3"_s + QString(63, u'a'));
        QCOMPARE(files.at(1).name, u"other"_s);
        QVERIFY(files.at(1).parts.isEmpty());
        QVERIFY2(files.at(2).problem.contains(u"checksum"_s), qPrintable(files.at(2).problem));
        QVERIFY2(files.at(3).problem.contains(u"number 1 is missing"_s), qPrintable(files.at(3).problem));
    }

    // The checksum becomes a part of a folder's name, and that folder is removed in the end.
    void numbersThatAreNoneAreNotTaken_data() {
        QTest::addColumn<QByteArray>("numbers");
        QTest::newRow("path") << QByteArray(R"("size": 7, "lfs": {"sha256": "/../../../../../home"})");
        QTest::newRow("short") << QByteArray(R"("size": 7, "lfs": {"sha256": "aa"})");
        QTest::newRow("negative") << QByteArray(R"("size": -7, "lfs": {"sha256": "GOOD"})");
        QTest::newRow("absurd") << QByteArray(R"("size": 9000000000000000000, "lfs": {"sha256": "GOOD"})");
        QTest::newRow("no size") << QByteArray(R"("lfs": {"sha256": "GOOD"})");
    }
    void numbersThatAreNoneAreNotTaken() {
        QFETCH(QByteArray, numbers);
        QByteArray& body = page(u"/api/models/owner/toy"_s).body;
        body = R"({"siblings": [{"rfilename": "a.gguf", NUMBERS}]})";
        body.replace("NUMBERS", numbers.replace("GOOD", QByteArray(64, 'a')));
        const QList<app::ModelOffer> files = list(u"owner/toy"_s);
        QCOMPARE(files.size(), 1);
        QVERIFY2(files.at(0).problem.contains(u"Its size and checksum are not given"_s),
                 qPrintable(files.at(0).problem));
        QVERIFY2(!files.at(0).id.contains(u".."_s), qPrintable(files.at(0).id));
        QVERIFY(files.at(0).bytes < 10);
    }

    void aGatedRepositorySaysSo() {
        page(u"/api/models/owner/toy"_s).body =
            R"({"gated": "manual", "siblings": [{"rfilename": "a.gguf", "size": 1, "lfs": {"sha256": "aa"}}]})";
        const QList<app::ModelOffer> files = list(u"owner/toy"_s);
        QCOMPARE(files.size(), 1);
        QVERIFY2(files.at(0).problem.contains(u"sign-in"_s), qPrintable(files.at(0).problem));
    }

    void search() {
        page(u"/api/models"_s).body =
            R"([{"id": "a/b", "downloads": 12, "gated": "auto"}, {"id": "bad"}, {"id": "c/d", "downloads": 5}])";
        QSignalSpy found(m_hub.get(), &app::HuggingFace::found);
        m_hub->look(u"small coder & co"_s);
        QVERIFY(m_hub->isLooking());
        QVERIFY(found.wait(test::PatienceMs));
        const auto repositories = found.first().first().value<QList<app::HubRepository>>();
        QCOMPARE(repositories.size(), 2);
        QVERIFY(repositories.at(0).name == u"a/b"_s && repositories.at(0).isGated &&
                repositories.at(0).downloads == 12);
        QVERIFY(
            m_server->asked.first().startsWith(u"/api/models?search=small%20coder%20%26%20co&filter=gguf"_s));
        QVERIFY(!m_hub->isLooking());
    }

    void failures_data() {
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("header");
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<QString>("says");
        QTest::newRow("none") << 401 << QByteArray("X-Error-Code: RepoNotFound") << QByteArray()
                              << u"nothing of this name"_s;
        QTest::newRow("404") << 404 << QByteArray() << QByteArray() << u"nothing of this name"_s;
        QTest::newRow("gated") << 403 << QByteArray("X-Error-Code: GatedRepo") << QByteArray()
                               << u"signed in"_s;
        QTest::newRow("503") << 503 << QByteArray() << QByteArray() << u"is busy (503)"_s;
        QTest::newRow("odd") << 200 << QByteArray() << QByteArray("<html>") << u"could not be understood"_s;
        QTest::newRow("huge") << 200 << QByteArray() << QByteArray(17 << 20, ' ')
                              << u"more than it announced"_s;
    }
    void failures() {
        QFETCH(int, status);
        QFETCH(QByteArray, header);
        QFETCH(QByteArray, body);
        QFETCH(QString, says);
        HttpServer::Page& answer = page(u"/api/models/owner/toy"_s);
        answer.status = status;
        answer.body = body;
        if (!header.isEmpty())
            answer.headers = {header};
        QVERIFY2(failure().contains(says), qPrintable(failure()));
    }

    void noNetwork() {
        m_server->close();
        QVERIFY2(failure().contains(u"127.0.0.1 cannot be reached. Check the network connection."_s),
                 qPrintable(failure()));
    }

private:
    HttpServer::Page& page(const QString& path) { return m_server->pages[path]; }

    QList<app::ModelOffer> list(const QString& name) {
        QSignalSpy listed(m_hub.get(), &app::HuggingFace::listed);
        m_hub->look(name);
        return listed.wait(test::PatienceMs) ? listed.first().at(1).value<QList<app::ModelOffer>>()
                                             : QList<app::ModelOffer>();
    }
    QString failure() {
        QSignalSpy failed(m_hub.get(), &app::HuggingFace::failed);
        m_hub->look(u"owner/toy"_s);
        return failed.wait(test::PatienceMs) ? failed.first().first().toString() : u"no failure"_s;
    }

    QNetworkAccessManager m_network;
    std::unique_ptr<HttpServer> m_server;
    std::unique_ptr<app::HuggingFace> m_hub;
};

QTEST_GUILESS_MAIN(TestHuggingFace)
#include "tst_hugging_face.moc"
