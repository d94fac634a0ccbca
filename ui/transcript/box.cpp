#include "ui/transcript/box.h"

#include <algorithm>
#include <cmath>
#include <QFontMetricsF>

namespace ui::transcript {

namespace {

QTextCharFormat fontFormat(const QFont& font) {
    QTextCharFormat format;
    format.setFont(font);
    return format;
}

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

// Looking for a place to break such a word takes time that grows with the square of its length.
bool hasEndlessWord(const QString& text) {
    int run = 0;
    for (QChar c : text) {
        run = c.isSpace() || c.unicode() >= 0x2E80 ? 0 : run + 1; // CJK breaks anywhere
        if (run > 400)
            return true;
    }
    return false;
}

} // namespace

QList<QTextLayout::FormatRange> runFormats(const RichText& rich, const QFont& base, const Look& look) {
    QList<QTextLayout::FormatRange> formats;
    for (const Run& run : rich.runs) {
        if (run.styles == 0)
            continue;
        QFont font = run.styles & Code ? look.theme.mono : base;
        if (run.styles & Strong)
            font.setWeight(QFont::Bold);
        font.setItalic(run.styles & Emphasis);
        font.setStrikeOut(run.styles & Strike);
        QTextCharFormat format = fontFormat(font);
        if (run.styles & Linked) {
            format.setForeground(look.theme.accent);
            format.setFontUnderline(true);
        }
        formats.append({run.start, run.length, format});
    }
    return formats;
}

Box::Box(BoxSpec spec, const Look& look, int width) : m_spec(std::move(spec)) {
    m_length = static_cast<int>(ownText(m_spec).size());
    width = std::max(width, 40);
    switch (m_spec.kind) {
    case BoxSpec::Kind::Text:
        layOutText(look, width);
        break;
    case BoxSpec::Kind::Code:
        layOutCode(look, width);
        break;
    case BoxSpec::Kind::Table:
        layOutTable(look, width);
        break;
    case BoxSpec::Kind::CodeHead:
        m_height = look.codeHead;
        m_naturalWidth = look.theme.px(160); // room for the name and the button
        break;
    case BoxSpec::Kind::Rule:
        m_height = look.blockGap * 2;
        m_naturalWidth = width;
        break;
    }
}

qreal Box::addPart(const RichText& rich, const QFont& font, QList<QTextLayout::FormatRange> formats,
                   int lineHeight, QPointF at, qreal width, Qt::Alignment align, int offset) {
    TextPart part;
    part.rich = &rich;
    part.at = at;
    part.offset = offset;
    part.layout = std::make_unique<QTextLayout>(rich.text, font);
    QTextOption option(align);
    option.setWrapMode(hasEndlessWord(rich.text) ? QTextOption::WrapAnywhere
                                                 : QTextOption::WrapAtWordBoundaryOrAnywhere);
    option.setTabStopDistance(4 * QFontMetricsF(font).horizontalAdvance(u' '));
    part.layout->setTextOption(option);
    part.layout->setFormats(formats);
    part.layout->setCacheEnabled(true);
    const QFontMetricsF metrics(font);
    const qreal baseline = std::round((lineHeight - metrics.height()) / 2 + metrics.ascent());
    qreal y = 0;
    part.layout->beginLayout();
    for (QTextLine line = part.layout->createLine(); line.isValid(); line = part.layout->createLine()) {
        line.setLineWidth(width);
        // Lines keep their rhythm; only taller scripts push it.
        const qreal above = std::max<qreal>(0, line.ascent() - baseline - 2);
        line.setPosition({0, y + above + baseline - line.ascent()});
        part.tops.push_back(y);
        y += std::max<qreal>(lineHeight, std::ceil(above + baseline + line.descent() - 2));
        m_naturalWidth = std::max(m_naturalWidth, at.x() + line.naturalTextWidth());
    }
    part.layout->endLayout();
    if (part.tops.empty()) {
        part.tops.push_back(0);
        y = lineHeight;
    }
    part.tops.push_back(y);
    m_parts.push_back(std::move(part));
    return y;
}

void Box::layOutText(const Look& look, int width) {
    const bool heading = m_spec.heading > 0;
    const QFont font = heading ? look.headingFont(m_spec.heading) : look.theme.body;
    m_height =
        addPart(m_spec.text, font, runFormats(m_spec.text, font, look),
                heading ? look.headingLine(m_spec.heading) : look.line, {0, 0}, width, Qt::AlignLeft, 0);
}

void Box::layOutCode(const Look& look, int width) {
    QList<QTextLayout::FormatRange> formats;
    for (const TokenSpan& token : m_spec.tokens) {
        QTextCharFormat format;
        format.setForeground(tokenColour(look.theme, token.token));
        formats.append({token.start, token.length, format});
    }
    m_height =
        addPart(m_spec.text, look.theme.mono, formats, look.codeLine, {static_cast<qreal>(look.codeX), 0},
                width - 2 * look.codeX, Qt::AlignLeft | Qt::AlignAbsolute, 0);
    m_naturalWidth += look.codeX;
}

int Box::hit(QPointF point) const {
    if (m_parts.empty())
        return 0;
    const TextPart* best = nullptr;
    qreal bestDistance = 0;
    for (const TextPart& part : m_parts) {
        const qreal top = part.at.y(), bottom = top + part.tops.back();
        const qreal dy = point.y() < top ? top - point.y() : point.y() > bottom ? point.y() - bottom : 0;
        const qreal left = part.at.x(), right = left + part.layout->boundingRect().width();
        const qreal dx = point.x() < left ? left - point.x() : point.x() > right ? point.x() - right : 0;
        const qreal distance = dy * 1000 + dx;
        if (!best || distance < bestDistance) {
            best = &part;
            bestDistance = distance;
        }
    }
    const qreal y = point.y() - best->at.y();
    int line = 0;
    while (line + 1 < best->layout->lineCount() && y >= best->tops[static_cast<std::size_t>(line) + 1])
        ++line;
    if (best->layout->lineCount() == 0)
        return best->offset;
    return best->offset + best->layout->lineAt(line).xToCursor(point.x() - best->at.x());
}

bool Box::onText(QPointF point) const {
    for (const TextPart& part : m_parts) {
        for (int i = 0; i < part.layout->lineCount(); ++i) {
            const QTextLine line = part.layout->lineAt(i);
            const qreal top = part.at.y() + part.tops[static_cast<std::size_t>(i)];
            const bool inLine =
                point.y() >= top && point.y() < part.at.y() + part.tops[static_cast<std::size_t>(i) + 1];
            if (inLine &&
                QRectF(line.naturalTextRect()).translated(part.at).adjusted(-1, -99, 1, 99).contains(point))
                return true;
        }
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
    const QRectF before = inside > 0 && !rects(position - 1, position).isEmpty()
                              ? rects(position - 1, position).first().rect
                              : QRectF();
    return part->rich->linkAt(before.contains(point) ? inside - 1 : inside);
}

QList<BoxLink> Box::links() const {
    QList<BoxLink> out;
    for (const TextPart& part : m_parts) {
        int previous = -1;
        for (const Run& run : part.rich->runs) {
            const int begin = part.offset + run.start, end = begin + run.length;
            if (run.link >= 0 && run.link == previous)
                out.last().end = end;
            else if (run.link >= 0)
                out.append({begin, end, part.rich->links.value(run.link)});
            previous = run.link;
        }
    }
    return out;
}

const TextPart* Box::partAt(int position) const {
    const TextPart* found = nullptr;
    for (const TextPart& part : m_parts) {
        if (!found || part.offset <= position)
            found = &part;
    }
    return found;
}

QList<LineRect> Box::rects(int begin, int end) const {
    QList<LineRect> out;
    for (std::size_t p = 0; p < m_parts.size(); ++p) {
        const TextPart& part = m_parts[p];
        const int size = static_cast<int>(part.rich->text.size());
        const int from = std::clamp(begin - part.offset, 0, size),
                  to = std::clamp(end - part.offset, 0, size);
        if (from >= to)
            continue;
        for (int i = part.layout->lineForTextPosition(from).lineNumber(); i < part.layout->lineCount(); ++i) {
            const QTextLine line = part.layout->lineAt(i);
            const int first = std::max(from, line.textStart()),
                      last = std::min(to, line.textStart() + line.textLength());
            if (line.textStart() >= to)
                break;
            if (first >= last)
                continue;
            const qreal a = line.cursorToX(first), b = line.cursorToX(last);
            const qreal top = part.tops[static_cast<std::size_t>(i)];
            qreal bottom = part.tops[static_cast<std::size_t>(i) + 1];
            if (i + 1 == m_gapLine)
                bottom -= m_shift;
            const qreal right =
                last == line.textStart() + line.textLength() && i + 1 < part.layout->lineCount()
                    ? std::min(std::max(a, b), line.naturalTextRect().right())
                    : std::max(a, b);
            out.append({QRectF(QPointF(std::min(a, b), top), QPointF(right, bottom)).translated(part.at),
                        static_cast<int>(p), i});
        }
    }
    return out;
}

QRectF Box::caret(int position) const {
    const TextPart* part = partAt(position);
    if (!part || part->layout->lineCount() == 0)
        return {0, 0, 1, m_height};
    const int inside = std::clamp(position - part->offset, 0, static_cast<int>(part->rich->text.size()));
    const QTextLine line = part->layout->lineForTextPosition(inside);
    const auto number = static_cast<std::size_t>(line.lineNumber());
    qreal bottom = part->tops[number + 1];
    if (static_cast<int>(number) + 1 == m_gapLine)
        bottom -= m_shift;
    return QRectF(part->at.x() + line.cursorToX(inside), part->at.y() + part->tops[number], 1,
                  bottom - part->tops[number]);
}

qreal Box::lineTop(int position) const {
    return caret(position).top();
}

int Box::toSource(int position) const {
    const TextPart* part = partAt(position);
    return part ? part->rich->toSource(
                      std::clamp(position - part->offset, 0, static_cast<int>(part->rich->text.size())))
                : 0;
}

int Box::toPosition(int source) const {
    const TextPart* found = nullptr;
    for (const TextPart& part : m_parts) {
        if (!found || (!part.rich->runs.isEmpty() && part.rich->sourceBegin() <= source))
            found = &part;
    }
    return found ? found->offset + found->rich->toShown(source) : 0;
}

int Box::sourceBegin() const {
    for (const TextPart& part : m_parts) {
        if (!part.rich->runs.isEmpty())
            return part.rich->sourceBegin();
    }
    return -1;
}

int Box::sourceEnd() const {
    for (auto part = m_parts.rbegin(); part != m_parts.rend(); ++part) {
        if (!part->rich->runs.isEmpty())
            return part->rich->sourceEnd();
    }
    return -1;
}

int Box::snapped(int position, bool up) const {
    const TextPart* part = partAt(position);
    if (!part)
        return position;
    const int inside = position - part->offset;
    return part->offset +
           (up ? graphemeCeil(part->rich->text, inside) : graphemeFloor(part->rich->text, inside));
}

qreal Box::openGap(int position, qreal space) {
    closeGap();
    if (m_spec.kind != BoxSpec::Kind::Text || m_parts.empty() || m_parts[0].layout->lineCount() == 0)
        return -1;
    TextPart& part = m_parts[0];
    const int line = part.layout->lineForTextPosition(std::clamp(position, 0, m_length)).lineNumber();
    if (line <= 0)
        return -1;
    m_gapLine = line;
    m_shift = space;
    const qreal where = part.tops[static_cast<std::size_t>(line)];
    for (int i = line; i < part.layout->lineCount(); ++i) {
        QTextLine moved = part.layout->lineAt(i);
        moved.setPosition(moved.position() + QPointF(0, space));
        part.tops[static_cast<std::size_t>(i)] += space;
    }
    part.tops.back() += space;
    return where;
}

void Box::closeGap() {
    if (m_gapLine < 0)
        return;
    TextPart& part = m_parts[0];
    for (int i = m_gapLine; i < part.layout->lineCount(); ++i) {
        QTextLine moved = part.layout->lineAt(i);
        moved.setPosition(moved.position() - QPointF(0, m_shift));
        part.tops[static_cast<std::size_t>(i)] -= m_shift;
    }
    part.tops.back() -= m_shift;
    m_gapLine = -1;
    m_shift = 0;
}

} // namespace ui::transcript
