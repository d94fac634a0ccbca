#include "app/devices.h"

#include "tests/app/controller_world.h"
#include "tests/support/patience.h"

#include <QTemporaryFile>

using namespace app;
using namespace Qt::StringLiterals;
using test::World;

// Which devices there are, and what the chosen one means for the model. The program that is asked for them may do what it likes.
class DevicesTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void whatIsPrintedIsRead();
    void trouble_data();
    void trouble();
    void nobodyIsAskedBeforeSomebodyWantsToKnow();
    void aChangeLoadsTheModelThere();
    void theCommandLineGoesFirst();
    void theReasonIsToldOnceAndKept();
    void aFailureInAnAnswerIsTold();
    void aDeviceThatEndedTheProgramIsNotUsedAgain();

private:
    static void ask(Devices& devices, const QString& script) {
        devices.setCommand(u"/bin/sh"_s, {u"-c"_s, script});
        QSignalSpy changed(&devices, &Devices::changed);
        devices.find();
        QVERIFY(changed.wait(test::PatienceMs));
    }
};

void DevicesTest::whatIsPrintedIsRead() {
    kernels::DeviceList list;
    list.devices = {{.name = "cpu", .title = "CPU"},
                    {.name = "vulkan:0", .title = "Radeon \"RX\" 7800", .isDiscrete = true},
                    {.name = "vulkan:1", .title = "llvmpipe", .isSoftware = true},
                    {.name = "vulkan:2", .title = "Old card", .problem = "it has Vulkan 1.0"}};
    list.vulkanProblem = "No Vulkan.";
    list.cudaProblem = "No CUDA.";
    QTemporaryFile file;
    QVERIFY(file.open());
    file.write(QByteArray::fromStdString(devicesAsJson(list).dump()));
    file.close();
    Devices devices;
    ask(devices, u"cat "_s + file.fileName());
    QCOMPARE(devices.problem(), u"No Vulkan. No CUDA."_s);
    QCOMPARE(devices.list().size(), 3); // the CPU is always there
    QCOMPARE(devices.list()[0].name, u"vulkan:0"_s);
    QCOMPARE(devices.list()[0].title, u"Radeon \"RX\" 7800"_s);
    QVERIFY(!devices.list()[0].isSoftware);
    QVERIFY(devices.list()[1].isSoftware);
    QCOMPARE(devices.list()[2].problem, u"it has Vulkan 1.0"_s);
}

void DevicesTest::trouble_data() {
    QTest::addColumn<QString>("script");
    QTest::addColumn<QString>("word"); // of the sentence
    QTest::newRow("crash") << u"kill -SEGV $$"_s << u"crashed"_s;
    QTest::newRow("failure") << u"exit 3"_s << u"crashed"_s;
    QTest::newRow("hangs") << u"exec sleep 60"_s << u"do not answer"_s;
    QTest::newRow("nonsense") << u"echo hello"_s << u"could not be asked"_s;
    QTest::newRow("other JSON") << u"echo '{\"devices\": 7}'"_s << u"could not be asked"_s;
    QTest::newRow("cut off") << u"echo '{\"devices\": ['"_s << u"could not be asked"_s;
}

void DevicesTest::trouble() {
    QFETCH(QString, script);
    QFETCH(QString, word);
    Devices devices;
    devices.setPatience(script.contains(u"sleep"_s) ? 200 : test::PatienceMs);
    ask(devices, script);
    QVERIFY(devices.list().isEmpty());
    QVERIFY2(devices.problem().contains(word), qPrintable(devices.problem()));
    QTRY_VERIFY(!devices.isSearching()); // nothing is left behind
    QVERIFY(devices.problem().contains(word));
}

void DevicesTest::nobodyIsAskedBeforeSomebodyWantsToKnow() {
    Devices devices;
    devices.find(); // nobody to ask
    QVERIFY(!devices.isSearching());
    devices.setCommand(u"/does/not/exist"_s, {});
    QSignalSpy changed(&devices, &Devices::changed);
    devices.find();
    QVERIFY(changed.count() == 1 || changed.wait(test::PatienceMs));
    QVERIFY(!devices.problem().isEmpty());
    devices.find(); // once
    QVERIFY(!devices.isSearching());
}

