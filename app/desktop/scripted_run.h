#pragma once
#include "app/desktop/options.h"

#include <QObject>

#include <functional>

namespace app {
class ChatController;
}

namespace app::desktop {

/// What the options for tests ask for: says, acknowledges, takes the picture, ends. Does nothing otherwise.
/// Main thread.
class ScriptedRun : public QObject {
    Q_OBJECT
public:
    /// `takePicture` saves the window to a file; false: it could not.
    ScriptedRun(ChatController& controller, const Options& options,
                std::function<bool(const QString&)> takePicture);

private:
    void onModelState();
    void sayNext();
    void onChunk(qint64 bytes);
    void onAnswer();
    void finish();
    void fail(const QString& sentence);

    ChatController& m_controller;
    Options m_options;
    std::function<bool(const QString&)> m_takePicture;
    int m_said = 0;
    int m_chunks = 0; // of this answer
    bool m_started = false;
    bool m_over = false;
};

} // namespace app::desktop
