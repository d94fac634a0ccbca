#include "ui/parts/steady_list.h"

#include <QMouseEvent>
#include <QScrollBar>

#include <utility>

namespace ui {

SteadyList::SteadyList(int keyRole, QWidget* parent) : QListView(parent), m_keyRole(keyRole) {
    // Qt would scroll to the current row whenever that changes, and half a second after a click.
    setAutoScroll(false);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setMouseTracking(true);
}

void SteadyList::setModel(QAbstractItemModel* model) {
    QListView::setModel(model);
    connect(model, &QAbstractItemModel::modelAboutToBeReset, this, &SteadyList::remember);
    // Connected last, so that view and selection, which forgets the current row, have been reset.
    connect(model, &QAbstractItemModel::modelReset, this, &SteadyList::restore);
}

QModelIndex SteadyList::indexOfKey(const QVariant& key) const {
    for (int row = 0; key.isValid() && row < model()->rowCount(); ++row)
        if (const QModelIndex index = model()->index(row, 0); index.data(m_keyRole) == key)
            return index;
    return {};
}

void SteadyList::remember() {
    m_currentKey = currentIndex().data(m_keyRole);
    m_scrolled = verticalScrollBar()->value();
    m_places.clear();
    const QPoint pointer = viewport()->mapFromGlobal(QCursor::pos());
    const QModelIndex under = viewport()->underMouse() ? indexAt(pointer) : QModelIndex();
    if (!under.isValid() && verticalScrollBar()->value() == 0)
        return; // what is new on top is meant to be seen
    if (under.isValid())
        m_places.append({under.data(m_keyRole), visualRect(under).top()});
    for (QModelIndex index = indexAt(QPoint(viewport()->width() / 2, 1));
         index.isValid() && visualRect(index).top() < viewport()->height();
         index = index.siblingAtRow(index.row() + 1))
        if (index.flags().testFlag(Qt::ItemIsEnabled)) // heads stay while their rows change
            m_places.append({index.data(m_keyRole), visualRect(index).top()});
}

void SteadyList::restore() {
    executeDelayedItemsLayout();
    if (const QModelIndex index = indexOfKey(std::exchange(m_currentKey, {})); index.isValid())
        setCurrentIndex(index);
    if (m_places.isEmpty())
        return;
    verticalScrollBar()->setValue(m_scrolled);
    for (const Place& place : std::exchange(m_places, {})) {
        if (const QModelIndex index = indexOfKey(place.key); index.isValid()) {
            verticalScrollBar()->setValue(verticalScrollBar()->value() + visualRect(index).top() - place.top);
            return;
        }
    }
}

void SteadyList::replaceRows(std::function<void()> replace) {
    m_waiting = std::move(replace);
    if (!isHeld())
        goOn();
}

void SteadyList::goOn() {
    if (m_waiting && !isHeld())
        std::exchange(m_waiting, {})();
}

void SteadyList::reveal(const QModelIndex& index) {
    if (isVisible())
        scrollTo(index);
    else
        m_revealKey = index.data(m_keyRole);
}

void SteadyList::showEvent(QShowEvent* event) {
    QListView::showEvent(event);
    if (m_revealKey.isValid())
        scrollTo(indexOfKey(std::exchange(m_revealKey, {})));
}

void SteadyList::keyPressEvent(QKeyEvent* event) {
    const QModelIndex before = currentIndex();
    QListView::keyPressEvent(event);
    if (currentIndex() != before)
        scrollTo(currentIndex());
}

void SteadyList::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) {
        m_down = true;
        m_pressedKey = indexAt(event->position().toPoint()).data(m_keyRole);
    }
    QListView::mousePressEvent(event);
}

void SteadyList::mouseReleaseEvent(QMouseEvent* event) {
    QListView::mouseReleaseEvent(event);
    if (event->button() != Qt::LeftButton)
        return;
    const QModelIndex index = indexAt(event->position().toPoint());
    const QVariant pressed = std::exchange(m_pressedKey, {});
    m_down = false;
    if (index.isValid() && index.data(m_keyRole) == pressed && index.flags().testFlag(Qt::ItemIsEnabled))
        Q_EMIT clickedOn(index);
    goOn();
}

void SteadyList::hideEvent(QHideEvent* event) {
    m_down = false; // its release may have gone elsewhere
    QListView::hideEvent(event);
    goOn();
}

void SteadyList::closeEditor(QWidget* editor, QAbstractItemDelegate::EndEditHint hint) {
    QListView::closeEditor(editor, hint);
    QMetaObject::invokeMethod(
        this, [this] { goOn(); }, Qt::QueuedConnection); // the editor still is in use
}

} // namespace ui
