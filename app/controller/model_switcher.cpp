#include "app/controller/model_switcher.h"

#include <QFileInfo>

namespace app {

const QString ModelSwitcher::MarkerKey = QStringLiteral("state.loading_model");
const QString ModelSwitcher::DeviceMarkerKey = QStringLiteral("state.loading_device");

ModelSwitcher::ModelSwitcher(EnginePort& engine, TranscriptStore& store, QObject* parent)
    : QObject(parent), m_engine(engine), m_store(store) {
    connect(&engine, &EnginePort::loadProgress, this, [this](engine::RequestId id, float fraction) {
        if (!isLoading() || id != m_reply.id())
            return;
        m_state.progress = fraction;
        Q_EMIT changed();
    });
    connect(&engine, &EnginePort::modelLoaded, this,
            [this](engine::RequestId id, const engine::ModelInfo& info) {
                m_state.info = info; // also of a loading that was given up too late
                m_state.deviceProblem =
                    info.deviceProblem.empty() ? m_whyHere : QString::fromStdString(info.deviceProblem);
                if (!isLoading() || id != m_reply.id()) {
                    Q_EMIT changed();
                    return;
                }
                m_state.problem.clear();
                leaveLoading();
                Q_EMIT loaded(m_path);
            });
    connect(&engine, &EnginePort::deviceFailed, this,
            [this](engine::RequestId, const QString& sentence) { Q_EMIT deviceFailed(sentence); });
    connect(&engine, &EnginePort::modelMoved, this, [this](engine::RequestId, const engine::ModelInfo& info) {
        m_state.info = info;
        m_state.deviceProblem = QString::fromStdString(info.deviceProblem);
        Q_EMIT changed();
    });
    connect(&engine, &EnginePort::loadCancelled, this, [this](engine::RequestId id) {
        if (!isLoading() || id != m_reply.id())
            return;
        setMarker({});
        leaveLoading();
        Q_EMIT cancelled();
    });
    connect(&engine, &EnginePort::failed, this, [this](engine::RequestId id, const QString& sentence) {
        if (!isLoading() || id != m_reply.id())
            return;
        setMarker({});
        refuse(sentence);
    });
}

void ModelSwitcher::load(const QString& path, const engine::LoadOptions& options, const QString& whyHere) {
    if (isLoading())
        m_reply.stop();
    m_path = path;
    m_options = options;
    m_whyHere = whyHere;
    m_reply = {};
    m_state.phase = ModelState::Phase::Loading;
    m_state.loadingName = QFileInfo(path).completeBaseName();
    m_state.progress = 0;
    m_state.problem.clear();
    setMarker(path);
    Q_EMIT changed();
    const int attempt = ++m_attempt;
    const auto goOn = [this, attempt] {
        if (attempt == m_attempt && isLoading())
            ask();
    };
    if (m_store.isOpen())
        m_store.run(
            this, [](Database&) {}, goOn); // after the marker
    else
        goOn();
}

void ModelSwitcher::ask() {
    m_reply = m_engine.load(m_path, m_options);
}

void ModelSwitcher::cancel() {
    if (!isLoading())
        return;
    if (m_reply) {
        m_reply.stop();
        return;
    }
    ++m_attempt;
    setMarker({});
    leaveLoading();
    Q_EMIT cancelled();
}

void ModelSwitcher::refuse(const QString& sentence) {
    m_state.problem = sentence;
    leaveLoading();
    Q_EMIT failed(sentence);
}

void ModelSwitcher::leaveLoading() {
    m_state.phase = hasModel()                  ? ModelState::Phase::Ready
                    : m_state.problem.isEmpty() ? ModelState::Phase::None
                                                : ModelState::Phase::Failed;
    m_state.loadingName.clear();
    Q_EMIT changed();
}

void ModelSwitcher::proved() {
    if (!isLoading())
        setMarker({});
}

void ModelSwitcher::close() {
    setMarker({});
}

void ModelSwitcher::setMarker(const QString& path) {
    if (path.isEmpty() && !m_marked)
        return;
    m_marked = !path.isEmpty();
    if (m_store.isOpen() && m_store.access() == Access::ReadWrite)
        m_store.run([path, device = QString::fromStdString(m_options.device.device)](Database& database) {
            database.saveSetting(MarkerKey, path);
            database.saveSetting(DeviceMarkerKey, device);
        });
}

} // namespace app
