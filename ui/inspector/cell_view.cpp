#include "ui/inspector/cell_view.h"

#include <QAccessible>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QToolTip>

#include <algorithm>

namespace ui {

namespace {
constexpr int PageSteps = 8;
}

bool CellView::hasCell(Cell cell) const {
    return cell.isValid() && cell.row < rowCount() && cell.column < columnCount();
}

CellView::Cell CellView::stepped(Cell from, int right, int down) const {
    return {from.row + down, from.column + right};
}

void CellView::setCursorCell(Cell cell) {
    if (rowCount() == 0 || columnCount() == 0)
        return;
    cell.row = std::clamp(cell.row, 0, rowCount() - 1);
    cell.column = std::clamp(cell.column, 0, columnCount() - 1);
    while (cell.column > 0 && !hasCell(cell))
        --cell.column;
    m_cursor = cell;
    setAccessibleDescription(cellText(cell));
    pointAt(cell);
    QAccessibleEvent event(this, QAccessible::Focus);
    event.setChild(cell.row * columnCount() + cell.column);
    QAccessible::updateAccessibility(&event);
    update();
}

void CellView::paintCursor(QPainter& painter, const Theme& theme) const {
    if (!hasFocus() || !hasCell(m_cursor))
        return;
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.accent, 2));
    painter.drawRect(cellBox(m_cursor).adjusted(-1, -1, 1, 1));
}

bool CellView::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        auto* help = static_cast<QHelpEvent*>(event);
        if (const Cell cell = cellUnder(help->pos()); cell.isValid())
            QToolTip::showText(help->globalPos(), cellText(cell), this);
        else
            QToolTip::hideText();
        return true;
    }
    return PaintedView::event(event);
}

void CellView::keyPressEvent(QKeyEvent* event) {
    if (event->modifiers() & (Qt::ControlModifier | Qt::AltModifier))
        return PaintedView::keyPressEvent(event); // turns, export: the pane's
    const Cell from = hasCell(m_cursor) ? m_cursor : Cell{0, 0};
    const bool first = !hasCell(m_cursor); // the first key shows the cursor where it is
    switch (event->key()) {
    case Qt::Key_Left:
        return setCursorCell(first ? from : stepped(from, -1, 0));
    case Qt::Key_Right:
        return setCursorCell(first ? from : stepped(from, 1, 0));
    case Qt::Key_Up:
        return setCursorCell(first ? from : stepped(from, 0, -1));
    case Qt::Key_Down:
        return setCursorCell(first ? from : stepped(from, 0, 1));
    case Qt::Key_PageUp:
        return setCursorCell(stepped(from, 0, -PageSteps));
    case Qt::Key_PageDown:
        return setCursorCell(stepped(from, 0, PageSteps));
    case Qt::Key_Home:
        return setCursorCell({0, 0});
    case Qt::Key_End:
        return setCursorCell({rowCount() - 1, columnCount() - 1});
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (hasCell(m_cursor)) {
            activate(m_cursor);
            setAccessibleDescription(cellText(m_cursor));
        }
        return;
    default:
        PaintedView::keyPressEvent(event);
    }
}

void CellView::mouseMoveEvent(QMouseEvent* event) {
    pointAt(cellUnder(event->position()));
}

void CellView::mousePressEvent(QMouseEvent* event) {
    const Cell cell = cellUnder(event->position());
    if (!cell.isValid())
        return;
    m_cursor = cell;
    if (event->button() == Qt::LeftButton)
        activate(cell);
}

void CellView::leaveEvent(QEvent*) {
    pointAt({});
}

void CellView::focusInEvent(QFocusEvent* event) {
    PaintedView::focusInEvent(event);
    if (hasCell(m_cursor))
        setAccessibleDescription(cellText(m_cursor));
}

void CellView::contextMenuEvent(QContextMenuEvent* event) {
    const bool byKey = event->reason() == QContextMenuEvent::Keyboard;
    const Cell cell = byKey ? m_cursor : cellUnder(event->pos());
    if (!hasCell(cell))
        return;
    QMenu menu(this);
    const QString text = cellText(cell);
    fillMenu(menu, cell);
    menu.addAction(tr("Copy what it says"), this, [text] { QGuiApplication::clipboard()->setText(text); });
    menu.exec(byKey ? mapToGlobal(cellBox(cell).bottomLeft().toPoint()) : event->globalPos());
}

} // namespace ui
