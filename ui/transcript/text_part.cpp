#include "ui/transcript/text_part.h"

#include "ui/parts/direction.h"

#include <algorithm>
#include <cmath>
#include <QFontMetricsF>
#include <QGlyphRun>
#include <QRawFont>

namespace ui::transcript {

namespace {

constexpr QChar leftToRightIsolate(0x2066), popIsolate(0x2069);

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

// One more character in this format: neighbours share a range.
void addCharacter(QList<QTextLayout::FormatRange>& formats, int at, const QTextCharFormat& format) {
    if (!formats.isEmpty() && formats.last().start + formats.last().length == at)
        ++formats.last().length;
    else
        formats.append({at, 1, format});
}

// Letters of scripts that join them are joined in code, too.
QList<QTextLayout::FormatRange> joinedLetters(const QString& text) {
    QTextCharFormat format;
    format.setFontStyleStrategy(QFont::PreferDefault);
    QList<QTextLayout::FormatRange> formats;
    for (int i = 0; i < text.size(); ++i) {
        if (text[i].script() < QChar::Script_Hebrew || !(text[i].isLetter() || text[i].isMark()))
            continue;
        addCharacter(formats, i, format);
    }
    return formats;
}

// Letters for which the text's own font has none. On dark ground text is drawn lighter than it is meant (Theme::drawnWeight), and the fonts
// of these scripts mostly have two weights only: of "a little lighter than bold" they make the regular one.
QList<QTextLayout::FormatRange> heavyLetters(const QString& text, const QFont& font, const Theme& theme) {
    const QFont::Weight meant = theme.meantWeight(font.weight());
    QList<QTextLayout::FormatRange> formats;
    if (meant == font.weight() || meant < QFont::DemiBold)
        return formats;
    QTextCharFormat format;
    format.setFontWeight(meant);
    for (int i = 0; i < text.size(); ++i) {
        if (text[i].script() <= QChar::Script_Cyrillic)
            continue;
        addCharacter(formats, i, format);
    }
    return formats;
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
        QTextCharFormat format;
        format.setFont(font);
        if (run.styles & Linked) {
            format.setForeground(look.theme.accent);
            format.setFontUnderline(true);
        }
        formats.append({run.start, run.length, format});
    }
    return formats;
}

Qt::LayoutDirection directionOf(const RichText& rich, Qt::LayoutDirection otherwise) {
    for (const Run& run : rich.runs) {
        const auto found =
            ui::directionOf(QStringView(rich.text).mid(run.start, run.length), Qt::LayoutDirectionAuto);
        if (!(run.styles & Code) && found != Qt::LayoutDirectionAuto)
            return found;
    }
    return otherwise;
}

TextPart::TextPart(RichText text, const PartStyle& style, QPointF place, int first)
    : at(place), offset(first), m_text(std::move(text)), m_direction(style.direction), m_width(style.width) {
    m_mixed = m_direction == Qt::RightToLeft || hasRightToLeft(m_text.text);
    m_layout = std::make_unique<QTextLayout>(m_mixed ? marked() : m_text.text, style.font);
    QTextOption option(style.align | Qt::AlignAbsolute);
    option.setTextDirection(m_direction);
    option.setWrapMode(style.oneLine                 ? QTextOption::ManualWrap
                       : hasEndlessWord(m_text.text) ? QTextOption::WrapAnywhere
                                                     : QTextOption::WrapAtWordBoundaryOrAnywhere);
    option.setTabStopDistance(4 * QFontMetricsF(style.font).horizontalAdvance(u' '));
    m_layout->setTextOption(option);
    QList<QTextLayout::FormatRange> formats = style.formats;
    for (QTextLayout::FormatRange& format : formats)
        format.start = toLayout(format.start);
    if (m_mixed)
        formats += joinedLetters(m_layout->text());
    formats += heavyLetters(m_layout->text(), style.font, Theme::current());
    m_layout->setFormats(formats);
    m_layout->setCacheEnabled(true);
    const QFontMetricsF metrics(style.font);
    const qreal baseline = std::round((style.lineHeight - metrics.height()) / 2 + metrics.ascent());
    qreal y = 0;
    m_layout->beginLayout();
    for (QTextLine line = m_layout->createLine(); line.isValid(); line = m_layout->createLine()) {
        line.setLineWidth(m_width);
        // Lines keep their rhythm; only taller scripts push it.
        const qreal above = std::max<qreal>(0, line.ascent() - baseline - 2);
        line.setPosition({0, y + above + baseline - line.ascent()});
        m_tops.push_back(y);
        y += std::max<qreal>(style.lineHeight, std::ceil(above + baseline + line.descent() - 2));
        m_naturalWidth = std::max(m_naturalWidth, line.naturalTextWidth());
    }
    m_layout->endLayout();
    if (m_tops.empty()) {
        m_tops.push_back(0);
        y = style.lineHeight;
    }
    m_tops.push_back(y);
}

// Every stretch of code between marks that isolate it.
QString TextPart::marked() {
    QString out;
    bool inside = false;
    int done = 0;
    for (const Run& run : std::as_const(m_text.runs)) {
        const bool code = run.styles & Code;
        if (code == inside)
            continue;
        inside = code;
        out += QStringView(m_text.text).mid(done, run.start - done);
        out += code ? leftToRightIsolate : popIsolate;
        m_marks.push_back(run.start);
        done = run.start;
    }
    out += QStringView(m_text.text).mid(done);
    return out;
}

int TextPart::toLayout(int position) const {
    return position +
           static_cast<int>(std::upper_bound(m_marks.begin(), m_marks.end(), position) - m_marks.begin());
}

int TextPart::toText(int layoutPosition) const {
    int marks = 0;
    while (marks < static_cast<int>(m_marks.size()) &&
           m_marks[static_cast<std::size_t>(marks)] + marks < layoutPosition)
        ++marks;
    return std::clamp(layoutPosition - marks, 0, length());
}

int TextPart::lineOf(int position) const {
    return lineCount() == 0 ? 0 : m_layout->lineForTextPosition(toLayout(position)).lineNumber();
}

std::pair<qreal, qreal> TextPart::lineEdges(int line) const {
    const QRectF natural = m_layout->lineAt(line).naturalTextRect();
    return {natural.left(), natural.right()};
}

int TextPart::lineAt(qreal y) const {
    int line = 0;
    while (line + 1 < lineCount() && y >= lineBottom(line))
        ++line;
    return line;
}

int TextPart::hit(QPointF point) const {
    return lineCount() == 0 ? 0 : toText(m_layout->lineAt(lineAt(point.y())).xToCursor(point.x()));
}

qreal TextPart::x(int position) const {
    return lineCount() == 0 ? 0 : m_layout->lineAt(lineOf(position)).cursorToX(toLayout(position));
}

QList<std::pair<qreal, qreal>> TextPart::spans(int number, int begin, int end) const {
    const QTextLine line = m_layout->lineAt(number);
    const int lineEnd = line.textStart() + line.textLength();
    const int first = std::max(toLayout(begin), line.textStart()), last = std::min(toLayout(end), lineEnd);
    QList<std::pair<qreal, qreal>> out;
    if (first >= last)
        return out;
    if (!m_mixed) {
        const qreal a = line.cursorToX(first), b = line.cursorToX(last);
        const bool wrapped = last == lineEnd && number + 1 < lineCount(); // without the blank it ends with
        out.append(
            {std::min(a, b), wrapped ? std::min(std::max(a, b), lineEdges(number).second) : std::max(a, b)});
        return out;
    }
    // Where directions meet, a cursor's place is that of the character before; glyphs stand where they stand.
    int from = first;
    for (std::size_t i = 0; i <= m_marks.size() && from < last;
         ++i) { // between the marks, which take no room
        const int to = i < m_marks.size() ? std::min(last, m_marks[i] + static_cast<int>(i)) : last;
        for (const QGlyphRun& run : to > from ? line.glyphRuns(from, to - from) : QList<QGlyphRun>()) {
            const QList<QPointF> places = run.positions();
            const QList<QPointF> advances = run.rawFont().advancesForGlyphIndexes(run.glyphIndexes());
            for (qsizetype k = 0; k < places.size(); ++k)
                out.append({places[k].x(), places[k].x() + advances[k].x()});
        }
        from = std::max(from, to + 1);
    }
    std::sort(out.begin(), out.end());
    qsizetype kept = 0;
    for (qsizetype i = 1; i < out.size(); ++i) {
        if (out[i].first <= out[kept].second + 0.01)
            out[kept].second = std::max(out[kept].second, out[i].second);
        else
            out[++kept] = out[i];
    }
    out.resize(std::min<qsizetype>(out.size(), kept + 1));
    return out;
}

void TextPart::shift(int line, qreal by) {
    for (int i = line; i < lineCount(); ++i) {
        QTextLine moved = m_layout->lineAt(i);
        moved.setPosition(moved.position() + QPointF(0, by));
        m_tops[static_cast<std::size_t>(i)] += by;
    }
    m_tops.back() += by;
}

void TextPart::draw(QPainter& painter, QPointF origin, int faded, const QColor& colour,
                    const QRectF& clip) const {
    QList<QTextLayout::FormatRange> over;
    if (faded > 0 && (faded < length() || !m_layout->formats().isEmpty())) {
        QTextCharFormat format;
        format.setForeground(colour);
        over.append({0, toLayout(faded), format});
    }
    m_layout->draw(&painter, origin, over, clip);
}

} // namespace ui::transcript
