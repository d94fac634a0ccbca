#include "tests/support/patience.h"
#include "ui/transcript/highlighter.h"
#include "ui/transcript/markdown_document.h"

#include <QtTest>

using namespace ui::transcript;

namespace {

const QString rich = QString::fromUtf8(R"md(# Title with *emphasis*

First paragraph with **strong**, `code`, ~~gone~~ and [a link](https://example.org/a?b=1&amp;c).
Second line of it.
Not a [local](file:///etc/passwd) nor a [script](javascript:alert(1)) link.

![a cat](https://example.org/cat.png) and <b>raw</b> &amp; &#8364;

- one
- two
  1. inner
  2. next

- loose

3. three
4. four

- [ ] open
- [x] done

> quoted
> > deeper
> ```c
> int x;
> ```

| Name | Size |
|:-----|-----:|
| a *b* | 12 |
| c \| d | 3 |

---

```python
def f(x):

    return x # héllo 😀
```
Text right after, $a_1 + b_2$ and $5 or $10.

    indented code

Setext
======
last line)md");

void collect(const QList<Block>& blocks, QList<RichText>& out) {
    for (const Block& block : blocks) {
        out.append(block.text);
        out.append(block.cells);
        collect(block.children, out);
    }
}

} // namespace

class TestMarkdown : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void blockTrees_data();
    void blockTrees();
    void wholeDocument();
    void piecesGiveTheSameTree_data();
    void piecesGiveTheSameTree();
    void closedPiecesStayWhileGrowing();
    void sourceOffsetsAreTrue();
    void openMarkupIsClosed_data();
    void openMarkupIsClosed();
    void hiddenControlsLeaveCode();
    void pathologicalInputFinishes_data();
    void pathologicalInputFinishes();
    void highlighting();
    void randomTextSurvives();
};

void TestMarkdown::blockTrees_data() {
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("tree");
    const auto row = [](const char* name, const char* source, const char* tree) {
        QTest::newRow(name) << QString::fromUtf8(source) << QString::fromUtf8(tree);
    };
    row("empty", "", "");
    row("paragraph", "a *b* **c** `d`", "p a {i b} {b c} {c d}\n");
    row("nested emphasis", "***both*** **a *b***", "p {bi both} {b a }{bi b}\n");
    row("lines are kept", "one\ntwo  \nthree\\\nfour", "p one/two/three/four\n");
    row("heading", "### H", "h3 H\n");
    row("true numbers", "7. a\n8. b", "ol(7)\n  item\n    p a\n  item\n    p b\n");
    row("tight and nested", "- a\n  - b\n- c",
        "ul\n  item\n    p a\n    ul\n      item\n        p b\n  item\n    p c\n");
    row("tasks", "- [x] a\n- [ ] b", "ul\n  item[x]\n    p a\n  item[ ]\n    p b\n");
    row("quote", "> a\n> b", "quote\n  p a/b\n");
    row("table", "|a|b|c|\n|---|:-:|--:|\n|1|**2**|3|", "table\n  a ; b^ ; c>\n  1 ; {b 2}^ ; 3>\n");
    row("short table row", "|a|b|\n|---|---|\n|1|", "table\n  a ; b\n  1 ; \n");
    row("rule", "a\n\n---\n\nb", "p a\nrule\np b\n");
    row("code", "```js\nlet a;\n\nb\n```", "code(js) let a;||b\n");
    row("unclosed fence", "```\na", "code() a\n");
    row("html is text", "<script>x</script>\n\n<div>\ny\n</div>", "p <script>x</script>\np <div>/y/</div>\n");
    row("image is words", "![alt](http://x/y.png)",
        "p {->http://x/y.png [image: }{->http://x/y.png alt}{->http://x/y.png ]}\n");
    row("links", "[a](http://b) <https://c> mailto:d@e.f www.g.org",
        "p {->http://b a} {->https://c https://c} mailto:{->mailto:d@e.f d@e.f} {->http://www.g.org "
        "www.g.org}\n");
    row("bad links", "[a](javascript:x) [b](file:///c) [d](data:text/html,e) [f](/g) ![h](file:///i)",
        "p a (javascript:x) b (file:///c) d (data:text/html,e) f (/g) [image: h] (file:///i)\n");
    row("entities", "&lt;&amp;&#x41;&nosuch;", "p <&A&nosuch;\n");
    row("formula", "so $a_1*b*c$ is", "p so $a_1*b*c$ is\n");
    row("money", "from $5 to $10", "p from $5 to $10\n");
    row("words between prices", "$5 *to* 10$ each", "p $5 {i to} 10$ each\n");
    row("words behind a currency", "US$*now*$", "p US${i now}$\n");
}

void TestMarkdown::blockTrees() {
    QFETCH(QString, source);
    QFETCH(QString, tree);
    QCOMPARE(describe(parseMarkdown(source)), tree);
}

// Cutting into pieces changes nothing: the tree of the pieces is the tree of the whole.
void TestMarkdown::wholeDocument() {
    MarkdownDocument document;
    document.update(rich, false);
    QVERIFY(document.pieces().size() >= 10);
    QCOMPARE(describe(document.blocks()), describe(parseMarkdown(rich)));
    QVERIFY(!describe(document.blocks()).contains(u"->file:")); // shown, but nothing that can be pressed
    QVERIFY(!describe(document.blocks()).contains(u"->javascript:"));
}

void TestMarkdown::piecesGiveTheSameTree_data() {
    QTest::addColumn<QString>("source");
    QTest::newRow("rich") << rich;
    QTest::newRow("windows lines") << QString(rich).replace(u'\n', QStringLiteral("\r\n"));
    QTest::newRow("lists") << QStringLiteral(
        "intro\n1. a\n\n2. b\n\n   more\n\n3. c\n\nafter\n* x\n\n+ y\n- - -\nz");
    QTest::newRow("fences") << QStringLiteral(
        "- a\n  ```\n  x\n\n  y\n  ```\n\nb\n~~~\n```\n~~~\nc\n````md\n```\n````\n``` a`b\nd");
    QTest::newRow("headings") << QStringLiteral("a\n# b\nc\n#d\n\n    code\n\n    code\n####### e\nf\n-");
}

void TestMarkdown::piecesGiveTheSameTree() {
    QFETCH(QString, source);
    MarkdownDocument whole;
    whole.update(source, false);
    QCOMPARE(describe(whole.blocks()), describe(parseMarkdown(source)));
    for (int step : {1, 3, 7}) {
        MarkdownDocument growing;
        for (qsizetype end = step; end < source.size(); end += step)
            growing.update(QStringView(source).left(end), true);
        growing.update(source, false);
        QCOMPARE(describe(growing.blocks()), describe(whole.blocks()));
        QCOMPARE(growing.pieces().size(), whole.pieces().size());
    }
}

void TestMarkdown::closedPiecesStayWhileGrowing() {
    MarkdownDocument document;
    QList<QString> closed;
    for (qsizetype end = 3; end < rich.size(); end += 3) {
        const int before = static_cast<int>(document.pieces().size());
        const int changed = document.update(QStringView(rich).left(end), true);
        QVERIFY(changed >= before - 1);
        for (int i = 0; i < closed.size(); ++i)
            QCOMPARE(describe(document.pieces()[i].blocks), closed[i]);
        for (int i = static_cast<int>(closed.size()); i + 1 < document.pieces().size(); ++i)
            closed.append(describe(document.pieces()[i].blocks));
    }
    QVERIFY(closed.size() >= 8);
}

void TestMarkdown::sourceOffsetsAreTrue() {
    MarkdownDocument document;
    document.update(rich, false);
    QList<RichText> texts;
    collect(document.blocks(), texts);
    int checked = 0;
    for (const RichText& text : texts) {
        int previous = -1;
        for (const Run& run : text.runs) {
            QVERIFY(run.source >= previous);
            previous = run.source;
            if (run.length != run.sourceLength)
                continue;
            QString shown = text.text.mid(run.start, run.length);
            shown.replace(QChar(QChar::LineSeparator), u'\n');
            QCOMPARE(shown, rich.mid(run.source, run.sourceLength));
            for (int i = 0; i < run.length; ++i) {
                QCOMPARE(text.toSource(run.start + i), run.source + i);
                QCOMPARE(text.toShown(run.source + i), run.start + i);
            }
            checked += run.length;
        }
    }
    QVERIFY2(checked > 300, qPrintable(QString::number(checked)));
}

void TestMarkdown::openMarkupIsClosed_data() {
    QTest::addColumn<QString>("tail");
    QTest::addColumn<QString>("tree");
    const auto row = [](const char* tail, const char* tree) {
        QTest::newRow(tail) << QString::fromUtf8(tail) << QString::fromUtf8(tree);
    };
    row("a **bo", "p a {b bo}\n");
    row("a **", "p a\n");
    row("a **bold**", "p a {b bold}\n");
    row("a **bold*", "p a {b bold}\n");
    row("a *it **both", "p a {i it }{bi both}\n");
    row("a `co", "p a {c co}\n");
    row("a ``", "p a\n");
    row("a ~~st", "p a {s st}\n");
    row("**bold ", "p {b bold}\n");
    row("[w](http://e.org/lo", "p {->http://e.org/lo w}\n");
    row("[wo", "p [wo\n");
    row("snake_case_wo", "p snake_case_wo\n");
    row("2 * 3 * 4", "p 2 * 3 * 4\n");
    row("text\n-", "p text\n");
    row("text\n==", "p text\n");
    row("- one\n- **tw", "ul\n  item\n    p one\n  item\n    p {b tw}\n");
    row("- one\n2", "ul\n  item\n    p one/2\n");
    row("```py\nx = 1\n``", "code(py) x = 1\n");
    row("```py\nx = **", "code(py) x = **\n");
}

void TestMarkdown::openMarkupIsClosed() {
    QFETCH(QString, tail);
    QFETCH(QString, tree);
    QCOMPARE(describe(parseMarkdown(closeOpenMarkup(tail))), tree);
}

void TestMarkdown::hiddenControlsLeaveCode() {
    const QString source = QStringLiteral("`a\u202Eb` \n\n```\nx\u2066y\u0007z\n```");
    QCOMPARE(describe(parseMarkdown(source)), QStringLiteral("p {c a}{c b}\ncode() xyz\n"));
}

void TestMarkdown::pathologicalInputFinishes_data() {
    QTest::addColumn<QString>("source");
    QTest::newRow("one word") << QString(1'000'000, u'w');
    QTest::newRow("backticks") << QStringLiteral("`a``").repeated(20'000);
    QTest::newRow("stars") << QStringLiteral("**a *b ").repeated(20'000);
    QTest::newRow("brackets") << QString(100'000, u'[');
    QTest::newRow("deep quotes") << QString(20'000, u'>') + QStringLiteral("x");
    QTest::newRow("deep lists") << QStringLiteral("- ").repeated(20'000) + QStringLiteral("x");
    QTest::newRow("wide table") << QString(1000, u'|') + QStringLiteral("\n") +
                                       QStringLiteral("|---").repeated(999) + QStringLiteral("|\n") +
                                       QStringLiteral("a\n").repeated(5000);
    QTest::newRow("long table") << QStringLiteral("|a|b|\n|---|---|\n") +
                                       QStringLiteral("|1|2|\n").repeated(5000);
    QTest::newRow("links") << QStringLiteral("[a](http://b) ").repeated(20'000);
    QTest::newRow("only stars") << QString(100'000, u'*');
    QTest::newRow("deep numbers") << QStringLiteral("1. ").repeated(30'000) + QStringLiteral("x");
    QTest::newRow("bars") << QStringLiteral("|-\n").repeated(30'000);
    QTest::newRow("references") << QStringLiteral("[a]: b\n").repeated(40'000);
    QTest::newRow("formulas") << QStringLiteral("\\[ a $b $$ \\( c\n").repeated(20'000);
    QTest::newRow("ten megabytes")
        << QStringLiteral("Words **and** `code`, [a](http://b). ").repeated(280'000);
    QTest::newRow("entities") << QStringLiteral("&amp;").repeated(50'000);
}

void TestMarkdown::pathologicalInputFinishes() {
    QFETCH(QString, source);
    const double begin = test::threadMs();
    MarkdownDocument document;
    document.update(source, true);
    document.update(source, false);
    // Each takes milliseconds, the last one a second; what grows with the square takes minutes.
    const double took = test::threadMs() - begin;
    QVERIFY2(took < 10'000, qPrintable(QString::number(took)));
    QList<RichText> texts;
    collect(document.blocks(), texts);
    QVERIFY(!texts.isEmpty());
}

void TestMarkdown::highlighting() {
    const QString code = QStringLiteral("def go(n=15): # all\n    return \"a # b\"");
    const auto token = [&](const char* word) {
        const int at = static_cast<int>(code.indexOf(QLatin1String(word)));
        for (const TokenSpan& span : highlightCode(code, QStringLiteral("python"))) {
            if (at >= span.start && at < span.start + span.length)
                return span.token;
        }
        return Token::Plain;
    };
    QCOMPARE(token("def"), Token::Keyword);
    QCOMPARE(token("go"), Token::Function);
    QCOMPARE(token("n="), Token::Plain);
    QCOMPARE(token("15"), Token::Number);
    QCOMPARE(token("# all"), Token::Comment);
    QCOMPARE(token("return"), Token::Keyword);
    QCOMPARE(token("# b"), Token::String);
    QVERIFY(highlightCode(code, QStringLiteral("nosuch")).isEmpty());
}

void TestMarkdown::randomTextSurvives() {
    const QString alphabet = QString::fromUtf8("ab \n*_`~#>-+|[](){}!<&;\\$:1.é😀\t\r");
    QRandomGenerator random(7);
    for (int round = 0; round < 400; ++round) {
        QString source;
        for (int i = random.bounded(200); i > 0; --i)
            source += alphabet[random.bounded(static_cast<int>(alphabet.size()))];
        MarkdownDocument whole, growing;
        whole.update(source, false);
        for (qsizetype end = 3; end < source.size(); end += 3)
            growing.update(QStringView(source).left(end), true);
        growing.update(source, false);
        QCOMPARE(describe(growing.blocks()), describe(whole.blocks()));
    }
}

QTEST_GUILESS_MAIN(TestMarkdown)
#include "tst_markdown.moc"
