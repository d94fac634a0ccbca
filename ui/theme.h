#pragma once
#include <QColor>
#include <QFont>
#include <QPalette>
#include <QString>

namespace ui {

/// Every colour and font of the program (shared look: three meanings, the same everywhere). Painted widgets
/// take them from here; the style sheet is generated from here. Main thread only.
struct Theme {
    bool dark = true;
    QColor background, side, raised, raised2, line;
    QColor text, text2, text3; // body, labels, hints; each at least 4.5:1 on background, side and raised
    QColor accent, onAccent;
    QColor sink, window, forgotten; // the three meanings
    QColor ownMessage, code;
    QColor danger; // errors, destructive actions
    QColor live;   // something is running now

    QColor outline;       // of the field that is written in
    QColor hover;         // raised2 under the pointer, a button under the pointer
    QColor selectedRow;   // the open chat in the list
    QColor selection;     // behind selected text; body text stays at least 4.5:1 on it
    QColor onOwnMessage2; // hints inside the user's bubble
    // Code blocks, each at least 4.5:1 on `code`.
    QColor codeKeyword, codeName, codeString, codeNumber, codeComment;

    // Sizes in pixels at the default system font; scale with it.
    QFont body, list, label, groupHead, title, button, mono;
    qreal scale = 1; // what the sizes were multiplied by
    /// Light text on a dark ground is drawn bolder than the same glyphs dark on light; one weight less makes
    /// up for it (not on screens so dense that it does not show).
    bool lighterText = false;

    /// `textSize`: what the person wants, 1 for what the desktop asks for.
    static Theme darkTheme(qreal textSize = 1);
    static Theme lightTheme(qreal textSize = 1);
    /// The one in use. Widgets read it in paintEvent and when they get QEvent::StyleChange or PaletteChange.
    static const Theme& current();
    /// Makes it current: application palette, font, style sheet; everything that is there follows in colour, weight and size.
    static void apply(const Theme& theme);
    /// True when the desktop's palette is dark. Asks the desktop's own palette, not the one that apply() has
    /// set.
    static bool systemIsDark();
    /// Registers the fonts that are built in; falls back to the system's. Call once after QApplication.
    static void loadFonts();
    /// A length in pixels at the default system font, scaled with the text.
    int px(int atDefaultSize) const { return qRound(atDefaultSize * scale); }
    /// The weight to ask the font for, for text that is meant to look like `weight`.
    QFont::Weight drawnWeight(QFont::Weight weight) const;
    /// The other way round: what a drawn weight stands for.
    QFont::Weight meantWeight(QFont::Weight drawn) const;
    /// `font` with another weight, as drawn in the current theme.
    static QFont weighted(QFont font, QFont::Weight weight);

    /// `font` without signs that stand for several characters: for tokens and whatever else has to be read
    /// character by character. `mono` is so already.
    static QFont exact(QFont font);

    QPalette palette() const;
    QString styleSheet() const;
};

/// How much larger than our default a system font of this pixel size asks the text to be; 1 for the usual
/// desktop defaults, never less.
qreal textScale(qreal systemFontPixels);

namespace metrics { // pixels
inline constexpr int grid = 4, radiusCell = 6, radiusButton = 8, radiusBubble = 12;
inline constexpr int header = 48, statusLine = 30, listRow = 34, chatList = 232, textColumn = 660;
inline constexpr int inspector = 372, inspectorMin = 344, inspectorMax = 560, transcriptMin = 560;
inline constexpr int messageGap = 14, transcriptMargin = 28;
inline constexpr int inspectorOverlayBelow = 980, chatListCollapsesBelow = 720; // widths of the window
} // namespace metrics

} // namespace ui
