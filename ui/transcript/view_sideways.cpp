#include "ui/transcript/view_impl.h"

#include <QWheelEvent>

// Tables wider than the column: a wheel that turns sideways, Shift with any wheel, or their bar moves them.
namespace ui {

bool ChatView::Impl::scrollSideways(QPoint point, qreal pixels) {
    const int row = model && page.count() > 0 ? page.rowAt(point.y()) : -1;
    if (row < 0 || page.isHidden(row) || !page.layout(row).scrollSideways(point - page.origin(row), pixels))
        return false;
    updateRow(row);
    return true;
}

bool ChatView::Impl::grabBar(QPoint point) {
    const int row = page.rowAt(point.y());
    if (row < 0 || page.isHidden(row))
        return false;
    transcript::MessageLayout& layout = page.layout(row);
    draggedBar.box = layout.barAt(point - page.origin(row));
    if (draggedBar.box < 0)
        return false;
    draggedBar.row = row;
    draggedBar.x = point.x();
    draggedBar.from = layout.sideways(draggedBar.box);
    return true;
}

void ChatView::Impl::dragBar(QPoint point) {
    page.layout(draggedBar.row).dragBar(draggedBar.box, draggedBar.from, point.x() - draggedBar.x);
    updateRow(draggedBar.row);
}

void ChatView::wheelEvent(QWheelEvent* event) {
    const bool byPixels = !event->pixelDelta().isNull();
    const QPoint turned = byPixels ? event->pixelDelta() : event->angleDelta();
    const bool shift = event->modifiers() & Qt::ShiftModifier;
    const int across = shift && turned.x() == 0 ? turned.y() : turned.x();
    const bool sideways = across != 0 && (shift || std::abs(turned.x()) > std::abs(turned.y()));
    const qreal pixels = byPixels ? across : across / 120.0 * m_impl->page.look().line * 3;
    if (sideways && m_impl->scrollSideways(event->position().toPoint(), -pixels)) {
        event->accept();
        return;
    }
    QAbstractScrollArea::wheelEvent(event);
}

} // namespace ui
