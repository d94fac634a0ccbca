#include "ui/inspector/attention_row.h"

#include "ui/inspector/raster.h"
#include "ui/inspector/scope.h"

#include <QMouseEvent>

#include <algorithm>
#include <cmath>
#include <limits>

namespace ui {

using engine::StreamPosition;

namespace {
constexpr int SinkBar = 10, AxisBreak = 8, MaxSinks = 8;
constexpr int Above = 8; // pixels over the bars

// What has words in it grows with the text.
int labelWidth() {
    return Theme::current().px(38);
}
int below() {
    return Theme::current().px(18);
}

struct Tick {
    float place; // 0..1
    QString label;
};

QList<Tick> ticksOf(HeatScale scale) {
    switch (scale) {
    case HeatScale::Linear:
        return {{1, QStringLiteral("1")}, {0.5f, QStringLiteral("0.5")}, {0, QStringLiteral("0")}};
    case HeatScale::Lift:
        return {{1, QStringLiteral("×256")},
                {0.75f, QStringLiteral("×16")},
                {0.5f, QStringLiteral("even")},
                {0.25f, QStringLiteral("÷16")},
                {0, QStringLiteral("÷256")}};
    case HeatScale::Log:
        break;
    }
    return {{1, QStringLiteral("1")},
            {2 / 3.0f, QStringLiteral("1e-2")},
            {1 / 3.0f, QStringLiteral("1e-4")},
            {0, QStringLiteral("1e-6")}};
}
} // namespace

AttentionRow::AttentionRow(InspectorState& state, QWidget* parent)
    : PaintedView(state, tr("What this token looked at"), parent) {
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize AttentionRow::sizeHint() const {
    return {340, Theme::current().px(130)};
}

int AttentionRow::sinkWidth() const {
    return labelWidth() +
           (state().sinksHidden() ? 0 : std::min(shot().sinkCount, MaxSinks) * SinkBar + AxisBreak);
}

double AttentionRow::placeOf(float weight) const {
    const float place = heatPlace(weight, state().scale(), 1.0 / std::max(1, shot().keys()));
    return std::clamp(static_cast<double>(place), 0.0, 1.0);
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
    std::vector<float> mass = scopedMass(shot(), state().scope(), false, state().aggregate());
    if (!shot().hasAttention || mass.empty())
        return paintSentence(painter, theme,
                             shot().hasLayout ? tr("The attention of this token was not recorded.")
                                              : tr("Send a message to see what each token looks at."));
    if (state().sinksHidden()) {
        const float factor = withoutSinks(shot(), state().scope());
        for (float& weight : mass)
            weight *= factor;
    }
    paintAxis(painter, theme);
    paintBars(painter, theme, mass);
    for (int pin = 0; pin < state().pins().size(); ++pin) {
        if (const double x = xOf(state().pins().at(pin)); x >= 0) {
            painter.fillRect(QRectF(x, Above, 1, height() - Above - below()), theme.text2);
            drawPin(painter, QPointF(x + 0.5, Above - 3), pin, 3.5, theme.text);
        }
    }
    if (const double x = xOf(state().hovered()); x >= 0)
        painter.fillRect(QRectF(x, Above, 1, height() - Above - below()), theme.accent);
}

void AttentionRow::paintAxis(QPainter& painter, const Theme& theme) const {
    const double base = height() - below();
    painter.setFont(theme.label);
    for (const Tick& tick : ticksOf(state().scale())) {
        const double y = base - static_cast<double>(tick.place) * (base - Above);
        painter.fillRect(QRectF(labelWidth(), std::round(y), width() - labelWidth(), 1), theme.line);
        painter.setPen(theme.text3);
        painter.drawText(QRectF(0, y - theme.px(8), labelWidth() - 5, theme.px(16)),
                         Qt::AlignRight | Qt::AlignVCenter, tick.label);
    }
    const int left = sinkWidth();
    painter.drawText(QRectF(left, base + 2, width() - left, below() - 2), Qt::AlignLeft,
                     tr("oldest in view"));
    painter.drawText(QRectF(left, base + 2, width() - left, below() - 2), Qt::AlignRight, tr("newest"));
}

void AttentionRow::paintBars(QPainter& painter, const Theme& theme, const std::vector<float>& mass) const {
    const double ratio = this->ratio();
    Raster raster(size(), ratio);
    const int base = qRound((height() - below()) * ratio), tall = base - qRound(Above * ratio);
    const auto topOf = [&](float weight) { return base - qRound(placeOf(weight) * tall); };
    if (!state().sinksHidden() && shot().sinkCount > 0) {
        for (int sink = 0; sink < std::min(shot().sinkCount, MaxSinks); ++sink)
            raster.fill(qRound((labelWidth() + sink * SinkBar) * ratio),
                        qRound((labelWidth() + (sink + 1) * SinkBar - 2) * ratio),
                        topOf(mass[static_cast<std::size_t>(sink)]), base, theme.sink.rgba());
        const int x = qRound((sinkWidth() - AxisBreak / 2.0) * ratio);
        for (int y = qRound(Above * ratio); y < base; y += 4)
            raster.fill(x, x + 1, y, y + 2, theme.text3.rgba());
    }
    QColor light = theme.window;
    light.setAlphaF(0.35f);
    const int left = qRound(sinkWidth() * ratio);
    const auto all = bins(shot(), mass, std::max(1, raster.width() - left));
    for (int x = 0; x < static_cast<int>(all.size()); ++x) {
        const Bin& bin = all[static_cast<std::size_t>(x)];
        if (bin.count == 0) { // fewer tokens than pixels: each is as wide as it is
            raster.fill(left + x, left + x + 1,
                        topOf(mass[static_cast<std::size_t>(shot().slotOf(positionAt((left + x) / ratio)))]),
                        base, theme.window.rgba());
            continue;
        }
        raster.fill(left + x, left + x + 1, topOf(bin.largest), base, light.rgba());
        raster.fill(left + x, left + x + 1, topOf(bin.sum / static_cast<float>(bin.count)), base,
                    theme.window.rgba());
    }
    painter.drawImage(0, 0, raster.image());
}

StreamPosition AttentionRow::positionAt(double x) const {
    if (!shot().hasLayout)
        return -1;
    const int left = sinkWidth();
    if (x < left)
        return x < labelWidth() || state().sinksHidden()
                   ? -1
                   : std::min<StreamPosition>(static_cast<StreamPosition>((x - labelWidth()) / SinkBar),
                                              shot().sinkCount - 1);
    const auto tokens = static_cast<double>(shot().position - shot().oldest + 1);
    return std::min(shot().position, shot().oldest + static_cast<StreamPosition>(
                                                         (x - left) / std::max(1, width() - left) * tokens));
}

double AttentionRow::xOf(StreamPosition position) const {
    if (shot().slotOf(position) < 0)
        return -1;
    if (position < shot().sinkCount)
        return state().sinksHidden() || position >= MaxSinks
                   ? -1
                   : static_cast<double>(labelWidth()) + static_cast<double>(position) * SinkBar +
                         SinkBar / 2.0 - 1;
    const double tokens = static_cast<double>(shot().position - shot().oldest + 1);
    return sinkWidth() + std::floor((static_cast<double>(position - shot().oldest) + 0.5) / tokens *
                                    (width() - sinkWidth()));
}

double AttentionRow::value() const {
    return shot().hasAttention ? scopedShares(shot(), state().scope()).sinks
                               : std::numeric_limits<double>::quiet_NaN();
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
