#pragma once
#include "ui/inspector/cell_view.h"

#include <QImage>

namespace ui {

/// V2: the window, one cell a token. Physical order: a token stays where it is and the write head moves;
/// logical order: oldest first. Colour is attention (log by default), age, who wrote it, or the attention
/// received so far. Enter and click pin a token.
class WindowGrid : public CellView {
    Q_OBJECT
public:
    explicit WindowGrid(InspectorState& state, QWidget* parent = nullptr);

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
    QString describe(int cell) const;

    // CellView: row and column of the picture
    int rowCount() const override;
    int columnCount() const override;
    bool hasCell(Cell cell) const override;
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
    Layout layout() const;
    int indexOf(Cell cell) const;
    QRgb colourOf(engine::StreamPosition position, const std::vector<float>& mass, const Theme& theme) const;
    void paintMarks(QPainter& painter, const Theme& theme) const;
    bool m_muted = false; // too few tokens
};

/// Adds what can be done with a token: pin it, look at its moment.
void fillTokenMenu(QMenu& menu, InspectorState& state, engine::StreamPosition position);

} // namespace ui
