#pragma once
#include "ui/inspector/painted_view.h"

namespace ui {

/// V8: where a token stands in the stream (x) against the place the model is told (y): two segments, and the
/// gap that opens between them when something has been forgotten.
class PositionMap : public PaintedView {
    Q_OBJECT
public:
    explicit PositionMap(InspectorState& state, QWidget* parent = nullptr);
    /// "Sink 0 is 2,201 tokens back; the model is told 1,023."
    QString summary() const override;
    double value() const override; // the position the model is told
    QSize sizeHint() const override;

protected:
    void paint(QPainter& painter, const Theme& theme) override;
};

} // namespace ui
