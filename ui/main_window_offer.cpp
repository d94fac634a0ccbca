// Models that can be had: the one offer of a better one, and what became of a download while nobody was looking.
#include "app/chat_controller.h"
#include "app/model_advisor.h"
#include "app/model_downloads.h"
#include "ui/main_window.h"
#include "ui/page/banner.h"
#include "ui/page/chat_page.h"
#include "ui/parts/words.h"
#include "ui/settings/offer_words.h"
#include "ui/settings/settings_dialog.h"

namespace ui {

using Phase = app::DownloadState::Phase;

namespace {
const QString offerKey = QStringLiteral("offer"), arrivedKey = QStringLiteral("arrived"),
              unfinishedKey = QStringLiteral("unfinished");
}

void MainWindow::connectOffer() {
    app::ModelDownloads& downloads = m_controller.downloads();
    m_advisor = new app::ModelAdvisor(m_controller, this);
    connect(m_advisor, &app::ModelAdvisor::offerChanged, this, &MainWindow::showOffer);
    connect(&m_controller, &app::ChatController::started, this, &MainWindow::showUnfinished);
    connect(&downloads, &app::ModelDownloads::arrived, this, &MainWindow::showArrived);
    connect(&downloads, &app::ModelDownloads::changed, this, [this, &downloads](const QString& id) {
        for (const app::ModelOffer& offer : downloads.offers())
            if (offer.id == id)
                showStumbled(offer);
    });
    connect(&m_controller, &app::ChatController::modelStateChanged, this, [this] {
        if (m_controller.modelState().phase == app::ModelState::Phase::Loading)
            m_page->banners()->dismiss(arrivedKey);
    });
}

void MainWindow::showOffer() {
    const std::optional<app::ModelOffer>& offer = m_advisor->offer();
    if (!offer) {
        m_page->banners()->dismiss(offerKey);
        return;
    }
    const app::ModelFit fit = m_controller.downloads().fit(*offer, m_controller.settings().cache);
    const auto decline = [this] { m_advisor->answered(); };
    const auto get = [this, wanted = *offer] {
        m_advisor->answered();
        m_controller.downloads().start(wanted);
        openSettings(SettingsPage::GetModels);
    };
    m_page->banners()->show(
        {BannerText::Tone::Note, offerKey,
         tr("The model in use is a small one and often wrong. %1 is better and runs well here: %2, "
            "%3 to fetch.")
             .arg(offer->name, words::speed(fit.tokensPerSecond), words::bytes(offer->bytes)),
         tr("Get it"), get, decline, true, tr("No thanks"), decline});
}

/// The program ended while something was fetched.
void MainWindow::showUnfinished() {
    app::ModelDownloads& downloads = m_controller.downloads();
    for (const app::ModelOffer& offer : downloads.offers()) {
        const app::DownloadState state = downloads.state(offer);
        if (state.phase != Phase::Paused)
            continue;
        const auto goOn = [this, offer] {
            m_controller.downloads().start(offer);
            openSettings(SettingsPage::GetModels);
        };
        m_page->banners()->show(
            {BannerText::Tone::Note,
             unfinishedKey,
             tr("%1 is not here in full yet: %2.").arg(offer.name, words::downloadProgress(state)),
             tr("Go on"),
             goOn,
             {}});
        return; // one is enough; the page shows all
    }
}

void MainWindow::showArrived(const QString& id, const QString& path) {
    m_page->banners()->dismiss(unfinishedKey);
    if (m_settings && m_settings->isVisible()) // it says so itself
        return;
    for (const app::ModelOffer& offer : m_controller.downloads().offers()) {
        if (offer.id == id)
            m_page->banners()->show({BannerText::Tone::Note,
                                     arrivedKey,
                                     tr("%1 is here. This chat is kept when you switch.").arg(offer.name),
                                     tr("Use it now"),
                                     [this, path] { m_controller.loadModel(path); },
                                     {}});
    }
}

/// A download that failed while nobody was looking.
void MainWindow::showStumbled(const app::ModelOffer& offer) {
    const app::DownloadState state = m_controller.downloads().state(offer);
    if (state.isUnderWay())
        m_page->banners()->dismiss(unfinishedKey);
    if (state.phase != Phase::Failed || (m_settings && m_settings->isVisible()))
        return;
    m_page->banners()->show({BannerText::Tone::Problem,
                             unfinishedKey,
                             tr("%1 could not be fetched. %2").arg(offer.name, state.problem),
                             tr("Show"),
                             [this] { openSettings(SettingsPage::GetModels); },
                             {}});
}

} // namespace ui
