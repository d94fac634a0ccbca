#pragma once
#include "app/model_offer.h"

#include <QElapsedTimer>
#include <QFrame>

class QLabel;
class QProgressBar;
class QPushButton;
namespace app {
class ChatController;
}

namespace ui {

/// A model that can be fetched: what it is and needs, how far it is on its way, and what can be done next. Main thread only; the controller
/// must outlive it.
class OfferCard : public QFrame {
    Q_OBJECT
public:
    OfferCard(app::ChatController& controller, const app::ModelOffer& offer, QWidget* parent);

    const app::ModelOffer& offer() const { return m_offer; }
    void showState();
    QPushButton* mainButton() const { return m_main; }
    QPushButton* removeButton() const { return m_remove; }
    QString stateText() const;

private:
    enum class Deed { None, Get, Stop, GoOn, Use };
    void act();
    void showDeed(Deed deed, const QString& words);
    void showSentence(const QString& sentence, const QString& kind);
    bool isInUse(const QString& path) const;
    void showHere(const QString& path);

    app::ChatController& m_controller;
    app::ModelOffer m_offer;
    Deed m_deed = Deed::None;
    QElapsedTimer m_sinceClick;
    QLabel* m_details;
    QLabel* m_state;
    QProgressBar* m_progress;
    QPushButton* m_main;
    QPushButton* m_remove;
};

} // namespace ui
