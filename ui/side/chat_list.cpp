#include "ui/side/chat_list.h"

#include <QContextMenuEvent>
#include <QKeyEvent>

namespace ui {

ChatList::ChatList(QWidget* parent)
    : SteadyList(ChatListModel::KeyRole, parent), m_model(new ChatListModel(this)) {
    setModel(m_model);
    setItemDelegate(new ChatListDelegate(this));
    setAccessibleName(tr("Chats"));
    setEditTriggers(QAbstractItemView::EditKeyPressed);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setUniformItemSizes(false);
    connect(this, &SteadyList::clickedOn, this, &ChatList::open);
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
    SteadyList::keyPressEvent(event);
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
    SteadyList::focusInEvent(event);
    const Qt::FocusReason reason = event->reason();
    if (reason == Qt::MouseFocusReason || reason == Qt::PopupFocusReason ||
        reason == Qt::ActiveWindowFocusReason)
        return; // what is pressed is current, and nothing may move below the pointer
    if (!currentIndex().isValid()) {
        const QModelIndex open = m_model->indexOf(m_model->currentChat());
        setCurrentIndex(open.isValid() ? open : m_model->firstUsable());
    }
    scrollTo(currentIndex());
}

} // namespace ui
