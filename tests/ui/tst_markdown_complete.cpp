#include "markdown_reading.h"
#include "ui/transcript/markdown_document.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRandomGenerator>
#include <QtTest>

using namespace markdown_test;
using namespace ui::transcript;

// Nothing of an answer is lost: every character can be seen, whatever Markdown it is written in, and money and
// formulas stay as they are.
class TestMarkdownComplete : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everythingIsSeen_data();
    void everythingIsSeen();
    void asItStands_data();
    void asItStands();
    void referencesStay();
    void everyCellIsShown();
    void numbersAsWritten();
    void longTable();
    void randomTexts();
    void randomGrowth();
};

void TestMarkdownComplete::everythingIsSeen_data() {
    QTest::addColumn<QString>("source");
    const auto row = [](const char* name, const char* source) {
        QTest::newRow(name) << QString::fromUtf8(source);
    };
    row("references",
        "See [the docs][1] and [more][2], [1], [this][].\n\nSources:\n\n[1]: https://docs.example.com/p\n"
        "[2]: https://more.example.com \"Title\"\n[this]: <http://x.org> 'T'\n\nEnd.");
    row("reference in one piece", "[foo]\n[foo]: /url \"title\"\ntext");
    row("reference over lines", "[a\nb]:\n/url\n'the title'\n\n> [q]: /quoted\n\n- [l]: /listed");
    row("footnotes", "Text[^1] and[^note].\n\n[^1]: Word\n[^note]: More words.\n    And more.");
    row("cells beyond", "| a | b |\n|---|---|\n| 1 | 2 | 3 **four** |\n| 5 |\n|6|7|8|`9|9`|\\|10|\n\nafter");
    row("head beyond", "| a | b | c |\n|---|---|\n| 1 | 2 |");
    row("cells beyond in a list", "- x\n\n  | a | b |\n  |:--|--:|\n  | 1 | 2 | 3 |\n- y");
    row("cells beyond in a quote", "> | a | b |\n> |---|---|\n> | 1 | 2 | 3 |\nlazy | 4 | 5 | 6 | 7");
    row("cells without pipes outside", "a | b\n--|--\n1 | 2 | 3\n4 | 5 | 6 | 7\nx");
    row("empty cells", "| | |\n|---|---|\n| | | x |\n| | | | y\n| | |");
    row("code in cells", "| a | b |\n|---|---|\n| `x|y` | z |\n| ``q ` | r`` | s | t |");
    row("links",
        "[a](http://b) [c](/d) [e](http://f \"the title\") [](http://empty) [](/none) [x](<http://y z>) "
        "[g](javascript:h) [i](#j 'k') <http://l> http://m.org/~n <mailto:o@p.q> r@s.tu www.v.wx");
    row("link with escapes", "[a](http://b/\\*c\\*?d&amp;e) [f](http://g/(h)i) [**j** `k` *l*](http://m)");
    row("images", "![a](http://b/c.png) ![d](e.png \"f\") [![g](http://h/i.png)](http://j) ![](http://k) "
                  "[![l](m)](n) ![*o* [p](http://q)](http://r)");
    row("fences",
        "```py title=\"x\"\na\n```\n```\n\n```\n~~~ some words that are much longer than any name of a "
        "language\nb\n~~~\n```x``` y\n\n```lua\nz");
    row("fences in blocks", "> ```c\n> a\n```js\nb\n```\n- ```sh\n  c\n  ```\n1. ~~~q\n   d\n");
    row("indented", "a\n\n    b\n\n\n    \tc\n\nd\n\n\te");
    row("lists", "1. a\n2. b\n\n7) c\n8) d\n\n- e\n+ f\n* g\n\n3. h\n5. i\n\n1. j\n1. k\n1. l\n\n0. m\n- [ ] "
                 "n\n- [x] o\n"
                 "- [X] p\n-\n- q");
    row("empty in lists", "- >\n- > >\n-\n1. -\n2. - 3. x\n\n   ---\n3. ***\n4. ```\n5. | a |\n   |---|");
    row("nested lists", "1. a\n   1. b\n      - c\n        12. d\n2. e\n\n   f\n\n      g\n");
    row("headings", "# a #\n## b ##c\n### d \\#\n#e\n####### f\nSetext\n===\nAgain\n---\n#\n");
    row("rules", "a\n\n---\n***\n_ _ _\n\nb");
    row("quotes", "> a\n>> b\n> c\nd\n\n>e\n> - f\n>   > g");
    row("emphasis", "*a* _b_ **c** __d__ ***e*** ~~f~~ ~g~ ~~~h~~~ a*b*c a_b_c **i*j** ~5~10 and 20~30");
    row("escapes", "\\*a\\* \\_ \\# \\\\ \\a \\( \\[b\\] 1\\. c\\\nd");
    row("entities", "&amp; &lt; &nosuch; &#65; &#x20AC; &copy &AMP; &#0;");
    row("html",
        "<div class=\"a\">\nb\n</div>\n<!-- c\n\nd --> <e f> <br/> <?php g ?> <![CDATA[h]]>\n<script>i\n\nj");
    row("code spans", "`a` ``b ` c`` ` d ` `e\nf` `` ` `` ```g``` `h\n\ni`");
    row("control", "a\x01z\x02 b \x7F c\xE2\x80\x8B d");
    row("carriage returns",
        "a\r\nb\r\n\r\n| c | d |\r\n|---|---|\r\n| 1 | 2 | 3 |\r\n\r\n```x\r\ny\r\n```\r\n[1]: z\r\n");
    row("only returns", "a\rb\r\r| c | d |\r|---|---|\r| 1 | 2 |\r");
    row("formulas",
        "$$\na = b\n- c\n= d\n$$\n\n\\[\n1. x_1 * y_2\n\\]\n\n> $$\n> # e\n> $$\n\n- $a_b$ and \\(c*d*e\\)");
    row("too deep", "1. 2. 3. 4. 5. 6. 7. 8. 9. 10. 11. 12. 13. 14. 15. 16. 17. 18. 19. 20. deep\n\nend");
    QTest::newRow("deep quotes") << QString(60, u'>') + QStringLiteral(" deep\n\nend");
    QTest::newRow("wide") << QStringLiteral("| a ").repeated(100) + QStringLiteral("|\n") +
                                 QStringLiteral("|---").repeated(2) + QStringLiteral("|\n| b |\n\nafter");
    QTest::newRow("many links") << QStringLiteral("[a](http://b) [c](http://d) ").repeated(1500);
    QTest::newRow("long address") << QStringLiteral("[a](http://%1)").arg(QString(3000, u'x'));
}

