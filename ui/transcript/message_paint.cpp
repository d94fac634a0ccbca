#include "ui/chat_view.h"
#include "ui/transcript/icons.h"
#include "ui/transcript/message_layout.h"

#include <algorithm>
#include <cmath>
#include <QFontMetricsF>
#include <QPainter>
#include <QPainterPath>

// Everything of a message that is not text of its boxes: bubble, name, frames of code, bars of quotes,
// actions, horizon, caret.
namespace ui::transcript {

namespace {

qreal baselineIn(const QFont& font, qreal height) {
    const QFontMetricsF metrics(font);
    return std::round((height - metrics.height()) / 2 + metrics.ascent());
}

QString stateSentence(app::MessageState state) {
    switch (state) {
    case app::MessageState::Stopped:
        return ChatView::tr("Stopped");
    case app::MessageState::Interrupted:
        return ChatView::tr("Interrupted");
    case app::MessageState::Error:
        return ChatView::tr("Error");
    default:
        return {};
    }
}

} // namespace

QRectF MessageLayout::bubble() const {
    return {m_width - m_bubbleWidth, m_bodyTop, m_bubbleWidth, m_bodyBottom - m_bodyTop};
}

QRectF MessageLayout::frameOf(std::size_t head) const {
    const Placed& first = m_boxes[head];
    qreal bottom = first.at.y() + first.box->height();
    for (std::size_t i = head + 1; i < m_boxes.size() && m_boxes[i].box->spec().kind == BoxSpec::Kind::Code;
         ++i) {
        bottom = m_boxes[i].at.y() + m_boxes[i].box->height() + m_look.codeY;
        if (m_boxes[i].box->spec().codeEnd)
            break;
    }
    return {first.at.x(), first.at.y(), first.box->width(), bottom - first.at.y()};
}

void MessageLayout::placeTargets() {
    m_targets.clear();
    const qreal size = m_look.button;
    const bool user = isUser();
    const bool streaming = m_message.state == app::MessageState::Streaming;
    qreal right = user ? m_width - m_bubbleWidth - 6 : m_width;
    const qreal top = user ? m_bodyBottom - size - 2 : m_bodyTop + (m_look.labelLine - size) / 2;
    const auto add = [&](Target::Kind kind, bool always) {
        right -= size;
        m_targets.append({kind, QRectF(right, top, size, size), -1, {}, always});
    };
    if (m_message.versions > 1) {
        const QFontMetricsF metrics(m_look.theme.label);
        const qreal label = metrics.horizontalAdvance(
                                QStringLiteral("%1 / %2").arg(m_message.version).arg(m_message.versions)) +
                            4;
        const qreal left = user
                               ? right - 8 - label - 2 * size
                               : QFontMetricsF(m_look.name).horizontalAdvance(QStringLiteral("Sumidero")) + 8;
        m_targets.append({Target::Kind::Previous, QRectF(left, top, size, size), -1, {}, true});
        if (user)
            right = left - 4;
        m_targets.append({Target::Kind::Next, QRectF(left + size + label, top, size, size), -1, {}, true});
    }
    if (!streaming && m_textSize > 0)
        add(Target::Kind::Copy, false);
    if (!m_state.answering)
        add(user ? Target::Kind::Edit : Target::Kind::Regenerate, false);
    for (std::size_t i = 0; i < m_boxes.size(); ++i) {
        if (m_boxes[i].box->spec().kind != BoxSpec::Kind::CodeHead)
            continue;
        const qreal width =
            QFontMetricsF(m_look.theme.label).horizontalAdvance(ChatView::tr("Copied")) + 2 * m_look.codeX;
        m_targets.append({Target::Kind::CopyCode,
                          QRectF(m_boxes[i].at.x() + m_boxes[i].box->width() - width, m_boxes[i].at.y(),
                                 width, m_look.codeHead),
                          static_cast<int>(i),
                          {},
                          true});
    }
    if (m_state.canContinue && !user) {
        const qreal label =
            QFontMetricsF(m_look.theme.label).horizontalAdvance(stateSentence(m_message.state));
        const qreal width =
            QFontMetricsF(m_look.theme.button).horizontalAdvance(ChatView::tr("Continue")) + 22;
        m_targets.append({Target::Kind::Continue,
                          QRectF(label > 0 ? label + 12 : 0, m_bodyBottom + m_look.nameGap * 2, width, size),
                          -1,
                          {},
                          true});
    }
}

QRectF MessageLayout::caretBlock() const {
    const QRectF end = caret(m_length);
    const qreal height = m_look.theme.px(15), width = m_look.theme.px(8);
    const qreal gap = m_boxes.empty() || m_boxes.back().box->length() == 0 ? 0 : 4;
    const qreal left = isRightToLeft(m_length) ? std::max<qreal>(0, std::round(end.left()) - gap - width)
                                               : std::min(std::round(end.left()) + gap, m_width - width);
    return {left, std::round(end.center().y() - height / 2), width, height};
}

void MessageLayout::paintBubble(QPainter& painter, const Painting& painting) const {
    QRectF area = bubble();
    const qreal round = std::min<qreal>(metrics::radiusBubble, area.height() / 2), corner = 4;
    if (painting.allForgotten)
        area.adjust(0.5, 0.5, -0.5, -0.5);
    QPainterPath path;
    path.moveTo(area.left() + round, area.top());
    path.lineTo(area.right() - round, area.top());
    path.arcTo(area.right() - 2 * round, area.top(), 2 * round, 2 * round, 90, -90);
    path.lineTo(area.right(), area.bottom() - corner);
    path.arcTo(area.right() - 2 * corner, area.bottom() - 2 * corner, 2 * corner, 2 * corner, 0, -90);
    path.lineTo(area.left() + round, area.bottom());
    path.arcTo(area.left(), area.bottom() - 2 * round, 2 * round, 2 * round, 270, -90);
    path.lineTo(area.left(), area.top() + round);
    path.arcTo(area.left(), area.top(), 2 * round, 2 * round, 180, -90);
    painter.setRenderHint(QPainter::Antialiasing);
    if (painting.allForgotten)
        painter.strokePath(path, m_look.theme.line);
    else
        painter.fillPath(path, m_look.theme.ownMessage);
    painter.setRenderHint(QPainter::Antialiasing, false);
}

void MessageLayout::paintName(QPainter& painter, const Painting& painting) const {
    painter.setFont(m_look.name);
    painter.setPen(painting.allForgotten ? m_look.theme.forgotten : m_look.theme.text3);
    painter.drawText(QPointF(0, m_bodyTop + baselineIn(m_look.name, m_look.labelLine)),
                     QStringLiteral("Sumidero"));
}

void MessageLayout::paintFrames(QPainter& painter, const Painting& painting) const {
    const Theme& theme = m_look.theme;
    for (std::size_t i = 0; i < m_boxes.size(); ++i) {
        const Placed& placed = m_boxes[i];
        const BoxSpec& spec = placed.box->spec();
        for (int bar : spec.bars) { // at the side where the text begins
            const bool mirrored = placed.box->isRightToLeft();
            const bool goesOn = i > 0 && m_boxes[i - 1].box->spec().bars.contains(bar) &&
                                m_boxes[i - 1].box->isRightToLeft() == mirrored;
            const qreal left = mirrored ? placed.at.x() + placed.box->width() + spec.indent - bar - 4
                                        : placed.at.x() - spec.indent + bar + 1;
            const qreal top = goesOn ? m_boxes[i - 1].at.y() + m_boxes[i - 1].box->height() : placed.at.y();
            painter.fillRect(QRectF(left, top, 3, placed.at.y() + placed.box->height() - top), theme.line);
        }
        if (spec.kind != BoxSpec::Kind::CodeHead)
            continue;
        const QRectF frame = frameOf(i);
        if (frame.bottom() < painting.clip.top() || frame.top() > painting.clip.bottom())
            continue;
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(theme.line);
        painter.setBrush(theme.code);
        painter.drawRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), metrics::radiusButton,
                                metrics::radiusButton);
        painter.setRenderHint(QPainter::Antialiasing, false);
        painter.fillRect(QRectF(frame.left() + 1, frame.top() + m_look.codeHead, frame.width() - 2, 1),
                         theme.line);
        painter.setFont(theme.label);
        painter.setPen(painting.allForgotten ? theme.forgotten : theme.text3);
        const qreal baseline = frame.top() + 1 + baselineIn(theme.label, m_look.codeHead - 1);
        painter.drawText(QPointF(frame.left() + m_look.codeX, baseline),
                         spec.language.isEmpty() ? ChatView::tr("code") : spec.language);
        const auto isThis = [&](const Target* t) {
            return t && t->kind == Target::Kind::CopyCode && t->box == static_cast<int>(i);
        };
        const QString copy =
            painting.copiedBox == static_cast<int>(i) ? ChatView::tr("Copied") : ChatView::tr("Copy");
        painter.setPen(isThis(painting.hot) || isThis(painting.focused) ? theme.text : theme.text3);
        painter.drawText(
            QPointF(frame.right() - m_look.codeX - QFontMetricsF(theme.label).horizontalAdvance(copy),
                    baseline),
            copy);
    }
    painter.setBrush(Qt::NoBrush);
}

