#include "ui/transcript/box_spec.h"

#include "ui/parts/direction.h"
#include "ui/transcript/table_widths.h"

#include <QFontMetrics>

namespace ui::transcript {

namespace {

// One QTextLayout takes time that grows with the square of an unbroken word; pieces of this size keep every
// input linear.
constexpr int maxChunk = 4096;
constexpr int codeChunkLines = 40;
constexpr qsizetype tableChunkRows = 32; // so that of a long table only what is seen is laid out

struct Chunk {
    int begin = 0, end = 0; // of the text; [end, next begin) is the line break that was dropped
};

QList<Chunk> chunks(const QString& text) {
    QList<Chunk> all;
    int begin = 0;
    const int size = static_cast<int>(text.size());
    while (size - begin > maxChunk) {
        const int limit = begin + maxChunk;
        const QStringView part = QStringView(text).mid(begin, maxChunk); // looking no further keeps it linear
        const int line = begin + static_cast<int>(part.lastIndexOf(QChar(QChar::LineSeparator)));
        const int space = begin + static_cast<int>(part.lastIndexOf(u' '));
        if (line > begin) {
            all.append({begin, line});
            begin = line + 1;
        } else {
            const int end = space > begin ? space + 1 : std::max(begin + 1, graphemeFloor(text, limit));
            all.append({begin, end});
            begin = end;
        }
    }
    all.append({begin, size});
    return all;
}

// What a text goes on with when the next one begins without letters.
Qt::LayoutDirection setDirection(BoxSpec& spec, Qt::LayoutDirection before) {
    const QStringView text = spec.text.text;
    spec.direction = before;
    spec.mixed = hasRightToLeft(text);
    if (!spec.mixed)
        return before;
    const qsizetype lastLine = text.lastIndexOf(QChar(QChar::LineSeparator)) + 1;
    return ui::directionOf(text.mid(lastLine), ui::directionOf(text, before));
}

class Flattener {
public:
    Flattener(const Look& look, bool first) : m_look(look), m_first(first) {}
    void blocks(const QList<Block>& list, bool tight);
    QList<BoxSpec> take() { return std::move(m_specs); }

private:
    void block(const Block& block, bool tight);
    void list(const Block& list);
    void code(const Block& block);
    void table(const Block& block, bool tight);
    void text(const Block& block, bool tight);
    BoxSpec start(BoxSpec::Kind kind, int gap, bool tight);

