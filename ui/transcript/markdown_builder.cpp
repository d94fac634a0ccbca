#include "ui/transcript/markdown_builder.h"

#include <QUrl>

namespace ui::transcript {

namespace {

constexpr int maxDepth = 16; // deeper quotes and lists are flattened: nothing below may recurse without bound
constexpr int maxCells = 4000; // a table beyond this is shown as text
constexpr int maxLinks = 2000; // per block; further ones are plain text
constexpr int maxLinkLength = 2048;
constexpr unsigned maxColumns = 64;

bool isHiddenControl(QChar c) {
    const ushort u = c.unicode();
    return (u < 0x20 && u != '\n' && u != '\t') || (u >= 0x7F && u < 0xA0) || u == 0x061C || u == 0x200E ||
           u == 0x200F || (u >= 0x202A && u <= 0x202E) || (u >= 0x2066 && u <= 0x2069);
}

QString attributeText(const MD_ATTRIBUTE& attribute) {
    QString text;
    for (int i = 0; attribute.text && attribute.substr_offsets[i] < attribute.size; ++i) {
        const auto begin = attribute.substr_offsets[i], end = attribute.substr_offsets[i + 1];
        const QString part = QString::fromUtf8(attribute.text + begin, static_cast<int>(end - begin));
        const QString decoded = attribute.substr_types[i] == MD_TEXT_ENTITY ? decodeEntity(part) : QString();
        text += decoded.isEmpty() ? part : decoded;
    }
    return text;
}

// An address that may be opened; empty for every other scheme and for relative ones.
QString allowedLink(const QString& address) {
    if (address.size() > maxLinkLength)
        return {};
    const QString scheme = QUrl(address, QUrl::TolerantMode).scheme();
    return scheme == u"http" || scheme == u"https" || scheme == u"mailto" ? address : QString();
}

} // namespace

quint8 Builder::styles() const {
    return static_cast<quint8>((m_strong ? Strong : 0) | (m_emphasis ? Emphasis : 0) |
                               (m_strike ? Strike : 0) | (m_code ? Code : 0) | (m_math ? Math : 0));
}

void Builder::closeImplicit() {
    if (m_implicit.back())
        pop();
}

void Builder::pop() {
    Block block = std::move(m_stack.back());
    m_stack.pop_back();
    m_implicit.pop_back();
    popInto(std::move(block));
}

void Builder::popInto(Block&& block) {
    QList<Block>& siblings = m_stack.back().children;
    if (m_stack.size() > maxDepth && !block.children.isEmpty())
        siblings.append(block.children);
    else
        siblings.append(std::move(block));
}

RichText& Builder::target() {
    if (m_inCell)
        return m_cell.text;
    const Block::Kind kind = m_stack.back().kind;
    const bool holdsText = m_stack.size() > 1 && (kind == Block::Kind::Paragraph ||
                                                  kind == Block::Kind::Heading || kind == Block::Kind::Code);
    if (!holdsText) {
        push(Block::Kind::Paragraph);
        m_implicit.back() = true;
    }
    return m_stack.back().text;
}

int Builder::enterBlock(MD_BLOCKTYPE type, void* detail) {
    switch (type) {
    case MD_BLOCK_DOC:
    case MD_BLOCK_HTML:
    case MD_BLOCK_THEAD:
    case MD_BLOCK_TBODY:
    case MD_BLOCK_TR:
        break;
    case MD_BLOCK_QUOTE:
        push(Block::Kind::Quote);
        break;
    case MD_BLOCK_UL: {
        push(Block::Kind::List).tight = static_cast<MD_BLOCK_UL_DETAIL*>(detail)->is_tight != 0;
        break;
    }
    case MD_BLOCK_OL: {
        Block& list = push(Block::Kind::List);
        list.ordered = true;
        list.tight = static_cast<MD_BLOCK_OL_DETAIL*>(detail)->is_tight != 0;
        list.number = static_cast<int>(static_cast<MD_BLOCK_OL_DETAIL*>(detail)->start);
        break;
    }
    case MD_BLOCK_LI: {
        const int number = m_stack.back().number + static_cast<int>(m_stack.back().children.size());
        const auto* item = static_cast<MD_BLOCK_LI_DETAIL*>(detail);
        Block& block = push(Block::Kind::Item);
        block.number = number;
        if (item->is_task)
            block.task = item->task_mark == ' ' ? Block::Task::Open : Block::Task::Done;
        break;
    }
    case MD_BLOCK_HR:
        push(Block::Kind::Rule);
        break;
    case MD_BLOCK_H:
        push(Block::Kind::Heading).level = static_cast<int>(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level);
        break;
    case MD_BLOCK_CODE:
        push(Block::Kind::Code).language =
            attributeText(static_cast<MD_BLOCK_CODE_DETAIL*>(detail)->lang).left(40);
        break;
    case MD_BLOCK_P:
        push(Block::Kind::Paragraph);
        break;
    case MD_BLOCK_TABLE: {
        const auto* table = static_cast<MD_BLOCK_TABLE_DETAIL*>(detail);
        push(Block::Kind::Table).columns.resize(static_cast<int>(table->col_count), Qt::AlignLeft);
        return table->col_count > maxColumns ? -1 : 0;
    }
    case MD_BLOCK_TH:
    case MD_BLOCK_TD: {
        Block& table = m_stack.back();
        const MD_ALIGN align = static_cast<MD_BLOCK_TD_DETAIL*>(detail)->align;
        const auto column = table.cells.size() % std::max<qsizetype>(1, table.columns.size());
        table.columns[column] = align == MD_ALIGN_CENTER  ? Qt::AlignHCenter
                                : align == MD_ALIGN_RIGHT ? Qt::AlignRight
                                                          : Qt::AlignLeft;
        m_cell = {};
        m_inCell = true;
        return ++m_cells > maxCells ? -1 : 0;
    }
    }
    return 0;
}

int Builder::leaveBlock(MD_BLOCKTYPE type) {
    switch (type) {
    case MD_BLOCK_DOC:
        closeImplicit();
        break;
    case MD_BLOCK_HTML:
    case MD_BLOCK_THEAD:
    case MD_BLOCK_TBODY:
    case MD_BLOCK_TR:
        break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
        m_inCell = false;
        m_stack.back().cells.append(std::move(m_cell.text));
        break;
    default:
        closeImplicit();
        if (m_stack.back().kind == Block::Kind::Code && m_stack.back().text.text.endsWith(u'\n'))
            m_stack.back().text.truncate(static_cast<int>(m_stack.back().text.text.size()) - 1);
        pop();
    }
    return 0;
}

int Builder::enterSpan(MD_SPANTYPE type, void* detail) {
    switch (type) {
    case MD_SPAN_STRONG:
        ++m_strong;
        break;
    case MD_SPAN_EM:
        ++m_emphasis;
        break;
    case MD_SPAN_DEL:
        ++m_strike;
        break;
    case MD_SPAN_CODE:
        ++m_code;
        break;
    case MD_SPAN_LATEXMATH:
    case MD_SPAN_LATEXMATH_DISPLAY:
        m_math = type == MD_SPAN_LATEXMATH ? 1 : 2;
        m_mathOpens = true;
        break;
    case MD_SPAN_A:
        m_links.append(allowedLink(attributeText(static_cast<MD_SPAN_A_DETAIL*>(detail)->href)));
        break;
    case MD_SPAN_IMG:
        put(QStringLiteral("[image: "), m_sourceEnd, 0);
        break;
    default:
        break;
    }
    return 0;
}

int Builder::leaveSpan(MD_SPANTYPE type) {
    switch (type) {
    case MD_SPAN_STRONG:
        --m_strong;
        break;
    case MD_SPAN_EM:
        --m_emphasis;
        break;
    case MD_SPAN_DEL:
        --m_strike;
        break;
    case MD_SPAN_CODE:
        --m_code;
        break;
    case MD_SPAN_LATEXMATH:
    case MD_SPAN_LATEXMATH_DISPLAY:
        closeMath();
        break;
    case MD_SPAN_A:
        m_links.removeLast();
        break;
    case MD_SPAN_IMG:
        put(QStringLiteral("]"), m_sourceEnd, 0);
        break;
    default:
        break;
    }
    return 0;
}

void Builder::put(const QString& more, int source, int sourceLength, quint8 extra) {
    RichText& rich = target();
    int link = -1;
    if (!m_links.isEmpty() && !m_links.last().isEmpty() && rich.links.size() < maxLinks) {
        if (rich.links.isEmpty() || rich.links.last() != m_links.last())
            rich.links.append(m_links.last());
        link = static_cast<int>(rich.links.size()) - 1;
    }
    const auto linked = static_cast<quint8>(link >= 0 ? Linked : 0);
    rich.append(more, m_base + source, sourceLength, static_cast<quint8>(styles() | extra | linked), link);
}

// "$5 and $10" is money: a formula neither begins nor ends with a space.
void Builder::closeMath() {
    RichText& rich = target();
    const QStringView inside =
        QStringView(rich.text).mid(std::min<qsizetype>(m_mathStart + m_math, rich.text.size()));
    const bool money = inside.isEmpty() || inside.front().isSpace() || inside.back().isSpace();
    put(QString(m_math, u'$'), m_sourceEnd, m_math);
    m_sourceEnd += m_math;
    m_math = 0;
    if (!money)
        return;
    RichText plain = rich.mid(0, m_mathStart);
    for (const Run& run : std::as_const(rich.runs)) {
        if (run.start >= m_mathStart)
            plain.append(rich.text.mid(run.start, run.length), run.source, run.sourceLength,
                         static_cast<quint8>(run.styles & ~Math), run.link);
    }
    rich = plain;
}

// Code is copied into terminals: characters that only change how it looks are left out.
void Builder::putCode(const QString& more, int source, int sourceLength) {
    int from = 0;
    for (int i = 0; i <= more.size(); ++i) {
        if (i < more.size() && !isHiddenControl(more[i]))
            continue;
        const bool exact = sourceLength == more.size();
        put(more.mid(from, i - from), source + (exact ? from : 0), exact ? i - from : sourceLength);
        from = i + 1;
    }
}

int Builder::text(MD_TEXTTYPE type, const char* data, int size) {
    const auto offset = data - m_utf8.constData();
    const bool inside = offset >= 0 && offset + size <= m_utf8.size();
    int begin = m_sourceEnd;
    if (inside) {
        begin = m_map.toUtf16(static_cast<int>(offset));
        m_sourceEnd = m_map.toUtf16(static_cast<int>(offset) + size);
    }
    if (m_mathOpens) {
        m_mathOpens = false;
        m_mathStart = static_cast<int>(target().text.size());
        put(QString(m_math, u'$'), begin - m_math, m_math);
    }
    switch (type) {
    case MD_TEXT_NULLCHAR:
        put(QString(QChar::ReplacementCharacter), begin, 1);
        m_sourceEnd = begin + 1;
        break;
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR: // as in comments on the web: the lines of the writer are kept
        put(QString(QChar::LineSeparator), begin, 1);
        m_sourceEnd = begin + 1;
        break;
    case MD_TEXT_ENTITY: {
        const QString entity = QString::fromUtf8(data, size);
        const QString decoded = decodeEntity(entity);
        put(decoded.isEmpty() ? entity : decoded, begin, static_cast<int>(entity.size()));
        break;
    }
    case MD_TEXT_CODE: {
        const QString code = QString::fromUtf8(data, size);
        const bool newline = !inside && code == u"\n";
        putCode(code, begin, inside || newline ? static_cast<int>(code.size()) : 0);
        m_sourceEnd += newline ? 1 : 0;
        break;
    }
    default: {
        const QString plain = QString::fromUtf8(data, size);
        put(plain, begin, inside ? static_cast<int>(plain.size()) : 0);
    }
    }
    return 0;
}

} // namespace ui::transcript