void TestMarkdownComplete::everythingIsSeen() {
    QFETCH(QString, source);
    QCOMPARE(unseen(source), QString());
    QVERIFY(!isShownAsWritten(source));
    source.append(QStringLiteral("\n\nThe next paragraph."));
    QCOMPARE(unseen(source), QString());
}

void TestMarkdownComplete::asItStands_data() {
    QTest::addColumn<QString>("source");
    for (const char* source :
         {"Range: $100-$200 per night.", "Fares: US$5/US$6 today.", "$/PR is down but $/session is up",
          "$\\$0.60$ and I paid $5 and got $3 back.", "from $20k to $30k, $x$ is math, $x^2+y^2=z^2$ too",
          "A$5 and B$6, $HOME and $PATH, 5$ and 6$", "\\(a+b\\) and \\[ \\int_0^1 x dx \\]",
          "$$\nE = mc^2 \\quad \\frac{a}{b}\n$$", "$$a_1 * b_2 * c$$", "so $a_1*b*c$ is",
          "\\[\n\\begin{aligned}\na &= b \\\\\n&= c\n\\end{aligned}\n\\]", "from $5 to $10",
          "about ~5~10 minutes, 20~30 at most", "$f(x) = \\{x_1, \\dots\\}$, $[a](b)$, $<http://c>$"})
        QTest::newRow(source) << QString::fromUtf8(source);
}

void TestMarkdownComplete::asItStands() {
    QFETCH(QString, source);
    QCOMPARE(shown(source), source);
    const QList<Block> blocks = parseMarkdown(source);
    for (const Run& run : blocks.first().text.runs)
        QCOMPARE(run.styles & ~Linked, 0);
    const QString table = QStringLiteral("| item | price |\n|---|---:|\n| tea | %1 |").arg(source);
    if (!source.contains(u'\n'))
        QCOMPARE(shown(table), QStringLiteral("item\tprice\ntea\t") + source);
}

void TestMarkdownComplete::referencesStay() {
    const QString source =
        QStringLiteral("See [the docs][1].\n\n[1]: https://docs.example.com/page \"Title\"\n\nEnd.");
    QCOMPARE(shown(source), source);
    QVERIFY(describe(parseMarkdown(source)).contains(u"{->https://docs.example.com/page"));
}

