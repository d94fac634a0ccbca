#pragma once
#include "ui/transcript/look.h"
#include "ui/transcript/markdown.h"

namespace ui::transcript {

/// What the columns of a table ask for, in pixels, before anybody knows how much room there is.
struct TableWidths {
    QList<int> advances; // of each cell on one line
    QList<int> wanted;   // of each column, with its margins: all cells on one line
    QList<int> least;    // of each column, with its margins: no word broken
    Qt::LayoutDirection direction = Qt::LeftToRight; // that of the first letter in the table
};

TableWidths tableWidths(const Block& table, const Look& look);

} // namespace ui::transcript
