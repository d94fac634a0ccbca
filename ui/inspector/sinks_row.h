#pragma once
#include "ui/inspector/painted_view.h"

namespace ui {

/// V1: the pinned tokens with the share of attention each one gets; never merged into the grid. Up to 8 in a
/// row, 16 in two rows, the rest in one last cell.
class SinksRow : public PaintedView {
    Q_OBJECT
public:
    explicit SinksRow(InspectorState& state, QWidget* parent = nullptr);
    QString summary() const override;
    QSize sizeHint() const override;

protected:
    void paint(QPainter& painter, const Theme& theme) override;
    bool event(QEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    struct Cell {
        QRect rect;
        int first = 0, count = 1; // slots it stands for
    };
    QList<Cell> cells() const;
    float share(int slot) const;
    QString describe(const Cell& cell) const;
};

} // namespace ui
