#include "ui/transcript/markdown_builder.h"

#include <algorithm>

namespace ui::transcript {

namespace {

constexpr int maxDepth = 16; // deeper quotes and lists are flattened: nothing below may recurse without bound
constexpr int maxLinks = 2000; // per block; the addresses of further ones are shown
constexpr int maxInfo = 40;    // longer words behind a fence stand above the code

bool isHiddenControl(QChar c) {
    const ushort u = c.unicode();
    return (u < 0x20 && u != '\n' && u != '\t') || (u >= 0x7F && u < 0xA0) || u == 0x061C || u == 0x200E ||
           u == 0x200F || (u >= 0x202A && u <= 0x202E) || (u >= 0x2066 && u <= 0x2069);
}

} // namespace

quint8 Builder::styles() const {
    return static_cast<quint8>((m_strong ? Strong : 0) | (m_emphasis ? Emphasis : 0) |
                               (m_strike ? Strike : 0) | (m_code ? Code : 0));
}

void Builder::closeImplicit() {
    if (m_implicit.back())
        pop();
}

void Builder::pop() {
    Block block = std::move(m_stack.back());
    m_stack.pop_back();
    m_implicit.pop_back();
    m_stack.back().children.append(std::move(block));
}

// A quote or list; its items have the depth of their list.
bool Builder::pushContainer(Block::Kind kind) {
    const bool pushed = kind == Block::Kind::Item ? m_containers.back() : m_stack.size() <= maxDepth;
    m_containers.push_back(pushed);
    if (pushed)
        push(kind);
    else
        closeImplicit();
    return pushed;
}

void Builder::popContainer() {
    closeImplicit();
    if (m_containers.back())
        pop();
    m_containers.pop_back();
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
        pushContainer(Block::Kind::Quote);
        break;
    case MD_BLOCK_UL:
        m_ordered.push_back(false);
        if (pushContainer(Block::Kind::List))
            m_stack.back().tight = static_cast<MD_BLOCK_UL_DETAIL*>(detail)->is_tight != 0;
        break;
    case MD_BLOCK_OL:
        m_ordered.push_back(true);
        if (pushContainer(Block::Kind::List)) {
            Block& list = m_stack.back();
            list.ordered = true;
            list.tight = static_cast<MD_BLOCK_OL_DETAIL*>(detail)->is_tight != 0;
            list.delimiter = QLatin1Char(static_cast<MD_BLOCK_OL_DETAIL*>(detail)->mark_delimiter);
        }
        break;
    case MD_BLOCK_LI:
        openItem(*static_cast<MD_BLOCK_LI_DETAIL*>(detail));
        break;
    case MD_BLOCK_HR:
        push(Block::Kind::Rule);
        break;
    case MD_BLOCK_H:
        push(Block::Kind::Heading).level = static_cast<int>(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level);
        break;
    case MD_BLOCK_CODE:
        openCode(static_cast<MD_BLOCK_CODE_DETAIL*>(detail)->fence_char);
        break;
    case MD_BLOCK_P:
        push(Block::Kind::Paragraph);
        break;
    case MD_BLOCK_TABLE: {
        const auto* table = static_cast<MD_BLOCK_TABLE_DETAIL*>(detail);
        push(Block::Kind::Table).columns.resize(static_cast<int>(table->col_count), Qt::AlignLeft);
        break;
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
        break;
    }
    }
    return 0;
}

int Builder::leaveBlock(MD_BLOCKTYPE type, void* detail) {
    closeSpans();
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
    case MD_BLOCK_CODE:
        closeCode(static_cast<MD_BLOCK_CODE_DETAIL*>(detail)->fence_char);
        break;
    case MD_BLOCK_OL:
        closeImplicit();
        if (m_containers.back())
            countItems(m_stack.back());
        [[fallthrough]];
    case MD_BLOCK_UL:
        m_ordered.pop_back();
        popContainer();
        break;
    case MD_BLOCK_QUOTE:
    case MD_BLOCK_LI:
        popContainer();
        break;
    default:
        closeImplicit();
        pop();
    }
    return 0;
}

// Words behind the fence are the code's name.
void Builder::openCode(char fence) {
    int at = m_at;
    while (fence != 0 && at < m_source.size() && isMarkup(m_source[at]) &&
           m_source.mid(at, 3).count(QLatin1Char(fence)) < 3)
        ++at;
    QString info;
    if (fence != 0 && at < m_source.size() && isMarkup(m_source[at])) {
        while (at < m_source.size() && m_source[at] == QLatin1Char(fence))
            ++at;
        const int end = lineEnd(at);
        info = m_source.mid(at, end - at).trimmed().toString();
        if (info.size() > maxInfo) {
            push(Block::Kind::Paragraph);
            put(info, static_cast<int>(m_source.indexOf(info, at)), static_cast<int>(info.size()));
            pop();
            info.clear();
        }
        m_at = std::min(end + 1, static_cast<int>(m_source.size()));
    }
    push(Block::Kind::Code).language = info;
}

void Builder::closeCode(char fence) {
    closeImplicit();
    RichText& code = m_stack.back().text;
    if (code.text.endsWith(u'\n'))
        code.truncate(static_cast<int>(code.text.size()) - 1);
    pop();
    int at = m_at;
    while (fence != 0 && at < m_source.size() && (m_source[at].isSpace() || m_source[at] == u'>'))
        ++at;
    int end = at;
    while (end < m_source.size() && m_source[end] == QLatin1Char(fence))
        ++end;
    if (end - at >= 3 && m_source.mid(end, lineEnd(end) - end).trimmed().isEmpty())
        m_at = end; // the closing fence, so that it is not taken for the next one that opens
}

