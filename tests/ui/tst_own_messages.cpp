#include "chat_fixture.h"
#include "tests/support/patience.h"
#include "ui/transcript/markdown.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QRandomGenerator>

using namespace chat_test;
using ui::transcript::Block;
using ui::transcript::describe;
using ui::transcript::parseOwnText;

// What a person wrote is shown exactly as it was typed, except that code is code.
class TestOwnMessages : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        Theme::loadFonts();
        Theme::apply(Theme::darkTheme());
    }
    void trees_data();
    void trees();
    void nothingElseIsRead();
    void longTextsAreQuick();
    void codeInTheBubble();
};

void TestOwnMessages::trees_data() {
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("tree");
    const auto row = [](const char* name, const char* source, const char* tree) {
        QTest::newRow(name) << QString::fromUtf8(source) << QString::fromUtf8(tree);
    };
    row("empty", "", "p \n");
    row("as typed", "  a *b*\n\n\n# c\n1. d\n1. e\n<f> &amp; \\* [g](h)",
        "p   a *b*///# c/1. d/1. e/<f> &amp; \\* [g](h)\n");
    row("fence", "look:\n\n```cpp\nint a;\n\n  *b;\n```\n\nok", "p look:\ncode(cpp) int a;||  *b;\np ok\n");
    row("tildes", "~~~\n```\n~~~", "code() ```\n");
    row("longer fence", "````\n```\nx\n```\n````\ny", "code() ```|x|```\np y\n");
    row("left open", "```\na\n\nb", "code() a||b\n");
    row("a line of tildes", "~~~~~~\nno *code*", "p ~~~~~~/no *code*\n");
    row("only code", "```\n```", "code() \n");
    row("not at a margin", "    ```\na", "p     ```/a\n");
    row("three in a line", "```a``` b", "p {c a} b\n");
    row("inline", "run `ls -l` or ``a`b`` or `` ` ``", "p run {c ls -l} or {c a`b} or {c `}\n");
    row("not inline", "`a\nb` and ` c` and ``d'' e ``f'' ` and `",
        "p `a/b` and ` c` and ``d'' e ``f'' ` and `\n");
}

void TestOwnMessages::trees() {
    QFETCH(QString, source);
    QFETCH(QString, tree);
    QCOMPARE(describe(parseOwnText(source)), tree);
}

// Without backticks and tildes the text is one paragraph, to the last blank.
void TestOwnMessages::nothingElseIsRead() {
    const QString signs = QString::fromUtf8("ab \n*_#>-+|[](){}!<&;\\$:1.é😀\t=");
    QRandomGenerator random(5);
    for (int round = 0; round < 200; ++round) {
        QString source = QStringLiteral("x");
        for (int i = random.bounded(100); i > 0; --i)
            source += signs[random.bounded(static_cast<int>(signs.size()))];
        const QList<Block> blocks = parseOwnText(source);
        QCOMPARE(blocks.size(), 1);
        QString shown = blocks[0].text.text;
        QCOMPARE(shown.replace(QChar(QChar::LineSeparator), u'\n'), source);
        for (int i = 0; i < source.size(); ++i)
            QCOMPARE(blocks[0].text.toSource(i), i);
    }
}

void TestOwnMessages::longTextsAreQuick() {
    for (const QString& part : {QStringLiteral("`a``b"), QStringLiteral("~~~~ \nx\n"),
                                QStringLiteral("```\nx\n"), QStringLiteral("` a")}) {
        const double begin = test::threadMs();
        QVERIFY(!parseOwnText(part.repeated(1'000'000 / part.size())).isEmpty());
        QVERIFY2(test::threadMs() - begin < 3000,
                 qPrintable(part)); // tens of milliseconds when it is linear, minutes when not
    }
}

void TestOwnMessages::codeInTheBubble() {
    app::TranscriptModel model;
    ChatView view;
    model.append(message(1, Role::User,
                         QStringLiteral("Why does `f(x)` fail?\n\n```py\ndef f(x):\n    return x ** "
                                        "2\n```\nThe *rest* is\n  as typed.")));
    view.resize(720, 400);
    view.setModel(&model);
    view.show();
    QCoreApplication::processEvents();
    QAccessibleTextInterface* text = QAccessible::queryAccessibleInterface(&view)->child(0)->textInterface();
    const QString shown = text->text(0, text->characterCount());
    QCOMPARE(shown, QStringLiteral(
                        "Why does f(x) fail?\n\ndef f(x):\n    return x ** 2\n\nThe *rest* is\n  as typed."));
    const QImage image = view.viewport()->grab().toImage();
    const auto ground = [&](const char* word) { // left of the word, where nothing is written
        const QRect at = text->characterRect(static_cast<int>(shown.indexOf(QLatin1String(word))));
        return image.pixelColor(view.viewport()->mapFromGlobal(QPoint(at.left() - 1, at.top() + 4)));
    };
    QCOMPARE(ground("def"), Theme::current().code);
    QCOMPARE(ground("f(x)"), Theme::current().raised2);
    QCOMPARE(ground("The"), Theme::current().ownMessage);
    view.selectAll();
    QCOMPARE(view.selectedText(), shown);
}

QTEST_MAIN(TestOwnMessages)
#include "tst_own_messages.moc"
