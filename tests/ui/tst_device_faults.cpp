// The real window over the real engine with a device that fails: the answer goes on on the CPU, the reason is shown once and kept in the
// settings. Pictures of the settings' device in both themes go where SUMIDERO_SCREENSHOTS names a folder.
#include "app/devices.h"
#include "app/engine_bridge.h"
#include "tests/support/failing_backend.h"
#include "tests/support/patience.h"
#include "tests/support/toy_model.h"
#include "tests/ui/window_fixture.h"
#include "ui/page/banner.h"
#include "ui/page/chat_page.h"
#include "ui/settings/device_box.h"
#include "ui/settings/settings_dialog.h"
#include "ui/settings/settings_page.h"
#include "ui/side/model_card.h"
#include "ui/theme.h"

#include <QAbstractItemView>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QStandardItemModel>

using namespace Qt::StringLiterals;
using test::DeviceFaults;

namespace {

/// The whole program, from the window to the device.
struct Program {
    explicit Program(const QString& device) {
        qputenv("XDG_DATA_HOME", folder.path().toUtf8());
        qputenv("HOME", folder.path().toUtf8());
        store.open(folder.filePath(QStringLiteral("transcripts.db")));
        controller = std::make_unique<app::ChatController>(engine, store, library);
        window = std::make_unique<ui::MainWindow>(*controller);
        static const QString model = QString::fromStdString(test::writeToyModel({.seed = 51}).string());
        controller->setStartupModel(model);
        controller->setStartupThreads(1);
        controller->setStartupDevice(device);
        QSignalSpy started(controller.get(), &app::ChatController::started);
        controller->start();
        QVERIFY(started.count() > 0 || started.wait(test::PatienceMs));
        app::Settings settings = controller->settings();
        settings.sampling.temperature = 0;
        settings.sampling.repetitionPenalty = 1;
        settings.longestAnswer = 40;
        settings.cache.window = 400;
        controller->applySettings(settings);
        QTRY_COMPARE(controller->modelState().phase, app::ModelState::Phase::Ready);
        window->show();
        QVERIFY(QTest::qWaitForWindowExposed(window.get(), test::PatienceMs));
    }
    ~Program() {
        window.reset();
        controller.reset();
    }
    QString ask(const QString& question) {
        QSignalSpy stored(controller.get(), &app::ChatController::answerStored);
        controller->send(question);
        if (stored.isEmpty() && !stored.wait(60000))
            return u"no answer"_s;
        const app::Message& answer = controller->transcript().messages().last();
        return QStringLiteral("%1 tokens, state %2: %3")
            .arg(answer.tokens)
            .arg(static_cast<int>(answer.state))
            .arg(answer.text);
    }
    QString banner() const { return window->page()->banners()->sentence(u"notice"_s); }
    QString device() const { return QString::fromStdString(controller->modelState().info.device); }

    QTemporaryDir folder;
    app::EngineBridge engine;
    app::TranscriptStore store;
    app::ModelLibrary library;
    std::unique_ptr<app::ChatController> controller;
    std::unique_ptr<ui::MainWindow> window;
};

bool shows(QWidget* page, const QString& words) {
    const QList<QLabel*> labels = page->findChildren<QLabel*>();
    return std::any_of(labels.begin(), labels.end(),
                       [&words](const QLabel* label) { return label->text().contains(words); });
}

} // namespace

