// Fonts: Inter and JetBrains Mono are built in where the build found them; else the system's fonts are used.
#include "ui/theme.h"

#include <QDirIterator>
#include <QFontDatabase>
#include <QFontInfo>
#include <QGuiApplication>
#include <QScreen>

/// Outside of the namespace, as the macro demands. In a static library nothing else would pull them in.
static void pullInResources() {
    Q_INIT_RESOURCE(sumidero_fonts);
    Q_INIT_RESOURCE(sumidero);
    Q_INIT_RESOURCE(inspector);
}

namespace ui {

namespace {

constexpr qreal usualSystemFontPixels =
    14.7; // 11 points at 96 dots an inch, the largest usual desktop default

QFont systemFont() {
    return QFontDatabase::systemFont(QFontDatabase::GeneralFont);
}

bool isThere(const QString& family) {
    return QFontDatabase::families().contains(family);
}

/// The desktop's font for emoji in colour, if it has one. Without being named it would come after every font
/// that has the same signs in black.
QString colourEmoji() {
    for (const char* family :
         {"Noto Color Emoji", "Twemoji", "Twitter Color Emoji", "JoyPixels", "Blobmoji"}) {
        if (isThere(QLatin1String(family)))
            return QLatin1String(family);
    }
    return {};
}

QFont withEmoji(const QFont& font, const QString& emoji) {
    QFont both = font;
    if (!emoji.isEmpty())
        both.setFamilies({font.family(), emoji});
    return both;
}

QFont sized(const QFont& family, qreal pixels, const Theme& theme, QFont::Weight weight = QFont::Normal) {
    QFont font = family;
    const qreal scale = theme.scale;
    // In points, because QFont takes whole pixels only and the code font is 12.5.
    const QScreen* screen = QGuiApplication::primaryScreen();
    font.setPointSizeF(pixels * scale * 72.0 / (screen ? screen->logicalDotsPerInchY() : 96.0));
    font.setWeight(theme.drawnWeight(weight));
    font.setHintingPreference(QFont::PreferNoHinting); // the same metrics on every machine and scale
    return font;
}

} // namespace

qreal textScale(qreal systemFontPixels) {
    return qBound(1.0, systemFontPixels / usualSystemFontPixels, 3.0);
}

void setFonts(Theme& theme, qreal textSize) {
    QFont sans = systemFont();
    theme.scale = textScale(QFontInfo(sans).pixelSize()) * textSize;
    const bool inter = isThere(QStringLiteral("Inter"));
    const QScreen* screen = QGuiApplication::primaryScreen();
    theme.lighterText = theme.dark && inter && (!screen || screen->devicePixelRatio() < 1.5);
    if (inter)
        sans = QFont(QStringLiteral("Inter"));
    QFont fixed = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    if (isThere(QStringLiteral("JetBrains Mono")))
        fixed = QFont(QStringLiteral("JetBrains Mono"));
    fixed.setStyleHint(QFont::Monospace);
    // No arrow for "-->": where code is shown, every character is the one that stands there.
    fixed = Theme::exact(fixed);
    const QString emoji = colourEmoji();
    sans = withEmoji(sans, emoji);
    fixed = withEmoji(fixed, emoji);
    theme.body = sized(sans, 14, theme);
    theme.list = sized(sans, 13, theme);
    theme.label = sized(sans, 12, theme);
    theme.groupHead = sized(sans, 11, theme, QFont::DemiBold);
    theme.title = sized(sans, 14, theme, QFont::DemiBold);
    theme.button = sized(sans, 12, theme, QFont::Medium);
    theme.mono = sized(fixed, 12.5, theme);
}

QFont::Weight Theme::drawnWeight(QFont::Weight weight) const {
    if (!lighterText)
        return weight;
    switch (weight) {
    case QFont::Normal:
        // Inter's Light is the nearest to it; of a font that has only a hair line below its regular weight (and
        // no Arabic in that) the regular one is.
        return static_cast<QFont::Weight>(340);
    case QFont::Medium:
        return QFont::Normal;
    case QFont::DemiBold:
        return QFont::Medium;
    case QFont::Bold:
        return QFont::DemiBold;
    default:
        return weight;
    }
}

QFont::Weight Theme::meantWeight(QFont::Weight drawn) const {
    for (const QFont::Weight weight : {QFont::Normal, QFont::Medium, QFont::DemiBold, QFont::Bold})
        if (drawnWeight(weight) == drawn)
            return weight;
    return drawn;
}

void Theme::loadFonts() {
    pullInResources();
    QDirIterator files(QStringLiteral(":/fonts"));
    while (files.hasNext())
        QFontDatabase::addApplicationFont(files.next());
}

} // namespace ui
