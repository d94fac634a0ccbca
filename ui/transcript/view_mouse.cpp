#include "ui/transcript/icons.h"
#include "ui/transcript/view_impl.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QHelpEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QScrollBar>
#include <QStyleHints>
#include <QTextBoundaryFinder>
#include <QToolTip>

namespace ui {

using namespace transcript;

Place ChatView::Impl::placeAt(QPoint point) {
    int row = page.rowAt(point.y());
    while (row > 0 && page.isHidden(row))
        --row;
    if (row < 0 || page.isHidden(row))
        return {};
    return {row, page.layout(row).hit(point - page.origin(row))};
}

std::pair<Place, Place> ChatView::Impl::unitAt(Place place, Unit unit) {
    if (!place.isValid() || unit == Unit::Character)
        return {place, place};
    MessageLayout& layout = page.layout(place.row);
    if (unit == Unit::Block) {
        const auto [begin, end] = layout.blockAt(place.position);
        return {{place.row, begin}, {place.row, end}};
    }
    const auto [blockBegin, blockEnd] = layout.blockAt(place.position);
    const QString text = layout.text().mid(blockBegin, blockEnd - blockBegin);
    QTextBoundaryFinder words(QTextBoundaryFinder::Word, text);
    words.setPosition(std::min(place.position - blockBegin, static_cast<int>(text.size())));
    const bool atEnd = words.position() >= text.size();
    if (atEnd || !words.isAtBoundary())
        words.toPreviousBoundary();
    const auto begin = std::max<qsizetype>(0, words.position());
    words.toNextBoundary();
    const auto end = words.position() < 0 ? text.size() : words.position();
    return {{place.row, blockBegin + static_cast<int>(begin)},
            {place.row, blockBegin + static_cast<int>(end)}};
}

bool ChatView::Impl::targetAt(QPoint point, int& row, Target& target) {
    row = page.rowAt(point.y());
    if (row < 0 || page.isHidden(row))
        return false;
    const QPointF local = point - page.origin(row);
    for (const Target& each : page.layout(row).targets()) {
        if (each.rect.contains(local) && (each.always || row == hoverRow || row == focusRow)) {
            target = each;
            return true;
        }
    }
    return false;
}

void ChatView::Impl::updateHot(QPoint point, bool moved) {
    pointer = point;
    if (!model || page.count() == 0)
        return;
    const int row = page.rowRect(page.rowAt(point.y())).contains(point) ? page.rowAt(point.y()) : -1;
    if (row != hoverRow) {
        updateRow(hoverRow);
        hoverRow = row;
        updateRow(hoverRow);
    }
    int targetRow = -1;
    Target target;
    const bool found = targetAt(point, targetRow, target);
    if (found != hasHot || (found && !(target == hot))) {
        hasHot = found;
        hot = target;
        updateRow(hoverRow);
    }
    const QPointF local = hoverRow >= 0 ? QPointF(point - page.origin(hoverRow)) : QPointF();
    const bool link =
        hoverRow >= 0 && !page.isHidden(hoverRow) && !page.layout(hoverRow).linkAt(local).isEmpty();
    const bool onBar = hoverRow >= 0 && !page.isHidden(hoverRow) && page.layout(hoverRow).barAt(local) >= 0;
    view.viewport()->setCursor(found || link ? Qt::PointingHandCursor
                               : onBar       ? Qt::ArrowCursor
                                             : Qt::IBeamCursor);
    if (moved || !hoverTimer.isActive()) // a growing answer must not put the pause off for ever
        hoverTimer.start();
}

void ChatView::Impl::hoverRested() {
    TextPlace place;
    if (pointer.x() >= 0 && hoverRow >= 0 && !page.isHidden(hoverRow)) {
        MessageLayout& layout = page.layout(hoverRow);
        const QPointF local = pointer - page.origin(hoverRow);
        if (layout.onText(local)) {
            int position = layout.hit(local);
            const QList<QRectF> before =
                layout.rects(position - 1, position); // the character under the pointer
            if (!before.isEmpty() && before.first().contains(local))
                --position;
            place = {model->at(hoverRow).id, layout.toSource(position)};
        }
    }
    if (place.message == hovered.message && place.offset == hovered.offset)
        return;
    hovered = place;
    Q_EMIT view.textHovered(place);
}

void ChatView::Impl::setSelection(const Selection& next) {
    const int first =
        std::min(selection.begin.row < 0 ? next.begin.row : selection.begin.row, next.begin.row);
    const int last = std::max(selection.end.row, next.end.row);
    selection = next;
    const auto [from, to] = page.visible();
    for (int row = std::max(first, from); row <= std::min(last, to); ++row)
        updateRow(row);
}

void ChatView::Impl::extendTo(QPoint point) {
    const int height = view.viewport()->height();
    const int beyond = point.y() < 0 ? point.y() : point.y() > height ? point.y() - height : 0;
    if (beyond != 0) {
        view.verticalScrollBar()->setValue(view.verticalScrollBar()->value() + std::clamp(beyond, -120, 120));
        if (!dragTimer.isActive())
            dragTimer.start();
    } else {
        dragTimer.stop();
    }
    const Place place = placeAt({point.x(), std::clamp(point.y(), 0, height - 1)});
    const auto [from, to] = unitAt(place, dragUnit);
    if (!from.isValid())
        return;
    Selection next = selection;
    next.extend(from, to);
    setSelection(next);
    if (page.layout(place.row).reveal(place.position))
        updateRow(place.row);
}

void ChatView::Impl::offerPrimary() {
    QClipboard* clipboard = QApplication::clipboard();
    if (!selection.isEmpty() && clipboard->supportsSelection())
        clipboard->setText(view.selectedText(), QClipboard::Selection);
}

void ChatView::Impl::activate(int row, const Target& target) {
    const app::MessageId id = model->at(row).id;
    switch (target.kind) {
    case Target::Kind::Copy:
        Q_EMIT view.copyRequested(id);
        break;
    case Target::Kind::Regenerate:
        Q_EMIT view.regenerateRequested(id);
        break;
    case Target::Kind::Edit:
        Q_EMIT view.editRequested(id);
        break;
    case Target::Kind::Previous:
        Q_EMIT view.versionRequested(id, -1);
        break;
    case Target::Kind::Next:
        Q_EMIT view.versionRequested(id, 1);
        break;
    case Target::Kind::Continue:
        Q_EMIT view.continueRequested();
        break;
    case Target::Kind::Link:
        Q_EMIT view.linkActivated(target.url);
        break;
    case Target::Kind::CopyCode:
        QApplication::clipboard()->setText(page.layout(row).code(target.box));
        copiedRow = row;
        copiedBox = target.box;
        copiedTimer.start();
        updateRow(row);
        break;
    }
}

void ChatView::mousePressEvent(QMouseEvent* event) {
    Impl& d = *m_impl;
    if (event->button() != Qt::LeftButton || !d.model || d.page.count() == 0)
        return;
    const QPoint point = event->position().toPoint();
    d.pressedAt = point;
    d.pressedRow = -1;
    d.pressedLink.clear();
    if (d.focusRow >= 0) {
        d.updateRow(d.focusRow);
        d.focusRow = d.focusTarget = -1;
        d.caret = {};
    }
    if (d.targetAt(point, d.pressedRow, d.pressed) || d.grabBar(point))
        return;
    d.pressedRow = -1;
    const Place place = d.placeAt(point);
    if (!place.isValid())
        return;
    d.pressedLink = d.page.layout(place.row).linkAt(point - d.page.origin(place.row));
    const bool triple =
        d.sinceDouble.isValid() && d.sinceDouble.elapsed() < QApplication::doubleClickInterval();
    d.sinceDouble.invalidate();
    d.dragging = true;
    d.dragUnit = triple ? Unit::Block : Unit::Character;
    Selection next = d.selection;
    const auto [from, to] = d.unitAt(place, d.dragUnit);
    if (event->modifiers() & Qt::ShiftModifier && next.first.isValid())
        next.extend(from, to);
    else
        next.start(from, to);
    d.setSelection(next);
}

void ChatView::mouseDoubleClickEvent(QMouseEvent* event) {
    Impl& d = *m_impl;
    const QPoint point = event->position().toPoint();
    int row = -1;
    Target target;
    if (event->button() != Qt::LeftButton || !d.model || d.page.count() == 0)
        return;
    if (d.targetAt(point, row, target)) {
        mousePressEvent(event);
        return;
    }
    const auto [from, to] = d.unitAt(d.placeAt(point), Unit::Word);
    if (!from.isValid())
        return;
    d.sinceDouble.start();
    d.pressedLink.clear();
    d.dragging = true;
    d.dragUnit = Unit::Word;
    Selection next;
    next.start(from, to);
    d.setSelection(next);
    d.offerPrimary();
}

void ChatView::mouseMoveEvent(QMouseEvent* event) {
    Impl& d = *m_impl;
    const QPoint point = event->position().toPoint();
    const bool held = event->buttons() & Qt::LeftButton;
    if (held && d.draggedBar.row >= 0) {
        d.dragBar(point);
        return;
    }
    if (held && d.dragging) {
        if ((point - d.pressedAt).manhattanLength() >= QApplication::startDragDistance() ||
            d.dragUnit != Unit::Character || !d.selection.isEmpty()) {
            d.pressedLink.clear();
            d.extendTo(point);
        }
        return;
    }
    d.updateHot(point);
}

void ChatView::mouseReleaseEvent(QMouseEvent* event) {
    Impl& d = *m_impl;
    if (event->button() != Qt::LeftButton)
        return;
    const QPoint point = event->position().toPoint();
    d.dragTimer.stop();
    d.dragging = false;
    d.draggedBar.row = -1;
    int row = -1;
    Target target;
    if (d.pressedRow >= 0) {
        const int pressedRow = d.pressedRow;
        d.pressedRow = -1;
        if (d.targetAt(point, row, target) && row == pressedRow && target == d.pressed)
            d.activate(row, target);
        return;
    }
    const QString link = d.pressedLink;
    d.pressedLink.clear();
    if (!link.isEmpty() && d.selection.isEmpty())
        Q_EMIT linkActivated(link);
    d.offerPrimary();
}

bool ChatView::viewportEvent(QEvent* event) {
    Impl& d = *m_impl;
    if (event->type() == QEvent::Leave) {
        d.pointer = {-1, -1};
        d.updateRow(d.hoverRow);
        d.hoverRow = -1;
        d.hasHot = false;
        d.hoverTimer.start();
    } else if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        int row = -1;
        Target target;
        QString tip;
        if (d.model && d.page.count() > 0 && d.targetAt(help->pos(), row, target))
            tip = targetName(target);
        else if (row >= 0 && !d.page.isHidden(row))
            tip = d.page.layout(row).linkAt(help->pos() - d.page.origin(row));
        QToolTip::showText(help->globalPos(), tip.toHtmlEscaped(), viewport());
        return true;
    }
    return QAbstractScrollArea::viewportEvent(event);
}

