#include "ui/transcript/markdown.h"

#include <QHash>

// What a person typed is shown exactly as typed; only code between fences and between backticks is read.
namespace ui::transcript {

namespace {

constexpr qsizetype maxInfo = 40; // longer words behind a fence are no name of a language

struct Fence {
    QChar sign; // null: the line is none
    qsizetype length = 0;
    QStringView info;
};

qsizetype runEnd(QStringView text, qsizetype begin) {
    qsizetype end = begin;
    while (end < text.size() && text[end] == text[begin])
        ++end;
    return end;
}

Fence fenceOf(QStringView line) {
    qsizetype at = 0;
    while (at < line.size() && at < 4 && line[at] == u' ')
        ++at;
    if (at == 4 || at == line.size() || (line[at] != u'`' && line[at] != u'~'))
        return {};
    const qsizetype end = runEnd(line, at);
    const QStringView info = line.mid(end).trimmed();
    if (end - at < 3 || info.size() > maxInfo || info.contains(line[at]))
        return {};
    return {line[at], end - at, info};
}

class OwnText {
public:
    OwnText(QStringView source, int base) : m_source(source), m_base(base) {}
    QList<Block> read();

private:
    qsizetype lineEnd(qsizetype begin) const {
        const qsizetype newline = m_source.indexOf(u'\n', begin);
        return newline < 0 ? m_source.size() : newline;
    }
    qsizetype closing(qsizetype from, const Fence& open);
    void words(qsizetype begin, qsizetype end);
    void line(qsizetype begin, qsizetype end, RichText& text);
    void put(qsizetype begin, qsizetype end, RichText& text, quint8 styles = 0) {
        text.append(m_source.mid(begin, end - begin).toString(), m_base + static_cast<int>(begin),
                    static_cast<int>(end - begin), styles);
    }

    QStringView m_source;
    int m_base;
    qsizetype m_unclosed = 1 << 30; // tildes in so long a row close nothing
    QList<Block> m_blocks;
};

// Where the line that closes begins; the end of the text when a person left it out, -1 when that was hardly
// meant as code.
qsizetype OwnText::closing(qsizetype from, const Fence& open) {
    if (open.sign == u'~' && open.length >= m_unclosed)
        return -1;
    while (from < m_source.size()) {
        const qsizetype end = lineEnd(from);
        const Fence fence = fenceOf(m_source.mid(from, end - from));
        if (fence.sign == open.sign && fence.length >= open.length && fence.info.isEmpty())
            return from;
        from = end + 1;
    }
    if (open.sign == u'`')
        return m_source.size();
    m_unclosed = open.length;
    return -1;
}

QList<Block> OwnText::read() {
    qsizetype wordsBegin = 0;
    for (qsizetype at = 0; at < m_source.size();) {
        const qsizetype end = lineEnd(at);
        const Fence fence = fenceOf(m_source.mid(at, end - at));
        const qsizetype inside = std::min(end + 1, m_source.size());
        const qsizetype close = fence.sign.isNull() ? -1 : closing(inside, fence);
        if (close < 0) {
            at = end + 1;
            continue;
        }
        words(wordsBegin, at);
        Block code;
        code.kind = Block::Kind::Code;
        code.language = fence.info.toString();
        qsizetype codeEnd = close;
        if (codeEnd > inside && m_source[codeEnd - 1] == u'\n')
            --codeEnd;
        put(inside, codeEnd, code.text);
        m_blocks.append(code);
        at = wordsBegin = close < m_source.size() ? std::min(lineEnd(close) + 1, m_source.size()) : close;
    }
    words(wordsBegin, m_source.size());
    if (m_blocks.isEmpty())
        m_blocks.append(Block());
    return std::move(m_blocks);
}

// Blank lines beside code give way to its frame.
void OwnText::words(qsizetype begin, qsizetype end) {
    const QStringView all = m_source.mid(begin, end - begin);
    if (all.trimmed().isEmpty())
        return;
    for (qsizetype next = lineEnd(begin);
         !m_blocks.isEmpty() && m_source.mid(begin, next - begin).trimmed().isEmpty(); next = lineEnd(begin))
        begin = next + 1;
    while (end < m_source.size() && m_source[end - 1].isSpace())
        --end;
    Block block;
    for (qsizetype at = begin; at < end;) {
        const qsizetype stop = std::min(lineEnd(at), end);
        line(at, stop, block.text);
        if (stop < end)
            block.text.append(QString(QChar::LineSeparator), m_base + static_cast<int>(stop), 1, 0);
        at = stop + 1;
    }
    m_blocks.append(block);
}

// `code`, ``with ` in it``, `` ` ``: in one line, and no blanks at its sides but in the last form.
void OwnText::line(qsizetype begin, qsizetype end, RichText& text) {
    const QStringView all = m_source.first(end);
    QHash<qsizetype, qsizetype> last; // where the last run of so many backticks begins
    for (qsizetype i = all.indexOf(u'`', begin); i >= 0; i = all.indexOf(u'`', runEnd(all, i)))
        last[runEnd(all, i) - i] = i;
    qsizetype shown = begin;
    for (qsizetype i = all.indexOf(u'`', begin); i >= 0;) {
        const qsizetype inside = runEnd(all, i), length = inside - i;
        qsizetype close = last.value(length, -1) > i ? all.indexOf(u'`', inside) : -1;
        while (close >= 0 && runEnd(all, close) - close != length)
            close = all.indexOf(u'`', runEnd(all, close));
        const QStringView code = close < 0 ? QStringView() : all.mid(inside, close - inside);
        const bool padded = length > 1 && code.size() > 2 && code.front() == u' ' && code.back() == u' ';
        const bool blank =
            code.trimmed().isEmpty() || (!padded && (code.front().isSpace() || code.back().isSpace()));
        if (blank) {
            i = all.indexOf(u'`', inside);
            continue;
        }
        put(shown, i, text);
        put(inside + (padded ? 1 : 0), close - (padded ? 1 : 0), text, Code);
        shown = close + length;
        i = all.indexOf(u'`', shown);
    }
    put(shown, end, text);
}

} // namespace

QList<Block> parseOwnText(QStringView source, int base) {
    return OwnText(source, base).read();
}

} // namespace ui::transcript