void MessageLayout::paintMarks(QPainter& painter, const Painting& painting) const {
    for (const Mark& mark : painting.marks) {
        for (const QRectF& rect : rects(mark.begin, mark.end, painting.clip)) {
            if (rect.bottom() < painting.clip.top() || rect.top() > painting.clip.bottom())
                continue;
            if (mark.tall) {
                painter.fillRect(rect, mark.colour);
                continue;
            }
            painter.setRenderHint(QPainter::Antialiasing);
            painter.setPen(Qt::NoPen);
            painter.setBrush(mark.colour);
            const qreal inset = std::max<qreal>(1, std::floor((rect.height() - m_look.theme.px(17)) / 2));
            if (mark.current)
                painter.setPen(QPen(m_look.theme.accent, 1.5));
            painter.drawRoundedRect(rect.adjusted(-0.5, inset, 0.5, -inset), 3, 3);
            painter.setRenderHint(QPainter::Antialiasing, false);
        }
    }
    painter.setBrush(Qt::NoBrush);
}

void MessageLayout::paintRule(QPainter& painter, const QString& sentence) const {
    const QFontMetricsF metrics(m_look.theme.label);
    const qreal band = m_look.theme.px(21), top = m_ruleY + (m_ruleY > 0 ? (m_look.ruleSpace - band) / 2 : 0);
    const qreal words = metrics.horizontalAdvance(sentence), left = std::round((m_width - words) / 2);
    painter.setFont(m_look.theme.label);
    painter.setPen(m_look.theme.text2);
    painter.drawText(QPointF(left, top + baselineIn(m_look.theme.label, band)), sentence);
    QPen dashes(m_look.theme.text3, 1);
    dashes.setDashPattern({4, 2});
    dashes.setCapStyle(Qt::FlatCap);
    painter.setPen(dashes);
    const qreal y = std::round(top + band / 2) + 0.5;
    painter.drawLine(QPointF(0, y), QPointF(left - 10, y));
    painter.drawLine(QPointF(left + words + 10, y), QPointF(m_width, y));
}

