#include "tests/app/controller_world.h"
#include "tests/support/patience.h"

#include "app/controller/model_switcher.h"
#include "engine/model.h"
#include "engine/session.h"
#include "tests/support/toy_model.h"

using namespace app;
using namespace Qt::StringLiterals;
using test::World;

// The model in use: starting, switching, failing, and what a change of the settings costs.
class ControllerModelsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void startsWithTheModelOfTheSettings();
    void aMissingModelIsSaid();
    void switchingKeepsTheTranscript();
    void switchingStopsTheAnswer();
    void aFailedLoadKeepsTheOldModel();
    void cancellingKeepsTheOldModel();
    void theNewestOfTwoLoadsWins();
    void aQuestionWaitsForTheModel();
    void aModelThatEndedTheProgramIsNotLoadedAgain();
    void settingsAreSavedAndReloadWhereNeeded();
    void aChangeWhileLoadingCounts();
    void costs();
    void announcedIsRead();
};

void ControllerModelsTest::startsWithTheModelOfTheSettings() {
    World world(false);
    const QString model = world.folder.folder() + u"/mine.gguf"_s;
    QFile file(model);
    QVERIFY(file.open(QIODevice::WriteOnly));
    {
        const auto database = world.folder.open();
        Settings settings;
        settings.modelPath = model;
        const QMap<QString, QString> map = settings.toMap();
        for (auto it = map.begin(); it != map.end(); ++it)
            database->saveSetting(it.key(), it.value());
    }
    world.start(QString());
    QCOMPARE(world.engine->loads, QStringList{model});
    QCOMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    QCOMPARE(world.controller->modelState().info.name, std::string("mine"));
}

void ControllerModelsTest::aMissingModelIsSaid() {
    World world(false);
    world.create();
    world.controller->start();
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Failed);
    QVERIFY(world.engine->loads.isEmpty());
    QCOMPARE(world.notices.size(), 1);
    QVERIFY(!world.controller->modelState().problem.isEmpty());
}

void ControllerModelsTest::switchingKeepsTheTranscript() {
    World world;
    world.ask(u"First"_s);
    const ChatId chat = world.controller->currentChat();
    const auto asked = world.engine->chats.size();
    world.controller->loadModel(u"/models/other.gguf"_s);
    QCOMPARE(world.controller->modelState().phase, ModelState::Phase::Loading);
    QCOMPARE(world.controller->modelState().loadingName, u"other"_s);
    QCOMPARE(world.controller->modelState().info.name, std::string("small")); // still there
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    QCOMPARE(world.controller->modelState().info.name, std::string("other"));
    QCOMPARE(world.controller->settings().modelPath, u"/models/other.gguf"_s);
    QCOMPARE(world.transcript().count(), 2);
    // The chat is read into the new model's cache before anybody asks.
    QTRY_COMPARE(world.engine->chats.size(), asked + 1);
    QVERIFY(world.engine->chats.back().purpose == engine::Purpose::Prepare);
    QCOMPARE(world.engine->chats.back().history.size(), std::size_t(2));
    world.ask(u"Second"_s);
    QCOMPARE(world.transcript().at(1).model, u"small"_s);
    QCOMPARE(world.last().model, u"other"_s);
    QCOMPARE(world.branch(chat).back().model, u"other"_s);
    world.end();
    world.create();
    world.controller->start(); // remembered
    QTRY_VERIFY(!world.controller->settings().modelPath.isEmpty());
    QCOMPARE(world.controller->settings().modelPath, u"/models/other.gguf"_s);
}

void ControllerModelsTest::switchingStopsTheAnswer() {
    World world;
    world.engine->answer = QStringList(100000, u"word "_s);
    QVERIFY(world.controller->send(u"Speak"_s));
    QTRY_VERIFY(world.transcript().count() == 2 && !world.last().text.isEmpty());
    world.controller->loadModel(u"/models/other.gguf"_s);
    QTRY_COMPARE(world.controller->modelState().info.name, std::string("other"));
    QCOMPARE(world.last().state, MessageState::Stopped);
    QVERIFY(!world.last().text.isEmpty());
    QVERIFY(world.controller->canContinue());
}

