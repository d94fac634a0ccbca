// Downloads against a server of the test's own: everything that a network and a server can do to them.
#include "app/hugging_face.h"
#include "tests/app/download_world.h"
#include "tests/support/patience.h"

#include <QSignalSpy>

using namespace Qt::StringLiterals;
using namespace test;
using World = test::DownloadWorld;

class TestDownloads : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aHubFileGoesOnAfterARestart() {
        World w;
        const app::ModelOffer offer = w.hubFile();
        w.page().stallAfter = 100'000;
        w.downloads->start(offer);
        QTRY_COMPARE(w.downloads->state(offer).done, quint64(100'000));
        w.start();
        QCOMPARE(w.phase(offer), Phase::Paused);
        QCOMPARE(w.downloads->state(offer).done, quint64(100'000));
        const QList<app::ModelOffer> known = w.downloads->offers();
        QCOMPARE(known.last().id, offer.id);
        QVERIFY(!QFile::exists(w.target(offer)));
        w.page().stallAfter = -1;
        w.fetch(known.last()); // as it was written down
        QVERIFY(w.isWhole(offer));
        QCOMPARE(w.server.asked.last(), QString::fromLatin1(HubPath) + u" 100000"_s);
        QVERIFY(w.nothingIsLeft());
    }

    void cancelledPartsAreKeptUntilTheyAreRemoved() {
        World w;
        const app::ModelOffer offer = w.hubFile();
        w.page().stallAfter = 100'000;
        w.downloads->start(offer);
        QTRY_COMPARE(w.downloads->state(offer).done, quint64(100'000));
        w.downloads->pause(offer.id);
        QCOMPARE(w.phase(offer), Phase::Paused);
        QTRY_COMPARE(w.server.connectionsNow(), 0);
        w.downloads->remove(offer.id);
        QCOMPARE(w.phase(offer), Phase::None);
        QVERIFY(w.nothingIsLeft());
        QCOMPARE(w.downloads->offers().size(), app::modelCatalogue().size());
    }

    void aServerWithoutRangesBeginsAgain() {
        World w;
        const app::ModelOffer offer = w.hubFile();
        w.page().knowsRanges = false;
        w.page().cutAfter = 100'000;
        w.page().times = 1;
        w.fetch(offer);
        QVERIFY(w.isWhole(offer));
        QCOMPARE(w.server.asked.size(), 2);
    }

    void redirectsAreFollowedAlsoWithARange() {
        World w;
        const app::ModelOffer offer = w.hubFile();
        w.server.pages[u"/elsewhere"_s] = w.page();
        w.server.pages[u"/elsewhere"_s].cutAfter = 100'000;
        w.server.pages[u"/elsewhere"_s].times = 1;
        w.page() = {{}, 302, {"Location: " + w.server.address().toLatin1() + "/elsewhere"}};
        w.fetch(offer);
        QVERIFY(w.isWhole(offer));
        QCOMPARE(w.server.asked.last(), u"/elsewhere 100000"_s);
    }

    void noLengthIsNoHarm() {
        World w;
        const app::ModelOffer offer = w.hubFile();
        w.page().saysLength = false;
        w.fetch(offer);
        QVERIFY(w.isWhole(offer));
    }

    void noLengthAndACutAreNoticed() {
        World w;
        const app::ModelOffer offer = w.hubFile();
        w.page().saysLength = false;
        w.page().cutAfter = 100'000;
        w.page().times = 1;
        w.fetch(offer);
        QVERIFY(w.isWhole(offer));
        QCOMPARE(w.server.asked.size(), 2);
    }

    void slowIsNotDead() {
        qsizetype requests = 0;
        // On a loaded machine the server of the test may be late for once.
        for (int tries = 0; tries < 5 && requests != 1; ++tries) {
            World w;
            w.downloads->setPatience({300, 1, 3});
            const app::ModelOffer offer = w.hubFile(100'000);
            w.page().pieceBytes = 5000;
            w.page().pieceMs = 40; // in all much longer than the patience of 300 ms
            w.fetch(offer);
            QVERIFY(w.isWhole(offer));
            requests = w.server.asked.size();
        }
        QCOMPARE(requests, 1);
    }

    void failures_data() {
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("header");
        QTest::addColumn<QString>("says");
        QTest::addColumn<int>("requests");
        QTest::newRow("401") << 401 << QByteArray() << u"asks for a sign-in"_s << 1;
        QTest::newRow("gated") << 401 << QByteArray("X-Error-Code: GatedRepo") << u"accepted its terms"_s
                               << 1;
        QTest::newRow("403") << 403 << QByteArray() << u"accepted its terms"_s << 1;
        QTest::newRow("404") << 404 << QByteArray() << u"has nothing of this name"_s << 1;
        QTest::newRow("500") << 500 << QByteArray()
                             << u"has a fault of its own (500). Try again in a few minutes."_s << 3;
        QTest::newRow("503") << 503 << QByteArray("Retry-After: 240") << u"Try again in 4 minutes."_s << 1;
        QTest::newRow("never") << 503 << QByteArray("Retry-After: 2147483647")
                               << u"Try again in 1440 minutes."_s << 1;
        QTest::newRow("429") << 429 << QByteArray("Retry-After: 0") << u"is busy (429)"_s << 3;
    }

    void failures() {
        QFETCH(int, status);
        QFETCH(QByteArray, header);
        QFETCH(QString, says);
        QFETCH(int, requests);
        World w;
        const app::ModelOffer offer = w.hubFile();
        w.page().status = status;
        if (!header.isEmpty())
            w.page().headers = {header};
        w.fetch(offer);
        QCOMPARE(w.phase(offer), Phase::Failed);
        QVERIFY2(w.problem(offer).contains(says), qPrintable(w.problem(offer)));
        QCOMPARE(w.server.asked.size(), requests);
        QVERIFY(!QFile::exists(w.target(offer)));
        w.page().status = 200;
        w.fetch(offer); // and then it works
        QVERIFY(w.isWhole(offer));
    }

    void aBusyServerIsAskedAgain() {
        World w;
        const app::ModelOffer offer = w.hubFile();
        w.page().status = 503;
        w.page().times = 2;
        w.fetch(offer);
        QVERIFY(w.isWhole(offer));
    }

    void aStallIsToldAndWhatIsHereKept() {
        World w;
        w.downloads->setPatience({200, 1, 3});
        const app::ModelOffer offer = w.hubFile();
        w.page().stallAfter = 0;
        w.fetch(offer);
        QVERIFY2(w.problem(offer).contains(u"has stopped sending"_s), qPrintable(w.problem(offer)));
        QCOMPARE(w.server.asked.size(), 3);
    }

    void nobodyThere() {
        World w;
        const app::ModelOffer offer = w.hubFile();
        w.server.close();
        w.fetch(offer);
        QVERIFY2(w.problem(offer).contains(u"cannot be reached"_s), qPrintable(w.problem(offer)));
    }

    void aWrongHashLeavesNothing() {
        World w;
        app::ModelOffer offer = w.hubFile();
        w.page().body[1000] = char(~w.page().body[1000]);
        w.fetch(offer);
        QVERIFY2(w.problem(offer).contains(u"SHA-256 differs"_s), qPrintable(w.problem(offer)));
        QVERIFY(!QFile::exists(w.target(offer)));
        QVERIFY(w.nothingIsLeft());
        w.page().body = w.whole;
        w.fetch(offer);
        QVERIFY(w.isWhole(offer));
    }

    void aWrongSizeIsNoticedBeforeItIsFetched() {
        World w;
        const app::ModelOffer offer = w.hubFile();
        w.page().body += "more";
        w.fetch(offer);
        QVERIFY2(w.problem(offer).contains(u"another size"_s), qPrintable(w.problem(offer)));
        w.page().saysLength = false;
        w.fetch(offer);
        QVERIFY2(w.problem(offer).contains(u"more than it announced"_s), qPrintable(w.problem(offer)));
        QVERIFY(!QFile::exists(w.target(offer)));
    }

    void aWrongRangeIsNotTaken() {
        World w;
        const app::ModelOffer offer = w.hubFile();
        w.page().cutAfter = 100'000;
        w.page().times = 1;
        w.page().wrongRange = "bytes 5-299999/300000";
        w.fetch(offer);
        QVERIFY(w.isWhole(offer)); // from the beginning
        QCOMPARE(w.server.asked.size(), 3);
    }

    void aFileThatBecameShorterIsBegunAgain() {
        World w;
        const app::ModelOffer offer = w.hubFile();
        w.page().stallAfter = 100'000;
        w.downloads->start(offer);
        QTRY_COMPARE(w.downloads->state(offer).done, quint64(100'000));
        w.downloads->pause(offer.id);
        w.page().stallAfter = -1;
        w.page().body.truncate(50'000);
        w.fetch(offer);
        QVERIFY2(w.problem(offer).contains(u"another size"_s), qPrintable(w.problem(offer)));
        QCOMPARE(w.server.asked.mid(1),
                 (QStringList{QString::fromLatin1(HubPath) + u" 100000"_s, QString::fromLatin1(HubPath)}));
    }

    void oneAfterTheOther() {
        World w;
        const app::ModelOffer first = w.hubFile();
        w.page().stallAfter = 1000;
        app::ModelOffer second = first;
        second.id = u"hf-second"_s;
        second.file = u"owner/toy/second.gguf"_s;
        second.hub->path = u"second.gguf"_s;
        w.server.pages[u"/owner/toy/resolve/abc/second.gguf"_s].body = w.whole;
        w.downloads->start(first);
        w.downloads->start(second);
        QCOMPARE(w.phase(second), Phase::Queued);
        QTRY_COMPARE(w.downloads->state(first).done, quint64(1000));
        QCOMPARE(w.server.asked.size(), 1);
        w.downloads->pause(first.id);
        QTRY_COMPARE(w.phase(second), Phase::Here);
        QVERIFY(w.isWhole(second));
        w.downloads->start(first);
        w.downloads->start(second); // is here: checked, not fetched
        w.downloads->pause(second.id);
        QCOMPARE(w.phase(second), Phase::Here);
    }

    void severalFilesComeTogether() {
        World w;
        const app::ModelOffer offer = w.hubParts({100'000, 50'000, 80'000});
        w.partPage(offer, 1).stallAfter = 20'000;
        w.downloads->start(offer);
        QTRY_COMPARE(w.downloads->state(offer).done, quint64(120'000));
        QCOMPARE(w.downloads->state(offer).total, quint64(230'000));
        QCOMPARE(w.partsInPlace(offer), 0);
        w.start();
        QCOMPARE(w.phase(offer), Phase::Paused);
        QCOMPARE(w.downloads->state(offer).done, quint64(120'000));
        w.partPage(offer, 1).stallAfter = -1;
        w.server.asked.clear();
        QSignalSpy came(w.downloads.get(), &app::ModelDownloads::arrived);
        w.fetch(w.downloads->offers().last()); // as it was written down
        QCOMPARE(w.phase(offer), Phase::Here);
        QCOMPARE(w.partsInPlace(offer), 3);
        QCOMPARE(came.count(), 1);
        QCOMPARE(came.first().at(1).toString(), w.target(offer));
        QCOMPARE(w.server.asked,
                 (QStringList{World::partPath(offer, 1) + u" 20000"_s, World::partPath(offer, 2)}));
        QVERIFY(w.nothingIsLeft());
    }

    void aDamagedPartCostsOnlyItself() {
        World w;
        const app::ModelOffer offer = w.hubParts({100'000, 50'000, 80'000});
        w.partPage(offer, 1).body[1000] = char(~w.partBytes.at(1)[1000]);
        w.fetch(offer);
        QCOMPARE(w.phase(offer), Phase::Failed);
        QVERIFY2(w.problem(offer).startsWith(u"toy-00002-of-00003.gguf is not the file"_s),
                 qPrintable(w.problem(offer)));
        QCOMPARE(w.partsInPlace(offer), 0);
        QCOMPARE(w.downloads->state(offer).done, quint64(180'000));
        w.partPage(offer, 1).body = w.partBytes.at(1);
        w.server.asked.clear();
        w.fetch(offer);
        QCOMPARE(w.partsInPlace(offer), 3);
        QCOMPARE(w.server.asked, QStringList{World::partPath(offer, 1)});
        QVERIFY(w.nothingIsLeft());
    }

    void aMissingOrWrongPartIsFetchedAlone() {
        World w;
        const app::ModelOffer offer = w.hubParts({100'000, 50'000, 80'000});
        w.fetch(offer);
        QCOMPARE(w.phase(offer), Phase::Here);
        const QString models = w.folder.path() + u"/sumidero/models/"_s;
        QVERIFY(QFile::remove(models + offer.parts.at(2).file));
        QFile wrong(models + offer.parts.at(0).file);
        QVERIFY(wrong.open(QIODevice::WriteOnly));
        wrong.write(QByteArray(100'000, 'x'));
        wrong.close();
        w.start();
        QCOMPARE(w.phase(offer), Phase::None);
        w.server.asked.clear();
        w.fetch(offer);
        QCOMPARE(w.partsInPlace(offer), 3);
        QCOMPARE(w.server.asked, (QStringList{World::partPath(offer, 0), World::partPath(offer, 2)}));
    }

    void anotherProgramHasIt() {
        World w;
        const app::ModelOffer offer = w.hubFile();
        w.page().stallAfter = 1000;
        w.downloads->start(offer);
        QTRY_COMPARE(w.downloads->state(offer).done, quint64(1000));
        app::ModelDownloads other;
        other.start(offer);
        QTRY_COMPARE(other.state(offer).phase, Phase::Failed);
        QVERIFY2(other.state(offer).problem.contains(u"Another program"_s),
                 qPrintable(other.state(offer).problem));
    }
};

QTEST_GUILESS_MAIN(TestDownloads)
#include "tst_downloads.moc"
