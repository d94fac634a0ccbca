// The colours can be read and the built-in fonts are the ones in use.
#include "ui/theme.h"

#include <cmath>
#include <QApplication>
#include <QFile>
#include <QFontInfo>
#include <QTest>

using ui::Theme;

namespace {

double luminance(const QColor& colour) {
    const auto linear = [](double value) {
        return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) +
           0.0722 * linear(colour.blueF());
}

double contrast(const QColor& first, const QColor& second) {
    const double a = luminance(first), b = luminance(second);
    return (std::max(a, b) + 0.05) / (std::min(a, b) + 0.05);
}

struct Pair {
    const char* name;
    QColor text, ground;
};

QList<Pair> pairsOf(const Theme& theme) {
    QList<Pair> pairs;
    const QList<Pair> texts = {
        {"text", theme.text, {}},           {"text2", theme.text2, {}},   {"text3", theme.text3, {}},
        {"accent", theme.accent, {}},       {"sink", theme.sink, {}},     {"window", theme.window, {}},
        {"forgotten", theme.forgotten, {}}, {"danger", theme.danger, {}}, {"live", theme.live, {}}};
    for (const Pair& text : texts)
        for (const QColor& ground : {theme.background, theme.side, theme.raised})
            pairs.append({text.name, text.text, ground});
    for (const QColor& ground :
         {theme.raised2, theme.selectedRow, theme.hover, theme.ownMessage, theme.selection})
        pairs.append({"text on a filled ground", theme.text, ground});
    pairs.append({"label on a chip", theme.text2, theme.raised2});
    pairs.append({"label on a chip under the pointer", theme.text, theme.hover});
    pairs.append({"hint in the search box", theme.text3, theme.raised2});
    pairs.append({"ink on the accent", theme.onAccent, theme.accent});
    pairs.append({"hint in the bubble", theme.onOwnMessage2, theme.ownMessage});
    for (const QColor& colour : {theme.text, theme.codeKeyword, theme.codeName, theme.codeString,
                                 theme.codeNumber, theme.codeComment})
        pairs.append({"code", colour, theme.code});
    return pairs;
}

} // namespace

class TestTheme : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::loadFonts(); }

    void everyTextHasContrast() {
        for (const Theme& theme : {Theme::darkTheme(), Theme::lightTheme()})
            for (const Pair& pair : pairsOf(theme)) {
                const double ratio = contrast(pair.text, pair.ground);
                QVERIFY2(ratio >= 4.5,
                         qPrintable(QStringLiteral("%1 %2 on %3: %4")
                                        .arg(QLatin1String(pair.name), pair.text.name(), pair.ground.name())
                                        .arg(ratio)));
            }
    }

    void focusRingsCanBeSeen() {
        for (const Theme& theme : {Theme::darkTheme(), Theme::lightTheme()})
            for (const QColor& ground : {theme.background, theme.side, theme.raised, theme.raised2})
                QVERIFY(contrast(theme.accent, ground) >= 3.0);
    }

    void coloursAreThoseOfTheLook() {
        QCOMPARE(Theme::darkTheme().background, QColor(QStringLiteral("#15171b")));
        QCOMPARE(Theme::darkTheme().sink, QColor(QStringLiteral("#e69f00")));
        QCOMPARE(Theme::lightTheme().window, QColor(QStringLiteral("#005f9e")));
        QCOMPARE(Theme::lightTheme().text3, QColor(QStringLiteral("#626976")));
    }

    void fontsAreBuiltIn() {
        if (!QFile::exists(QStringLiteral(":/fonts/Inter-Regular.otf")))
            QSKIP("Inter was not there when this was built");
        const Theme theme = Theme::darkTheme();
        QCOMPARE(QFontInfo(theme.body).family(), QStringLiteral("Inter"));
        QCOMPARE(QFontInfo(Theme::lightTheme().title).weight(), static_cast<int>(QFont::DemiBold));
        QVERIFY(QFontInfo(theme.title).weight() <= QFont::DemiBold);
        QCOMPARE(QFontInfo(theme.body).pixelSize(), 14);
        QCOMPARE(QFontInfo(theme.mono).family(), QStringLiteral("JetBrains Mono"));
        QVERIFY(QFontInfo(theme.mono).fixedPitch());
    }

    void textGrowsWithTheSystemFont() {
        QCOMPARE(ui::textScale(12), 1.0);    // 9 points at 96 dots an inch
        QCOMPARE(ui::textScale(14.66), 1.0); // 11 points
        QVERIFY(ui::textScale(22) > 1.45);
    }

    void styleSheetIsWhole() {
        for (const Theme& theme : {Theme::darkTheme(), Theme::lightTheme()}) {
            const QString sheet = theme.styleSheet();
            QVERIFY(!sheet.contains(QLatin1Char('@')));
            QVERIFY(sheet.contains(theme.accent.name()));
            QVERIFY2(!sheet.contains(QStringLiteral("font")), "a font in the sheet would win over setFont()");
            QCOMPARE(sheet.count(QLatin1Char('{')), sheet.count(QLatin1Char('}')));
        }
    }

    void applyChangesThePalette() {
        Theme::apply(Theme::lightTheme());
        QCOMPARE(QApplication::palette().color(QPalette::Window), Theme::lightTheme().background);
        Theme::apply(Theme::darkTheme());
        QCOMPARE(QApplication::palette().color(QPalette::Window), Theme::darkTheme().background);
        QVERIFY(Theme::current().dark);
    }
};

QTEST_MAIN(TestTheme)
#include "tst_theme.moc"
