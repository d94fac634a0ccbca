#pragma once
#include "ui/inspector/painted_view.h"

#include <QImage>

namespace ui {

class Raster;

/// V4: the sink share of every token (mean, 10th to 90th percentile over the heads) with evictions and turns
/// below it, and the scrubber: drag, arrow keys (Ctrl: turns), Home, End. Drawn pixel column by pixel column:
/// no token is skipped. Hatched: read, but not looked at. A tall tick: many tokens were forgotten at once.
class TimeStrip : public PaintedView {
    Q_OBJECT
public:
    explicit TimeStrip(InspectorState& state, QWidget* parent = nullptr);
    QString summary() const override;
    double value() const override; // sink share of the moment
    QSize sizeHint() const override;

    struct Column {
        bool known = false;               // the attention of a token here was looked at
        bool read = false;                // there are tokens here
        float low = 0, high = 0;          // the lowest p10, the highest p90
        float mean = 0, p10 = 0, p90 = 0; // means over the tokens that were looked at
        int evicted = 0;                  // tokens that were forgotten here
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
    void rebuild(const Theme& theme);
    void paintColumns(Raster& raster, const Theme& theme, const std::vector<Column>& columns) const;
    engine::StreamPosition first() const;
    engine::StreamPosition last() const;
    engine::StreamPosition positionAt(double x) const;

    /// The picture, and what it was made of: drawn anew only when something of it has changed.
    struct Drawn {
        engine::StreamPosition first = -1;
        quint64 sequence = 0; // of the feed
        QSize size;
        double ratio = 0;
        bool dark = false;
        bool operator==(const Drawn&) const = default;
    };
    Drawn m_drawn;
    QImage m_image;
};

} // namespace ui
