#pragma once
#include <QCommandLineParser>
#include <QString>
#include <QStringList>

#include <optional>

// The command line of the desktop program.
namespace app::desktop {

struct Options {
    QString database;           // absolute path
    QString model;              // empty: the one of the settings
    std::optional<int> threads; // none: as the settings say
    QString device;             // empty: as the settings say
    // Scripted runs
    QStringList say;
    bool acknowledge = false;
    QString screenshot;
    bool quit = false;
};

/// Reads the arguments of the application object; ends the program on --help, --version and wrong usage.
Options readOptions();

/// "--devices", alone: lists them as JSON. What the settings ask, so that a driver cannot crash the window.
bool listsDevices(int argc, char** argv);
/// --help or --version: needs no display.
bool onlyTalks(int argc, char** argv);
/// Some display is named by the environment or the arguments; without one Qt would abort.
bool hasDisplay(int argc, char** argv);

} // namespace app::desktop
