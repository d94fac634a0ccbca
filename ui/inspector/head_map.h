#pragma once
#include "ui/inspector/painted_view.h"

namespace ui {

/// V3: one cell for every head of every layer (layers along x, heads along y). Click or Enter chooses the
/// head for all other views.
class HeadMap : public PaintedView {
    Q_OBJECT
public:
    enum class Axes { Hidden, Shown };
    HeadMap(InspectorState& state, Axes axes, QWidget* parent = nullptr);
    QString summary() const override;
    QSize sizeHint() const override;

    QRectF cellRect(int layer, int head) const;
    /// {-1, -1} outside.
    HeadScope cellAt(QPointF point) const;
    QString describe(int layer, int head) const;

protected:
    void paint(QPainter& painter, const Theme& theme) override;
    bool event(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;

private:
    QRectF area() const;
    QRgb colourOf(float number, const Theme& theme) const;
    void paintAxes(QPainter& painter, const Theme& theme) const;
    Axes m_axes;
};

} // namespace ui
