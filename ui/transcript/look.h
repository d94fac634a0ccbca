#pragma once
#include "ui/theme.h"

#include <QFont>

namespace ui::transcript {

/// What a message is laid out with: the theme's fonts and the lengths that belong to them. Pixels. A layout
/// made with one Look is thrown away when the theme changes.
struct Look {
    explicit Look(const Theme& theme);

    Theme theme;
    QFont name, strong;
    int line = 21, codeLine = 20, labelLine = 18;
    int nameGap = 4; // between the name and the answer
    int bubbleX = 14, bubbleY = 8;
    int blockGap = 8, tightGap = 4, headingGap = 14;
    int listIndent = 24, quoteIndent = 16;
    int codeHead = 28, codeX = 13, codeY = 9;
    int cellX = 10, cellY = 5;
    int ruleSpace = 35; // the horizon takes this much, wherever it is
    int button = 24;    // of a message's actions

    QFont headingFont(int level) const;
    int headingLine(int level) const;
};

} // namespace ui::transcript
