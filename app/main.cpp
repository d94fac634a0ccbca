#include "app/chat_controller.h"
#include "app/desktop/options.h"
#include "app/desktop/scripted_run.h"
#include "app/desktop/single_instance.h"
#include "app/desktop/termination.h"
#include "app/devices.h"
#include "app/engine_bridge.h"
#include "app/paths.h"
#include "app/safe_file.h"
#include "ui/main_window.h"
#include "ui/theme.h"

#include <QApplication>
#include <QBuffer>
#include <QFile>
#include <QFileInfo>
#include <QPixmap>

#include <cstdio>
#include <exception>

#include <sys/stat.h>

// The desktop program: puts the layers together, bottom up, and takes them apart in the other order.
namespace {

void complain(const QString& sentence) {
    std::fputs((QStringLiteral("sumidero: ") + sentence + u'\n').toLocal8Bit().constData(), stderr);
}

void setNames() {
    QCoreApplication::setApplicationName(QStringLiteral("sumidero"));
    QCoreApplication::setApplicationVersion(QStringLiteral(SUMIDERO_VERSION));
}

void restoreLayout(ui::MainWindow& window, const QString& path) {
    QFile file(path);
    if (file.open(QIODevice::ReadOnly))
        window.restoreLayout(file.readAll());
}

void saveLayout(const ui::MainWindow& window, const QString& path) {
    app::makePrivateFolder(app::stateFolder());
    try {
        app::writeFile(path, window.layoutState());
    } catch (const app::StoreError&) {
        // The place of the window is not worth a message.
    }
}

bool savePicture(ui::MainWindow& window, const QString& path) {
    QBuffer bytes;
    const QByteArray format = QFileInfo(path).suffix().toLatin1();
    if (!window.grab().save(&bytes, format.isEmpty() ? "PNG" : format.constData()))
        return false;
    try {
        app::writeFile(path, bytes.data());
    } catch (const app::StoreError& error) {
        complain(QString::fromUtf8(error.what()));
        return false;
    }
    return true;
}

void raise(ui::MainWindow& window) {
    window.setWindowState(window.windowState() & ~Qt::WindowMinimized);
    window.show();
    window.raise();
    window.activateWindow();
}

int run(QApplication& application, const app::desktop::Options& options,
        app::desktop::SingleInstance& instance) {
    ui::Theme::loadFonts();
    ui::Theme::apply(ui::Theme::systemIsDark() ? ui::Theme::darkTheme() : ui::Theme::lightTheme());

    app::EngineBridge engine;
    app::TranscriptStore store;
    app::ModelLibrary library;
    app::ChatController controller(engine, store, library);
    ui::MainWindow window(controller);
    const QString layout = app::stateFolder() + QStringLiteral("/window");
    restoreLayout(window, layout);

    const app::desktop::ScriptedRun script(
        controller, options, [&window](const QString& file) { return savePicture(window, file); });
    const app::desktop::Termination termination;
    QObject::connect(&instance, &app::desktop::SingleInstance::raiseRequested, &window,
                     [&window] { raise(window); });

    controller.setStartupModel(options.model);
    controller.setStartupThreads(options.threads);
    controller.setStartupDevice(options.device);
    controller.devices().setCommand(QCoreApplication::applicationFilePath(), {QStringLiteral("--devices")});
    store.open(options.database);
    controller.start();
    window.show();
    const int status = application.exec();
    window.close(); // keeps its draft, also when it was not the one to end the program
    saveLayout(window, layout);
    return status;
}

} // namespace

int main(int argc, char** argv) {
    umask(077); // whatever is written is for the user alone
    setNames();
    if (app::desktop::listsDevices(argc, argv)) {
        std::puts(app::devicesAsJson(kernels::listDevices())
                      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                      .c_str());
        return 0;
    }
    if (app::desktop::onlyTalks(argc, argv)) {
        const QCoreApplication application(argc, argv);
        app::desktop::readOptions();
        return 0;
    }
    if (!app::desktop::hasDisplay(argc, argv)) {
        complain(QStringLiteral(
            "there is no graphical display here; “sumidero-cli chat” lets you chat in the terminal."));
        return 1;
    }
    QApplication application(argc, argv);
    const app::desktop::Options options = app::desktop::readOptions();
    app::desktop::SingleInstance instance(options.database);
    switch (instance.begin()) {
    case app::desktop::SingleInstance::Outcome::OtherRaised:
        return 0;
    case app::desktop::SingleInstance::Outcome::NoAnswer:
        complain(QStringLiteral("it is already running with these chats, but does not answer."));
        return 1;
    case app::desktop::SingleInstance::Outcome::First:
        break;
    }
    try {
        return run(application, options, instance);
    } catch (const std::exception& error) {
        complain(QString::fromUtf8(error.what()));
        return 1;
    }
}
