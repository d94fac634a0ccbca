#include "ui/transcript/icons.h"

#include "ui/chat_view.h"

#include <QPainter>
#include <QPainterPath>

namespace ui::transcript {

namespace {

// Strokes on a field of 16 x 16.
QPainterPath strokes(Target::Kind kind) {
    QPainterPath path;
    switch (kind) {
    case Target::Kind::Copy:
        path.addRoundedRect(5.5, 5.5, 8, 8, 2, 2);
        path.moveTo(10.5, 3.5);
        path.quadTo(10.5, 2.5, 9.5, 2.5);
        path.lineTo(4.5, 2.5);
        path.quadTo(2.5, 2.5, 2.5, 4.5);
        path.lineTo(2.5, 9.5);
        path.quadTo(2.5, 10.5, 3.5, 10.5);
        break;
    case Target::Kind::Regenerate:
        path.arcMoveTo(2.8, 2.8, 10.4, 10.4, 35);
        path.arcTo(2.8, 2.8, 10.4, 10.4, 35, 300);
        path.moveTo(13.2, 2.2);
        path.lineTo(12.5, 5.6);
        path.lineTo(9.2, 4.9);
        break;
    case Target::Kind::Edit:
        path.moveTo(3, 13);
        path.lineTo(3.6, 10.2);
        path.lineTo(10.6, 3.2);
        path.quadTo(11.3, 2.5, 12, 3.2);
        path.lineTo(12.8, 4);
        path.quadTo(13.5, 4.7, 12.8, 5.4);
        path.lineTo(5.8, 12.4);
        path.closeSubpath();
        break;
    case Target::Kind::Previous:
        path.moveTo(9.5, 4.5);
        path.lineTo(6, 8);
        path.lineTo(9.5, 11.5);
        break;
    case Target::Kind::Next:
        path.moveTo(6.5, 4.5);
        path.lineTo(10, 8);
        path.lineTo(6.5, 11.5);
        break;
    default:
        break;
    }
    return path;
}

} // namespace

QString targetName(const Target& target) {
    switch (target.kind) {
    case Target::Kind::Copy:
        return ChatView::tr("Copy");
    case Target::Kind::Regenerate:
        return ChatView::tr("Answer again");
    case Target::Kind::Edit:
        return ChatView::tr("Edit and send again");
    case Target::Kind::Previous:
        return ChatView::tr("Previous version");
    case Target::Kind::Next:
        return ChatView::tr("Next version");
    case Target::Kind::Continue:
        return ChatView::tr("Continue");
    case Target::Kind::CopyCode:
        return ChatView::tr("Copy this code");
    case Target::Kind::Link:
        return target.url;
    }
    return {};
}

void paintTarget(QPainter& painter, const Theme& theme, const Target& target, bool hot, bool focused) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    if (target.kind == Target::Kind::Continue) {
        painter.setPen(theme.line);
        painter.setBrush(hot ? theme.hover : theme.raised);
        painter.drawRoundedRect(target.rect.adjusted(0.5, 0.5, -0.5, -0.5), metrics::radiusCell,
                                metrics::radiusCell);
        painter.setFont(theme.button);
        painter.setPen(theme.text);
        painter.drawText(target.rect, Qt::AlignCenter, targetName(target));
    } else if (target.kind != Target::Kind::CopyCode && target.kind != Target::Kind::Link) {
        if (hot) {
            painter.setBrush(theme.raised2);
            painter.drawRoundedRect(target.rect.adjusted(1, 1, -1, -1), metrics::radiusCell,
                                    metrics::radiusCell);
        }
        const qreal scale = target.rect.width() / 24;
        painter.translate(target.rect.topLeft() + QPointF(4, 4) * scale);
        painter.scale(scale, scale);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(
            QPen(hot || focused ? theme.text : theme.text3, 1.3, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter.drawPath(strokes(target.kind));
    }
    painter.restore();
    if (!focused)
        return;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.accent, 2));
    const bool word = target.kind == Target::Kind::CopyCode || target.kind == Target::Kind::Link;
    painter.drawRoundedRect(word ? target.rect.adjusted(2, 2, -2, -2) : target.rect, metrics::radiusCell,
                            metrics::radiusCell);
    painter.restore();
}

} // namespace ui::transcript
