#include "ui/inspector/sinks_row.h"

#include "ui/inspector/scope.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QToolTip>

#include <algorithm>

namespace ui {

namespace {
constexpr int CellHeight = 44, Gap = 5, PerRow = 8, MaxShown = 16;

/// The share in as many digits as there is room for; the tool tip has them all.
QString shortShare(float share, int width, const QFontMetrics& metrics) {
    const QString whole = percent(static_cast<double>(share));
    if (metrics.horizontalAdvance(whole) <= width)
        return whole;
    const double value = static_cast<double>(share) * 100;
    return value < 0.05 ? QStringLiteral("<") + QLocale().toString(0.1, 'f', 1)
                        : QLocale().toString(value, 'f', value < 10 ? 1 : 0);
}
} // namespace

SinksRow::SinksRow(InspectorState& state, QWidget* parent) : PaintedView(state, tr("Sinks"), parent) {
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setFixedHeight(CellHeight);
    connect(&state, &InspectorState::shotChanged, this, [this] {
        const int rows = std::min(shot().sinkCount, MaxShown) > PerRow ? 2 : 1;
        setFixedHeight(rows * CellHeight + (rows - 1) * Gap);
    });
}

QSize SinksRow::sizeHint() const {
    return {340, CellHeight};
}

float SinksRow::share(int slot) const {
    const auto& mass = shot().slotMass;
    if (static_cast<std::size_t>(slot) < mass.size())
        return mass[static_cast<std::size_t>(slot)];
    // At the lowest level of looking only the first token's share is known by itself.
    return slot == 0 && shot().hasAttention ? static_cast<float>(scopedShares(shot(), {}).firstToken) : -1.0f;
}

QList<SinksRow::Cell> SinksRow::cells() const {
    QList<Cell> cells;
    const int sinks = shot().sinkCount;
    if (sinks == 0)
        return cells;
    const int shown = sinks > MaxShown ? MaxShown : sinks;
    const int rows = shown > PerRow ? 2 : 1;
    const int perRow = (shown + rows - 1) / rows;
    for (int index = 0; index < shown; ++index) {
        const int row = index / perRow, column = index % perRow;
        const int inRow = std::min(perRow, shown - row * perRow);
        // The first sink takes nearly all of the attention: it gets room for its name.
        const double firstWeight = inRow <= 5 ? 2.2 : 1.4;
        const double total = width() - Gap * (inRow - 1);
        const double unit = total / (row == 0 ? inRow - 1 + firstWeight : inRow);
        const double wide = row == 0 ? unit * firstWeight : unit;
        const double left = column == 0 ? 0 : wide + Gap + (column - 1) * (unit + Gap);
        const double right = column == 0 ? wide : left + unit;
        Cell cell;
        cell.rect = QRect(QPoint(qRound(left), row * (CellHeight + Gap)),
                          QPoint(qRound(right) - 1, row * (CellHeight + Gap) + CellHeight - 1));
        cell.first = index;
        if (index == shown - 1)
            cell.count = sinks - index;
        cells.append(cell);
    }
    return cells;
}

void SinksRow::paint(QPainter& painter, const Theme& theme) {
    painter.setRenderHint(QPainter::Antialiasing);
    const QList<Cell> all = cells();
    if (all.isEmpty()) {
        paintSentence(painter, theme,
                      shot().hasLayout ? tr("This mode pins no sinks.") : tr("Nothing is in the cache yet."));
        return;
    }
    QFont text = theme.mono;
    text.setPointSizeF(theme.label.pointSizeF());
    for (const Cell& cell : all) {
        float weight = 0;
        for (int slot = cell.first; slot < cell.first + cell.count; ++slot)
            weight += share(slot);
        const QRectF frame = QRectF(cell.rect).adjusted(0.5, 0.5, -0.5, -0.5);
        painter.setPen(QPen(theme.sink, 1));
        painter.setBrush(theme.raised);
        painter.drawRoundedRect(frame, 5, 5);
        const double filled = std::clamp(static_cast<double>(weight), 0.0, 1.0) * (frame.width() - 2);
        if (weight > 0) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(theme.sink);
            painter.drawRect(QRectF(frame.left() + 1, frame.bottom() - 4, std::max(2.0, filled), 4));
        }
        const QRect inside = cell.rect.adjusted(7, 4, -4, -6);
        painter.setPen(theme.text);
        painter.setFont(text);
        const QFontMetrics fit(text);
        const auto& token = shot().slots[static_cast<std::size_t>(cell.first)];
        const QString label = cell.count > 1 ? tr("+%1 more").arg(cell.count)
                                             : tokenLabel(state().feed().tokenText(token.token), 16);
        painter.drawText(inside, Qt::AlignLeft | Qt::AlignTop,
                         fit.elidedText(label, Qt::ElideRight, inside.width()));
        if (shot().hasAttention && weight >= 0) {
            painter.setFont(theme.label);
            painter.setPen(theme.text2);
            painter.drawText(inside, Qt::AlignLeft | Qt::AlignBottom,
                             shortShare(weight, inside.width(), QFontMetrics(theme.label)));
        }
    }
}

QString SinksRow::describe(const Cell& cell) const {
    const auto& token = shot().slots[static_cast<std::size_t>(cell.first)];
    if (cell.count > 1)
        return tr("%1 more pinned tokens").arg(cell.count);
    return tr("Sink %1: “%2”, stream position %3, %4 of attention")
        .arg(cell.first)
        .arg(tokenLabel(state().feed().tokenText(token.token), 24), number(token.position),
             share(cell.first) < 0 ? tr("not recorded") : percent(share(cell.first)));
}

QString SinksRow::summary() const {
    if (shot().sinkCount == 0)
        return tr("No sinks");
    if (!shot().hasAttention)
        return tr("%1 sinks").arg(shot().sinkCount);
    return tr("%1 sinks get %2 of all attention, %3 times their even share; the first token alone %4")
        .arg(shot().sinkCount)
        .arg(percent(shot().meanSinkShare()),
             QString::number(shot().uniformShare() > 0 ? shot().meanSinkShare() / shot().uniformShare() : 0,
                             'f', 0),
             percent(share(0)));
}

bool SinksRow::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        auto* help = static_cast<QHelpEvent*>(event);
        for (const Cell& cell : cells()) {
            if (cell.rect.contains(help->pos())) {
                QToolTip::showText(help->globalPos(), describe(cell), this);
                return true;
            }
        }
    }
    return PaintedView::event(event);
}

void SinksRow::mouseMoveEvent(QMouseEvent* event) {
    for (const Cell& cell : cells()) {
        if (cell.rect.contains(event->pos()) && cell.count == 1)
            return state().setHovered(cell.first);
    }
    state().setHovered(-1);
}

void SinksRow::mousePressEvent(QMouseEvent* event) {
    for (const Cell& cell : cells()) {
        if (cell.rect.contains(event->pos()) && cell.count == 1)
            state().togglePin(cell.first);
    }
}

void SinksRow::leaveEvent(QEvent*) {
    state().setHovered(-1);
}

} // namespace ui
