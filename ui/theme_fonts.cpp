// Fonts: Inter and JetBrains Mono are built in where the build found them; else the system's fonts are used.
#include "ui/theme.h"

#include <QDirIterator>
#include <QFontDatabase>
#include <QFontInfo>
#include <QGuiApplication>
#include <QScreen>

/// Outside of the namespace, as the macro demands. In a static library nothing else would pull the resource
/// in.
static void pullInFontResource() {
    Q_INIT_RESOURCE(sumidero_fonts);
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

QFont sized(const QFont& family, qreal pixels, qreal scale, QFont::Weight weight = QFont::Normal) {
    QFont font = family;
    // In points, because QFont takes whole pixels only and the code font is 12.5.
    const QScreen* screen = QGuiApplication::primaryScreen();
    font.setPointSizeF(pixels * scale * 72.0 / (screen ? screen->logicalDotsPerInchY() : 96.0));
    font.setWeight(weight);
    font.setHintingPreference(QFont::PreferNoHinting); // the same metrics on every machine and scale
    return font;
}

} // namespace

qreal textScale(qreal systemFontPixels) {
    return qBound(1.0, systemFontPixels / usualSystemFontPixels, 3.0);
}

void setFonts(Theme& theme) {
    QFont sans = systemFont();
    theme.scale = textScale(QFontInfo(sans).pixelSize());
    if (isThere(QStringLiteral("Inter")))
        sans = QFont(QStringLiteral("Inter"));
    QFont fixed = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    if (isThere(QStringLiteral("JetBrains Mono")))
        fixed = QFont(QStringLiteral("JetBrains Mono"));
    fixed.setStyleHint(QFont::Monospace);
    theme.body = sized(sans, 14, theme.scale);
    theme.list = sized(sans, 13, theme.scale);
    theme.label = sized(sans, 12, theme.scale);
    theme.groupHead = sized(sans, 11, theme.scale, QFont::DemiBold);
    theme.title = sized(sans, 14, theme.scale, QFont::DemiBold);
    theme.button = sized(sans, 12, theme.scale, QFont::Medium);
    theme.mono = sized(fixed, 12.5, theme.scale);
}

void Theme::loadFonts() {
    pullInFontResource();
    QDirIterator files(QStringLiteral(":/fonts"));
    while (files.hasNext())
        QFontDatabase::addApplicationFont(files.next());
}

} // namespace ui
