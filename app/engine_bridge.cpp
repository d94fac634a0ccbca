#include "app/engine_bridge.h"

#include <QMetaObject>

namespace app {
namespace {

template <class Event>
bool sameRequest(const engine::EngineEvent& a, const engine::EngineEvent& b) {
    const auto* first = std::get_if<Event>(&a);
    const auto* second = std::get_if<Event>(&b);
    return first != nullptr && second != nullptr && first->id == second->id;
}

/// Adds `event` to what waits to be told; joins it with the one before it where nothing is lost by that.
void join(std::vector<engine::EngineEvent>& events, engine::EngineEvent&& event) {
    if (events.empty()) {
        events.push_back(std::move(event));
        return;
    }
    engine::EngineEvent& last = events.back();
    if (sameRequest<engine::TextGenerated>(last, event)) {
        auto& text = std::get<engine::TextGenerated>(last);
        auto& more = std::get<engine::TextGenerated>(event);
        text.text += more.text;
        text.tokens += more.tokens;
        text.status = more.status;
    } else if (sameRequest<engine::LoadProgress>(last, event) ||
               sameRequest<engine::ReadProgress>(last, event)) {
        last = std::move(event);
    } else {
        events.push_back(std::move(event));
    }
}

} // namespace

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
    m_thread = std::make_unique<engine::EngineThread>([this] {
        QMetaObject::invokeMethod(
            this, [this] { onWake(); }, Qt::QueuedConnection);
    });
}

EngineBridge::~EngineBridge() {
    for (auto& [id, source] : m_stops)
        source.request_stop();
}

std::stop_token EngineBridge::newRequest() {
    return m_stops[++m_lastId].get_token();
}

EnginePort::RequestId EngineBridge::load(const QString& path, const engine::LoadOptions& options) {
    const std::stop_token token = newRequest();
    m_thread->load(m_lastId, std::filesystem::path(path.toStdU16String()), options, token);
    return m_lastId;
}

EnginePort::RequestId EngineBridge::chat(engine::ChatRequest request) {
    const std::stop_token token = newRequest();
    m_thread->chat(m_lastId, std::move(request), token);
    return m_lastId;
}

EnginePort::RequestId EngineBridge::compare(engine::CompareRequest request) {
    const std::stop_token token = newRequest();
    m_thread->compare(m_lastId, std::move(request), token);
    return m_lastId;
}

void EngineBridge::stop(RequestId id) {
    if (const auto it = m_stops.find(id); it != m_stops.end())
        it->second.request_stop();
}

void EngineBridge::setCapture(engine::CaptureRequest request) {
    m_thread->setCapture(request);
}
void EngineBridge::setPaused(bool paused) {
    m_thread->setPaused(paused);
}
engine::Latest<engine::AttentionFrame>* EngineBridge::frames() {
    return &m_thread->frames();
}
engine::Journal* EngineBridge::journal() {
    return &m_thread->journal();
}
engine::Recorder* EngineBridge::recorder() {
    return &m_thread->recorder();
}

void EngineBridge::onWake() {
    if (m_pause->isActive())
        m_waiting = true;
    else
        drain();
}

void EngineBridge::drain() {
    m_waiting = false;
    std::vector<engine::EngineEvent> events;
    for (engine::EngineEvent& event : m_thread->takeEvents())
        join(events, std::move(event));
    if (!events.empty())
        m_pause->start();
    for (const engine::EngineEvent& event : events)
        std::visit([this](const auto& e) { tell(e); }, event);
}

void EngineBridge::tell(const engine::LoadProgress& event) {
    Q_EMIT loadProgress(event.id, event.fraction);
}

void EngineBridge::tell(const engine::ModelLoaded& event) {
    m_stops.erase(event.id);
    Q_EMIT modelLoaded(event.id, event.info);
}

void EngineBridge::tell(const engine::LoadCancelled& event) {
    m_stops.erase(event.id);
    Q_EMIT loadCancelled(event.id);
}

void EngineBridge::tell(const engine::ReadProgress& event) {
    Q_EMIT readProgress(event.id, event.read, event.total, event.status);
}

void EngineBridge::tell(const engine::TextGenerated& event) {
    Q_EMIT textGenerated(event.id, QString::fromStdString(event.text), event.tokens, event.status);
}

void EngineBridge::tell(const engine::Finished& event) {
    m_stops.erase(event.id);
    Q_EMIT finished(event.id, event.result, event.status);
}

void EngineBridge::tell(const engine::CompareProgress& event) {
    Q_EMIT compareProgress(event);
}

void EngineBridge::tell(const engine::CompareFinished& event) {
    m_stops.erase(event.id);
    Q_EMIT compareFinished(event.id, event.cancelled);
}

void EngineBridge::tell(const engine::Failed& event) {
    m_stops.erase(event.id);
    Q_EMIT failed(event.id, QString::fromStdString(event.sentence));
}

} // namespace app
