#include "ui/inspector/record_button.h"

#include "ui/inspector/painted_view.h"
#include "ui/parts/words.h"

#include <QFileDialog>
#include <QStandardPaths>

namespace ui {

namespace {
using words::bytes;
constexpr int LookMs = 500;
constexpr int RateMs = 2000; // the rate is of so long
} // namespace

RecordButton::RecordButton(app::EnginePort& engine, QWidget* parent) : QPushButton(parent), m_engine(engine) {
    setFlat(true);
    setProperty("kind", QStringLiteral("footer"));
    setObjectName(QStringLiteral("inspectorRecord"));
    if (!engine.recorder()) // showing it here would open a window: it has no parent yet
        hide();
    m_timer.setInterval(LookMs);
    connect(&m_timer, &QTimer::timeout, this, &RecordButton::look);
    connect(this, &QPushButton::clicked, this, &RecordButton::toggle);
    showIdle();
    if (engine.recorder() && engine.recorder()->status().active) { // begun before this pane was made
        m_clock.start();
        m_timer.start();
        look();
    }
}

void RecordButton::showIdle() {
    setText(tr("Record"));
    const QString tip = tr("Record every row of attention to a file; may slow the answer");
    setToolTip(tip);
    setAccessibleName(tip);
}

void RecordButton::toggle() {
    if (m_timer.isActive())
        return stop();
    const QString folder = QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
    const QString path = QFileDialog::getSaveFileName(this, tr("Record attention to a file"),
                                                      folder + QStringLiteral("/recording.attention"),
                                                      tr("Recordings of attention (*.attention)"));
    if (!path.isEmpty())
        record(path);
}

void RecordButton::record(const QString& path) {
    m_path = path;
    m_moments.clear();
    m_droppedSaid = 0;
    m_engine.recorder()->start(std::filesystem::path(path.toStdU16String()));
    m_clock.start();
    m_timer.start();
    look();
    Q_EMIT said(tr("Recording from the next token on. It may slow the answer."));
}

void RecordButton::stop() {
    m_engine.recorder()->stop();
    look();
}

void RecordButton::look() {
    const engine::RecordingStatus now = m_engine.recorder()->status();
    if (!now.active) {
        m_timer.stop();
        showIdle();
        QString sentence = QString::fromStdString(now.problem);
        if (sentence.isEmpty() && now.tokens == 0)
            sentence = tr("Nothing was decoded meanwhile, so there is no recording.");
        else if (sentence.isEmpty())
            sentence = tr("Recorded %1 tokens (%2) to %3.")
                           .arg(number(static_cast<qint64>(now.tokens)), bytes(now.bytes), m_path);
        if (now.dropped > 0)
            sentence += QLatin1Char(' ') + tr("%1 tokens are missing: the disk was behind.")
                                               .arg(number(static_cast<qint64>(now.dropped)));
        Q_EMIT said(sentence);
        return;
    }
    m_moments.push_back({m_clock.elapsed(), now.bytes});
    while (m_moments.size() > 2 && m_moments.back().milliseconds - m_moments.front().milliseconds > RateMs)
        m_moments.pop_front();
    const qint64 over = m_moments.back().milliseconds - m_moments.front().milliseconds;
    const std::uint64_t grown = m_moments.back().bytes - m_moments.front().bytes;
    const std::uint64_t rate = over > 0 ? grown * 1000 / static_cast<std::uint64_t>(over) : 0;
    setText(QStringLiteral("■ ") + tr("%1/s · %2").arg(bytes(rate), bytes(now.bytes)));
    const QString tip = tr("Stop recording: %1 so far, %2 a second").arg(bytes(now.bytes), bytes(rate));
    setToolTip(tip);
    setAccessibleName(tip);
    if (now.dropped > m_droppedSaid && m_droppedSaid == 0)
        Q_EMIT said(tr("The disk is behind: some tokens are missing in the recording."));
    m_droppedSaid = now.dropped;
}

} // namespace ui
