#include "ui/transcript/table_widths.h"

#include "ui/transcript/text_part.h"

#include <cmath>
#include <QFontMetricsF>

namespace ui::transcript {

namespace {

constexpr int slack = 2; // a line exactly as wide as its column would be broken

// The widths of one line of text in the fonts of its runs.
class Measure {
public:
    Measure(const QFont& font, const Look& look) : m_look(look), m_font(font), m_metrics(font) {
        m_widest = m_metrics.horizontalAdvance(u'W');
    }
    int advance(const RichText& text) const { return width(text, 0, static_cast<int>(text.text.size())); }
    // The longest stretch without a place to break it, as far as it is more than `known`.
    int longestWord(const RichText& text, int known) const {
        const int size = static_cast<int>(text.text.size());
        int begin = 0;
        for (int at = 0; at <= size; ++at) {
            if (at < size && !text.text[at].isSpace() &&
                text.text[at].unicode() < 0x2E80) // CJK breaks anywhere
                continue;
            if ((at - begin) * m_widest > known)
                known = std::max(known, width(text, begin, at));
            begin = at + 1;
        }
        return known;
    }

private:
    int width(const RichText& text, int begin, int end) const {
        qreal sum = 0;
        for (const Run& run : text.runs) {
            const int first = std::max(begin, run.start), last = std::min(end, run.start + run.length);
            if (first >= last)
                continue;
            const QString part = text.text.mid(first, last - first);
            if (run.styles == 0) {
                sum += m_metrics.horizontalAdvance(part);
                continue;
            }
            RichText styled = text.mid(first, last - first);
            const QList<QTextLayout::FormatRange> formats = runFormats(styled, m_font, m_look);
            sum += QFontMetricsF(formats.first().format.font()).horizontalAdvance(part);
        }
        return static_cast<int>(std::ceil(sum));
    }

    const Look& m_look;
    QFont m_font;
    QFontMetricsF m_metrics;
    qreal m_widest = 0;
};

} // namespace

TableWidths tableWidths(const Block& table, const Look& look) {
    const qsizetype columns = table.columns.size();
    const int margins = 2 * look.cellX + slack;
    const Measure head(look.strong, look), body(look.theme.body, look);
    TableWidths out;
    out.advances.reserve(table.cells.size());
    out.wanted.fill(margins, columns);
    out.least.fill(margins, columns);
    Qt::LayoutDirection direction = Qt::LayoutDirectionAuto;
    for (qsizetype i = 0; i < table.cells.size(); ++i) {
        const RichText& cell = table.cells[i];
        const Measure& measure = i < columns ? head : body;
        const qsizetype column = i % columns;
        out.advances.append(measure.advance(cell));
        out.wanted[column] = std::max(out.wanted[column], out.advances.last() + margins);
        out.least[column] = measure.longestWord(cell, out.least[column] - margins) + margins;
        if (direction == Qt::LayoutDirectionAuto)
            direction = directionOf(cell, direction);
    }
    out.direction = direction == Qt::RightToLeft ? direction : Qt::LeftToRight;
    return out;
}

} // namespace ui::transcript
