#pragma once
#include "app/chat_controller.h"
#include "tests/app/fake_engine.h"
#include "tests/app/store_support.h"
#include "tests/support/patience.h"

#include <QSignalSpy>

#include <memory>

namespace test {

/// A controller with a real database file and a scripted engine; can be ended and started again on the same
/// file.
class World {
public:
    static constexpr auto Model = "/models/small.gguf";

    explicit World(bool started = true) {
        if (started)
            start();
    }

    /// The program starts; returns when the model is loaded (or was refused).
    void start(const QString& startupModel = QString::fromLatin1(Model)) {
        create();
        controller->setStartupModel(startupModel);
        QSignalSpy spy(controller.get(), &app::ChatController::started);
        controller->start();
        QVERIFY(spy.wait(test::PatienceMs));
        QTRY_VERIFY(controller->modelState().phase != app::ModelState::Phase::Loading && engine->isIdle());
    }

    void create() {
        for (const char* home : {"XDG_DATA_HOME", "HOME"}) // not the models and files of this machine
            qputenv(home, folder.folder().toLocal8Bit());
        engine = std::make_unique<FakeEngine>();
        store = std::make_unique<app::TranscriptStore>();
        library = std::make_unique<app::ModelLibrary>();
        controller = std::make_unique<app::ChatController>(*engine, *store, *library);
        QObject::connect(controller.get(), &app::ChatController::notice, controller.get(),
                         [this](const QString& sentence) { notices.append(sentence); });
        store->open(folder.path());
    }

    /// The program ends as it should.
    void end() {
        controller.reset();
        library.reset();
        store.reset();
        engine.reset();
    }

    /// The program is killed: a copy of the files as they are now, opened by the next start().
    void kill() {
        store->flush();
        const QString copy = folder.path(QStringLiteral("killed.db"));
        for (const char* suffix : {"", "-wal"}) {
            QFile::remove(copy + QLatin1String(suffix));
            QFile::copy(folder.path() + QLatin1String(suffix), copy + QLatin1String(suffix));
        }
        end();
        for (const char* suffix : {"", "-wal", "-shm"})
            QFile::remove(folder.path() + QLatin1String(suffix));
        for (const char* suffix : {"", "-wal"})
            QFile::rename(copy + QLatin1String(suffix), folder.path() + QLatin1String(suffix));
    }

    /// Sends and waits until the answer is over and stored.
    void ask(const QString& text) {
        QSignalSpy stored(controller.get(), &app::ChatController::answerStored);
        QVERIFY(controller->send(text));
        QVERIFY(stored.count() > 0 || stored.wait(test::PatienceMs));
        settle();
    }

    void open(app::ChatId chat) {
        controller->openChat(chat);
        QCOMPARE(controller->currentChat(), chat); // at once
        QTRY_VERIFY(!controller->isOpening());
    }

    /// Waits until the engine has nothing to do and the store has done everything.
    void settle() {
        QTRY_VERIFY(engine->isIdle());
        inStore([](app::Database&) {});
    }

    /// Runs in the store, after everything asked so far.
    template <class Work>
    void inStore(Work work) {
        bool done = false;
        store->run(
            controller.get(), [work](app::Database& database) { work(database); }, [&done] { done = true; },
            [&done](const app::StoreError&) { done = true; });
        QTRY_VERIFY(done);
    }

    QList<app::Message> branch(app::ChatId chat) {
        QList<app::Message> result;
        inStore([&result, chat](app::Database& database) { result = database.branch(chat); });
        return result;
    }

    app::TranscriptModel& transcript() { return controller->transcript(); }
    const app::Message& last() { return transcript().at(transcript().count() - 1); }

    StoreFolder folder;
    std::unique_ptr<FakeEngine> engine;
    std::unique_ptr<app::TranscriptStore> store;
    std::unique_ptr<app::ModelLibrary> library;
    std::unique_ptr<app::ChatController> controller;
    QStringList notices;
};

} // namespace test
