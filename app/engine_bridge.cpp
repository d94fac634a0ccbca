#include "app/engine_bridge.h"

#include <QMetaObject>

namespace app {

EngineBridge::EngineBridge(QObject* parent) : EnginePort(parent), m_pause(new QTimer(this)) {
    m_pause->setSingleShot(true);
    m_pause->setInterval(DrainMs);
    m_pause->setTimerType(Qt::PreciseTimer);
    connect(m_pause, &QTimer::timeout, this, [this] {
        if (m_waiting)
            drain();
    });
    // The only hop between the threads. The engine calls this once until its events are taken, so the calls
    // cannot pile up.
    m_service = std::make_unique<engine::Service>([this] {
        QMetaObject::invokeMethod(
            this, [this] { onWake(); }, Qt::QueuedConnection);
    });
}

engine::Reply EngineBridge::load(const QString& path, const engine::LoadOptions& options) {
    return m_service->load(std::filesystem::path(path.toStdU16String()), options);
}

engine::Reply EngineBridge::chat(engine::ChatRequest request) {
    return m_service->chat(std::move(request));
}

engine::Reply EngineBridge::compare(engine::CompareRequest request) {
    return m_service->compare(std::move(request));
}

void EngineBridge::setCapture(engine::CaptureRequest request) {
    m_service->setCapture(request);
}
void EngineBridge::setPaused(bool paused) {
    m_service->setPaused(paused);
}
engine::Latest<engine::AttentionFrame>* EngineBridge::frames() {
    return &m_service->frames();
}
engine::Journal* EngineBridge::journal() {
    return &m_service->journal();
}
engine::Recorder* EngineBridge::recorder() {
    return &m_service->recorder();
}

void EngineBridge::onWake() {
    if (m_pause->isActive())
        m_waiting = true;
    else
        drain();
}

void EngineBridge::drain() {
    m_waiting = false;
    const std::vector<engine::EngineEvent> events = m_service->takeEvents();
    if (!events.empty())
        m_pause->start();
    for (const engine::EngineEvent& event : events)
        std::visit([this](const auto& e) { tell(e); }, event);
}

void EngineBridge::tell(const engine::LoadProgress& event) {
    Q_EMIT loadProgress(event.id, event.fraction);
}

void EngineBridge::tell(const engine::ModelLoaded& event) {
    Q_EMIT modelLoaded(event.id, event.info);
}

void EngineBridge::tell(const engine::LoadCancelled& event) {
    Q_EMIT loadCancelled(event.id);
}

void EngineBridge::tell(const engine::ReadProgress& event) {
    Q_EMIT readProgress(event.id, event.read, event.total, event.status);
}

void EngineBridge::tell(const engine::TextGenerated& event) {
    Q_EMIT textGenerated(event.id, QString::fromStdString(event.text), event.tokens, event.status);
}

void EngineBridge::tell(const engine::Finished& event) {
    Q_EMIT finished(event.id, event.result, event.status);
}

void EngineBridge::tell(const engine::DeviceFailed& event) {
    Q_EMIT deviceFailed(event.id, QString::fromStdString(event.sentence));
}

void EngineBridge::tell(const engine::ModelMoved& event) {
    Q_EMIT modelMoved(event.id, event.info);
}

void EngineBridge::tell(const engine::CompareProgress& event) {
    Q_EMIT compareProgress(event);
}

void EngineBridge::tell(const engine::CompareFinished& event) {
    Q_EMIT compareFinished(event.id, event.cancelled);
}

void EngineBridge::tell(const engine::Failed& event) {
    Q_EMIT failed(event.id, QString::fromStdString(event.sentence));
}

} // namespace app
