#include "ui/inspector/head_scatter.h"

#include "ui/inspector/inspector_words.h"
#include "ui/inspector/raster.h"

#include <QMouseEvent>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace ui {

namespace {

enum Shape { Disc, Diamond, Cross };
constexpr float SinkHead = 0.3f;    // more than this on the first token
constexpr float SmallOutput = 0.2f; // of the median head's output

/// Alpha values of a shape with this radius, anti-aliased once and then stamped for every head.
struct Stamp {
    std::vector<quint8> alpha;
    int side = 0;
};

const Stamp& stampOf(Shape shape, double radius) {
    constexpr int Sizes = 64; // quarter pixels
    static std::array<std::array<Stamp, Sizes>, 3> made;
    const int size = std::clamp(qRound(radius * 4), 4, Sizes - 1);
    Stamp& stamp = made[shape][static_cast<std::size_t>(size)];
    if (stamp.side > 0)
        return stamp;
    const double r = size / 4.0;
    stamp.side = 2 * static_cast<int>(std::ceil(r)) + 1;
    stamp.alpha.resize(static_cast<std::size_t>(stamp.side * stamp.side));
    constexpr int Fine = 4;
    for (int y = 0; y < stamp.side; ++y) {
        for (int x = 0; x < stamp.side; ++x) {
            int inside = 0;
            for (int part = 0; part < Fine * Fine; ++part) {
                const double dx = std::abs(x + (part % Fine + 0.5) / Fine - stamp.side / 2.0);
                const double dy = std::abs(y + (part / Fine + 0.5) / Fine - stamp.side / 2.0);
                inside += shape == Disc      ? dx * dx + dy * dy <= r * r
                          : shape == Diamond ? dx + dy <= r
                                             : std::abs(dx - dy) <= r * 0.3 && std::max(dx, dy) <= r;
            }
            stamp.alpha[static_cast<std::size_t>(y * stamp.side + x)] =
                static_cast<quint8>(inside * 255 / (Fine * Fine));
        }
    }
    return stamp;
}

float medianNorm(const std::vector<kernels::HeadStats>& heads) {
    std::vector<float> norms;
    for (const auto& head : heads)
        norms.push_back(head.outputNorm);
    if (norms.empty())
        return 0;
    std::nth_element(norms.begin(), norms.begin() + static_cast<std::ptrdiff_t>(norms.size() / 2),
                     norms.end());
    return norms[norms.size() / 2];
}

} // namespace