void MessageLayout::paintFooter(QPainter& painter) const {
    const QString sentence = stateSentence(m_message.state);
    if (isUser() || sentence.isEmpty())
        return;
    painter.setFont(m_look.theme.label);
    painter.setPen(m_message.state == app::MessageState::Error ? m_look.theme.danger : m_look.theme.text3);
    painter.drawText(
        QPointF(0, m_bodyBottom + m_look.nameGap * 2 + baselineIn(m_look.theme.label, m_look.button)),
        sentence);
}

void MessageLayout::paint(QPainter& painter, const Painting& painting) const {
    if (m_ruleY >= 0)
        paintRule(painter, painting.rule);
    if (isUser())
        paintBubble(painter, painting);
    else
        paintName(painter, painting);
    paintFrames(painter, painting);
    paintMarks(painter, painting);
    const std::size_t first = m_boxes.empty() ? 0 : boxAtY(painting.clip.top());
    for (std::size_t i = first; i < m_boxes.size() && m_boxes[i].at.y() <= painting.clip.bottom(); ++i) {
        const Placed& placed = m_boxes[i];
        const int forgotten =
            painting.allForgotten ? std::numeric_limits<int>::max() : painting.forgotten - placed.start;
        placed.box->paint(painter, m_look, placed.at, forgotten, painting.clip);
    }
    if (m_message.state == app::MessageState::Streaming) {
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(m_look.theme.accent);
        painter.drawRoundedRect(caretBlock(), 1, 1);
        painter.setRenderHint(QPainter::Antialiasing, false);
    }
    paintFooter(painter);
    for (const Target& target : m_targets) {
        const bool hot = painting.hot && *painting.hot == target,
                   focused = painting.focused && *painting.focused == target;
        if (target.always || painting.active)
            paintTarget(painter, m_look.theme, target, hot, focused);
    }
    for (const Target& target : m_targets) {
        if (target.kind != Target::Kind::Previous)
            continue;
        painter.setFont(m_look.theme.label);
        painter.setPen(m_look.theme.text2);
        painter.drawText(QPointF(target.rect.right() + 2,
                                 target.rect.top() + baselineIn(m_look.theme.label, m_look.button)),
                         QStringLiteral("%1 / %2").arg(m_message.version).arg(m_message.versions));
    }
    if (painting.focused && painting.focused->kind == Target::Kind::Link)
        paintTarget(painter, m_look.theme, *painting.focused, false, true);
    if (painting.focusFrame) {
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(QPen(m_look.theme.accent, 2));
        painter.setBrush(Qt::NoBrush);
        const qreal top = m_bodyTop, left = isUser() ? m_width - m_bubbleWidth : 0;
        painter.drawRoundedRect(QRectF(left - 7, top - 5, m_width - left + 14, m_height - top + 10), 8, 8);
        painter.setRenderHint(QPainter::Antialiasing, false);
    }
}

} // namespace ui::transcript