// Numbers are shown as they were written. md4c tells only the first. Marks that are too deep are words.
void Builder::openItem(const MD_BLOCK_LI_DETAIL& detail) {
    const bool pushed = pushContainer(Block::Kind::Item);
    if (m_ordered.back()) {
        const int begin = skipMarkup(m_at, m_source.size());
        int end = begin;
        while (end < m_source.size() && m_source[end] >= u'0' && m_source[end] <= u'9')
            ++end;
        m_lost = m_lost || end == begin;
        m_at = std::min(end + 1, static_cast<int>(m_source.size()));
        if (pushed)
            m_stack.back().number = m_source.mid(begin, end - begin).toInt();
        else
            put(m_source.mid(begin, m_at - begin).toString() + u' ', begin, m_at - begin);
    }
    if (detail.is_task) {
        if (pushed)
            m_stack.back().task = detail.task_mark == ' ' ? Block::Task::Open : Block::Task::Done;
        const int mark = m_copy.toSource(static_cast<int>(detail.task_mark_offset));
        passTo(mark);
        m_at = std::max(m_at, mark + 2);
    }
}

// "1. 1. 1." counts; every other row of numbers is meant as it stands.
void Builder::countItems(Block& list) {
    QList<Block>& items = list.children;
    list.number = items.isEmpty() ? 0 : items.first().number;
    const bool counts = std::all_of(items.cbegin(), items.cend(),
                                    [&](const Block& item) { return item.number == list.number; });
    for (qsizetype i = 1; counts && i < items.size(); ++i)
        items[i].number = list.number + static_cast<int>(i);
}

int Builder::lineEnd(int from) const {
    const qsizetype newline = m_source.indexOf(u'\n', from);
    return static_cast<int>(newline < 0 ? m_source.size() : newline);
}

int Builder::skipMarkup(int from, qsizetype to) const {
    while (from < to && isMarkup(m_source[from]))
        ++from;
    return from;
}

// What is passed over must be markup.
void Builder::passTo(int source) {
    m_lost = m_lost || skipMarkup(m_at, source) < source;
    m_at = std::max(m_at, source);
}

bool Builder::lost() {
    passTo(static_cast<int>(m_source.size()));
    return m_lost;
}

void Builder::put(const QString& more, int source, int sourceLength) {
    RichText& rich = target();
    int link = -1;
    if (!m_links.empty() && !m_links.back().address.isEmpty()) {
        const QString& address = m_links.back().address;
        const bool known = !rich.links.isEmpty() && rich.links.last() == address;
        if (!known && rich.links.size() < maxLinks)
            rich.links.append(address);
        if (known || rich.links.last() == address)
            link = static_cast<int>(rich.links.size()) - 1;
        m_links.back().used = m_links.back().used || link >= 0;
    }
    const auto linked = static_cast<quint8>(link >= 0 ? Linked : 0);
    rich.append(more, m_base + source, sourceLength, static_cast<quint8>(styles() | linked), link);
}

// Code is copied into terminals: characters that only change how it looks are left out.
void Builder::putCode(const QString& more, int source, bool inside) {
    int from = 0;
    for (int i = 0; i <= more.size(); ++i) {
        if (i < more.size() && !isHiddenControl(more[i]))
            continue;
        put(more.mid(from, i - from), source + (inside ? from : 0), inside ? i - from : 0);
        from = i + 1;
    }
}

// The stretch of the source an event of text stands for. Breaks, and what md4c puts in for tabs in code, are
// not in the copy.
Builder::Piece Builder::piece(MD_TEXTTYPE type, const char* data, int size) {
    const QByteArray& copy = m_copy.utf8();
    const auto offset = data - copy.constData();
    if (offset >= 0 && offset + size <= copy.size()) {
        const int begin = m_copy.toSource(static_cast<int>(offset));
        return {begin, m_copy.toSource(static_cast<int>(offset) + size), true};
    }
    const bool breaks =
        type == MD_TEXT_BR || type == MD_TEXT_SOFTBR || (type == MD_TEXT_CODE && *data == '\n');
    if (!breaks && type != MD_TEXT_NULLCHAR)
        return {m_at, m_at, false};
    int at = m_at;
    while (at < m_source.size() &&
           (breaks ? m_source[at] != u'\n' && m_source[at] != u'\r' : !m_source[at].isNull()))
        ++at;
    at += m_source.mid(at, 2) == u"\r\n" ? 1 : 0;
    return {at, std::min(at + 1, static_cast<int>(m_source.size())), false};
}

int Builder::text(MD_TEXTTYPE type, const char* data, int size) {
    const Piece from = piece(type, data, size);
    const int length = from.end - from.begin;
    passTo(from.begin);
    m_at = std::max(m_at, from.end);
    const QString written =
        from.inside ? m_source.mid(from.begin, length).toString() : QString::fromUtf8(data, size);
    switch (type) {
    case MD_TEXT_NULLCHAR:
        put(QString(QChar::ReplacementCharacter), from.begin, length);
        break;
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR: // as in comments on the web: the lines of the writer are kept
        put(QString(QChar::LineSeparator), from.begin, length);
        break;
    case MD_TEXT_ENTITY: {
        const QString decoded = decodeEntity(written);
        put(decoded.isEmpty() ? written : decoded, from.begin, length);
        break;
    }
    case MD_TEXT_CODE:
        if (length > 0 && !from.inside)
            put(written, from.begin, length);
        else
            putCode(written, from.begin, from.inside);
        break;
    default:
        put(written, from.begin, length);
    }
    return 0;
}

} // namespace ui::transcript
