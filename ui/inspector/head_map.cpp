#include "ui/inspector/head_map.h"

#include "ui/inspector/scope.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace ui {

HeadMap::HeadMap(InspectorState& state, Axes axes, QWidget* parent)
    : PaintedView(state, tr("Layers and heads"), parent), m_axes(axes) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize HeadMap::sizeHint() const {
    return {340, m_axes == Axes::Shown ? 170 : 90};
}

QRectF HeadMap::area() const {
    return m_axes == Axes::Shown ? QRectF(rect()).adjusted(34, 0, 0, -22) : QRectF(rect());
}

QRectF HeadMap::cellRect(int layer, int head) const {
    const auto& now = shot();
    const QRectF box = area();
    // Whole device pixels, so that neighbouring cells have the same look.
    const double ratio = devicePixelRatioF();
    const auto edge = [ratio](double value) { return std::floor(value * ratio) / ratio; };
    const double left = edge(box.left() + box.width() * layer / now.layers);
    const double right = edge(box.left() + box.width() * (layer + 1) / now.layers);
    const double top = edge(box.top() + box.height() * head / now.heads);
    const double bottom = edge(box.top() + box.height() * (head + 1) / now.heads);
    const double gap = right - left >= 4 && bottom - top >= 4 ? 1 : 0;
    return {left, top, right - left - gap, bottom - top - gap};
}

HeadScope HeadMap::cellAt(QPointF point) const {
    const auto& now = shot();
    const QRectF box = area();
    if (now.layers == 0 || !box.contains(point))
        return {};
    return {static_cast<int>((point.x() - box.left()) / box.width() * now.layers),
            static_cast<int>((point.y() - box.top()) / box.height() * now.heads)};
}

QRgb HeadMap::colourOf(float number, const Theme& theme) const {
    const auto value = state().headValue();
    if (value == HeadValue::Lift)
        return heatColour(heatPlace(number, HeatScale::Lift, shot().uniformShare()), HeatScale::Lift,
                          theme.dark);
    if (value == HeadValue::EffectiveKeys && number >= 0) // logarithmic: 1 to all keys in view
        number =
            std::log(std::max(1.0f, number)) / std::log(static_cast<float>(std::max(2, shot().visible())));
    if (value == HeadValue::OutputNorm && number >= 0) {
        float largest = 1e-9f;
        for (const auto& stats : shot().headStats)
            largest = std::max(largest, stats.outputNorm);
        number /= largest;
    }
    return heatColour(heatPlace(number, HeatScale::Linear, 0), HeatScale::Linear, theme.dark);
}

void HeadMap::paint(QPainter& painter, const Theme& theme) {
    const auto& now = shot();
    if (!now.hasAttention)
        return paintSentence(painter, theme, tr("The heads appear with the first answer."));
    for (int layer = 0; layer < now.layers; ++layer) {
        for (int head = 0; head < now.heads; ++head) {
            painter.fillRect(
                cellRect(layer, head),
                QColor::fromRgba(colourOf(headNumber(now, layer, head, state().headValue()), theme)));
        }
    }
    const HeadScope chosen = state().scope();
    if (chosen.layer >= 0 && chosen.layer < now.layers) {
        const QRectF first = cellRect(chosen.layer, std::max(0, chosen.head));
        const QRectF last = cellRect(chosen.layer, chosen.head < 0 ? now.heads - 1 : chosen.head);
        painter.setPen(QPen(theme.accent, 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(first.united(last).adjusted(-1, -1, 1, 1));
    }
    if (m_axes == Axes::Shown)
        paintAxes(painter, theme);
}

void HeadMap::paintAxes(QPainter& painter, const Theme& theme) const {
    const auto& now = shot();
    painter.setFont(theme.label);
    painter.setPen(theme.text3);
    const int layerStep = std::max(1, (now.layers + 7) / 8), headStep = std::max(1, (now.heads + 7) / 8);
    for (int layer = 0; layer < now.layers; layer += layerStep) {
        const QRectF cell = cellRect(layer, now.heads - 1);
        painter.drawText(QRectF(cell.center().x() - 20, area().bottom() + 2, 40, 18),
                         Qt::AlignHCenter | Qt::AlignTop, QString::number(layer));
    }
    for (int head = 0; head < now.heads; head += headStep) {
        const QRectF cell = cellRect(0, head);
        painter.drawText(QRectF(0, cell.center().y() - 9, 28, 18), Qt::AlignRight | Qt::AlignVCenter,
                         QStringLiteral("H%1").arg(head));
    }
}

QString HeadMap::describe(int layer, int head) const {
    const float number = headNumber(shot(), layer, head, state().headValue());
    QString text = tr("layer %1, head %2, %3 %4")
                       .arg(layer)
                       .arg(head)
                       .arg(headValueName(state().headValue()), headNumberText(number, state().headValue()));
    const bool isSinkShare =
        state().headValue() == HeadValue::SinkShare || state().headValue() == HeadValue::Lift;
    if (isSinkShare && number >= 0 && shot().uniformShare() > 0)
        text +=
            tr(", %1 times an even share").arg(static_cast<int>(std::lround(number / shot().uniformShare())));
    return text;
}

QString HeadMap::summary() const {
    const auto& now = shot();
    if (!now.hasAttention)
        return tr("No attention recorded");
    int sinkHeads = 0;
    for (const auto& stats : now.headStats)
        sinkHeads += stats.slot0 > 0.3f ? 1 : 0;
    return tr("%1 of %2 heads give the first token more than 0.3 of their attention; the mean over all heads "
              "on sinks is %3")
        .arg(sinkHeads)
        .arg(now.headStats.size())
        .arg(percent(now.meanSinkShare()));
}

bool HeadMap::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        auto* help = static_cast<QHelpEvent*>(event);
        if (const HeadScope cell = cellAt(help->pos()); cell.layer >= 0)
            QToolTip::showText(help->globalPos(), describe(cell.layer, cell.head), this);
        return true;
    }
    return PaintedView::event(event);
}

void HeadMap::keyPressEvent(QKeyEvent* event) {
    HeadScope scope = state().scope();
    switch (event->key()) {
    case Qt::Key_Left:
        --scope.layer;
        break;
    case Qt::Key_Right:
        ++scope.layer;
        break;
    case Qt::Key_Up:
        --scope.head;
        break;
    case Qt::Key_Down:
        ++scope.head;
        break;
    case Qt::Key_Home:
        scope = {0, 0};
        break;
    case Qt::Key_End:
        scope = {shot().layers - 1, shot().heads - 1};
        break;
    default:
        return PaintedView::keyPressEvent(event);
    }
    if (scope.layer < 0)
        scope.layer = 0;
    state().setScope(scope);
    setAccessibleDescription(describe(state().scope().layer, std::max(0, state().scope().head)));
}

void HeadMap::mousePressEvent(QMouseEvent* event) {
    const HeadScope cell = cellAt(event->position());
    if (cell.layer >= 0)
        state().setScope(cell == state().scope() ? HeadScope() : cell); // a second click: all heads again
}

} // namespace ui
