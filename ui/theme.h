#pragma once
#include <QColor>
#include <QFont>
#include <QPalette>
#include <QString>

namespace ui {

/// Every colour and font of the program (shared look: three meanings, the same everywhere). Painted widgets take them from here; the
/// style sheet is generated from here. Main thread only.
struct Theme {
    bool dark = true;
    QColor background, side, raised, raised2, line;
    QColor text, text2, text3;      // body, labels, hints; each at least 4.5:1 on background, side and raised
    QColor accent, onAccent;
    QColor sink, window, forgotten; // the three meanings
    QColor ownMessage, code;
    QColor danger;                  // errors, destructive actions

    // Sizes in pixels at the default system font; scale with it.
    QFont body, list, label, groupHead, title, button, mono;

    static Theme darkTheme();
    static Theme lightTheme();
    /// The one in use. Widgets read it in paintEvent and when they get QEvent::StyleChange or PaletteChange.
    static const Theme& current();
    /// Makes it current: application palette, font, style sheet.
    static void apply(const Theme& theme);
    /// True when the desktop's palette is dark.
    static bool systemIsDark();
    /// Registers the fonts that are built in; falls back to the system's. Call once after QApplication.
    static void loadFonts();

    QPalette palette() const;
    QString styleSheet() const;
};

namespace metrics { // pixels
inline constexpr int grid = 4, radiusCell = 6, radiusButton = 8, radiusBubble = 12;
inline constexpr int header = 48, statusLine = 30, listRow = 34, chatList = 232, textColumn = 660;
inline constexpr int inspector = 372, inspectorMin = 344, inspectorMax = 560, transcriptMin = 560;
inline constexpr int messageGap = 14, transcriptMargin = 28;
} // namespace metrics

} // namespace ui
