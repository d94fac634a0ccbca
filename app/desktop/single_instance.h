#pragma once
#include <QLocalServer>
#include <QLockFile>
#include <QObject>

#include <memory>

namespace app::desktop {

/// One program for one file of chats: a second start raises the window of the first and ends. A lock decides
/// who is first (it is stale, and taken over, when its process is gone); a local socket carries the wish.
/// Both are for the user alone, in XDG_RUNTIME_DIR. Main thread.
class SingleInstance : public QObject {
    Q_OBJECT
public:
    enum class Outcome {
        First,
        OtherRaised,
        NoAnswer // another one has the lock but does not answer
    };

    explicit SingleInstance(const QString& databasePath, QObject* parent = nullptr);
    /// Blocks until it is clear, at most about half a minute.
    Outcome begin();

Q_SIGNALS:
    void raiseRequested();

private:
    bool raiseOther() const;
    void listen();

    QString m_socketPath;
    std::unique_ptr<QLockFile> m_lock;
    QLocalServer m_server;
};

} // namespace app::desktop