HeadScatter::HeadScatter(InspectorState& state, QWidget* parent)
    : PaintedView(state, tr("Heads by what they look at"), parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize HeadScatter::sizeHint() const {
    return {340, Theme::current().px(156)};
}

QRectF HeadScatter::area() const {
    const Theme& theme = Theme::current(); // words need as much room as they are large
    return QRectF(rect()).adjusted(theme.px(34), 6, -8, -theme.px(22));
}

QPointF HeadScatter::place(const kernels::HeadStats& stats) const {
    const QRectF box = area();
    return {box.left() + box.width() * std::clamp(static_cast<double>(stats.recent), 0.0, 1.0),
            box.bottom() - box.height() * std::clamp(static_cast<double>(stats.sinks), 0.0, 1.0)};
}

HeadScatter::Types HeadScatter::count(const app::InspectorSnapshot& shot) {
    Types types;
    for (const auto& stats : shot.headStats) {
        const float middle = 1 - stats.sinks - stats.recent;
        ++(middle >= 0.3f ? types.retrieval : middle <= 0.1f ? types.streaming : types.mixed);
        types.sinkHeads += stats.slot0 > SinkHead ? 1 : 0;
        ++types.all;
    }
    return types;
}

void HeadScatter::paint(QPainter& painter, const Theme& theme) {
    if (!shot().hasAttention)
        return paintSentence(painter, theme, noHeadsWords(state()));
    paintAxes(painter, theme);
    paintHeads(painter, theme);
}

void HeadScatter::paintAxes(QPainter& painter, const Theme& theme) const {
    const QRectF box = area();
    painter.setPen(QPen(theme.line, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5));
    painter.setPen(QPen(theme.text3, 1, Qt::DashLine));
    const double limit = std::round(box.bottom() - static_cast<double>(SinkHead) * box.height()) + 0.5;
    painter.drawLine(QPointF(box.left(), limit), QPointF(box.right(), limit));
    painter.setFont(theme.label);
    painter.setPen(theme.text3);
    painter.drawText(QRectF(box.left(), box.bottom() + 3, box.width(), theme.px(18)), Qt::AlignRight,
                     tr("share on the newest 64 →"));
    painter.drawText(QRectF(0, box.bottom() + 3, box.width(), theme.px(18)), Qt::AlignLeft,
                     tr("↑ share on sinks"));
    painter.drawText(QRectF(0, box.top() - 5, theme.px(28), theme.px(16)), Qt::AlignRight,
                     QStringLiteral("1"));
    painter.drawText(QRectF(0, box.bottom() - theme.px(12), theme.px(28), theme.px(16)), Qt::AlignRight,
                     QStringLiteral("0"));
    painter.drawText(QRectF(0, limit - theme.px(8), theme.px(28), theme.px(16)), Qt::AlignRight,
                     QStringLiteral("0.3"));
}

void HeadScatter::paintHeads(QPainter& painter, const Theme& theme) const {
    const double ratio = this->ratio();
    Raster raster(size(), ratio);
    const float small = shot().quantised ? -1.0f : SmallOutput * medianNorm(shot().headStats);
    const HeadScope chosen = state().scope();
    for (int layer = 0; layer < shot().layers; ++layer) {
        for (int head = 0; head < shot().heads; ++head) {
            const auto& stats = shot().headStats[static_cast<std::size_t>(layer * shot().heads + head)];
            const double radius =
                2 + 3 * std::log1p(static_cast<double>(stats.effectiveKeys)) / std::log(1000.0);
            const bool isChosen = layer == chosen.layer && (chosen.head < 0 || head == chosen.head);
            // Shape as well as colour: a diamond gives the first token more than 0.3.
            const bool isSink = stats.slot0 > SinkHead;
            QColor colour = isSink ? theme.sink : theme.window;
            colour.setAlphaF(isChosen ? 1.0f : 0.6f);
            const Shape shape = stats.outputNorm < small ? Cross : isSink ? Diamond : Disc;
            const QPointF at = place(stats) * ratio;
            if (isChosen) {
                const Stamp& ring = stampOf(shape, (radius + 2) * ratio);
                raster.stamp(qRound(at.x()), qRound(at.y()), ring.alpha, ring.side, theme.text.rgba());
            }
            const Stamp& stamp = stampOf(shape, radius * ratio);
            raster.stamp(qRound(at.x()), qRound(at.y()), stamp.alpha, stamp.side, colour.rgba());
        }
    }
    painter.drawImage(0, 0, raster.image());
}

double HeadScatter::value() const {
    const Types types = count(shot());
    return types.all > 0 ? static_cast<double>(types.sinkHeads) / types.all
                         : std::numeric_limits<double>::quiet_NaN();
}

void HeadScatter::mousePressEvent(QMouseEvent* event) {
    HeadScope nearest;
    double best = 12; // pixels
    for (int layer = 0; layer < shot().layers; ++layer) {
        for (int head = 0; head < shot().heads; ++head) {
            const auto& stats = shot().headStats[static_cast<std::size_t>(layer * shot().heads + head)];
            const double distance = QLineF(place(stats), event->position()).length();
            if (distance < best) {
                best = distance;
                nearest = {layer, head};
            }
        }
    }
    state().setScope(nearest);
}

QString HeadScatter::summary() const {
    if (!shot().hasAttention)
        return noHeadsWords(state());
    const Types types = count(shot());
    return tr("By attention mass: %1 heads streaming-like, %2 mixed, %3 perhaps retrieval; %4 of %5 give the "
              "first token more than 0.3")
        .arg(types.streaming)
        .arg(types.mixed)
        .arg(types.retrieval)
        .arg(types.sinkHeads)
        .arg(types.all);
}

} // namespace ui
