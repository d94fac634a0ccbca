#pragma once
#include "ui/inspector/painted_view.h"

#include <QImage>

namespace ui {

/// The cache as it is: the pinned sinks as a thick amber arc, the window as a blue ring as far as it is filled,
/// and a hand where the next token will be written. For orientation only; the grid has the numbers.
class RingGlyph : public PaintedView {
    Q_OBJECT
public:
    explicit RingGlyph(InspectorState& state, QWidget* parent = nullptr);
    QString summary() const override;
    double value() const override; // filled share of the window
    QSize sizeHint() const override;

    static constexpr int Side = 64;
    /// Where the write head stands on the ring of `slots` slots, as a share of the way round.
    double headShare() const;
    double filledShare() const;

protected:
    void paint(QPainter& painter, const Theme& theme) override;

private:
    QImage drawRing(const Theme& theme) const;
    /// The ring without its hand, and what it was drawn for: it changes far more seldom than the hand moves.
    struct Drawn {
        int filledSteps = -1;
        bool sinks = false, dark = false;
        double ratio = 0;
        bool operator==(const Drawn&) const = default;
    };
    Drawn m_drawn;
    QImage m_ring;
};

} // namespace ui
