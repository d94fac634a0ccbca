#pragma once
#include "ui/transcript/markdown.h"

#include <md4c.h>
#include <vector>

namespace ui::transcript {

// Walks from UTF-8 offsets to UTF-16 offsets; asked in nearly ascending order.
class OffsetMap {
public:
    explicit OffsetMap(const QByteArray& utf8) : m_utf8(utf8) {}
    int toUtf16(int byte) {
        if (byte < m_byte)
            m_byte = m_unit = 0;
        for (; m_byte < byte; ++m_byte) {
            const auto c = static_cast<uchar>(m_utf8[m_byte]);
            m_unit += (c & 0xC0) == 0x80 ? 0 : c >= 0xF0 ? 2 : 1;
        }
        return m_unit;
    }

private:
    const QByteArray& m_utf8;
    int m_byte = 0, m_unit = 0;
};

/// Makes the block tree from md4c's events. A negative answer stops the parse: the input would make an absurd
/// tree.
class Builder {
public:
    Builder(const QByteArray& utf8, int base) : m_utf8(utf8), m_map(utf8), m_base(base) {
        m_stack.emplace_back();
    }

    int enterBlock(MD_BLOCKTYPE type, void* detail);
    int leaveBlock(MD_BLOCKTYPE type);
    int enterSpan(MD_SPANTYPE type, void* detail);
    int leaveSpan(MD_SPANTYPE type);
    int text(MD_TEXTTYPE type, const char* data, int size);
    QList<Block> take() { return std::move(m_stack.front().children); }

private:
    Block& push(Block::Kind kind) {
        closeImplicit();
        m_implicit.push_back(false);
        Block& block = m_stack.emplace_back();
        block.kind = kind;
        return block;
    }
    void pop();
    void popInto(Block&& block);
    void closeImplicit();
    RichText& target();
    void put(const QString& more, int source, int sourceLength, quint8 extra = 0);
    void closeMath();
    void putCode(const QString& more, int source, int sourceLength);
    quint8 styles() const;

    const QByteArray& m_utf8;
    OffsetMap m_map;
    int m_base;
    std::vector<Block> m_stack;          // [0] is the document
    std::vector<bool> m_implicit{false}; // the same index: a paragraph that tight list text opened by itself
    Block m_cell;
    bool m_inCell = false;
    int m_cells = 0;
    int m_strong = 0, m_emphasis = 0, m_strike = 0, m_code = 0;
    int m_math = 0;           // dollars of the formula that is open
    bool m_mathOpens = false; // the next text is the first of a formula
    int m_mathStart = 0;      // where the formula begins in its text
    QStringList m_links;      // open ones; an empty address means plain text
    int m_sourceEnd = 0;      // where the last text ended
};

} // namespace ui::transcript