void ControllerModelsTest::aFailedLoadKeepsTheOldModel() {
    World world;
    world.ask(u"First"_s);
    world.engine->brokenModels.append(u"/models/broken.gguf"_s);
    world.controller->loadModel(u"/models/broken.gguf"_s);
    QTRY_VERIFY(!world.notices.isEmpty());
    QCOMPARE(world.notices.back(), world.engine->loadFailure);
    QCOMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    QCOMPARE(world.controller->modelState().problem, world.engine->loadFailure);
    QCOMPARE(world.controller->modelState().info.name, std::string("small"));
    QVERIFY(world.controller->settings().modelPath.isEmpty());
    world.ask(u"Second"_s);
    QCOMPARE(world.last().state, MessageState::Done);
    // It ended as it should: it may be tried again, and is no reason to be careful next time.
    world.end();
    world.start(QString());
    QVERIFY(!world.controller->modelState().problem.contains(u"unexpectedly"_s));
}

void ControllerModelsTest::cancellingKeepsTheOldModel() {
    World world;
    world.engine->frozen = true;
    world.controller->loadModel(u"/models/other.gguf"_s);
    QTRY_COMPARE(world.engine->loads.size(), 2);
    world.controller->cancelLoading();
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    QCOMPARE(world.controller->modelState().info.name, std::string("small"));
    // Also before the engine heard of it.
    world.controller->loadModel(u"/models/other.gguf"_s);
    world.controller->cancelLoading();
    QCOMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    world.inStore([](Database&) {});
    QCOMPARE(world.engine->loads.size(), 2);
    world.engine->frozen = false;
    world.ask(u"Still there?"_s);
    QCOMPARE(world.last().state, MessageState::Done);
}

void ControllerModelsTest::theNewestOfTwoLoadsWins() {
    World world;
    world.controller->loadModel(u"/models/a.gguf"_s);
    world.inStore([](Database&) {});
    world.controller->loadModel(u"/models/b.gguf"_s);
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    QCOMPARE(world.controller->modelState().info.name, std::string("b"));
    QCOMPARE(world.controller->settings().modelPath, u"/models/b.gguf"_s);
}

void ControllerModelsTest::aQuestionWaitsForTheModel() {
    World world(false);
    world.create();
    world.engine->frozen = true;
    world.controller->setStartupModel(QString::fromLatin1(World::Model));
    world.controller->start();
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Loading);
    QVERIFY(world.controller->send(u"Already?"_s));
    QTRY_COMPARE(world.transcript().count(), 2);
    QCOMPARE(world.engine->answersAsked(), 0);
    world.engine->frozen = false;
    world.engine->thaw();
    QTRY_COMPARE(world.last().state, MessageState::Done);
    QCOMPARE(world.last().model, u"small"_s);
}

void ControllerModelsTest::aModelThatEndedTheProgramIsNotLoadedAgain() {
    World world(false);
    const QString model = world.folder.folder() + u"/deadly.gguf"_s;
    QFile file(model);
    QVERIFY(file.open(QIODevice::WriteOnly));
    world.start();
    world.engine->frozen = true;
    Settings settings = world.controller->settings();
    settings.modelPath = model;
    world.controller->applySettings(settings);
    QTRY_COMPARE(world.engine->loads.size(), 2);
    // As a program would find it that had chosen this model before:
    world.inStore([&](Database& database) {
        const QMap<QString, QString> map = settings.toMap();
        for (auto it = map.begin(); it != map.end(); ++it)
            database.saveSetting(it.key(), it.value());
    });
    world.kill();
    world.start(QString());
    QVERIFY(world.engine->loads.isEmpty());
    QCOMPARE(world.controller->modelState().phase, ModelState::Phase::Failed);
    QVERIFY(world.controller->modelState().problem.contains(u"deadly"_s));
    QVERIFY(world.notices.back().contains(u"unexpectedly"_s));
    // The user may; and once a text went through it, it is trusted again.
    world.controller->loadModel(model);
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    world.settle();
    world.kill();
    world.start(QString());
    QCOMPARE(world.engine->loads, QStringList{model});
}

void ControllerModelsTest::settingsAreSavedAndReloadWhereNeeded() {
    World world;
    world.ask(u"First"_s);
    const auto asked = world.engine->chats.size();
    const auto loads = world.engine->loads.size();
    Settings settings = world.controller->settings();
    settings.theme = Theme::Dark;
    settings.sampling.temperature = 0;
    QSignalSpy changed(world.controller.get(), &ChatController::settingsChanged);
    world.controller->applySettings(settings);
    world.settle();
    QCOMPARE(changed.count(), 1);
    QCOMPARE(world.engine->chats.size(), asked); // neither read again
    QCOMPARE(world.engine->loads.size(), loads); // nor loaded
    settings.cache.window = 300;
    world.controller->applySettings(settings);
    world.settle();
    QCOMPARE(world.engine->chats.size(), asked + 1);
    QCOMPARE(world.engine->chats.back().cache.window, 300);
    QCOMPARE(world.engine->chats.back().sampling.temperature, 0.0f);
    QCOMPARE(world.engine->loads.size(), loads);
    settings.threads = 3;
    world.controller->applySettings(settings);
    QTRY_COMPARE(world.engine->loads.size(), loads + 1);
    QCOMPARE(world.engine->loadOptions.back().device.cpu.threads, 3);
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    world.end();
    world.start();
    QVERIFY(world.controller->settings() == settings);
}

