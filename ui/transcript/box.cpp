#include "ui/transcript/box.h"

#include <algorithm>
#include <QFontMetricsF>

namespace ui::transcript {

namespace {

QColor tokenColour(const Theme& theme, Token token) {
    switch (token) {
    case Token::Keyword:
        return theme.codeKeyword;
    case Token::Function:
        return theme.codeName;
    case Token::String:
        return theme.codeString;
    case Token::Number:
        return theme.codeNumber;
    case Token::Comment:
        return theme.codeComment;
    case Token::Plain:
        break;
    }
    return theme.text;
}

} // namespace

Box::Box(BoxSpec spec, const Look& look, int width, When when)
    : m_spec(std::move(spec)), m_look(&look), m_width(std::max(width, 40)),
      m_length(static_cast<int>(ownText(m_spec).size())) {
    switch (m_spec.kind) {
    case BoxSpec::Kind::Text:
    case BoxSpec::Kind::Code:
        m_estimated = true;
        if (when == When::Now)
            takeHeight();
        else
            estimate(look);
        break;
    case BoxSpec::Kind::Table:
        measureTable(look);
        break;
    case BoxSpec::Kind::CodeHead:
        m_height = look.codeHead;
        m_naturalWidth = look.theme.px(160); // room for the name and the button
        break;
    case BoxSpec::Kind::Rule:
        m_height = look.blockGap * 2;
        m_naturalWidth = m_width;
        break;
    }
}

void Box::estimate(const Look& look) {
    const bool code = m_spec.kind == BoxSpec::Kind::Code;
    const qreal width = m_width - (code ? 2 * look.codeX : 0);
    const qreal letter = QFontMetricsF(code ? look.theme.mono : look.theme.body).averageCharWidth();
    const auto perLine = std::max<qsizetype>(1, static_cast<qsizetype>(width / letter));
    qsizetype lines = 0, begin = 0;
    const QString& text = m_spec.text.text;
    while (begin <= text.size()) {
        qsizetype end = text.indexOf(QChar::LineSeparator, begin);
        end = end < 0 ? text.size() : end;
        lines += std::max<qsizetype>(1, (end - begin + perLine - 1) / perLine);
        begin = end + 1;
    }
    m_height = static_cast<qreal>(lines * (code ? look.codeLine : look.line));
    m_naturalWidth = m_width; // a text as long as this has a full line somewhere
}

bool Box::takeHeight() {
    if (!m_estimated)
        return false;
    m_estimated = false;
    parts();
    const qreal before = m_height;
    m_height = m_extent.height;
    m_naturalWidth = std::max(m_naturalWidth, m_extent.naturalWidth);
    m_rightToLeft = m_spec.kind == BoxSpec::Kind::Text && m_parts.front().isRightToLeft();
    return m_height != before;
}

// A part for every stretch of lines that run the same way; a line without letters goes on as the one above it.
Box::Extent Box::layOutText(const Look& look) const {
    Extent extent;
    const bool heading = m_spec.heading > 0;
    PartStyle style;
    style.font = heading ? look.headingFont(m_spec.heading) : look.theme.body;
    style.lineHeight = heading ? look.headingLine(m_spec.heading) : look.line;
    style.width = m_width;
    const RichText& all = m_spec.text;
    const int size = static_cast<int>(all.text.size());
    const auto add = [&](int begin, int end, Qt::LayoutDirection direction) {
        const RichText text = begin == 0 && end == size ? all : all.mid(begin, end - begin);
        style.direction = direction;
        style.align = direction == Qt::RightToLeft ? Qt::AlignRight : Qt::AlignLeft;
        style.formats = runFormats(text, style.font, look);
        const TextPart& part = m_parts.emplace_back(text, style, QPointF(0, extent.height), begin);
        extent.height += part.height();
        extent.naturalWidth = std::max(extent.naturalWidth, part.naturalWidth());
    };
    int begin = 0, line = 0;
    Qt::LayoutDirection direction = m_spec.direction;
    if (m_spec.mixed) {
        for (int end = 0; end <= size; ++end) {
            if (end < size && all.text[end] != QChar::LineSeparator)
                continue;
            const Qt::LayoutDirection own = directionOf(all.mid(line, end - line), direction);
            if (line > 0 && own != direction) {
                add(begin, line - 1, direction);
                begin = line;
            }
            direction = own;
            line = end + 1;
        }
    }
    add(begin, size, direction);
    return extent;
}

Box::Extent Box::layOutCode(const Look& look) const {
    PartStyle style;
    style.font = look.theme.mono;
    style.lineHeight = look.codeLine;
    style.width = m_width - 2 * look.codeX;
    for (const TokenSpan& token : m_spec.tokens) {
        QTextCharFormat format;
        format.setForeground(tokenColour(look.theme, token.token));
        style.formats.append({token.start, token.length, format});
    }
    const TextPart& part =
        m_parts.emplace_back(m_spec.text, style, QPointF(static_cast<qreal>(look.codeX), 0), 0);
    return {part.height(), part.naturalWidth() + 2 * look.codeX};
}

void Box::narrow(qreal width) {
    m_width = width;
    if (m_spec.kind == BoxSpec::Kind::Table)
        m_parts.clear(); // stand elsewhere now
    for (TextPart& part : m_parts) {
        if (m_spec.kind == BoxSpec::Kind::Text && part.isRightToLeft())
            part.at.setX(width - part.width());
    }
}

bool Box::isRightToLeft(int position) const {
    const TextPart* part = partAt(position);
    return part && part->isRightToLeft();
}

const std::vector<TextPart>& Box::parts() const {
    if (!m_parts.empty())
        return m_parts;
    if (m_spec.kind == BoxSpec::Kind::Table)
        layOutTable(*m_look);
    else if (m_spec.kind == BoxSpec::Kind::Text)
        m_extent = layOutText(*m_look);
    else if (m_spec.kind == BoxSpec::Kind::Code)
        m_extent = layOutCode(*m_look);
    return m_parts;
}

int Box::hit(QPointF point) const {
    point.rx() += m_sideways;
    const TextPart* best = nullptr;
    qreal bestDistance = 0;
    for (const TextPart& part : parts()) {
        const qreal top = part.at.y(), bottom = top + part.height();
        const qreal dy = point.y() < top ? top - point.y() : point.y() > bottom ? point.y() - bottom : 0;
        const qreal left = part.at.x(), right = left + part.width();
        const qreal dx = point.x() < left ? left - point.x() : point.x() > right ? point.x() - right : 0;
        const qreal distance = dy * 1000 + dx;
        if (!best || distance < bestDistance) {
            best = &part;
            bestDistance = distance;
        }
    }
    return best ? best->offset + best->hit(point - best->at) : 0;
}

bool Box::onText(QPointF point) const {
    point.rx() += m_sideways;
    for (const TextPart& part : parts()) {
        const QPointF inside = point - part.at;
        if (part.lineCount() == 0 || inside.y() < part.lineTop(0) || inside.y() >= part.height())
            continue;
        const auto [left, right] = part.lineEdges(part.lineAt(inside.y()));
        if (inside.x() >= left - 1 && inside.x() <= right + 1)
            return true;
    }
    return false;
}

QString Box::linkAt(QPointF point) const {
    if (!onText(point))
        return {};
    const int position = hit(point);
    const TextPart* part = partAt(position);
    if (!part)
        return {};
    const int inside = position - part->offset;
    const QList<LineRect> before = inside > 0 ? rects(position - 1, position) : QList<LineRect>();
    return part->text().linkAt(!before.isEmpty() && before.first().rect.contains(point) ? inside - 1
                                                                                        : inside);
}

const TextPart* Box::partAt(int position) const {
    const std::vector<TextPart>& all = parts();
    const auto after = std::upper_bound(all.begin(), all.end(), position,
                                        [](int value, const TextPart& part) { return value < part.offset; });
    return all.empty() ? nullptr : after == all.begin() ? &all.front() : &*std::prev(after);
}

QList<LineRect> Box::rects(int begin, int end) const {
    QList<LineRect> out;
    const QRectF seen(0, 0, m_width, height());
    const std::vector<TextPart>& all = parts();
    for (std::size_t p = 0; p < all.size(); ++p) {
        const TextPart& part = all[p];
        const int from = std::clamp(begin - part.offset, 0, part.length()),
                  to = std::clamp(end - part.offset, 0, part.length());
        if (from >= to)
            continue;
        const int last = part.lineOf(to);
        for (int i = part.lineOf(from); i <= last; ++i) {
            qreal bottom = part.lineBottom(i);
            if (static_cast<int>(p) == m_gapPart && i + 1 == m_gapLine)
                bottom -= m_shift;
            for (const auto& [left, right] : part.spans(i, from, to)) {
                const QRectF rect = QRectF(QPointF(left, part.lineTop(i)), QPointF(right, bottom))
                                        .translated(part.at - QPointF(m_sideways, 0));
                if (overflow() == 0)
                    out.append({rect, static_cast<int>(p), i});
                else if (rect.intersects(seen))
                    out.append({rect.intersected(seen), static_cast<int>(p), i});
            }
        }
    }
    return out;
}

QRectF Box::caret(int position) const {
    const TextPart* part = partAt(position);
    if (!part || part->lineCount() == 0)
        return {part && part->isRightToLeft() ? m_width : 0, 0, 1, m_height};
    const int inside = std::clamp(position - part->offset, 0, part->length());
    const int line = part->lineOf(inside);
    qreal bottom = part->lineBottom(line);
    if (part - m_parts.data() == m_gapPart && line + 1 == m_gapLine)
        bottom -= m_shift;
    return {part->at.x() + part->x(inside) - m_sideways, part->at.y() + part->lineTop(line), 1,
            bottom - part->lineTop(line)};
}

qreal Box::openGap(int position, qreal space) {
    closeGap();
    const TextPart* found = m_spec.kind == BoxSpec::Kind::Text ? partAt(position) : nullptr;
    if (!found || found->lineCount() == 0)
        return -1;
    const int line = found->lineOf(std::clamp(position - found->offset, 0, found->length()));
    const auto index = static_cast<std::size_t>(found - m_parts.data());
    if (index == 0 && line == 0)
        return -1;
    const qreal where = found->at.y() + found->lineTop(line);
    m_gapPart = static_cast<int>(index);
    m_gapLine = line;
    m_shift = space;
    m_parts[index].shift(line, space);
    for (std::size_t i = index + 1; i < m_parts.size(); ++i)
        m_parts[i].at.ry() += space;
    return where;
}

void Box::closeGap() {
    if (m_gapPart < 0)
        return;
    const auto index = static_cast<std::size_t>(m_gapPart);
    m_parts[index].shift(m_gapLine, -m_shift);
    for (std::size_t i = index + 1; i < m_parts.size(); ++i)
        m_parts[i].at.ry() -= m_shift;
    m_gapPart = -1;
    m_shift = 0;
}

} // namespace ui::transcript
