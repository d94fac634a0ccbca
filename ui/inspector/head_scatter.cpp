#include "ui/inspector/head_scatter.h"

#include <QMouseEvent>

#include <algorithm>
#include <cmath>

namespace ui {

HeadScatter::HeadScatter(InspectorState& state, QWidget* parent)
    : PaintedView(state, tr("Heads by what they look at"), parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize HeadScatter::sizeHint() const {
    return {340, 170};
}

QRectF HeadScatter::area() const {
    return QRectF(rect()).adjusted(34, 6, -8, -22);
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
        types.sinkHeads += stats.slot0 > 0.3f ? 1 : 0;
        ++types.all;
    }
    return types;
}

void HeadScatter::paint(QPainter& painter, const Theme& theme) {
    if (!shot().hasAttention)
        return paintSentence(painter, theme, tr("The heads appear with the first answer."));
    const QRectF box = area();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.line, 1));
    painter.drawRect(box);
    painter.setPen(QPen(theme.line, 1, Qt::DashLine));
    const double limit = box.bottom() - 0.3 * box.height();
    painter.drawLine(QPointF(box.left(), limit), QPointF(box.right(), limit));
    painter.setFont(theme.label);
    painter.setPen(theme.text3);
    painter.drawText(QRectF(box.left(), box.bottom() + 3, box.width(), 18), Qt::AlignRight,
                     tr("share on the newest 64"));
    painter.drawText(QRectF(0, box.top() - 4, 30, 16), Qt::AlignRight, QStringLiteral("1"));
    painter.drawText(QRectF(0, box.bottom() - 10, 30, 16), Qt::AlignRight, QStringLiteral("0"));
    painter.drawText(QRectF(0, limit - 8, 30, 16), Qt::AlignRight, QStringLiteral("0.3"));
    const HeadScope chosen = state().scope();
    for (int layer = 0; layer < shot().layers; ++layer) {
        for (int head = 0; head < shot().heads; ++head) {
            const auto& stats = shot().headStats[static_cast<std::size_t>(layer * shot().heads + head)];
            const double size =
                2 + 3 * std::log1p(static_cast<double>(stats.effectiveKeys)) / std::log(1000.0);
            const bool isChosen = layer == chosen.layer && (chosen.head < 0 || head == chosen.head);
            QColor fill = stats.slot0 > 0.3f ? theme.sink : theme.window;
            fill.setAlphaF(isChosen ? 1.0f : 0.55f);
            painter.setBrush(fill);
            painter.setPen(isChosen ? QPen(theme.text, 1.5) : QPen(Qt::NoPen));
            if (stats.slot0 >
                0.3f) { // shape as well as colour: a diamond gives the first token more than 0.3
                const QPointF p = place(stats);
                painter.drawPolygon(QPolygonF({p + QPointF(0, -size), p + QPointF(size, 0),
                                               p + QPointF(0, size), p + QPointF(-size, 0)}));
            } else {
                painter.drawEllipse(place(stats), size * 0.8, size * 0.8);
            }
        }
    }
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
        return tr("No attention recorded");
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