void TestMarkdownComplete::everyCellIsShown() {
    QCOMPARE(describe(parseMarkdown(QStringLiteral("|a|b|\n|--:|---|\n|1|2|**3**|\n|4|\n\nx"))),
             QStringLiteral("table\n  a> ; b ; \n  1> ; 2 ; {b 3}\n  4> ;  ; \np x\n"));
    QCOMPARE(describe(parseMarkdown(QStringLiteral("|a|b|\n|-|:-|\n|1|2|3|"))),
             QStringLiteral("table\n  a ; b ; \n  1 ; 2 ; 3\n"));
    // A pipe in code is no border.
    QCOMPARE(describe(parseMarkdown(QStringLiteral("|a|b|\n|---|---|\n|`1|2`|3|"))),
             QStringLiteral("table\n  a ; b\n  {c 1|2} ; 3\n"));
}

void TestMarkdownComplete::numbersAsWritten() {
    QCOMPARE(shown(QStringLiteral("1. a\n2. b\n4. c")), QStringLiteral("1. a\n2. b\n4. c"));
    QCOMPARE(shown(QStringLiteral("3) a\n2) b\n1) c")), QStringLiteral("3) a\n2) b\n1) c"));
    QCOMPARE(shown(QStringLiteral("1. a\n1. b\n1. c")), QStringLiteral("1. a\n2. b\n3. c"));
}

void TestMarkdownComplete::longTable() {
    QString source = QStringLiteral("| n | square |\n|---|---|\n");
    for (int i = 0; i < 3000; ++i)
        source += QStringLiteral("| %1 | %2 |\n").arg(i).arg(i * i);
    const QList<Block> blocks = parseMarkdown(source);
    QCOMPARE(blocks.size(), 1);
    QCOMPARE(blocks[0].cells.size(), 2 * 3001);
    QCOMPARE(blocks[0].cells.last().text, QString::number(2999 * 2999));
}

namespace {

QString randomMarkdown(QRandomGenerator& random) {
    static const QStringList tokens =
        QString::fromUtf8("a|b c|word| | |\n|\n|\n\n|*|**|_|`|``|```|~|~~|~~~py|#|# |> |>|- |+ |1. |2) |10. "
                          "|[|]|(|)|![|](|]("
                          "http://x.y)|](/z)|[1]: u|[^f]: "
                          "g|]:|<|>|<http://q>|&amp;|&|\\|\\(|\\)|\\[|\\]|$|$$|$5|:|---|===|---|"
                          "    |\t|  \n|é|😀|www.r.st|\r\n|[ ] |[x] |http://v.w/~x|\"t\"|{|}")
            .split(u'|') +
        QStringList{QStringLiteral("|"), QStringLiteral("| a | b |\n"), QStringLiteral("|---|---|\n"),
                    QStringLiteral("| 1 | 2 | 3 |\n"), QStringLiteral("\\|")};
    QString text;
    for (int i = random.bounded(40); i >= 0; --i)
        text += tokens[random.bounded(static_cast<int>(tokens.size()))];
    return text;
}

} // namespace

void TestMarkdownComplete::randomTexts() {
    QRandomGenerator random(11);
    int given = 0;
    constexpr int rounds = 3000;
    for (int i = 0; i < rounds; ++i) {
        const QString source = randomMarkdown(random);
        const QString lost = unseen(source);
        QVERIFY2(lost.isEmpty(), qPrintable(QStringLiteral("%1: lost \"%2\" of\n%3\n%4")
                                                .arg(i)
                                                .arg(lost, source, describe(parseMarkdown(source)))));
        const bool plain = isShownAsWritten(source) && shown(source) != source.trimmed();
        given += plain ? 1 : 0;
        if (plain)
            qDebug().noquote() << "PLAIN" << i << QString(source).replace(u'\n', QStringLiteral("\\n"));
    }
    QVERIFY2(given < rounds / 50, qPrintable(QString::number(given)));
}

// However a text comes in, at its end it looks like the finished one.
void TestMarkdownComplete::randomGrowth() {
    QRandomGenerator random(12);
    for (int i = 0; i < 400; ++i) {
        QString source;
        for (int part = random.bounded(4); part >= 0; --part)
            source += randomMarkdown(random) + (random.bounded(2) ? QStringLiteral("\n\n") : QString());
        MarkdownDocument whole, growing;
        whole.update(source, false);
        for (qsizetype end = 0; end < source.size(); end += 1 + random.bounded(9))
            growing.update(QStringView(source).left(end), true);
        growing.update(source, false);
        QCOMPARE(describe(growing.blocks()), describe(whole.blocks()));
        QCOMPARE(growing.pieces().size(), whole.pieces().size());
    }
}

QTEST_MAIN(TestMarkdownComplete)
#include "tst_markdown_complete.moc"
