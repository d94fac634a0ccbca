#include "ui/inspector/sinks_row.h"

#include "app/numbers.h"
#include "ui/inspector/scope.h"
#include "ui/inspector/window_grid.h"

#include <algorithm>
#include <numeric>

namespace ui {

namespace {
int boxHeight() {
    return Theme::current().px(44); // two lines of text
}
constexpr int Gap = 5, PerRow = 8, MaxShown = 16;
constexpr int ShownOfMany = 6; // a chat pins its whole system block; only its first tokens matter

/// The share in as many digits as there is room for; the tool tip has them all.
QString shortShare(float share, int width, const QFontMetrics& metrics) {
    const QString whole = percent(static_cast<double>(share));
    if (metrics.horizontalAdvance(whole) <= width)
        return whole;
    const double value = static_cast<double>(share) * 100;
    return value < 0.05 ? QStringLiteral("<") + app::numberLocale().toString(0.1, 'f', 1)
                        : app::numberLocale().toString(value, 'f', value < 10 ? 1 : 0);
}
} // namespace

SinksRow::SinksRow(InspectorState& state, QWidget* parent) : CellView(state, tr("Sinks"), parent) {
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setFixedHeight(boxHeight());
    connect(&state, &InspectorState::shotChanged, this,
            [this] { setFixedHeight(rows() * boxHeight() + (rows() - 1) * Gap); });
}

QSize SinksRow::sizeHint() const {
    return {340, boxHeight()};
}

int SinksRow::rows() const {
    return shot().sinkCount > PerRow && shot().sinkCount <= MaxShown ? 2 : 1;
}

std::vector<float> SinksRow::shares() const {
    auto mass = scopedMass(shot(), state().scope(), false, state().aggregate());
    const auto sinks = static_cast<std::size_t>(shot().sinkCount);
    if (mass.size() >= sinks && !mass.empty()) {
        mass.resize(sinks);
        return mass;
    }
    std::vector<float> shares(sinks, -1.0f);
    if (sinks > 0 && shot().hasAttention) // at the lowest level only the first one's share is known by itself
        shares[0] = static_cast<float>(scopedShares(shot(), state().scope()).firstToken);
    return shares;
}

QList<SinksRow::Box> SinksRow::boxes() const {
    QList<Box> boxes;
    const int sinks = shot().sinkCount;
    if (sinks == 0)
        return boxes;
    const int shown = sinks > MaxShown ? ShownOfMany : sinks;
    const int perRow = (shown + rows() - 1) / rows();
    for (int index = 0; index < shown; ++index) {
        const int row = index / perRow, column = index % perRow;
        const int inRow = std::min(perRow, shown - row * perRow);
        // The first sink takes nearly all of the attention: it gets room for its name.
        const double firstWeight = inRow <= 6 ? 2.2 : 1.4;
        const double total = width() - Gap * (inRow - 1);
        const double unit = total / (row == 0 ? inRow - 1 + firstWeight : inRow);
        const double wide = row == 0 ? unit * firstWeight : unit;
        const double left = column == 0 ? 0 : wide + Gap + (column - 1) * (unit + Gap);
        const double right = column == 0 ? wide : left + unit;
        Box box;
        box.rect = QRect(QPoint(qRound(left), row * (boxHeight() + Gap)),
                         QPoint(qRound(right) - 1, row * (boxHeight() + Gap) + boxHeight() - 1));
        box.first = index;
        if (index == shown - 1)
            box.count = sinks - index;
        boxes.append(box);
    }
    return boxes;
}

void SinksRow::paint(QPainter& painter, const Theme& theme) {
    const QList<Box> all = boxes();
    if (all.isEmpty()) {
        paintSentence(painter, theme,
                      shot().hasLayout ? tr("This mode pins no sinks.") : tr("Nothing is in the cache yet."));
        return;
    }
    painter.setRenderHint(QPainter::Antialiasing);
    const std::vector<float> known = shares();
    for (const Box& box : all) {
        const auto first = known.begin() + box.first;
        paintBox(painter, theme, box, std::accumulate(first, first + box.count, 0.0f));
    }
    paintCursor(painter, theme);
}

void SinksRow::paintBox(QPainter& painter, const Theme& theme, const Box& box, float weight) const {
    const QRectF frame = QRectF(box.rect).adjusted(0.5, 0.5, -0.5, -0.5);
    const bool pointed = state().hovered() == box.first && box.count == 1;
    painter.setPen(QPen(pointed ? theme.accent : theme.sink, 1));
    painter.setBrush(theme.raised);
    painter.drawRoundedRect(frame, 5, 5);
    if (weight > 0) {
        const double filled = std::min(1.0, static_cast<double>(weight)) * (frame.width() - 2);
        painter.fillRect(QRectF(frame.left() + 1, frame.bottom() - 4, std::max(2.0, filled), 4), theme.sink);
    }
    const QRect inside = box.rect.adjusted(7, 4, -4, -6);
    QFont text = theme.mono;
    text.setPointSizeF(theme.label.pointSizeF());
    painter.setFont(text);
    painter.setPen(theme.text);
    const auto& token = shot().slots[static_cast<std::size_t>(box.first)];
    const QString label = box.count > 1 ? QStringLiteral("+%1").arg(box.count)
                                        : tokenLabel(state().feed().tokenText(token.token), 16);
    painter.drawText(inside, Qt::AlignLeft | Qt::AlignTop,
                     QFontMetrics(text).elidedText(label, Qt::ElideRight, inside.width()));
    if (shot().hasAttention && weight >= 0) {
        painter.setFont(theme.label);
        painter.setPen(theme.text2);
        painter.drawText(inside, Qt::AlignLeft | Qt::AlignBottom,
                         shortShare(weight, inside.width(), QFontMetrics(theme.label)));
    }
    if (const auto pin = state().pins().indexOf(box.first); pin >= 0 && box.count == 1)
        drawPin(painter, QPointF(frame.right() - 7, frame.bottom() - 14), static_cast<int>(pin), 3.5,
                theme.text);
}

QRectF SinksRow::cellBox(Cell cell) const {
    for (const Box& box : boxes()) {
        if (cell.column >= box.first && cell.column < box.first + box.count)
            return box.rect;
    }
    return {};
}

CellView::Cell SinksRow::cellUnder(QPointF point) const {
    for (const Box& box : boxes()) {
        if (QRectF(box.rect).contains(point))
            return {0, box.first};
    }
    return {};
}

QString SinksRow::cellText(Cell cell) const {
    const auto& token = shot().slots[static_cast<std::size_t>(cell.column)];
    const float weight = shares()[static_cast<std::size_t>(cell.column)];
    return tr("Sink %1: “%2”, stream position %3, %4 of attention")
        .arg(cell.column)
        .arg(tokenLabel(state().feed().tokenText(token.token), 24), number(token.position),
             weight < 0 ? tr("unknown share") : percent(static_cast<double>(weight)));
}

QString SinksRow::rowName(int) const {
    return tr("Sinks");
}

QString SinksRow::columnName(int column) const {
    return tr("sink %1").arg(column);
}

void SinksRow::activate(Cell cell) {
    state().togglePin(cell.column);
}

void SinksRow::pointAt(Cell cell) {
    state().setHovered(cell.isValid() ? cell.column : -1);
}

void SinksRow::fillMenu(QMenu& menu, Cell cell) {
    fillTokenMenu(menu, state(), cell.column);
}

QString SinksRow::summary() const {
    if (shot().sinkCount == 0)
        return tr("No sinks");
    if (!shot().hasAttention)
        return tr("%1 sinks").arg(shot().sinkCount);
    const double share = static_cast<double>(shot().meanSinkShare()), even = shot().uniformShare();
    return tr("%1 sinks get %2 of all attention, %3 times their even share; the first token alone %4")
        .arg(shot().sinkCount)
        .arg(percent(share), QString::number(even > 0 ? share / even : 0, 'f', 0),
             percent(scopedShares(shot(), {}).firstToken));
}

} // namespace ui
