#include "ui/side/chat_list_model.h"

#include "app/numbers.h"

#include <QLocale>

namespace ui {

QString ChatListModel::groupName(QDate day, QDate today) {
    if (day >= today)
        return tr("Today");
    if (day.addDays(1) == today)
        return tr("Yesterday");
    QString month = QLocale().standaloneMonthName(day.month());
    if (!month.isEmpty())
        month[0] = month.at(0).toUpper(); // several languages write months small; a head begins large
    return day.year() == today.year() ? month : tr("%1 %2", "month and year").arg(month).arg(day.year());
}

void ChatListModel::setChats(const QList<app::ChatSummary>& chats, QDate today) {
    QList<app::ChatSummary> sorted = chats;
    std::stable_sort(sorted.begin(), sorted.end(), [](const app::ChatSummary& a, const app::ChatSummary& b) {
        return a.updated > b.updated;
    });
    QList<Row> rows;
    QString group;
    for (const app::ChatSummary& chat : sorted) {
        const QDateTime when = chat.updated.toLocalTime();
        const QString name = groupName(when.date(), today);
        if (name != group)
            rows.append({Kind::Group, name, {}, 0, 0, {}});
        group = name;
        rows.append({Kind::Chat, chat.title, {}, chat.id, 0, when});
    }
    replaceRows(std::move(rows));
}

void ChatListModel::setHits(const QList<app::SearchHit>& hits) {
    QList<Row> rows;
    rows.append(
        {Kind::Group,
         hits.isEmpty() ? tr("Nothing found") : tr("%n found", nullptr, static_cast<int>(hits.size())),
         {},
         0,
         0,
         {}});
    for (const app::SearchHit& hit : hits)
        rows.append(
            {Kind::Hit, hit.chatTitle, hit.snippet, hit.chat, hit.message, hit.created.toLocalTime()});
    replaceRows(std::move(rows));
}

void ChatListModel::replaceRows(QList<Row> rows) {
    beginResetModel(); // the list keeps its place and its current row by their keys
    m_rows = std::move(rows);
    endResetModel();
}

void ChatListModel::setCurrentChat(app::ChatId chat) {
    if (chat == m_current)
        return;
    m_current = chat;
    if (!m_rows.isEmpty())
        Q_EMIT dataChanged(index(0), index(static_cast<int>(m_rows.size()) - 1), {CurrentRole});
}

void ChatListModel::setBusy(const app::Busy& busy) {
    if (busy == m_busy)
        return;
    m_busy = busy;
    if (!m_rows.isEmpty())
        Q_EMIT dataChanged(index(0), index(static_cast<int>(m_rows.size()) - 1), {BusyRole});
}

ChatListModel::BusyMark ChatListModel::busyMark(const Row& row) const {
    if (row.kind == Kind::Group || row.chat == 0)
        return BusyMark::None;
    if (row.chat == m_busy.answering)
        return BusyMark::Answering;
    return m_busy.waiting.contains(row.chat) ? BusyMark::Waiting : BusyMark::None;
}

QModelIndex ChatListModel::indexOf(app::ChatId chat) const {
    for (int row = 0; row < m_rows.size(); ++row)
        if (m_rows.at(row).kind != Kind::Group && m_rows.at(row).chat == chat)
            return index(row);
    return {};
}

QModelIndex ChatListModel::firstUsable() const {
    for (int row = 0; row < m_rows.size(); ++row)
        if (m_rows.at(row).kind != Kind::Group)
            return index(row);
    return {};
}

int ChatListModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant ChatListModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= m_rows.size())
        return {};
    const Row& row = m_rows.at(index.row());
    switch (role) {
    case Qt::DisplayRole:
    case Qt::EditRole:
        return row.title;
    case Qt::AccessibleTextRole: {
        QString plain = row.snippet;
        plain.remove(QChar(0xe000)).remove(QChar(0xe001));
        if (!plain.isEmpty())
            return tr("%1: %2", "chat and the place found in it").arg(row.title, plain);
        switch (busyMark(row)) {
        case BusyMark::Answering:
            return tr("%1, is being answered").arg(row.title);
        case BusyMark::Waiting:
            return tr("%1, waits for its answer").arg(row.title);
        case BusyMark::None:
            break;
        }
        return row.title;
    }
    case Qt::ToolTipRole:
        if (row.kind == Kind::Group)
            return {};
        return tr("%1\nLast written %2")
            .arg(row.title, app::numberLocale().toString(row.when, QLocale::ShortFormat));
    case KindRole:
        return static_cast<int>(row.kind);
    case KeyRole: // heads have their names, chats and hits their ids
        return row.kind == Kind::Group ? row.title : QStringLiteral("%1/%2").arg(row.chat).arg(row.message);
    case ChatRole:
        return QVariant::fromValue(row.chat);
    case MessageRole:
        return QVariant::fromValue(row.message);
    case SnippetRole:
        return row.snippet;
    case CurrentRole:
        return row.kind != Kind::Group && row.chat == m_current && m_current != 0;
    case BusyRole:
        return static_cast<int>(busyMark(row));
    default:
        return {};
    }
}

bool ChatListModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    if (role != Qt::EditRole || !index.isValid() || m_rows.at(index.row()).kind != Kind::Chat)
        return false;
    const Row& row = m_rows.at(index.row());
    const QString title = value.toString().simplified();
    if (title.isEmpty() || title == row.title)
        return false;
    Q_EMIT renameRequested(row.chat, title);
    return true;
}

Qt::ItemFlags ChatListModel::flags(const QModelIndex& index) const {
    if (!index.isValid())
        return Qt::NoItemFlags;
    switch (m_rows.at(index.row()).kind) {
    case Kind::Group:
        return Qt::NoItemFlags;
    case Kind::Chat:
        return Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsEditable | Qt::ItemNeverHasChildren;
    case Kind::Hit:
        return Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemNeverHasChildren;
    }
    return Qt::NoItemFlags;
}

} // namespace ui
