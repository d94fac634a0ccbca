#pragma once
#include <QStringList>

namespace app {

/// Text that no store took until the program ended goes into a file of its own. Filled and written on one thread.
class Rescue {
public:
    void add(const QString& heading, const QString& text); // as Markdown; nothing when there is no text
    /// Into the first folder that takes it: the data folder, home, that of the state, the one for temporary files. Where none does, the
    /// text goes to the terminal. Nothing without text.
    void write() const;
    /// Files that earlier runs wrote and nobody has taken away, newest last.
    static QStringList files();

private:
    QString m_text;
};

} // namespace app
