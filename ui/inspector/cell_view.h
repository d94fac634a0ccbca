#pragma once
#include "ui/inspector/painted_view.h"

class QMenu;

namespace ui {

/// A painted view made of cells in rows and columns. Gives each of them what a mouse, a keyboard and a screen
/// reader need: a cursor of 2 pixels that the arrow keys move (Home, End: first and last cell; Page Up, Page
/// Down: eight steps), Enter and click, a tool tip, a context menu, and a table of sentences. Main thread.
class CellView : public PaintedView {
    Q_OBJECT
public:
    struct Cell {
        int row = -1, column = -1; // of the table, not of the screen
        bool isValid() const { return row >= 0 && column >= 0; }
        bool operator==(const Cell&) const = default;
    };

    virtual int rowCount() const = 0;
    virtual int columnCount() const = 0;
    virtual bool hasCell(Cell cell) const;           // the last row may be shorter
    virtual QRectF cellBox(Cell cell) const = 0;     // in widget coordinates
    virtual Cell cellUnder(QPointF point) const = 0; // invalid: none
    virtual QString cellText(Cell cell) const = 0;   // a whole sentence: what and how much
    virtual QString rowName(int row) const = 0;
    virtual QString columnName(int column) const = 0;

    Cell cursor() const { return m_cursor; }
    void setCursorCell(Cell cell);
    /// What Enter and a click do.
    virtual void activate(Cell cell) = 0;

protected:
    using PaintedView::PaintedView;
    /// One step on the screen; views whose table is not laid out like their picture turn it.
    virtual Cell stepped(Cell from, int right, int down) const;
    virtual void pointAt(Cell cell) = 0; // invalid: at nothing
    virtual void fillMenu(QMenu& menu, Cell cell) = 0;

    void paintCursor(QPainter& painter, const Theme& theme) const;
    bool event(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;

private:
    Cell m_cursor;
};

} // namespace ui