void DevicesTest::aChangeLoadsTheModelThere() {
    World world;
    world.ask(u"First"_s);
    QCOMPARE(world.engine->loadOptions.back().device.device, std::string("cpu"));
    Settings settings = world.controller->settings();
    settings.device = u"vulkan:0"_s;
    settings.cache.window = 1000;
    QVERIFY(world.controller->rereadCost(settings, {}).tokens > 0);
    const auto loads = world.engine->loads.size();
    world.controller->applySettings(settings);
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    QCOMPARE(world.engine->loads.size(), loads + 1);
    QCOMPARE(world.engine->loads.last(), world.engine->loads.first());
    QCOMPARE(world.engine->loadOptions.back().device.device, std::string("vulkan:0"));
    QCOMPARE(world.engine->loadOptions.back().cacheTokens, settings.cache.sinks + 1000); // room for it there
    QCOMPARE(world.transcript().count(), 2);                                             // the chat is kept
    world.settle();
    QCOMPARE(world.engine->chats.back().history.size(), size_t(2)); // and read again
    world.end();
    world.start();
    QCOMPARE(world.engine->loadOptions.back().device.device, std::string("vulkan:0"));
}

void DevicesTest::theCommandLineGoesFirst() {
    World world(false);
    world.create();
    world.controller->setStartupModel(QString::fromLatin1(World::Model));
    world.controller->setStartupDevice(u"auto"_s);
    world.controller->start();
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    QCOMPARE(world.engine->loadOptions.back().device.device, std::string("auto"));
    QCOMPARE(world.controller->settings().device, u"cpu"_s);
}

void DevicesTest::theReasonIsToldOnceAndKept() {
    World world(false);
    world.create();
    world.engine->deviceProblem = u"The card is too small."_s;
    world.controller->setStartupModel(QString::fromLatin1(World::Model));
    world.controller->start();
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    QCOMPARE(world.notices.filter(u"too small"_s).size(), 1);
    QCOMPARE(world.notices.filter(u"too small"_s).first(),
             u"The card is too small. The model runs on the CPU."_s);
    QCOMPARE(world.controller->modelState().deviceProblem, u"The card is too small."_s);
    world.controller->loadModel(u"/models/other.gguf"_s);
    QTRY_COMPARE(world.controller->modelState().info.name, std::string("other"));
    QCOMPARE(world.notices.filter(u"too small"_s).size(), 1);
    world.engine->deviceProblem.clear();
    world.controller->loadModel(QString::fromLatin1(World::Model));
    QTRY_COMPARE(world.controller->modelState().info.name, std::string("small"));
    QVERIFY(world.controller->modelState().deviceProblem.isEmpty());
}

void DevicesTest::aFailureInAnAnswerIsTold() {
    World world;
    Q_EMIT world.engine->deviceFailed(7, u"The card was lost."_s);
    QCOMPARE(world.notices, QStringList{u"The card was lost. The chat goes on on the CPU."_s});
    engine::ModelInfo info = world.controller->modelState().info;
    info.device = "CPU, 8 threads";
    info.deviceProblem = "The card was lost.";
    QSignalSpy changed(world.controller.get(), &ChatController::modelStateChanged);
    Q_EMIT world.engine->modelMoved(7, info);
    QCOMPARE(changed.count(), 1);
    QCOMPARE(world.controller->modelState().info.device, std::string("CPU, 8 threads"));
    QCOMPARE(world.controller->modelState().deviceProblem, u"The card was lost."_s);
    QCOMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
}

void DevicesTest::aDeviceThatEndedTheProgramIsNotUsedAgain() {
    World world;
    world.settle();
    Settings settings = world.controller->settings();
    settings.device = u"vulkan:0"_s;
    world.engine->frozen = true;
    world.controller->applySettings(settings);
    QTRY_COMPARE(world.engine->loads.size(), 2); // the marker is stored
    world.kill();
    world.start();
    QCOMPARE(world.engine->loads.size(), 1);
    QCOMPARE(world.engine->loadOptions.back().device.device, std::string("cpu"));
    QCOMPARE(world.notices.filter(u"graphics device"_s).size(), 1);
    QVERIFY(world.controller->modelState().deviceProblem.contains(u"graphics device"_s));
    QCOMPARE(world.controller->settings().device, u"vulkan:0"_s); // the person decides
    // Saved once more, it is tried again.
    settings = world.controller->settings();
    settings.device = u"auto"_s;
    world.controller->applySettings(settings);
    QTRY_COMPARE(world.engine->loads.size(), 2);
    QCOMPARE(world.engine->loadOptions.back().device.device, std::string("auto"));
    QTRY_VERIFY(world.controller->modelState().deviceProblem.isEmpty());
}

QTEST_GUILESS_MAIN(DevicesTest)
#include "tst_devices.moc"
