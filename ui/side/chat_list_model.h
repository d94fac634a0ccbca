#pragma once
#include "app/busy.h"

#include <QAbstractListModel>
#include <QDate>

namespace ui {

/// The rows of the chat list: group heads (Today, Yesterday, month names) with the chats below them, or the
/// hits of a search. Main thread only. Renaming through setData() asks; the name changes when the chats are
/// set again.
class ChatListModel : public QAbstractListModel {
    Q_OBJECT
public:
    enum class Kind { Group, Chat, Hit };
    enum Role { KindRole = Qt::UserRole, KeyRole, ChatRole, MessageRole, SnippetRole, CurrentRole, BusyRole };
    enum class BusyMark { None, Waiting, Answering };

    using QAbstractListModel::QAbstractListModel;

    void setChats(const QList<app::ChatSummary>& chats, QDate today);
    void setHits(const QList<app::SearchHit>& hits);
    void setCurrentChat(app::ChatId chat);
    void setBusy(const app::Busy& busy);
    app::ChatId currentChat() const { return m_current; }
    QModelIndex indexOf(app::ChatId chat) const; // invalid: not listed
    QModelIndex firstUsable() const;             // the first row that is not a group head

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

    /// "Today", "Yesterday", "November", "March 2025".
    static QString groupName(QDate day, QDate today);

Q_SIGNALS:
    void renameRequested(app::ChatId chat, const QString& title);

private:
    struct Row {
        Kind kind = Kind::Chat;
        QString title;
        QString snippet;
        app::ChatId chat = 0;
        app::MessageId message = 0;
        QDateTime when;
    };
    void replaceRows(QList<Row> rows);
    BusyMark busyMark(const Row& row) const;

    QList<Row> m_rows;
    app::ChatId m_current = 0;
    app::Busy m_busy;
};

} // namespace ui
