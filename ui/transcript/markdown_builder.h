#pragma once
#include "ui/transcript/markdown.h"
#include "ui/transcript/parser_copy.h"

#include <md4c.h>
#include <vector>

namespace ui::transcript {

/// Makes the block tree from md4c's events, and looks after every character on the way: what md4c passes over
/// must be markup (isMarkup), or be read here (numbers of lists, words behind a fence, addresses), or the text
/// is lost() and shown as it was written instead.
class Builder {
public:
    Builder(QStringView source, int base) : m_source(source), m_copy(source), m_base(base) {
        m_stack.emplace_back();
    }
    const QByteArray& copy() const { return m_copy.utf8(); }

    int enterBlock(MD_BLOCKTYPE type, void* detail);
    int leaveBlock(MD_BLOCKTYPE type, void* detail);
    int enterSpan(MD_SPANTYPE type, void* detail);
    int leaveSpan(MD_SPANTYPE type, void* detail);
    int text(MD_TEXTTYPE type, const char* data, int size);
    /// True when a word of the text would not be seen. After the last event.
    bool lost();
    QList<Block> take() { return std::move(m_stack.front().children); }

private:
    struct OpenLink {
        QString address;   // empty when it may not be opened
        bool used = false; // something that can be pressed leads to it
    };
    struct Piece { // what an event of text stands for
        int begin = 0, end = 0;
        bool inside = false; // of the source, not made by md4c
    };
    Block& push(Block::Kind kind) {
        closeImplicit();
        m_implicit.push_back(false);
        Block& block = m_stack.emplace_back();
        block.kind = kind;
        return block;
    }
    void pop();
    bool pushContainer(Block::Kind kind);
    void popContainer();
    void closeImplicit();
    RichText& target();
    void put(const QString& more, int source, int sourceLength);
    void putCode(const QString& more, int source, bool inside);
    quint8 styles() const;
    Piece piece(MD_TEXTTYPE type, const char* data, int size);
    void passTo(int source);
    int skipMarkup(int from, qsizetype to) const; // the first other character
    int lineEnd(int from) const;
    void openCode(char fence);
    void closeCode(char fence);
    void openItem(const MD_BLOCK_LI_DETAIL& detail);
    static void countItems(Block& list);
    void closeSpans();
    void openLink(const MD_ATTRIBUTE& address);
    void closeLink(const MD_ATTRIBUTE& address);

    QStringView m_source;
    ParserCopy m_copy;
    int m_base;
    std::vector<Block> m_stack;          // [0] is the document
    std::vector<bool> m_implicit{false}; // the same index: a paragraph that tight list text opened by itself
    std::vector<bool> m_containers;      // open quotes, lists, items: false when too deep to be in the tree
    std::vector<bool> m_ordered;         // open lists
    Block m_cell;
    bool m_inCell = false;
    int m_strong = 0, m_emphasis = 0, m_strike = 0, m_code = 0;
    std::vector<OpenLink> m_links;
    int m_at = 0;        // source up to here has been looked after
    bool m_lost = false; // not all of it is shown
};

/// What may be left out of a text that is shown as Markdown: blanks, and the signs that make it what it is.
bool isMarkup(QChar c);

/// A backslash before a sign, and entities, as they are meant in an address.
QString plainAddress(QStringView written);

} // namespace ui::transcript
