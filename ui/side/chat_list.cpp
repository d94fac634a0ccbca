#include "ui/side/chat_list.h"

#include <QContextMenuEvent>
#include <QKeyEvent>

namespace ui {

ChatList::ChatList(QWidget* parent) : QListView(parent), m_model(new ChatListModel(this)) {
    setModel(m_model);
    setItemDelegate(new ChatListDelegate(this));
    setAccessibleName(tr("Chats"));
    setEditTriggers(QAbstractItemView::EditKeyPressed);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setMouseTracking(true);
    setUniformItemSizes(false);
}

void ChatList::open(const QModelIndex& index) {
    if (index.isValid() && index.flags().testFlag(Qt::ItemIsEnabled))
        Q_EMIT openRequested(index.data(ChatListModel::ChatRole).value<app::ChatId>(),
                             index.data(ChatListModel::MessageRole).value<app::MessageId>());
}

void ChatList::renameCurrent(app::ChatId chat) {
    const QModelIndex index = m_model->indexOf(chat);
    if (!index.isValid())
        return;
    setCurrentIndex(index);
    scrollTo(index);
    edit(index);
}

void ChatList::keyPressEvent(QKeyEvent* event) {
    const QModelIndex index = currentIndex();
    switch (event->key()) {
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (state() != QAbstractItemView::EditingState) {
            open(index);
            return;
        }
        break;
    case Qt::Key_Delete:
        if (index.isValid())
            Q_EMIT deleteRequested(index.data(ChatListModel::ChatRole).value<app::ChatId>());
        return;
    default:
        break;
    }
    QListView::keyPressEvent(event);
}

void ChatList::contextMenuEvent(QContextMenuEvent* event) {
    const bool byKey = event->reason() == QContextMenuEvent::Keyboard;
    const QModelIndex index = byKey ? currentIndex() : indexAt(event->pos());
    if (!index.isValid() || !index.flags().testFlag(Qt::ItemIsEnabled))
        return;
    const QPoint place = byKey ? viewport()->mapToGlobal(visualRect(index).center()) : event->globalPos();
    Q_EMIT menuRequested(index.data(ChatListModel::ChatRole).value<app::ChatId>(), place);
}

void ChatList::focusInEvent(QFocusEvent* event) {
    QListView::focusInEvent(event);
    if (!currentIndex().isValid()) {
        const QModelIndex open = m_model->indexOf(m_model->currentChat());
        setCurrentIndex(open.isValid() ? open : m_model->firstUsable());
    }
}

void ChatList::mouseReleaseEvent(QMouseEvent* event) {
    QListView::mouseReleaseEvent(event);
    if (event->button() == Qt::LeftButton)
        open(indexAt(event->position().toPoint()));
}

} // namespace ui
