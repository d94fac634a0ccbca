#include "ui/transcript/box.h"

#include <algorithm>
#include <cmath>
#include <QPainter>
#include <QPainterPath>

// The painting of every box: marks of lists, grounds of code, texts.
namespace ui::transcript {

// Before the text: at its left, or at its right when it runs the other way.
void Box::paintMarker(QPainter& painter, const Look& look, QPointF at, bool forgotten) const {
    const QColor ink = forgotten ? look.theme.forgotten : look.theme.text2;
    const qreal middle = at.y() + (m_parts.empty() ? look.line : m_parts[0].lineBottom(0)) / 2;
    const auto before = [&](qreal distance) {
        return m_rightToLeft ? at.x() + m_width + distance : at.x() - distance;
    };
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_spec.task != Block::Task::None) {
        const QRectF box(before(13) - 6.5, std::round(middle) - 6.5, 13, 13);
        painter.setPen(QPen(ink, 1.2));
        painter.drawRoundedRect(box, 3, 3);
        if (m_spec.task == Block::Task::Done) {
            painter.setPen(
                QPen(forgotten ? ink : look.theme.accent, 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
            const QPointF c = box.center();
            painter.drawPolyline(
                QPolygonF({c + QPointF(-3, 0.2), c + QPointF(-0.8, 2.6), c + QPointF(3.4, -2.6)}));
        }
    } else if (m_spec.marker == u"\u2022") {
        painter.setPen(Qt::NoPen);
        painter.setBrush(ink);
        painter.drawEllipse(QPointF(before(look.listIndent * 0.5), std::round(middle) + 0.5), 2.4, 2.4);
    } else {
        painter.setPen(ink);
        painter.setFont(look.theme.body);
        painter.setLayoutDirection(m_rightToLeft ? Qt::RightToLeft
                                                 : Qt::LeftToRight); // where the point stands
        const qreal gap = look.tightGap * 1.75, edge = before(gap), width = look.listIndent * 10.0;
        painter.drawText(
            QRectF(m_rightToLeft ? edge : edge - width, middle - look.line / 2.0, width, look.line),
            Qt::AlignVCenter | Qt::AlignAbsolute | (m_rightToLeft ? Qt::AlignLeft : Qt::AlignRight) |
                Qt::TextSingleLine,
            m_spec.marker);
    }
    painter.restore();
}

void Box::paintInlineCode(QPainter& painter, const Look& look, QPointF at, const TextPart& part) const {
    if (m_spec.kind == BoxSpec::Kind::Code)
        return;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(look.theme.raised2);
    for (const Run& run : part.text().runs) {
        if (!(run.styles & Code))
            continue;
        for (const LineRect& line : rects(part.offset + run.start, part.offset + run.start + run.length))
            painter.drawRoundedRect(line.rect.translated(at).adjusted(-2, 2, 2, -2), 4, 4);
    }
    painter.restore();
}

void Box::paint(QPainter& painter, const Look& look, QPointF at, int forgotten, const QRectF& clip) const {
    const bool all = forgotten >= std::max(1, m_length);
    if (!m_spec.marker.isEmpty())
        paintMarker(painter, look, at, forgotten > 0);
    if (m_spec.kind == BoxSpec::Kind::Rule) {
        painter.fillRect(QRectF(at.x(), std::round(at.y() + m_height / 2), m_naturalWidth, 1),
                         look.theme.line);
        return;
    }
    const bool scrolled = overflow() > 0;
    if (scrolled) {
        painter.save();
        painter.setClipRect(QRectF(at, QSizeF(m_width, m_height)), Qt::IntersectClip);
    }
    const QPointF origin = at - QPointF(m_sideways, 0);
    if (m_spec.kind == BoxSpec::Kind::Table)
        paintTable(painter, look, origin);
    for (const TextPart& part : parts()) {
        const QPointF place = origin + part.at;
        if (place.y() + part.height() < clip.top() || place.y() > clip.bottom())
            continue;
        const int size = part.length();
        const int faded = all ? size : std::clamp(forgotten - part.offset, 0, size);
        paintInlineCode(painter, look, at, part);
        painter.setPen(faded >= size && size > 0 ? look.theme.forgotten : look.theme.text);
        part.draw(painter, place, faded, look.theme.forgotten, clip);
    }
    if (!scrolled)
        return;
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(look.theme.text3);
    const QRectF bar = sidewaysBar().translated(at);
    painter.drawRoundedRect(bar, bar.height() / 2, bar.height() / 2);
    painter.restore();
}

} // namespace ui::transcript
