#pragma once
#include <QList>
#include <QStringView>

namespace ui::transcript {

/// Finds the places where a growing Markdown text can be cut so that each piece parses by itself, whatever
/// follows. A cut once made is never taken back, so a text that came in pieces is cut exactly like the same
/// text at once.
class MarkdownSplitter {
public:
    /// `text` begins with the text of the last call. Returns the new cuts: ascending offsets > 0 where a
    /// piece begins.
    QList<int> advance(QStringView text);

private:
    struct Line;
    static Line classify(QStringView line, bool complete);
    bool startsPiece(const Line& line) const;
    void consume(const Line& line);

    int m_lineStart = 0; // first line that is not consumed yet
    int m_pieceStart = 0;
    bool m_afterBlank = false, m_afterClosed = false; // what came before m_lineStart
    bool m_hasList = false;                           // in this piece
    QChar m_fence;                                    // null: outside of fences
    int m_fenceLength = 0;
    bool m_fenceAtMargin = false;
};

/// The text to parse for display while more is to come: open emphasis, code and links at its end are closed,
/// and a last line that is only the beginning of some markup is held back. Only the end differs, so offsets
/// stay true.
QString closeOpenMarkup(QStringView tail);

} // namespace ui::transcript
