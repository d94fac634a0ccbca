#include "ui/inspector/attention_row.h"

#include "ui/inspector/scope.h"

#include <QMouseEvent>

#include <algorithm>
#include <cmath>

namespace ui {

using engine::StreamPosition;

namespace {
constexpr int LabelWidth = 30, SinkBar = 10, AxisBreak = 8, MaxSinks = 8;
}

AttentionRow::AttentionRow(InspectorState& state, QWidget* parent)
    : PaintedView(state, tr("What this token looked at"), parent) {
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize AttentionRow::sizeHint() const {
    return {340, 130};
}

int AttentionRow::sinkWidth() const {
    return LabelWidth +
           (state().sinksHidden() ? 0 : std::min(shot().sinkCount, MaxSinks) * SinkBar + AxisBreak);
}

double AttentionRow::heightOf(float weight) const {
    if (weight <= 0)
        return 0;
    const double scaled = state().scale() == HeatScale::Linear
                              ? static_cast<double>(weight)
                              : std::clamp((std::log10(static_cast<double>(weight)) + 6) / 6, 0.0, 1.0);
    return scaled * (height() - 24);
}

std::vector<AttentionRow::Bin> AttentionRow::bins(const app::InspectorSnapshot& shot,
                                                  const std::vector<float>& mass, int width) {
    std::vector<Bin> bins(static_cast<std::size_t>(std::max(1, width)));
    const auto tokens = shot.position - shot.oldest + 1;
    for (StreamPosition position = shot.oldest; position <= shot.position; ++position) {
        const int slot = shot.slotOf(position);
        if (slot < 0 || static_cast<std::size_t>(slot) >= mass.size())
            continue;
        const auto index = static_cast<std::size_t>((position - shot.oldest) * width / tokens);
        const float weight = mass[static_cast<std::size_t>(slot)];
        Bin& bin = bins[std::min(index, bins.size() - 1)];
        bin.largest = std::max(bin.largest, weight);
        bin.sum += weight;
        ++bin.count;
    }
    return bins;
}

void AttentionRow::paint(QPainter& painter, const Theme& theme) {
    const std::vector<float> mass = scopedMass(shot(), state().scope(), false);
    if (!shot().hasAttention || mass.empty())
        return paintSentence(painter, theme,
                             shot().hasLayout ? tr("The attention of this token was not recorded.")
                                              : tr("Send a message to see what each token looks at."));
    const double base = height() - 18;
    painter.setFont(theme.label);
    for (int power = 0; power >= -6; power -= 2) {
        const double y = base - heightOf(static_cast<float>(std::pow(10.0, power)));
        painter.setPen(QPen(theme.line, 1));
        painter.drawLine(QPointF(LabelWidth, y), QPointF(width(), y));
        painter.setPen(theme.text3);
        const bool linear = state().scale() == HeatScale::Linear;
        painter.drawText(QRectF(0, y - 8, LabelWidth - 4, 16), Qt::AlignRight | Qt::AlignVCenter,
                         power == 0 ? QStringLiteral("1") : QStringLiteral("1e%1").arg(power));
        if (linear)
            break;
    }
    if (!state().sinksHidden()) {
        for (int sink = 0; sink < std::min(shot().sinkCount, MaxSinks); ++sink) {
            const double tall = heightOf(mass[static_cast<std::size_t>(sink)]);
            painter.fillRect(QRectF(LabelWidth + sink * SinkBar, base - tall, SinkBar - 2, tall), theme.sink);
        }
        painter.setPen(QPen(theme.text3, 1, Qt::DotLine));
        const double x = sinkWidth() - AxisBreak / 2.0;
        painter.drawLine(QPointF(x, 4), QPointF(x, base));
    }
    const int left = sinkWidth();
    const auto all = bins(shot(), mass, std::max(1, width() - left));
    QColor light = theme.window;
    light.setAlphaF(0.35f);
    for (int x = 0; x < static_cast<int>(all.size()); ++x) {
        const Bin& bin = all[static_cast<std::size_t>(x)];
        if (bin.count == 0)
            continue;
        const double largest = heightOf(bin.largest),
                     mean = heightOf(bin.sum / static_cast<float>(bin.count));
        painter.fillRect(QRectF(left + x, base - largest, 1, largest), light);
        painter.fillRect(QRectF(left + x, base - mean, 1, mean), theme.window);
    }
    painter.setPen(theme.text3);
    painter.drawText(QRectF(left, base + 2, width() - left, 16), Qt::AlignLeft, tr("oldest in view"));
    painter.drawText(QRectF(left, base + 2, width() - left, 16), Qt::AlignRight, tr("newest"));
}

StreamPosition AttentionRow::positionAt(double x) const {
    if (!shot().hasLayout)
        return -1;
    const int left = sinkWidth();
    if (x < left)
        return x < LabelWidth || state().sinksHidden()
                   ? -1
                   : std::min<StreamPosition>(static_cast<StreamPosition>((x - LabelWidth) / SinkBar),
                                              shot().sinkCount - 1);
    const auto tokens = static_cast<double>(shot().position - shot().oldest + 1);
    return shot().oldest + static_cast<StreamPosition>((x - left) / std::max(1, width() - left) * tokens);
}

void AttentionRow::mouseMoveEvent(QMouseEvent* event) {
    state().setHovered(positionAt(event->position().x()));
}
void AttentionRow::leaveEvent(QEvent*) {
    state().setHovered(-1);
}

void AttentionRow::mousePressEvent(QMouseEvent* event) {
    if (const StreamPosition position = positionAt(event->position().x()); position >= 0)
        state().togglePin(position);
}

QString AttentionRow::summary() const {
    const Shares shares = scopedShares(shot(), state().scope());
    if (!shot().hasAttention)
        return tr("Not recorded");
    return tr("%1 on sinks, %2 on the newest 64, %3 in between")
        .arg(percent(shares.sinks), percent(shares.recent), percent(shares.middle));
}

std::vector<LookedAt> mostLookedAt(const app::InspectorSnapshot& shot, const std::vector<float>& mass,
                                   int count) {
    std::vector<LookedAt> all;
    for (StreamPosition position = shot.oldest; position <= shot.position; ++position) {
        const int slot = shot.slotOf(position);
        if (slot >= 0 && static_cast<std::size_t>(slot) < mass.size())
            all.push_back({position, mass[static_cast<std::size_t>(slot)]});
    }
    const auto wanted = std::min<std::size_t>(static_cast<std::size_t>(count), all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(wanted), all.end(),
                      [](const LookedAt& a, const LookedAt& b) { return a.weight > b.weight; });
    all.resize(wanted);
    return all;
}

} // namespace ui
