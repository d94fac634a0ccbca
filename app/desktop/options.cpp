#include "app/desktop/options.h"

#include "app/paths.h"
#include "app/settings.h"

#include <QCoreApplication>
#include <QFileInfo>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

namespace app::desktop {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("CommandLine", text);
}

bool hasArgument(int argc, char** argv, std::initializer_list<const char*> wanted) {
    return std::any_of(argv + 1, argv + std::max(argc, 1), [&](const char* argument) {
        return std::any_of(wanted.begin(), wanted.end(),
                           [&](const char* one) { return std::strcmp(one, argument) == 0; });
    });
}

int readThreads(const QString& text) {
    bool good = false;
    const int threads = text.toInt(&good);
    if (good && threads >= 0 && threads <= mostThreads())
        return threads;
    const QString sentence = tr("sumidero: --threads takes a number from 0 to %1.").arg(mostThreads());
    std::fputs((sentence + u'\n').toLocal8Bit().constData(), stderr);
    std::exit(1);
}

} // namespace

bool onlyTalks(int argc, char** argv) {
    return hasArgument(argc, argv, {"-h", "--help", "--help-all", "-v", "--version"});
}

bool listsDevices(int argc, char** argv) {
    return argc == 2 && hasArgument(argc, argv, {"--devices"});
}

bool hasDisplay(int argc, char** argv) {
    constexpr const char* variables[] = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"};
    const auto isSet = [](const char* name) {
        const char* value = std::getenv(name);
        return value != nullptr && *value != '\0';
    };
    return std::any_of(std::begin(variables), std::end(variables), isSet) ||
           hasArgument(argc, argv, {"-platform", "--platform"});
}

Options readOptions() {
    const QString file = tr("file"), text = tr("text");
    const QCommandLineOption database(QStringLiteral("database"), tr("Keep the chats in this file."), file,
                                      databasePath());
    const QCommandLineOption model(QStringLiteral("model"),
                                   tr("Start with this model file (.gguf); the settings stay."), file);
    const QCommandLineOption threads(QStringLiteral("threads"),
                                     tr("Use so many threads (0: one per physical core); the settings stay."),
                                     tr("number"));
    const QCommandLineOption device(QStringLiteral("device"),
                                    tr("Run the model there (cpu, auto, or a device that sumidero-cli "
                                       "devices names); the settings stay."),
                                    tr("name"));
    const QCommandLineOption say(
        QStringLiteral("say"),
        tr("For tests: send this text into a new chat when the model is ready. Given "
           "several times: one after the other."),
        text);
    const QCommandLineOption acknowledge(
        QStringLiteral("acknowledge"),
        tr("For tests: print \"writing\" when the first token of an answer came, \"chunk N BYTES\" when the "
           "first N pieces of an answer, BYTES of UTF-8 in all, "
           "are stored, and \"finished\" when its end is."));
    const QCommandLineOption screenshot(
        QStringLiteral("screenshot"),
        tr("For tests: save a picture of the window when everything is said and answered, or when the model "
           "is ready."),
        file);
    const QCommandLineOption quit(QStringLiteral("quit"), tr("For tests: end after that."));

    QCommandLineParser parser;
    parser.setApplicationDescription(
        tr("A chat with a language model on this machine that never has to be reset."));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addOptions({database, model, threads, device, say, acknowledge, screenshot, quit});
    parser.process(*QCoreApplication::instance());

    Options options;
    options.database = QFileInfo(parser.value(database)).absoluteFilePath();
    if (parser.isSet(model))
        options.model = QFileInfo(parser.value(model)).absoluteFilePath();
    if (parser.isSet(threads))
        options.threads = readThreads(parser.value(threads));
    options.device = parser.value(device);
    options.say = parser.values(say);
    options.acknowledge = parser.isSet(acknowledge);
    options.screenshot = parser.value(screenshot);
    options.quit = parser.isSet(quit);
    return options;
}

} // namespace app::desktop
