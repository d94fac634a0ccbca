#pragma once
#include "ui/inspector/cell_view.h"

namespace ui {

/// V1: the pinned tokens with the share of attention each one gets; never merged into the grid. Up to 8 in a
/// row, 16 in two rows; of more, the first ones and one cell for the rest. As a table: one row, one column a
/// sink, all of them.
class SinksRow : public CellView {
    Q_OBJECT
public:
    explicit SinksRow(InspectorState& state, QWidget* parent = nullptr);
    QString summary() const override;
    QSize sizeHint() const override;

    int rowCount() const override { return shot().sinkCount > 0 ? 1 : 0; }
    int columnCount() const override { return shot().sinkCount; }
    QRectF cellBox(Cell cell) const override;
    Cell cellUnder(QPointF point) const override;
    QString cellText(Cell cell) const override;
    QString rowName(int row) const override;
    QString columnName(int column) const override;
    void activate(Cell cell) override;

protected:
    void paint(QPainter& painter, const Theme& theme) override;
    void pointAt(Cell cell) override;
    void fillMenu(QMenu& menu, Cell cell) override;

private:
    struct Box {
        QRect rect;
        int first = 0, count = 1; // slots it stands for
    };
    QList<Box> boxes() const;
    int rows() const;
    std::vector<float> shares() const; // one a sink; negative: not known
    void paintBox(QPainter& painter, const Theme& theme, const Box& box, float weight) const;
};

} // namespace ui
