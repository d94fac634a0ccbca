#pragma once
#include <QString>

// The program's own places on this machine: one home for each path. XDG variables decide, their defaults otherwise. Any thread.
namespace app {

QString dataFolder();   // $XDG_DATA_HOME/sumidero, usually ~/.local/share/sumidero
QString databasePath(); // the transcripts, inside dataFolder()
QString modelsFolder(); // where the installer puts the default model, inside dataFolder()
QString stateFolder();  // $XDG_STATE_HOME/sumidero, usually ~/.local/state/sumidero: window state, logs
/// Makes the folder and its missing parents; those it makes are for the user alone (0700). False: cannot be made.
bool makePrivateFolder(const QString& path);

} // namespace app
