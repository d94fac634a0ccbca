#pragma once
#include "ui/transcript/highlighter.h"
#include "ui/transcript/look.h"
#include "ui/transcript/markdown.h"

namespace ui::transcript {

/// One box of a message before it is laid out: the block tree made flat, with every indentation in pixels.
/// Two equal specs have equal layouts, so that a growing answer keeps what did not change.
struct BoxSpec {
    enum class Kind : quint8 { Text, CodeHead, Code, Rule, Table };
    Kind kind = Kind::Text;
    RichText text;                                   // Text, Code
    bool mixed = false;                              // Text: lines of it may run from right to left
    Qt::LayoutDirection direction = Qt::LeftToRight; // Text: of lines without letters; Table: of the whole
    int heading = 0;
    int indent = 0;  // left edge
    int gap = 0;     // above
    QList<int> bars; // left edges of the quotes it stands in
    QString marker;  // of a list item, left of the text
    Block::Task task = Block::Task::None;
    QString before;          // what plain text has between the box above and this one's text
    QString language;        // CodeHead
    QList<TokenSpan> tokens; // Code, relative to its text
    bool codeEnd = false;    // Code: the last of its frame
    // Table: a piece of it. The widths are those of the whole, so that all pieces agree.
    QList<Qt::AlignmentFlag> columns;
    QList<RichText> cells;    // row by row
    QList<int> advances;      // pixels that each cell takes on one line
    QList<int> wanted, least; // width of each column: all cells on one line; no word broken
    int firstRow = 0;         // of the table; row 0 is its header
    bool tableEnd = false;
    bool operator==(const BoxSpec&) const = default;
};

/// Flattens blocks. `first` is true at the beginning of a message: no gap and no separator before the first
/// box.
QList<BoxSpec> boxSpecs(const QList<Block>& blocks, const Look& look, bool first);

/// A text shown as it is, line breaks kept.
QList<BoxSpec> plainSpecs(QStringView source, int base, bool first);

/// A text that a person typed (parseOwnText), at the beginning of a message.
QList<BoxSpec> ownSpecs(QStringView source, const Look& look);

/// What is copied, searched and read aloud.
QString plainText(const QList<BoxSpec>& specs);

/// Text of one box without what comes before it.
QString ownText(const BoxSpec& spec);

} // namespace ui::transcript
