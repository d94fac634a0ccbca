#pragma once
#include "ui/transcript/rich_text.h"

#include <QStringView>

// Markdown (GitHub dialect by md4c, no raw HTML; formulas and references `[1]: ...` as they were written) as a
// small block tree. Nothing in it can load anything: images are words, links other than http, https and mailto
// are plain text. Nothing is lost: every character of the text is in the tree, except for blanks and the signs
// that are markup there.
namespace ui::transcript {

struct Block {
    enum class Kind : quint8 { Paragraph, Heading, Code, Quote, List, Item, Table, Rule };
    enum class Task : quint8 { None, Open, Done };

    Kind kind = Kind::Paragraph;
    RichText text;                    // Paragraph, Heading, Code
    int level = 0;                    // Heading: 1..6
    QString language;                 // Code: the words behind the fence, as they were written
    bool ordered = false;             // List
    bool tight = true;                // List
    QChar delimiter = u'.';           // List: behind its numbers
    int number = 0;                   // List: the first number; Item: its own
    Task task = Task::None;           // Item
    QList<Block> children;            // Quote, List, Item
    QList<Qt::AlignmentFlag> columns; // Table
    QList<RichText> cells;            // Table: row by row, header first; a multiple of columns.size()
};

/// Parses a whole number of blocks. `base` is added to every source offset. A text of which something would
/// not be seen comes back as one paragraph that shows it as it is.
QList<Block> parseMarkdown(QStringView source, int base = 0);

/// A text that a person typed: code between fences and between backticks, everything else exactly as typed.
QList<Block> parseOwnText(QStringView source, int base = 0);

/// One paragraph that shows `source` as it is.
Block plainParagraph(QStringView source, int base = 0);

/// The tree as text, one line a block: for tests and for people.
QString describe(const QList<Block>& blocks);

/// "&amp;" and "&#8364;" as characters; empty when unknown.
QString decodeEntity(QStringView entity);

} // namespace ui::transcript
