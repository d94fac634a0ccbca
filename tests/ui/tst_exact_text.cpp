// Where exact characters matter every one is drawn as itself; emoji have colours where a font has them.
#include "chat_fixture.h"

#include <QFontDatabase>
#include <QGlyphRun>
#include <QRawFont>
#include <QTextLayout>

using namespace chat_test;

namespace {

QList<quint32> glyphs(const QString& text, const QFont& font) {
    QTextLayout layout(text, font);
    layout.beginLayout();
    layout.createLine().setLineWidth(2000);
    layout.endLayout();
    QList<quint32> all;
    for (const QGlyphRun& run : layout.glyphRuns())
        all += run.glyphIndexes();
    return all;
}

} // namespace

class TestExactText : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::loadFonts(); }
    void everyCharacterIsItself_data();
    void everyCharacterIsItself();
    void codeInAnswersHasNoLigatures();
    void emojiHaveColours();
};

void TestExactText::everyCharacterIsItself_data() {
    QTest::addColumn<QString>("text");
    for (const char* text :
         {"-->", "!=", "<|im_start|>", "<=>", "===", "www", "->", "::", "0x1F", "4x4", "/* */"})
        QTest::newRow(text) << QString::fromLatin1(text);
}

void TestExactText::everyCharacterIsItself() {
    QFETCH(QString, text);
    for (const Theme& theme : {Theme::darkTheme(), Theme::lightTheme()}) {
        for (const QFont& font : {theme.mono, Theme::exact(theme.label), Theme::exact(theme.list)}) {
            QList<quint32> single;
            for (QChar c : text)
                single += glyphs(QString(c), font);
            QCOMPARE(glyphs(text, font), single);
        }
    }
}

// Two lines with the same characters in the same columns, one of them joined to a sign by a font that likes to.
void TestExactText::codeInAnswersHasNoLigatures() {
    Theme::apply(Theme::darkTheme());
    app::TranscriptModel model;
    model.append(
        message(1, Role::Assistant, QStringLiteral("```\n-->x!=\n- >x! =\n```\n\n`-->x`\n\n`- >x`")));
    ChatView view;
    view.resize(720, 500);
    view.setModel(&model);
    view.show();
    QAccessibleTextInterface* text = QAccessible::queryAccessibleInterface(&view)->child(0)->textInterface();
    const QString all = text->text(0, text->characterCount());
    const QImage image = view.viewport()->grab().toImage();
    const auto picture = [&](qsizetype at) {
        const QRect global = text->characterRect(static_cast<int>(at));
        return image.copy(QRect(view.viewport()->mapFromGlobal(global.topLeft()), global.size()));
    };
    for (qsizetype from = 0; from < all.size();) { // in the frame, then inline
        const qsizetype joined = all.indexOf(QStringLiteral("-->x"), from),
                        apart = all.indexOf(QStringLiteral("- >x"), joined);
        if (joined < 0)
            break;
        QCOMPARE(picture(joined), picture(apart));         // -
        QCOMPARE(picture(joined + 2), picture(apart + 2)); // >
        from = apart + 1;
    }
}

void TestExactText::emojiHaveColours() {
    const QStringList families = QFontDatabase::families();
    if (!families.contains(QStringLiteral("Noto Color Emoji")))
        QSKIP("no font with emoji in colour");
    for (const Theme& theme : {Theme::darkTheme(), Theme::lightTheme()}) {
        Theme::apply(theme);
        app::TranscriptModel model;
        model.append(message(1, Role::User, QStringLiteral("\U0001F600")));
        model.append(message(2, Role::Assistant, QStringLiteral("\U0001F600 digits 0123\n\n`\U0001F600`")));
        ChatView view;
        view.resize(720, 500);
        view.setModel(&model);
        view.show();
        const QImage image = view.viewport()->grab().toImage();
        for (int row : {0, 1}) {
            QAccessibleTextInterface* text =
                QAccessible::queryAccessibleInterface(&view)->child(row)->textInterface();
            const QString all = text->text(0, text->characterCount());
            for (qsizetype at = all.indexOf(QStringLiteral("\U0001F600")); at >= 0;
                 at = all.indexOf(QStringLiteral("\U0001F600"), at + 2)) {
                const QRect global = text->characterRect(static_cast<int>(at));
                const QRect place(view.viewport()->mapFromGlobal(global.topLeft()), global.size());
                int yellow = 0;
                for (int y = place.top(); y < place.bottom(); ++y) {
                    for (int x = place.left(); x < place.right(); ++x) {
                        const QColor c = image.pixelColor(x, y);
                        yellow += c.red() > 200 && c.green() > 140 && c.blue() < 120 ? 1 : 0;
                    }
                }
                QVERIFY(yellow > 40);
            }
        }
        QCOMPARE(glyphs(QStringLiteral("0123#*"), theme.body).size(), 6);
        QTextLayout digits(QStringLiteral("0123#*"), theme.body); // which that font has, too
        digits.beginLayout();
        digits.createLine();
        digits.endLayout();
        QCOMPARE(digits.glyphRuns().size(), 1);
        QVERIFY(digits.glyphRuns().first().rawFont().familyName() != QStringLiteral("Noto Color Emoji"));
    }
}

QTEST_MAIN(TestExactText)
#include "tst_exact_text.moc"