class TestDeviceFaults : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { ui::Theme::loadFonts(); }

    void theChatGoesOn_data() {
        QTest::addColumn<int>("weights");
        QTest::addColumn<int>("caches");
        QTest::addColumn<int>("steps");
        QTest::addColumn<QString>("sentence");
        QTest::newRow("no room for the model")
            << 2 << -1 << -1 << QString::fromLatin1(DeviceFaults::NoRoomForWeights);
        QTest::newRow("no room for the cache")
            << -1 << 0 << -1 << QString::fromLatin1(DeviceFaults::NoRoomForCache);
        QTest::newRow("lost while reading") << -1 << -1 << 1 << QString::fromLatin1(DeviceFaults::Lost);
        QTest::newRow("lost in an answer") << -1 << -1 << 20 << QString::fromLatin1(DeviceFaults::Lost);
    }
    void theChatGoesOn() {
        QFETCH(int, weights);
        QFETCH(int, caches);
        QFETCH(int, steps);
        QFETCH(QString, sentence);
        const QString first = u"What is in the harbour?"_s, second = u"And then?"_s;
        QStringList expected;
        {
            Program quiet(u"cpu"_s);
            expected = {quiet.ask(first), quiet.ask(second)};
            QVERIFY2(expected[0].startsWith(u"40 tokens"_s), qPrintable(expected[0]));
            QCOMPARE(quiet.banner(), QString());
        }
        const test::FailingDevice device;
        *device.faults = {.weights = weights, .caches = caches, .steps = steps};
        Program program(u"test"_s);
        const QStringList answers{program.ask(first), program.ask(second)};
        if (steps < 10) // nothing was answered before
            QCOMPARE(answers, expected);
        QVERIFY2(answers[0].startsWith(expected[0].first(expected[0].indexOf(u':') + 5)),
                 qPrintable(answers[0]));
        QVERIFY2(answers[1].startsWith(u"40 tokens"_s), qPrintable(answers[1]));
        QVERIFY2(program.banner().startsWith(sentence), qPrintable(program.banner()));
        QVERIFY(program.banner().endsWith(u"on the CPU."_s));
        QCOMPARE(program.device(), u"CPU, 1 thread"_s);
        QVERIFY(program.window->findChild<ui::ModelCard*>()->accessibleDescription().contains(
            u"CPU, 1 thread"_s));
        program.window->openSettings(ui::SettingsPage::Models);
        auto* page = program.window->settingsDialog()->page(ui::SettingsPage::Models);
        QVERIFY(shows(page, u"In use: CPU, 1 thread. "_s + sentence));
    }

    void chosenInTheSettings_data() {
        QTest::addColumn<bool>("dark");
        QTest::newRow("dark") << true;
        QTest::newRow("light") << false;
    }
    void chosenInTheSettings() {
        QFETCH(bool, dark);
        test::WindowFixture f;
        f.engine.deviceProblem = u"The graphics device had no memory left while it made the cache."_s;
        f.start();
        app::Settings settings = f.controller->settings();
        settings.theme = dark ? app::Theme::Dark : app::Theme::Light;
        f.controller->applySettings(settings);
        const auto devices = app::devicesAsJson(
            {{{.name = "cpu", .title = "CPU"},
              {.name = "vulkan:0", .title = "AMD Radeon RX 7800 XT", .isDiscrete = true},
              {.name = "vulkan:1", .title = "llvmpipe (LLVM 15.0.6, 256 bits)", .isSoftware = true},
              {.name = "vulkan:2", .title = "Old card", .problem = "it knows Vulkan 1.0 only"}},
             {},
             {}});
        f.controller->devices().setCommand(
            u"/bin/sh"_s, {u"-c"_s, u"echo '"_s + QString::fromStdString(devices.dump()) + u"'"_s});
        f.window->openSettings(ui::SettingsPage::Models);
        auto* page = f.window->settingsDialog()->page(ui::SettingsPage::Models);
        auto* box = page->findChild<ui::DeviceBox*>();
        QVERIFY(box);
        QCOMPARE(box->device(), u"cpu"_s);
        QTRY_COMPARE(box->count(), 5);
        const auto text = [box](int row) { return box->itemText(row); };
        QCOMPARE(text(0), u"Automatic"_s);
        QCOMPARE(text(1), u"CPU"_s);
        QCOMPARE(text(2), u"AMD Radeon RX 7800 XT"_s);
        QVERIFY(text(3).endsWith(u"(software, for tests)"_s));
        QVERIFY(text(4).contains(u"it knows Vulkan 1.0 only"_s));
        QVERIFY(!qobject_cast<QStandardItemModel*>(box->model())->item(4)->isEnabled());
        QCOMPARE(box->device(), u"cpu"_s); // finding them changes nothing
        box->choose(u"vulkan:0"_s);
        auto* scroll = f.window->settingsDialog()->findChild<QScrollArea*>();
        scroll->verticalScrollBar()->setValue(scroll->verticalScrollBar()->maximum());
        QTest::qWait(50);
        test::WindowFixture::picture(
            f.window->settingsDialog(),
            QStringLiteral("%1-settings-device").arg(QLatin1String(QTest::currentDataTag())));
        box->showPopup();
        QTest::qWait(50);
        test::WindowFixture::picture(
            box->view()->window(), QStringLiteral("%1-devices").arg(QLatin1String(QTest::currentDataTag())));
        box->hidePopup();
        f.window->settingsDialog()->accept();
        QTRY_COMPARE(f.engine.loadOptions.back().device.device, std::string("vulkan:0"));
        QCOMPARE(f.controller->settings().device, u"vulkan:0"_s);
    }

    /// A device that is too small for all of a model. Where there is little room the share can be read, and all of it in the tool tip.
    void aShareOfTheLayersIsShown_data() { chosenInTheSettings_data(); }
    void aShareOfTheLayersIsShown() {
        QFETCH(bool, dark);
        const QString share = u"12 of 30 layers on AMD Radeon RX 7800 XT (RADV NAVI32)"_s,
                      all = share + u", the others on the CPU"_s;
        test::WindowFixture f;
        f.engine.device = all;
        f.start();
        app::Settings settings = f.controller->settings();
        settings.theme = dark ? app::Theme::Dark : app::Theme::Light;
        f.controller->applySettings(settings);
        const auto* card = f.window->findChild<ui::ModelCard*>();
        QVERIFY2(card->toolTip().contains(all), qPrintable(card->toolTip()));
        const QFontMetrics letters(ui::Theme::current().label);
        QVERIFY(letters.horizontalAdvance(u"Q4_1 · "_s + share.first(share.indexOf(u" on "))) <
                card->width() - 40);
        const QString name = QLatin1String(QTest::currentDataTag()) + u"-share"_s;
        test::WindowFixture::picture(f.window.get(), name);
        f.window->openSettings(ui::SettingsPage::Models);
        auto* page = f.window->settingsDialog()->page(ui::SettingsPage::Models);
        QVERIFY(shows(page, u"In use: "_s + all + u'.'));
        auto* scroll = f.window->settingsDialog()->findChild<QScrollArea*>();
        scroll->verticalScrollBar()->setValue(scroll->verticalScrollBar()->maximum());
        QTest::qWait(50);
        test::WindowFixture::picture(f.window->settingsDialog(), name + u"-settings"_s);
    }

    void aDeviceThatIsGoneStaysChosen() {
        app::Devices devices;
        ui::DeviceBox box(devices, nullptr);
        box.choose(u"vulkan:3"_s);
        QCOMPARE(box.device(), u"vulkan:3"_s);
        QVERIFY(box.currentText().contains(u"not found"_s));
        devices.setCommand(u"/bin/sh"_s, {u"-c"_s, u"echo '{\"devices\": []}'"_s});
        box.show();
        QSignalSpy changed(&devices, &app::Devices::changed);
        QVERIFY(changed.count() > 0 || changed.wait(test::PatienceMs));
        QCOMPARE(box.device(), u"vulkan:3"_s);
    }
};

QTEST_MAIN(TestDeviceFaults)
#include "tst_device_faults.moc"
