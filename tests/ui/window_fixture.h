#pragma once
#include "app/chat_controller.h"
#include "tests/app/fake_engine.h"
#include "tests/support/patience.h"
#include "ui/main_window.h"

#include <QDir>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

namespace test {

/// A real store in a folder of its own, the scripted engine, and the real window on top of them.
class WindowFixture {
public:
    /// `fill` puts chats into the database before the window sees it.
    explicit WindowFixture(const std::function<void(app::Database&)>& fill = {}) {
        qputenv("XDG_DATA_HOME", m_folder.path().toUtf8());
        qputenv("HF_HOME", m_folder.path().toUtf8());
        qputenv("HOME", m_folder.path().toUtf8());
        const QString path = m_folder.filePath(QStringLiteral("transcripts.db"));
        if (fill)
            fill(*app::Database::open(path));
        store.open(path);
        controller = std::make_unique<app::ChatController>(engine, store, library);
        window = std::make_unique<ui::MainWindow>(*controller);
    }
    ~WindowFixture() {
        window.reset();
        controller.reset();
    }
    /// The model that the scripted engine pretends to load, unless `withModel` is false.
    void start(bool withModel = true) {
        if (withModel)
            controller->setStartupModel(QStringLiteral("/models/toy.gguf"));
        QSignalSpy started(controller.get(), &app::ChatController::started);
        controller->start();
        QVERIFY(started.count() > 0 || started.wait(test::PatienceMs));
        if (withModel)
            QTRY_COMPARE(controller->modelState().phase, app::ModelState::Phase::Ready);
        window->show();
        QVERIFY(QTest::qWaitForWindowExposed(window.get(), test::PatienceMs));
        window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(window.get(), test::PatienceMs)); // or its shortcuts do nothing
    }
    /// A picture of a widget, kept where SUMIDERO_SCREENSHOTS names a folder.
    static void picture(QWidget* widget, const QString& name) {
        const QString folder = qEnvironmentVariable("SUMIDERO_SCREENSHOTS");
        if (!folder.isEmpty() && QDir().mkpath(folder))
            widget->grab().save(QStringLiteral("%1/%2.png").arg(folder, name));
    }

    FakeEngine engine;
    app::TranscriptStore store;
    app::ModelLibrary library;
    std::unique_ptr<app::ChatController> controller;
    std::unique_ptr<ui::MainWindow> window;

private:
    QTemporaryDir m_folder;
};

} // namespace test
