#pragma once
#include "ui/parts/steady_list.h"
#include "ui/side/chat_list_model.h"

#include <QStyledItemDelegate>

namespace ui {

/// Paints the rows: group heads, chats, hits with the found words marked. Edits a name in place.
class ChatListDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem& option,
                          const QModelIndex& index) const override;
    void updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option,
                              const QModelIndex& index) const override;
};

/// The list itself. A click or Enter opens, F2 renames, Del deletes, the context menu has the same.
class ChatList : public SteadyList {
    Q_OBJECT
public:
    explicit ChatList(QWidget* parent = nullptr);

    ChatListModel* chats() const { return m_model; }
    void renameCurrent(app::ChatId chat);

Q_SIGNALS:
    void openRequested(app::ChatId chat, app::MessageId message);
    void deleteRequested(app::ChatId chat);
    void menuRequested(app::ChatId chat, const QPoint& globalPosition);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;

private:
    void open(const QModelIndex& index);
    ChatListModel* m_model;
};

} // namespace ui