    const Look& m_look;
    QList<BoxSpec> m_specs;
    bool m_first;
    int m_indent = 0;
    QList<int> m_bars;
    QString m_marker; // of the item whose first box comes next
    Block::Task m_task = Block::Task::None;
    bool m_hasMarker = false;
    int m_depth = 0; // of lists
};

BoxSpec Flattener::start(BoxSpec::Kind kind, int gap, bool tight) {
    BoxSpec spec;
    spec.kind = kind;
    spec.indent = m_indent;
    spec.bars = m_bars;
    spec.gap = m_first ? 0 : gap;
    spec.before = m_first ? QString() : tight ? QStringLiteral("\n") : QStringLiteral("\n\n");
    if (m_depth > 0)
        spec.before += QString(2 * (m_depth - 1) + (m_hasMarker ? 0 : 2), u' ');
    if (m_hasMarker) {
        spec.marker = m_marker;
        spec.task = m_task;
        spec.before += m_task == Block::Task::Done   ? QStringLiteral("[x] ")
                       : m_task == Block::Task::Open ? QStringLiteral("[ ] ")
                                                     : m_marker + u' ';
    }
    m_hasMarker = false;
    m_first = false;
    return spec;
}

void Flattener::blocks(const QList<Block>& list, bool tight) {
    for (const Block& each : list)
        block(each, tight);
}

void Flattener::block(const Block& block, bool tight) {
    switch (block.kind) {
    case Block::Kind::Paragraph:
    case Block::Kind::Heading:
        text(block, tight);
        break;
    case Block::Kind::Code:
        code(block);
        break;
    case Block::Kind::Quote:
        m_bars.append(m_indent);
        m_indent += m_look.quoteIndent;
        blocks(block.children, false);
        m_indent -= m_look.quoteIndent;
        m_bars.removeLast();
        break;
    case Block::Kind::List:
        list(block);
        break;
    case Block::Kind::Item: // of a list too deep to be shown as one
        blocks(block.children, tight);
        break;
    case Block::Kind::Table:
        table(block, tight);
        break;
    case Block::Kind::Rule:
        m_specs.append(start(BoxSpec::Kind::Rule, m_look.blockGap, tight));
        break;
    }
}

void Flattener::list(const Block& list) {
    int last = 0;
    for (const Block& item : list.children)
        last = std::max(last, item.number);
    const QString widest = QString::number(last) + list.delimiter;
    const int width =
        list.ordered ? QFontMetrics(m_look.theme.body).horizontalAdvance(widest) + m_look.tightGap * 2 : 0;
    if (m_hasMarker) // of an item that begins with a list: a line of its own
        text(Block(), true);
    const int indent = std::max(m_look.listIndent, width);
    m_indent += indent;
    ++m_depth;
    bool firstItem = true;
    for (const Block& item : list.children) {
        m_marker = list.ordered ? QString::number(item.number) + list.delimiter : QStringLiteral("\u2022");
        m_task = item.task;
        m_hasMarker = true;
        const qsizetype before = m_specs.size();
        blocks(item.children, list.tight);
        if (m_hasMarker) // nothing in it, or only an empty quote
            text(Block(), list.tight);
        if (firstItem && m_depth == 1 &&
            m_specs[before].gap > 0) { // a list stands off from the text above it
            m_specs[before].gap = m_look.blockGap;
            if (list.tight)
                m_specs[before].before.prepend(u'\n');
        }
        firstItem = false;
    }
    --m_depth;
    m_indent -= indent;
}

void Flattener::code(const Block& block) {
    BoxSpec head = start(BoxSpec::Kind::CodeHead, m_look.blockGap, false);
    head.language = block.language;
    m_specs.append(head);
    const QString& all = block.text.text;
    const QList<TokenSpan> tokens = highlightCode(all, block.language);
    qsizetype token = 0;
    int begin = 0;
    const int size = static_cast<int>(all.size());
    do {
        int end = begin;
        for (int lines = 0; lines < codeChunkLines && end < size && end - begin < maxChunk; ++lines) {
            const qsizetype newline = all.indexOf(u'\n', end + (lines > 0 ? 1 : 0));
            end = newline < 0 ? size : static_cast<int>(newline);
        }
        if (end - begin > maxChunk)
            end = std::max(begin + 1, graphemeFloor(all, begin + maxChunk));
        BoxSpec part;
        part.kind = BoxSpec::Kind::Code;
        part.indent = m_indent;
        part.bars = m_bars;
        part.text = block.text.mid(begin, end - begin);
        part.text.text.replace(u'\n', QChar(QChar::LineSeparator));
        for (; token < tokens.size() && tokens[token].start < end; ++token) {
            const int from = std::max(tokens[token].start, begin);
            const int to = std::min(tokens[token].start + tokens[token].length, end);
            part.tokens.append({from - begin, to - from, tokens[token].token});
            if (tokens[token].start + tokens[token].length > end)
                break; // goes on in the next part
        }
        const bool lineBreak = end < size && all[end] == u'\n';
        if (begin > 0 && all[begin - 1] == u'\n')
            part.before = QStringLiteral("\n");
        begin = lineBreak ? end + 1 : end;
        part.codeEnd = begin >= size && !lineBreak;
        m_specs.append(part);
    } while (!m_specs.last().codeEnd);
}

void Flattener::table(const Block& block, bool tight) {
    const qsizetype columns = block.columns.size();
    BoxSpec spec = start(BoxSpec::Kind::Table, m_look.blockGap, tight);
    spec.columns = block.columns;
    const TableWidths widths = tableWidths(block, m_look);
    spec.wanted = widths.wanted;
    spec.least = widths.least;
    spec.direction = widths.direction;
    const qsizetype chunk = tableChunkRows * columns;
    for (qsizetype first = 0; first == 0 || first < block.cells.size(); first += chunk) {
        spec.firstRow = static_cast<int>(first / columns);
        spec.cells = block.cells.mid(first, chunk);
        spec.advances = widths.advances.mid(first, chunk);
        spec.tableEnd = first + chunk >= block.cells.size();
        m_specs.append(spec);
        spec.gap = 0;
        spec.marker.clear();
        spec.task = Block::Task::None;
        spec.before = QStringLiteral("\n");
    }
}

void Flattener::text(const Block& block, bool tight) {
    const bool nested = tight && m_depth > 0;
    const int gap = block.kind == Block::Kind::Heading ? m_look.headingGap
                    : nested                           ? m_look.tightGap
                                                       : m_look.blockGap;
    bool firstChunk = true;
    Qt::LayoutDirection direction = Qt::LeftToRight;
    for (const Chunk& chunk : chunks(block.text.text)) {
        BoxSpec spec;
        if (firstChunk) {
            spec = start(BoxSpec::Kind::Text, gap, nested);
        } else {
            spec.indent = m_indent;
            spec.bars = m_bars;
            if (block.text.text[chunk.begin - 1] == QChar::LineSeparator)
                spec.before = QStringLiteral("\n");
        }
        spec.heading = block.level;
        spec.text = block.text.mid(chunk.begin, chunk.end - chunk.begin);
        direction = setDirection(spec, direction);
        m_specs.append(spec);
        firstChunk = false;
    }
}

} // namespace

QList<BoxSpec> boxSpecs(const QList<Block>& blocks, const Look& look, bool first) {
    Flattener flattener(look, first);
    flattener.blocks(blocks, false);
    return flattener.take();
}

QList<BoxSpec> plainSpecs(QStringView source, int base, bool first) {
    const Block block = plainParagraph(source, base);
    QList<BoxSpec> specs;
    Qt::LayoutDirection direction = Qt::LeftToRight;
    for (const Chunk& chunk : chunks(block.text.text)) {
        BoxSpec spec;
        spec.text = block.text.mid(chunk.begin, chunk.end - chunk.begin);
        direction = setDirection(spec, direction);
        if (chunk.begin > 0 ? block.text.text[chunk.begin - 1] == QChar::LineSeparator : !first)
            spec.before = QStringLiteral("\n");
        specs.append(spec);
    }
    return specs;
}

QList<BoxSpec> ownSpecs(QStringView source, const Look& look) {
    return boxSpecs(parseOwnText(source), look, true);
}

QString ownText(const BoxSpec& spec) {
    if (spec.kind == BoxSpec::Kind::Rule)
        return QStringLiteral("---");
    QString text = spec.text.text;
    for (qsizetype i = 0; i < spec.cells.size(); ++i) {
        if (i > 0)
            text += i % spec.columns.size() == 0 ? u'\n' : u'\t';
        text += spec.cells[i].text;
    }
    text.replace(QChar(QChar::LineSeparator), u'\n');
    return text;
}

QString plainText(const QList<BoxSpec>& specs) {
    QString text;
    for (const BoxSpec& spec : specs)
        text += spec.before + ownText(spec);
    return text;
}

} // namespace ui::transcript
