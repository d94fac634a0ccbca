#include "ui/theme.h"

#include <QApplication>
#include <QLayout>
#include <QPointer>
#include <QStyle>
#include <QWidget>

namespace ui {

namespace {

Theme& mutableCurrent() {
    static Theme theme = Theme::darkTheme();
    return theme;
}

struct MeantFont {
    QPointer<QWidget> widget;
    QFont font;
    QFont::Weight weight; // that it is meant to look like
};

/// Widgets keep their fonts when the theme changes: only weights and sizes have to follow. What each of them is
/// meant to look like is read while they still show the theme before: a new style sheet gives some the font of
/// the theme they were made in and others the font of the program, and one change of a font moves others along.
QList<MeantFont> meantFonts(const Theme& before) {
    QList<MeantFont> meant;
    for (QWidget* widget : QApplication::allWidgets()) {
        widget->ensurePolished(); // else the style sheet would later give it back the font it was made with
        meant.append({widget, widget->font(), before.meantWeight(widget->font().weight())});
    }
    return meant;
}

void giveBack(const QList<MeantFont>& meant, const Theme& after, qreal growth) {
    for (const MeantFont& one : meant) {
        QFont font = one.font;
        font.setWeight(after.drawnWeight(one.weight));
        if (font.pointSizeF() > 0) // else it is in pixels, and not one of ours
            font.setPointSizeF(font.pointSizeF() * growth);
        if (one.widget && (one.widget->font().weight() != font.weight() ||
                           one.widget->font().pointSizeF() != font.pointSizeF()))
            one.widget->setFont(font);
    }
}

/// Lengths that were fixed when a widget was made follow the size of the text. They are worked out from the first ones each time, so that
/// going up and down ends where it began.
void rescale(QWidget* widget, qreal scale, qreal growth) {
    constexpr const char* property =
        "fixedAtScale"; // minimum and maximum, the scale of them, and what they were made to
    const QList<int> now{widget->minimumWidth(), widget->minimumHeight(), widget->maximumWidth(),
                         widget->maximumHeight()};
    QVariantList kept = widget->property(property).toList();
    QList<int> first = now;
    qreal firstScale = scale / growth;
    if (kept.size() == 3 && kept.at(2).value<QList<int>>() == now) {
        first = kept.at(0).value<QList<int>>();
        firstScale = kept.at(1).toReal();
    }
    QList<int> wanted;
    for (const int length : first)
        wanted += length <= 1 || length >= QWIDGETSIZE_MAX ? length : qRound(length * scale / firstScale);
    if (wanted == now)
        return;
    widget->setMinimumSize(wanted.at(0), wanted.at(1));
    widget->setMaximumSize(wanted.at(2), wanted.at(3));
    widget->setProperty(property,
                        QVariantList{QVariant::fromValue(first), firstScale, QVariant::fromValue(wanted)});
}

void rescaleAll(qreal scale, qreal growth) {
    for (QWidget* widget : QApplication::allWidgets()) {
        if (!widget->isWindow())
            rescale(widget, scale, growth);
        widget->updateGeometry();
        if (widget->layout())
            widget->layout()->invalidate();
    }
}

} // namespace

void setFonts(Theme& theme, qreal textSize); // theme_fonts.cpp

Theme Theme::darkTheme(qreal textSize) {
    Theme theme;
    theme.dark = true;
    theme.background = 0x15171b;
    theme.side = 0x111316;
    theme.raised = 0x1e2126;
    theme.raised2 = 0x262a31;
    theme.line = 0x2a2e35;
    theme.text = 0xe8eaed;
    theme.text2 = 0xa2a9b4;
    theme.text3 = 0x8b939e;
    theme.accent = 0x6ea8fe;
    theme.onAccent = 0x0b1220;
    theme.sink = 0xe69f00;
    theme.window = 0x56b4e9;
    theme.forgotten = 0x858d98;
    theme.ownMessage = 0x23303f;
    theme.code = 0x101215;
    theme.danger = 0xf2777a;
    theme.live = 0x4cc26b;
    theme.outline = 0x4a515c;
    theme.hover = 0x2f343c;
    theme.selectedRow = 0x262a31;
    theme.selection = 0x2f4d78;
    theme.onOwnMessage2 = 0xa2a9b4;
    theme.codeKeyword = 0xc792ea;
    theme.codeName = 0x82aaff;
    theme.codeString = 0xa5d6a7;
    theme.codeNumber = 0xd7ba7d;
    theme.codeComment = 0x8b939e;
    setFonts(theme, textSize);
    return theme;
}

Theme Theme::lightTheme(qreal textSize) {
    Theme theme;
    theme.dark = false;
    theme.background = 0xfcfcfb;
    theme.side = 0xf4f4f2;
    theme.raised = 0xffffff;
    theme.raised2 = 0xefefec;
    theme.line = 0xe1e1dd;
    theme.text = 0x1b1d21;
    theme.text2 = 0x565c66;
    theme.text3 = 0x626976;
    theme.accent = 0x1f5fbf;
    theme.onAccent = 0xffffff;
    theme.sink = 0x8f5f00;
    theme.window = 0x005f9e;
    theme.forgotten = 0x6b6b73;
    theme.ownMessage = 0xe7effa;
    theme.code = 0xf5f5f2;
    theme.danger = 0xb3261e;
    theme.live = 0x187a35;
    theme.outline = 0xb4b8bf;
    theme.hover = 0xe7e7e3;
    // raised2 cannot be told from the side's colour on a real light screen; the open chat must be.
    theme.selectedRow = 0xe6e6e2;
    theme.selection = 0xbcd6f7;
    theme.onOwnMessage2 = 0x565c66;
    theme.codeKeyword = 0x7a2fd0;
    theme.codeName = 0x1f5fbf;
    theme.codeString = 0x1a6b34;
    theme.codeNumber = 0x0f6b5c;
    theme.codeComment = 0x626976;
    setFonts(theme, textSize);
    return theme;
}

const Theme& Theme::current() {
    return mutableCurrent();
}

void Theme::apply(const Theme& theme) {
    systemIsDark(); // remembers the desktop's palette before ours replaces it
    const auto meant = meantFonts(current());
    const qreal growth = theme.scale / current().scale;
    mutableCurrent() = theme;
    if (growth != 1) // before the fonts: what fits its height to its own font has the last word
        rescaleAll(theme.scale, growth);
    // Once: a style sheet puts a style of its own in front, so that asking for the name tells nothing later.
    static const QStyle* const fusion = QApplication::setStyle(QStringLiteral("Fusion"));
    Q_UNUSED(fusion);
    QApplication::setFont(theme.body);
    QApplication::setFont(theme.list, "QMenu");
    QApplication::setFont(theme.label, "QToolTip");
    QApplication::setPalette(theme.palette());
    qApp->setStyleSheet(theme.styleSheet());
    giveBack(meant, theme, growth);
}

bool Theme::systemIsDark() {
    // Taken once, before the first apply(): afterwards the application's palette is ours.
    static const bool dark = [] {
        const QPalette desktop = QApplication::palette();
        return desktop.color(QPalette::Window).lightness() < desktop.color(QPalette::WindowText).lightness();
    }();
    return dark;
}

QFont Theme::weighted(QFont font, QFont::Weight weight) {
    font.setWeight(current().drawnWeight(weight));
    return font;
}

QFont Theme::exact(QFont font) {
    font.setStyleStrategy(QFont::PreferNoShaping);
    return font;
}

QPalette Theme::palette() const {
    QPalette palette;
    palette.setColor(QPalette::Window, background);
    palette.setColor(QPalette::Base, background);
    palette.setColor(QPalette::AlternateBase, side);
    palette.setColor(QPalette::Button, raised);
    palette.setColor(QPalette::WindowText, text);
    palette.setColor(QPalette::Text, text);
    palette.setColor(QPalette::ButtonText, text);
    palette.setColor(QPalette::BrightText, danger);
    palette.setColor(QPalette::PlaceholderText, text3);
    palette.setColor(QPalette::Highlight, selection);
    palette.setColor(QPalette::HighlightedText, text);
    palette.setColor(QPalette::Link, accent);
    palette.setColor(QPalette::LinkVisited, accent);
    palette.setColor(QPalette::ToolTipBase, raised2);
    palette.setColor(QPalette::ToolTipText, text);
    palette.setColor(QPalette::Light, raised2);
    palette.setColor(QPalette::Midlight, raised2);
    palette.setColor(QPalette::Mid, line);
    palette.setColor(QPalette::Dark, line);
    palette.setColor(QPalette::Shadow, dark ? QColor(Qt::black) : line);
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, text3);
    palette.setColor(QPalette::Disabled, QPalette::Highlight, raised2);
    return palette;
}

} // namespace ui
