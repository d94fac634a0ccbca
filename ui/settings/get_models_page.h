#pragma once
#include "ui/settings/settings_page.h"

class QVBoxLayout;
namespace app {
class ChatController;
class ModelAdvisor;
struct ModelOffer;
} // namespace app

namespace ui {

class HubSection;
class OfferCard;

/// Models that can be fetched: the short list of the program, what else was begun, and what Hugging Face has. All is done at once. Main
/// thread only.
class GetModelsPage : public SettingsPageWidget {
    Q_OBJECT
public:
    GetModelsPage(app::ChatController& controller, QWidget* parent);

    void load(const app::Settings& settings) override;
    void store(app::Settings& settings) const override;
    OfferCard* card(const QString& id) const; // null: none is shown
    HubSection* hub() const { return m_hub; }

private:
    void showOffers();
    void showAll();
    void showMachine();

    app::ChatController& m_controller;
    QLabel* m_machine;
    QVBoxLayout* m_cards;
    HubSection* m_hub;
};

} // namespace ui
