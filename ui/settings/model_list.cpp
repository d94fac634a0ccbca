#include "ui/parts/words.h"
#include "ui/settings/model_delegate.h"
#include "ui/settings/models_page.h"
#include "ui/theme.h"

#include <QAbstractItemView>
#include <QPainter>

namespace ui {

void ModelListModel::setModels(const QList<app::ModelEntry>& models, const QString& pathInUse) {
    beginResetModel();
    m_models = models;
    m_inUse = pathInUse;
    std::stable_sort(m_models.begin(), m_models.end(),
                     [](const app::ModelEntry& a, const app::ModelEntry& b) {
                         if (a.problem.isEmpty() != b.problem.isEmpty())
                             return a.problem.isEmpty();
                         return a.name.localeAwareCompare(b.name) < 0;
                     });
    endResetModel();
}

QModelIndex ModelListModel::indexOf(const QString& path) const {
    for (int row = 0; row < m_models.size(); ++row)
        if (m_models.at(row).path == path)
            return index(row);
    return {};
}

int ModelListModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_models.size());
}

QVariant ModelListModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid())
        return {};
    const app::ModelEntry& model = m_models.at(index.row());
    const auto details = [&model] {
        QStringList parts;
        if (!model.quantisation.isEmpty())
            parts += model.quantisation;
        parts += words::bytes(model.fileBytes);
        if (model.memoryBytes > 0)
            parts += tr("needs %1 of memory").arg(words::bytes(model.memoryBytes));
        if (!model.source.isEmpty())
            parts += model.source;
        return parts.join(QStringLiteral(" · "));
    };
    switch (role) {
    case Qt::DisplayRole:
        return model.name;
    case Qt::ToolTipRole:
        return model.problem.isEmpty() ? model.path : model.path + u'\n' + model.problem;
    case Qt::AccessibleTextRole:
        return QStringLiteral("%1. %2. %3").arg(model.name, details(), model.problem);
    case PathRole:
        return model.path;
    case DetailsRole:
        return details();
    case ProblemRole:
        return model.problem;
    case InUseRole:
        return model.path == m_inUse && !m_inUse.isEmpty();
    default:
        return {};
    }
}

namespace {
constexpr int rowInset = 12, rowPadding = 8;

constexpr int mostProblemLines = 6; // the rest stands in the tool tip

/// Where the sentence why a model cannot be used stands, in a row that begins at 0.
QRect problemRect(const QString& problem, int rowWidth) {
    const Theme& theme = Theme::current();
    const QFontMetrics label(theme.label);
    const int top = rowPadding + QFontMetrics(theme.list).height() + 2 + label.height() + 2;
    const QRect room(rowInset + 4, top, std::max(80, rowWidth - 2 * (rowInset + 4)),
                     mostProblemLines * label.lineSpacing());
    QRect taken = label.boundingRect(room, Qt::TextWordWrap | Qt::AlignLeft, problem);
    return {room.topLeft(), QSize(room.width(), std::min(taken.height(), room.height()))};
}
} // namespace

void ModelDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                          const QModelIndex& index) const {
    const Theme& theme = Theme::current();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const QString problem = index.data(ModelListModel::ProblemRole).toString();
    const QRectF cell = QRectF(option.rect).adjusted(4.5, 1.5, -4.5, -1.5);
    const bool selected = option.state.testFlag(QStyle::State_Selected);
    if (selected || option.state.testFlag(QStyle::State_MouseOver)) {
        const bool focused = selected && option.state.testFlag(QStyle::State_Active) &&
                             option.state.testFlag(QStyle::State_HasFocus);
        painter->setPen(focused ? QPen(theme.accent, 2) : QPen(Qt::NoPen));
        painter->setBrush(theme.raised2);
        painter->drawRoundedRect(cell, metrics::radiusButton, metrics::radiusButton);
    }
    QRect line = option.rect.adjusted(rowInset + 4, rowPadding, -rowInset - 4, 0);
    const auto draw = [&](const QString& text, const QFont& font, const QColor& colour) {
        const QFontMetrics metrics(font);
        line.setHeight(metrics.height());
        painter->setFont(font);
        painter->setPen(colour);
        painter->drawText(line, Qt::AlignLeft, metrics.elidedText(text, Qt::ElideRight, line.width()));
        line.translate(0, metrics.height() + 2);
    };
    if (index.data(ModelListModel::InUseRole).toBool()) {
        painter->setFont(theme.label);
        painter->setPen(theme.accent);
        painter->drawText(QRect(line.left(), line.top(), line.width(), QFontMetrics(theme.list).height()),
                          Qt::AlignRight | Qt::AlignVCenter, tr("in use"));
    }
    draw(index.data().toString(), Theme::weighted(theme.list, QFont::Medium),
         problem.isEmpty() ? theme.text : theme.text2);
    draw(index.data(ModelListModel::DetailsRole).toString(), theme.label, theme.text2);
    if (!problem.isEmpty()) {
        painter->setFont(theme.label);
        painter->setPen(theme.danger);
        painter->drawText(problemRect(problem, option.rect.width()).translated(option.rect.topLeft()),
                          Qt::TextWordWrap | Qt::AlignLeft, problem);
    }
    painter->restore();
}

QSize ModelDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const Theme& theme = Theme::current();
    const QString problem = index.data(ModelListModel::ProblemRole).toString();
    const auto* list = qobject_cast<const QAbstractItemView*>(option.widget);
    const int width = list ? list->viewport()->width() : option.rect.width();
    const int bottom = problem.isEmpty() ? rowPadding + QFontMetrics(theme.list).height() + 2 +
                                               QFontMetrics(theme.label).height()
                                         : problemRect(problem, width).bottom() + 1;
    return QSize(0, bottom + rowPadding);
}

} // namespace ui
