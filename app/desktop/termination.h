#pragma once
#include <QObject>
#include <QSocketNotifier>

namespace app::desktop {

/// SIGTERM, SIGINT and SIGHUP end the program as closing its window does, but for its question where something is not saved: what is not
/// by then is rescued (rescue.h). One object; main thread.
class Termination : public QObject {
    Q_OBJECT
public:
    explicit Termination(QObject* parent = nullptr);
    ~Termination() override;

private:
    int m_pipe[2] = {-1, -1}; // read end, write end
    QSocketNotifier* m_notifier = nullptr;
};

} // namespace app::desktop
