#pragma once
#include "ui/inspector/cell_view.h"

namespace ui {

/// V3: one cell for every head of every layer; the longer side (layers, for most models) along x. Click or
/// Enter chooses the head for all other views, once more gives all heads back. As a table: rows are layers,
/// columns are heads, however it is painted.
class HeadMap : public CellView {
    Q_OBJECT
public:
    enum class Axes { Hidden, Shown };
    HeadMap(InspectorState& state, Axes axes, QWidget* parent = nullptr);
    QString summary() const override;
    QSize sizeHint() const override;

    QRectF cellRect(int layer, int head) const;
    /// {-1, -1} outside.
    HeadScope headUnder(QPointF point) const;
    /// Layers along y: when there are more heads than layers.
    bool isTransposed() const;

    int rowCount() const override;
    int columnCount() const override;
    QRectF cellBox(Cell cell) const override;
    Cell cellUnder(QPointF point) const override;
    QString cellText(Cell cell) const override;
    QString rowName(int row) const override;
    QString columnName(int column) const override;
    void activate(Cell cell) override;

protected:
    void paint(QPainter& painter, const Theme& theme) override;
    Cell stepped(Cell from, int right, int down) const override;
    void pointAt(Cell) override {}
    void fillMenu(QMenu& menu, Cell cell) override;

private:
    QRectF area() const;
    QRgb colourOf(float number, float largestNorm, const Theme& theme) const;
    void paintCells(QPainter& painter, const Theme& theme) const;
    void paintAxes(QPainter& painter, const Theme& theme) const;
    Axes m_axes;
};

} // namespace ui
