#include "app/model_advisor.h"

#include "app/chat_controller.h"
#include "app/model_downloads.h"

namespace app {

ModelAdvisor::ModelAdvisor(ChatController& controller, QObject* parent)
    : QObject(parent), m_controller(controller) {
    connect(&controller, &ChatController::started, this, &ModelAdvisor::consider);
    connect(&controller, &ChatController::modelStateChanged, this, &ModelAdvisor::consider);
    connect(&controller, &ChatController::activityChanged, this, &ModelAdvisor::consider);
    connect(&controller, &ChatController::busyChanged, this, &ModelAdvisor::consider);
    connect(&controller.downloads(), &ModelDownloads::changed, this, &ModelAdvisor::consider);
    connect(&controller.downloads().machine(), &Machine::measured, this, &ModelAdvisor::consider);
}

/// Only the small default model asks for a better one.
bool ModelAdvisor::mayOffer() const {
    const ModelState& model = m_controller.modelState();
    return model.phase == ModelState::Phase::Ready && !m_controller.settings().offerAnswered &&
           QString::fromStdString(model.info.path.string()) == ModelLibrary::defaultModelPath();
}

void ModelAdvisor::measureWhenIdle() {
    m_wantsMeasure = true;
    consider();
}

void ModelAdvisor::consider() {
    Machine& machine = m_controller.downloads().machine();
    const bool wanted = mayOffer();
    const bool idle = m_controller.activity() == Activity::Idle && m_controller.busy() == Busy{} &&
                      !m_controller.isPreparing() &&
                      m_controller.modelState().phase != ModelState::Phase::Loading;
    if ((wanted || m_wantsMeasure) && idle)
        machine.measure(m_controller.settings().threads);
    const std::optional<ModelOffer> now = wanted ? best() : std::nullopt;
    if (now.has_value() == m_offer.has_value() && (!now || now->id == m_offer->id))
        return;
    m_offer = now;
    Q_EMIT offerChanged();
}

std::optional<ModelOffer> ModelAdvisor::best() const {
    std::optional<ModelOffer> result;
    const ModelDownloads& downloads = m_controller.downloads();
    for (const ModelOffer& offer : modelCatalogue().mid(1)) { // the first is the one in use
        // Whoever has begun with one, or has it, knows where they are.
        if (downloads.state(offer).phase != DownloadState::Phase::None)
            return {};
        const ModelFit fit = downloads.fit(offer, m_controller.settings().cache);
        if (fit.runsWell() && fit.diskFits() && (!result || offer.bytes > result->bytes))
            result = offer;
    }
    return result;
}

void ModelAdvisor::answered() {
    Settings settings = m_controller.settings();
    settings.offerAnswered = true;
    m_controller.applySettings(settings);
    consider();
}

} // namespace app
