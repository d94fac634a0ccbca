#pragma once
#include "ui/transcript/markdown.h"
#include "ui/transcript/markdown_splitter.h"

namespace ui::transcript {

/// A Markdown text that may still grow: its closed pieces are parsed once, only the last one again for every
/// growth.
class MarkdownDocument {
public:
    struct Piece {
        int begin = 0;
        QList<Block> blocks;
    };

    /// `text` is the whole text; it must begin with the text of the last call (call reset() first when it
    /// does not). While `growing`, markup left open at the end is closed for display. Returns the first piece
    /// that changed.
    int update(QStringView text, bool growing);
    void reset();

    const QList<Piece>& pieces() const { return m_pieces; }
    QList<Block> blocks() const;

private:
    MarkdownSplitter m_splitter;
    QList<Piece> m_pieces; // the last one is open
};

} // namespace ui::transcript
