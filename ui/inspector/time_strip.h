#pragma once
#include "ui/inspector/painted_view.h"

namespace ui {

/// V4: the sink share of every token (mean, 10th to 90th percentile over the heads) with evictions and turns
/// below it, and the scrubber: drag, arrow keys (Ctrl: turns), Home, End. Drawn pixel column by pixel column:
/// no token is skipped.
class TimeStrip : public PaintedView {
    Q_OBJECT
public:
    explicit TimeStrip(InspectorState& state, QWidget* parent = nullptr);
    QString summary() const override;
    QSize sizeHint() const override;

    struct Column {
        bool known = false;
        float low = 0, high = 0, mean = 0;
        int evicted = 0;
        bool turn = false;
    };
    /// Tokens [first, last] spread over `width` columns.
    static std::vector<Column> columns(const app::InspectorHistory& history, engine::StreamPosition first,
                                       engine::StreamPosition last, int width);

protected:
    void paint(QPainter& painter, const Theme& theme) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    engine::StreamPosition first() const;
    engine::StreamPosition last() const;
    engine::StreamPosition positionAt(double x) const;
};

} // namespace ui
