#pragma once
#include "ui/inspector/painted_view.h"

#include <QImage>

namespace ui {

enum class GridMode { Mass, Age, Role, Received };

/// V2: the window, one cell a token. Physical order: a token stays where it is and the write head moves;
/// logical order: oldest first. Colour is attention (log by default), age, who wrote it, or the attention
/// received so far. Arrow keys move a cursor, Enter pins.
class WindowGrid : public PaintedView {
    Q_OBJECT
public:
    explicit WindowGrid(InspectorState& state, QWidget* parent = nullptr);

    GridMode mode() const { return m_mode; }
    void setMode(GridMode mode);
    /// No taller than its cells, and at most this.
    void fitHeight(int most);
    QString summary() const override;
    QSize sizeHint() const override;

    struct Layout {
        int columns = 0, rows = 0;
        int cell = 0, gap = 0; // device pixels
        int pitch() const { return cell + gap; }
    };
    /// The largest whole cells (in device pixels) that fit the area.
    static Layout layoutFor(int cells, int widthPixels, int heightPixels);

    int cellCount() const;                             // cells of the grid, filled or not
    engine::StreamPosition positionAt(int cell) const; // -1: free
    int cellOf(engine::StreamPosition position) const; // -1: not in the window
    QRect cellRect(int cell) const;                    // in widget coordinates
    int cellAt(QPoint point) const;
    QString describe(int cell) const;

protected:
    void paint(QPainter& painter, const Theme& theme) override;
    bool event(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    Layout layout() const;
    QRgb colourOf(engine::StreamPosition position, const std::vector<float>& mass, const Theme& theme) const;
    void paintMarks(QPainter& painter, const Theme& theme) const;
    void moveCursor(int cell);

    GridMode m_mode = GridMode::Mass;
    int m_cursor = -1;
};

} // namespace ui
