#include "ui/inspector/ring_glyph.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace ui {

namespace {
constexpr double SinkArc = 60;                     // degrees, at the top
constexpr double Ring = 360 - SinkArc - 16;        // the rest, with a gap on both sides
constexpr double RingStart = 90 - SinkArc / 2 - 8; // clockwise from here
constexpr int FilledSteps = 256;
} // namespace

RingGlyph::RingGlyph(InspectorState& state, QWidget* parent) : PaintedView(state, tr("Ring"), parent) {
    setFixedSize(Side, Side);
    setFocusPolicy(Qt::NoFocus); // says nothing that the window's heading does not say
}

QSize RingGlyph::sizeHint() const {
    return {Side, Side};
}

double RingGlyph::filledShare() const {
    const int slots = shot().window;
    if (!shot().hasLayout || slots <= 0)
        return 0;
    return std::clamp(static_cast<double>(shot().position - shot().oldest + 1) / slots, 0.0, 1.0);
}

double RingGlyph::headShare() const {
    const int slots = shot().window;
    if (!shot().hasLayout || slots <= 0 || shot().position < shot().ringStart)
        return 0;
    return static_cast<double>((shot().position - shot().ringStart) % slots) / slots;
}

double RingGlyph::value() const {
    return shot().hasLayout ? filledShare() : std::numeric_limits<double>::quiet_NaN();
}

QString RingGlyph::summary() const {
    if (!shot().hasLayout)
        return tr("The ring is empty");
    return tr("%1 pinned tokens, window filled to %2").arg(shot().sinkCount).arg(percent(filledShare()));
}

QImage RingGlyph::drawRing(const Theme& theme) const {
    QImage image(size() * ratio(), QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(ratio());
    image.fill(Qt::transparent);
    QPainter painter(&image);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(rect()).adjusted(7, 7, -7, -7);
    const auto arc = [&](const QColor& colour, double thick, double from, double clockwise) {
        painter.setPen(QPen(colour, thick, Qt::SolidLine, Qt::FlatCap));
        painter.drawArc(box, qRound(from * 16), qRound(-clockwise * 16));
    };
    arc(theme.raised2, 6, RingStart, Ring);
    if (m_drawn.filledSteps > 0)
        arc(theme.window, 6, RingStart, Ring * m_drawn.filledSteps / FilledSteps);
    arc(m_drawn.sinks ? theme.sink : theme.raised2, 9, 90 + SinkArc / 2, SinkArc);
    return image;
}

void RingGlyph::paint(QPainter& painter, const Theme& theme) {
    const bool rolling = shot().hasLayout && shot().oldest > shot().ringStart;
    const Drawn wanted{rolling ? FilledSteps : static_cast<int>(filledShare() * FilledSteps),
                       shot().sinkCount > 0, theme.dark, ratio()};
    if (!(wanted == m_drawn)) {
        m_drawn = wanted;
        m_ring = drawRing(theme);
    }
    painter.drawImage(0, 0, m_ring);
    if (!shot().hasLayout)
        return;
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(rect()).adjusted(7, 7, -7, -7);
    const double angle = (RingStart - Ring * headShare()) * std::numbers::pi / 180;
    const QPointF centre = box.center(), way(std::cos(angle), -std::sin(angle));
    painter.setPen(QPen(theme.text, 1.5, Qt::SolidLine, Qt::RoundCap));
    painter.drawLine(centre + way * 6, centre + way * (box.width() / 2 + 4));
}

} // namespace ui
