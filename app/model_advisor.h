#pragma once
#include "app/model_offer.h"

#include <QObject>

#include <optional>

namespace app {

class ChatController;

/// Offers a better model once, to who talks with the small one that came first: the best of the catalogue that this computer runs well.
/// Measures for that how fast the computer reads, while no answer is written. Main thread only; the controller must outlive it.
class ModelAdvisor : public QObject {
    Q_OBJECT
public:
    explicit ModelAdvisor(ChatController& controller, QObject* parent = nullptr);

    const std::optional<ModelOffer>& offer() const {
        return m_offer;
    }                // null: there is nothing to offer (any more)
    void answered(); // taken or declined: it is never offered again

    /// Measures as soon as nothing is read or written; once.
    void measureWhenIdle();

Q_SIGNALS:
    void offerChanged();

private:
    void consider();
    bool mayOffer() const;
    std::optional<ModelOffer> best() const;

    ChatController& m_controller;
    std::optional<ModelOffer> m_offer;
    bool m_wantsMeasure = false;
};

} // namespace app
