#pragma once
#include "ui/inspector/painted_view.h"

namespace ui {

/// V10: every head as a point: attention on the newest tokens (x) against attention on the sinks (y), size by
/// how many tokens it looks at, a cross where its output is small and so matters little. Types are by attention mass, and say so: streaming-like (sinks + newest at
/// least 90 %), retrieval-like (at least 30 % in between).
class HeadScatter : public PaintedView {
    Q_OBJECT
public:
    explicit HeadScatter(InspectorState& state, QWidget* parent = nullptr);
    QString summary() const override;
    double value() const override; // share of heads that give the first token more than 0.3
    QSize sizeHint() const override;

    struct Types {
        int streaming = 0, mixed = 0, retrieval = 0, sinkHeads = 0, all = 0;
    };
    static Types count(const app::InspectorSnapshot& shot);

protected:
    void paint(QPainter& painter, const Theme& theme) override;
    void mousePressEvent(QMouseEvent* event) override;

private:
    QPointF place(const kernels::HeadStats& stats) const;
    QRectF area() const;
    void paintAxes(QPainter& painter, const Theme& theme) const;
    void paintHeads(QPainter& painter, const Theme& theme) const;
};

} // namespace ui
