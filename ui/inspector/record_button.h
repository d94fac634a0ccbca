#pragma once
#include "app/engine_port.h"

#include <QElapsedTimer>
#include <QPushButton>
#include <QTimer>

#include <deque>

namespace ui {

/// Starts and stops the recording of all attention rows to a file, and shows meanwhile how large it is and how
/// fast it grows. Owns no recording: that goes on while the Inspector is closed. Main thread.
class RecordButton : public QPushButton {
    Q_OBJECT
public:
    explicit RecordButton(app::EnginePort& engine, QWidget* parent = nullptr);

    void record(const QString& path); // what the file dialog leads to
    void stop();

Q_SIGNALS:
    /// A sentence for the person: it began, it ended and how, tokens were dropped.
    void said(const QString& sentence);

private:
    void toggle();
    void look();
    void showIdle();

    app::EnginePort& m_engine;
    QString m_path;
    QTimer m_timer; // only while something is recorded
    struct Moment {
        qint64 milliseconds;
        std::uint64_t bytes;
    };
    QElapsedTimer m_clock;
    std::deque<Moment> m_moments; // of the last seconds, for the rate
    std::uint64_t m_droppedSaid = 0;
};

} // namespace ui
