#include "ui/inspector/position_map.h"

#include "ui/inspector/inspector_words.h"
#include "ui/inspector/raster.h"

#include <algorithm>
#include <limits>

namespace ui {

PositionMap::PositionMap(InspectorState& state, QWidget* parent)
    : PaintedView(state, tr("Positions the model is told"), parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize PositionMap::sizeHint() const {
    return {340, Theme::current().px(60)};
}

QString PositionMap::summary() const {
    const auto& now = shot();
    if (!now.hasLayout)
        return tr("Nothing is in the cache yet.");
    if (now.sinkCount == 0)
        return tr("No pinned sinks: the newest token is told position %1.")
            .arg(number(now.position - now.oldest));
    if (now.oldest == now.ringStart)
        return tr("Nothing is forgotten: every token is told its true position.");
    return tr("Sink 0 is %1 tokens back; the model is told %2.")
        .arg(number(now.position), number(now.sinkPosition));
}

double PositionMap::value() const {
    return shot().hasLayout ? static_cast<double>(shot().sinkPosition)
                            : std::numeric_limits<double>::quiet_NaN();
}

void PositionMap::paint(QPainter& painter, const Theme& theme) {
    const auto& now = shot();
    if (!now.hasLayout)
        return paintSentence(painter, theme, summary());
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(rect()).adjusted(4, 4, -4, -theme.px(20));
    const double span = static_cast<double>(std::max<qint64>(1, now.position));
    const double top = static_cast<double>(std::max<qint64>(1, now.sinkPosition));
    const auto at = [&](double stream, double told) {
        return QPointF(box.left() + stream / span * box.width(), box.bottom() - told / top * box.height());
    };
    painter.setPen(QPen(theme.line, 1));
    painter.drawLine(box.bottomLeft(), box.bottomRight());
    painter.drawLine(box.bottomLeft(), box.topLeft());
    const double lastSink = std::max(0, now.sinkCount - 1);
    const double firstRing = static_cast<double>(now.oldest);
    if (now.oldest > now.ringStart) { // the gap
        QColor hatch = theme.forgotten;
        hatch.setAlphaF(0.35f);
        const QRectF gap(at(lastSink, top), at(firstRing, 0));
        Raster raster(size(), ratio());
        raster.hatch(qRound(gap.left() * ratio()), qRound(gap.right() * ratio()), qRound(gap.top() * ratio()),
                     qRound(gap.bottom() * ratio()), hatch.rgba());
        painter.drawImage(0, 0, raster.image());
    }
    painter.setPen(QPen(theme.window, 2.5, Qt::SolidLine, Qt::RoundCap));
    painter.drawLine(at(firstRing, now.sinkCount),
                     at(static_cast<double>(now.position), static_cast<double>(now.sinkPosition)));
    painter.setPen(QPen(theme.sink, 5, Qt::SolidLine, Qt::RoundCap));
    if (now.sinkCount > 0)
        painter.drawLine(at(0, 0), at(lastSink, lastSink));
    painter.setFont(theme.label);
    painter.setPen(theme.text3);
    const QRectF caption(box.left(), box.bottom() + 3, box.width(), theme.px(16));
    painter.drawText(caption, Qt::AlignLeft, tr("stream 0"));
    if (now.oldest > now.ringStart)
        painter.drawText(caption, Qt::AlignHCenter, forgottenWords(now));
    painter.drawText(caption, Qt::AlignRight, number(now.position));
}

} // namespace ui
