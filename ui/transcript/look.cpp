#include "ui/transcript/look.h"

#include <array>
#include <cmath>
#include <QFontMetricsF>

namespace ui::transcript {

namespace {
constexpr std::array<double, 6> headingSizes{20.0 / 14, 17.0 / 14, 15.0 / 14, 1, 1, 1};
}

Look::Look(const Theme& current) : theme(current) {
    const auto scaled = [&](int& length) { length = theme.px(length); };
    for (int* length :
         {&line, &codeLine, &labelLine, &nameGap, &bubbleX, &bubbleY, &blockGap, &tightGap, &headingGap,
          &listIndent, &quoteIndent, &codeHead, &codeX, &codeY, &cellX, &cellY, &ruleSpace, &button})
        scaled(*length);
    line = std::max(line, static_cast<int>(std::ceil(QFontMetricsF(theme.body).height())));
    codeLine = std::max(codeLine, static_cast<int>(std::ceil(QFontMetricsF(theme.mono).height())));
    name = Theme::weighted(theme.label, QFont::DemiBold);
    strong = Theme::weighted(theme.body, QFont::Bold);
}

QFont Look::headingFont(int level) const {
    QFont font = Theme::weighted(theme.body, QFont::DemiBold);
    const double factor = headingSizes[static_cast<std::size_t>(std::clamp(level, 1, 6) - 1)];
    if (font.pixelSize() > 0)
        font.setPixelSize(static_cast<int>(std::lround(font.pixelSize() * factor)));
    else
        font.setPointSizeF(font.pointSizeF() * factor);
    return font;
}

int Look::headingLine(int level) const {
    return static_cast<int>(
        std::lround(line * headingSizes[static_cast<std::size_t>(std::clamp(level, 1, 6) - 1)] * 0.98));
}

} // namespace ui::transcript