void ControllerModelsTest::aChangeWhileLoadingCounts() {
    World world;
    world.engine->frozen = true;
    world.controller->loadModel(u"/models/other.gguf"_s);
    QTRY_COMPARE(world.engine->loads.back(), u"/models/other.gguf"_s);
    Settings settings = world.controller->settings();
    settings.threads = 3;
    world.controller->applySettings(settings);
    QTRY_COMPARE(world.engine->loadOptions.back().device.cpu.threads, 3);
    QCOMPARE(world.engine->loads.back(), u"/models/other.gguf"_s);
    world.engine->frozen = false;
    world.engine->thaw();
    QTRY_COMPARE(world.controller->modelState().phase, ModelState::Phase::Ready);
    QCOMPARE(world.controller->settings().modelPath, u"/models/other.gguf"_s);
}

void ControllerModelsTest::costs() {
    World world;
    const QString prompt = world.controller->currentSummary().systemPrompt;
    QCOMPARE(world.controller->switchCost(u"/models/other.gguf"_s), RereadCost{}); // nothing said yet
    world.ask(QString(4000, u'x'));                                                // about 1,000 tokens
    Settings settings = world.controller->settings();
    settings.sampling.topK = 7;
    settings.theme = Theme::Light;
    QCOMPARE(world.controller->rereadCost(settings, prompt), RereadCost{});
    settings.cache.sinks = 8;
    const RereadCost cost = world.controller->rereadCost(settings, prompt);
    QVERIFY2(cost.tokens > 900 && cost.tokens < 1100, qPrintable(QString::number(cost.tokens)));
    QVERIFY(cost.isAbout); // there is no such file
    QCOMPARE(world.controller->switchCost(u"/models/other.gguf"_s), cost);
    settings.cache.window = 256; // no more than fits
    QCOMPARE(world.controller->rereadCost(settings, prompt), (RereadCost{256, true}));
}

/// Announced is what is read, whatever the tokenizer, the instructions and the size of the cache.
void ControllerModelsTest::announcedIsRead() {
    const QString chatMl = QString::fromStdString(test::writeToyModel({.seed = 3}).string());
    const QString plain = QString::fromStdString(
        test::writeToyModel({.sentencePiece = true, .chatTemplate = "", .seed = 4}).string());
    World world;
    world.ask(u"A short question"_s);
    world.ask(QString(u"A long one. "_s).repeated(300));
    ChatController& controller = *world.controller;
    const auto compare = [&](const QString& path, const QString& prompt, const Settings& settings,
                             auto announce) {
        QSignalSpy known(&controller, &ChatController::costKnown);
        const RereadCost first = announce();
        QVERIFY(!first.isAbout || known.wait(test::PatienceMs));
        const RereadCost announced = announce();
        QVERIFY(!announced.isAbout);
        engine::ChatRequest request = world.engine->chats.back(); // what reads this chat ahead
        QVERIFY(request.purpose == engine::Purpose::Prepare && request.history.size() == 4);
        request.cache = settings.cache;
        request.system = prompt.toStdString();
        engine::Session session(engine::Model::load(path.toStdString(), {}));
        engine::Session::Observer observer;
        QCOMPARE(announced.tokens, session.run(request, observer, {}).promptTokens);
    };
    controller.continueAnswer(); // nothing to do; the chat is read ahead
    Settings settings = controller.settings();
    settings.cache.window = 300;
    controller.applySettings(settings);
    QTRY_VERIFY(world.engine->chats.back().history.size() == 4 && world.engine->isIdle());
    for (const QString& path : {chatMl, plain, chatMl}) {
        const QString prompt = controller.currentSummary().systemPrompt;
        compare(path, prompt, settings, [&] { return controller.switchCost(path); });
        Settings wanted = settings;
        wanted.modelPath = path;
        wanted.cache.window = 120;
        wanted.cache.mode = engine::CacheMode::Window;
        compare(path, u"Be brief."_s, wanted, [&] { return controller.rereadCost(wanted, u"Be brief."_s); });
    }
}

QTEST_GUILESS_MAIN(ControllerModelsTest)
#include "tst_controller_models.moc"
