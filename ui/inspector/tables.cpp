#include "ui/inspector/tables.h"

#include "app/numbers.h"
#include "ui/inspector/painted_view.h"

namespace ui {

EvictionModel::EvictionModel(InspectorState& state, QObject* parent)
    : QAbstractTableModel(parent), m_state(state) {
    const auto refresh = [this] {
        const int rows = static_cast<int>(m_state.feed().history().evictions().size());
        if (rows == m_rows && rows == 0)
            return;
        beginResetModel();
        m_rows = rows;
        endResetModel();
    };
    connect(&state, &InspectorState::shotChanged, this, refresh);
    refresh();
}

int EvictionModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : m_rows;
}
int EvictionModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : 4;
}

QVariant EvictionModel::data(const QModelIndex& index, int role) const {
    const auto& evictions = m_state.feed().history().evictions();
    if (!index.isValid() || index.row() >= static_cast<int>(evictions.size()))
        return {};
    const app::Eviction& eviction = evictions[evictions.size() - 1 - static_cast<std::size_t>(index.row())];
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::AlignVCenter | (index.column() == 1 ? Qt::AlignLeft : Qt::AlignRight));
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole)
        return {};
    const auto text = [this](engine::StreamPosition position) {
        const app::InspectedToken* token = m_state.feed().history().token(position);
        return token ? tokenLabel(m_state.feed().tokenText(token->token), 12) : QStringLiteral("…");
    };
    switch (index.column()) {
    case 0:
        return number(eviction.count);
    case 1:
        return eviction.count == 1
                   ? QStringLiteral("“%1”").arg(text(eviction.first))
                   : QStringLiteral("“%1” … “%2”")
                         .arg(text(eviction.first), text(eviction.first + eviction.count - 1));
    case 2:
        return number(eviction.at - eviction.first);
    case 3:
        return app::numberLocale().toString(static_cast<double>(eviction.received), 'f',
                                            eviction.received < 1 ? 3 : 1);
    default:
        return {};
    }
}

QVariant EvictionModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation == Qt::Horizontal && role == Qt::ToolTipRole && section == 3)
        return tr("Attention these tokens had received when they went; 1 is all the attention of one token.");
    if (role == Qt::FontRole) // the style sheet gives headers the font of the program otherwise
        return Theme::current().label;
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case 0:
        return tr("Tokens");
    case 1:
        return tr("First and last");
    case 2:
        return tr("Age");
    case 3:
        return tr("Received");
    default:
        return {};
    }
}

NumbersModel::NumbersModel(InspectorState& state, QObject* parent)
    : QAbstractTableModel(parent), m_state(state) {
    refresh();
}

void NumbersModel::refresh() {
    beginResetModel();
    m_shot = m_state.shot();
    m_rows.clear();
    if (m_shot.hasLayout) {
        for (int sink = 0; sink < m_shot.sinkCount; ++sink)
            m_rows.push_back(sink);
        for (engine::StreamPosition position = m_shot.oldest; position <= m_shot.position; ++position)
            m_rows.push_back(position);
    }
    endResetModel();
}

int NumbersModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}
int NumbersModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : 6;
}

QVariant NumbersModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= static_cast<int>(m_rows.size()))
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::AlignVCenter | (index.column() == 1 ? Qt::AlignLeft : Qt::AlignRight));
    if (role != Qt::DisplayRole)
        return {};
    const engine::StreamPosition position = m_rows[static_cast<std::size_t>(index.row())];
    const int slot = m_shot.slotOf(position);
    const app::InspectedToken& token = m_shot.slots[static_cast<std::size_t>(std::max(0, slot))];
    const bool known = static_cast<std::size_t>(slot) < m_shot.slotMass.size();
    switch (index.column()) {
    case 0:
        return slot;
    case 1:
        return tokenLabel(m_state.feed().tokenText(token.token), 24);
    case 2:
        return number(position);
    case 3:
        return number(slot < m_shot.sinkCount ? slot : m_shot.sinkCount + (position - m_shot.oldest));
    case 4:
        return known ? app::numberLocale().toString(
                           static_cast<double>(m_shot.slotMass[static_cast<std::size_t>(slot)]), 'g', 6)
                     : QString();
    case 5:
        return app::numberLocale().toString(static_cast<double>(token.received), 'g', 4);
    default:
        return {};
    }
}

QVariant NumbersModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (role == Qt::FontRole) // the style sheet gives headers the font of the program otherwise
        return Theme::current().label;
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case 0:
        return tr("Slot");
    case 1:
        return tr("Token");
    case 2:
        return tr("In the stream");
    case 3:
        return tr("Told position");
    case 4:
        return tr("Attention");
    case 5:
        return tr("Received so far");
    default:
        return {};
    }
}

} // namespace ui
