#include "ui/transcript/icons.h"
#include "ui/transcript/view_impl.h"

#include <QAccessible>
#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QScrollBar>
#include <QTextBoundaryFinder>

namespace ui {

using namespace transcript;

QList<Target> ChatView::Impl::targetsOf(int row) {
    if (row < 0 || row >= page.count() || page.isHidden(row))
        return {};
    MessageLayout& layout = page.layout(row);
    return layout.targets() + layout.links();
}

void ChatView::Impl::focusMessage(int row) {
    updateRow(focusRow);
    focusRow = row;
    focusTarget = -1;
    caret = {};
    if (row >= 0) {
        const QRect rect = page.rowRect(row);
        const bool seen = rect.top() >= 0 && rect.bottom() <= view.viewport()->height();
        if (!seen)
            page.scrollToRow(row);
        afterChange();
    }
    QAccessibleEvent event(&view, QAccessible::Focus);
    event.setChild(row);
    QAccessible::updateAccessibility(&event);
}

// The line that the next word is looked for in.
bool ChatView::Impl::runsRightToLeft() {
    const int row = focusRow >= 0 ? focusRow : page.visible().second;
    return row >= 0 && !page.isHidden(row) &&
           page.layout(row).isRightToLeft(caret.row == row ? caret.position : 0);
}

// Moves to the next word of the focused message: the place that Enter pins.
void ChatView::Impl::moveCaret(bool forward) {
    if (focusRow < 0)
        focusRow = page.visible().second;
    if (focusRow < 0 || page.isHidden(focusRow))
        return;
    MessageLayout& layout = page.layout(focusRow);
    const QString& text = layout.text();
    QTextBoundaryFinder words(QTextBoundaryFinder::Word, text);
    const bool started = caret.row == focusRow;
    words.setPosition(started ? caret.position : forward ? 0 : text.size());
    qsizetype begin = !started && forward ? 0 : forward ? words.toNextBoundary() : words.toPreviousBoundary();
    while (begin >= 0 && begin < text.size() && !text[begin].isLetterOrNumber())
        begin = forward ? words.toNextBoundary() : words.toPreviousBoundary();
    if (begin < 0 || begin >= text.size())
        return;
    words.setPosition(begin);
    const qsizetype end = words.toNextBoundary();
    caret = {focusRow, static_cast<int>(begin)};
    caretEnd = static_cast<int>(end < 0 ? text.size() : end);
    page.scrollToPosition(focusRow, caret.position);
    afterChange();
    hovered = {model->at(focusRow).id, layout.toSource(caret.position)};
    Q_EMIT view.textHovered(hovered);
}

void ChatView::Impl::pin() {
    TextPlace place = hovered;
    if (caret.isValid())
        place = {model->at(caret.row).id, page.layout(caret.row).toSource(caret.position)};
    else if (!selection.isEmpty())
        place = {model->at(selection.begin.row).id,
                 page.layout(selection.begin.row).toSource(selection.begin.position)};
    else if (focusRow >= 0 && !page.isHidden(focusRow))
        place = {model->at(focusRow).id, 0};
    if (place.message != 0)
        Q_EMIT view.textPinned(place);
}

void ChatView::Impl::extendSelection(int key) {
    Place moving = selection.first <= selection.begin ? selection.end : selection.begin;
    MessageLayout& layout = page.layout(moving.row);
    if (key == Qt::Key_Left || key == Qt::Key_Right) {
        const bool forward = (key == Qt::Key_Right) != layout.isRightToLeft(moving.position);
        const int wanted = moving.position + (forward ? 1 : -1);
        moving.position =
            forward ? graphemeCeil(layout.text(), wanted) : graphemeFloor(layout.text(), wanted);
    } else {
        const QRectF at = layout.caret(moving.position).translated(page.origin(moving.row));
        const qreal y = key == Qt::Key_Down ? at.bottom() + at.height() / 2 : at.top() - at.height() / 2;
        const Place next = placeAt(QPointF(at.left(), y).toPoint());
        moving = next.isValid() ? next : moving;
    }
    Selection next = selection;
    next.extend(moving, moving);
    setSelection(next);
    page.scrollToPosition(moving.row, moving.position);
    afterChange();
    offerPrimary();
}

void ChatView::keyPressEvent(QKeyEvent* event) {
    Impl& d = *m_impl;
    if (!d.model || d.page.count() == 0) {
        QAbstractScrollArea::keyPressEvent(event);
        return;
    }
    QScrollBar* bar = verticalScrollBar();
    const bool control = event->modifiers() & Qt::ControlModifier,
               shift = event->modifiers() & Qt::ShiftModifier;
    if (event->matches(QKeySequence::Copy)) {
        copySelection();
        return;
    }
    if (event->matches(QKeySequence::SelectAll)) {
        selectAll();
        return;
    }
    const int key = event->key();
    const bool vertical = key == Qt::Key_Up || key == Qt::Key_Down;
    const bool arrow = vertical || key == Qt::Key_Left || key == Qt::Key_Right;
    if (arrow && shift && d.selection.first.isValid()) {
        d.extendSelection(key);
        return;
    }
    if (vertical && control) {
        const int step = key == Qt::Key_Up ? -1 : 1;
        int row = d.focusRow >= 0 ? d.focusRow + step : d.page.visible().second;
        while (row > 0 && row < d.page.count() && d.page.isHidden(row))
            row += step;
        if (row >= 0 && row < d.page.count() && !d.page.isHidden(row))
            d.focusMessage(row);
        return;
    }
    const int page = std::max(bar->singleStep(), bar->pageStep() - 2 * bar->singleStep());
    switch (key) {
    case Qt::Key_Up:
        bar->setValue(bar->value() - bar->singleStep());
        return;
    case Qt::Key_Down:
        bar->setValue(bar->value() + bar->singleStep());
        return;
    case Qt::Key_PageUp:
        bar->setValue(bar->value() - page);
        return;
    case Qt::Key_Space:
    case Qt::Key_PageDown:
        bar->setValue(bar->value() + (shift && key == Qt::Key_Space ? -page : page));
        return;
    case Qt::Key_Home:
        bar->setValue(0);
        return;
    case Qt::Key_End:
        scrollToEnd();
        return;
    case Qt::Key_Left:
    case Qt::Key_Right:
        d.moveCaret((key == Qt::Key_Right) != d.runsRightToLeft());
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter: {
        const QList<Target> targets = d.targetsOf(d.focusRow);
        if (d.focusTarget >= 0 && d.focusTarget < targets.size())
            d.activate(d.focusRow, targets[d.focusTarget]);
        else
            d.pin();
        return;
    }
    case Qt::Key_F10: {
        if (!shift)
            break;
        QContextMenuEvent menu(QContextMenuEvent::Keyboard, QPoint(), QPoint());
        contextMenuEvent(&menu);
        return;
    }
    case Qt::Key_Escape:
        if (hasSelection() || d.focusTarget >= 0 || d.caret.isValid()) {
            clearSelection();
            d.focusTarget = -1;
            d.caret = {};
            viewport()->update();
            return;
        }
        break;
    default:
        break;
    }
    QAbstractScrollArea::keyPressEvent(event);
}

// Tab goes through the actions and links of the focused message, then leaves the view.
bool ChatView::focusNextPrevChild(bool next) {
    Impl& d = *m_impl;
    const int count = static_cast<int>(d.targetsOf(d.focusRow).size());
    const int wanted = d.focusTarget + (next ? 1 : -1);
    if (d.focusRow >= 0 && wanted >= -1 && wanted < count) {
        d.focusTarget = wanted;
        d.updateRow(d.focusRow);
        return true;
    }
    d.focusTarget = -1;
    return QAbstractScrollArea::focusNextPrevChild(next);
}

void ChatView::focusInEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusInEvent(event);
    Impl& d = *m_impl;
    const bool byKey = event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason;
    if (byKey && d.model && d.page.count() > 0 && d.focusRow < 0) {
        const int row = d.page.visible().second;
        d.focusRow = d.page.isHidden(row) ? -1 : row;
    }
    d.updateRow(d.focusRow);
}

void ChatView::focusOutEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusOutEvent(event);
    m_impl->updateRow(m_impl->focusRow);
}

} // namespace ui
