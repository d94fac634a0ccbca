#include "ui/transcript/markdown_document.h"

namespace ui::transcript {

int MarkdownDocument::update(QStringView text, bool growing) {
    if (m_pieces.isEmpty())
        m_pieces.append(Piece{});
    const int changed = static_cast<int>(m_pieces.size()) - 1;
    for (int cut : m_splitter.advance(text)) {
        Piece& closed = m_pieces.last();
        closed.blocks = parseMarkdown(text.mid(closed.begin, cut - closed.begin), closed.begin);
        m_pieces.append(Piece{cut, {}});
    }
    Piece& open = m_pieces.last();
    const QStringView tail = text.mid(open.begin);
    open.blocks =
        growing ? parseMarkdown(closeOpenMarkup(tail), open.begin) : parseMarkdown(tail, open.begin);
    return changed;
}

void MarkdownDocument::reset() {
    m_splitter = {};
    m_pieces.clear();
}

QList<Block> MarkdownDocument::blocks() const {
    QList<Block> all;
    for (const Piece& piece : m_pieces)
        all.append(piece.blocks);
    return all;
}

} // namespace ui::transcript