void ChatView::Impl::showMenu(QPoint global, int row, const QString& link) {
    QMenu menu(&view);
    const auto add = [&](const QString& text, bool enabled, auto&& then) {
        QAction* action = menu.addAction(text);
        action->setEnabled(enabled);
        QObject::connect(action, &QAction::triggered, &view, then);
    };
    if (!selection.isEmpty())
        add(ChatView::tr("Copy selection"), true, [this] { view.copySelection(); });
    if (!link.isEmpty())
        add(ChatView::tr("Copy address"), true, [link] { QApplication::clipboard()->setText(link); });
    if (row >= 0 && !page.isHidden(row)) {
        add(ChatView::tr("Copy message"), true,
            [this, row] { QApplication::clipboard()->setText(page.layout(row).text()); });
        add(ChatView::tr("Copy as Markdown"), true, [this, row] {
            activate(row, {Target::Kind::Copy, {}, -1, {}, true});
        });
        for (const Target& target : page.layout(row).targets()) {
            if (target.kind != Target::Kind::Copy && target.kind != Target::Kind::CopyCode)
                add(targetName(target), true, [this, row, target] { activate(row, target); });
        }
        menu.addSeparator();
        add(ChatView::tr("Duplicate chat up to here"), true,
            [this, id = model->at(row).id] { Q_EMIT view.duplicateRequested(id); });
        add(row + 1 < model->count() ? ChatView::tr("Delete from here on") : ChatView::tr("Delete message"),
            true, [this, id = model->at(row).id] { Q_EMIT view.deleteRequested(id); });
    }
    menu.addSeparator();
    add(ChatView::tr("Select all"), page.count() > 0, [this] { view.selectAll(); });
    add(ChatView::tr("Go to where the model's memory begins"), model && model->horizonRow() >= 0,
        [this] { view.scrollToHorizon(); });
    menu.exec(global);
}

void ChatView::contextMenuEvent(QContextMenuEvent* event) {
    Impl& d = *m_impl;
    if (!d.model)
        return;
    if (event->reason() == QContextMenuEvent::Keyboard) {
        const int row = d.focusRow >= 0 ? d.focusRow : d.page.visible().second;
        const QPoint at =
            row >= 0 ? QPoint(d.page.columnLeft(), std::max(0, d.page.origin(row).y())) : QPoint();
        d.showMenu(viewport()->mapToGlobal(at), row, {});
        return;
    }
    const QPoint point = viewport()->mapFromGlobal(event->globalPos());
    const int row = d.page.count() > 0 && d.page.rowRect(d.page.rowAt(point.y())).contains(point)
                        ? d.page.rowAt(point.y())
                        : -1;
    const QString link =
        row >= 0 && !d.page.isHidden(row) ? d.page.layout(row).linkAt(point - d.page.origin(row)) : QString();
    d.showMenu(event->globalPos(), row, link);
}

} // namespace ui
