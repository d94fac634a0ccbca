#pragma once
#include "ui/inspector/painted_view.h"

namespace ui {

/// V5: what the newest token (or the one scrubbed to) looked at: sinks at a fixed width, an axis break, then
/// the window from oldest to newest; height is log10 of the weight, or the chosen scale. Per pixel column the
/// largest weight (light) and the mean (solid). Text with exact numbers stands beside it (TokenTab), never
/// read off pixels.
class AttentionRow : public PaintedView {
    Q_OBJECT
public:
    explicit AttentionRow(InspectorState& state, QWidget* parent = nullptr);
    QString summary() const override;
    double value() const override;
    QSize sizeHint() const override;

    struct Bin {
        float largest = 0;
        float sum = 0;
        int count = 0;
    };
    /// The window's weights, oldest first, in `width` bins; the sums add up to the window's whole mass.
    static std::vector<Bin> bins(const app::InspectorSnapshot& shot, const std::vector<float>& mass,
                                 int width);

protected:
    void paint(QPainter& painter, const Theme& theme) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    int sinkWidth() const; // pixels of the sink part, with the axis break
    engine::StreamPosition positionAt(double x) const;
    double xOf(engine::StreamPosition position) const; // -1: not shown
    double placeOf(float weight) const;                // 0..1 on the axis
    void paintAxis(QPainter& painter, const Theme& theme) const;
    void paintBars(QPainter& painter, const Theme& theme, const std::vector<float>& mass) const;
};

struct LookedAt {
    engine::StreamPosition position = 0;
    float weight = 0;
};
/// The `count` window tokens with the largest weights.
std::vector<LookedAt> mostLookedAt(const app::InspectorSnapshot& shot, const std::vector<float>& mass,
                                   int count);

} // namespace ui
