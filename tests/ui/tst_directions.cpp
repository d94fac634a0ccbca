// Every paragraph runs the way its letters do; code always runs from left to right.
#include "chat_fixture.h"
#include "tests/ui/window_fixture.h"
#include "ui/page/chat_page.h"
#include "ui/page/header.h"
#include "ui/side/chat_list.h"
#include "ui/side/side_pane.h"
#include "ui/transcript/message_layout.h"

using namespace chat_test;

namespace {

const QString arabic =
    QStringLiteral("مرحبا! هذا نص عربي مع كلمة English في الوسط، ورقم 123.45 و`code(x)` وانتهى.");
const QString hebrew = QStringLiteral("שלום, זה טקסט בעברית עם `let x = 5;` ומספר 42.");
const QString english = QStringLiteral("English paragraph with عربي inside and (שלום) parentheses.");

/// One question and one answer; rectangles of words in the viewport.
struct Chat {
    app::TranscriptModel model;
    ChatView view;
    Chat(const QString& question, const QString& answer) {
        model.append(message(1, Role::User, question));
        model.append(message(2, Role::Assistant, answer));
        view.resize(760, 900);
        view.setModel(&model);
        view.show();
    }
    QAccessibleTextInterface* text(int row) {
        return QAccessible::queryAccessibleInterface(&view)->child(row)->textInterface();
    }
    QRect character(int row, const QString& word, int extra = 0) {
        const QString all = text(row)->text(0, text(row)->characterCount());
        const auto at = all.indexOf(word);
        if (at < 0)
            return {};
        const QRect global = text(row)->characterRect(static_cast<int>(at) + extra);
        return {view.viewport()->mapFromGlobal(global.topLeft()), global.size()};
    }
    int left() const { return (view.width() - 660) / 2; }
    int right() const { return left() + 660; }
};

} // namespace

class TestDirections : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        Theme::loadFonts();
        Theme::apply(Theme::darkTheme());
    }
    void answersByParagraph();
    void codeRunsFromLeftToRight();
    void listsAndQuotes();
    void bubblesByLine();
    void tables();
    void placesInMixedText();
    void keysGoWhereTheyPoint();
    void headingsAreBoldInEveryScript();
    void arabicHasItsLettersInBothThemes();
    void titles();
};

void TestDirections::answersByParagraph() {
    Chat c(QStringLiteral("Q"),
           QStringLiteral("# عنوان رئيسي\n\n%1\n\n%2\n\n%3\n\n77 + 1").arg(arabic, hebrew, english));
    QVERIFY(qAbs(c.character(1, QStringLiteral("عنوان")).right() - c.right()) < 4);
    QVERIFY(qAbs(c.character(1, QStringLiteral("مرحبا")).right() - c.right()) < 4);
    QVERIFY(qAbs(c.character(1, QStringLiteral("שלום,")).right() - c.right()) < 4);
    QVERIFY(qAbs(c.character(1, QStringLiteral("English paragraph")).left() - c.left()) < 4);
    QVERIFY(qAbs(c.character(1, QStringLiteral("77 + 1"), 5).right() - c.left()) < 60);
    // The sentence goes on to the left of its foreign word.
    QVERIFY(c.character(1, QStringLiteral("في الوسط")).right() <
            c.character(1, QStringLiteral("English")).left() + 2);
    // A point ends it at the left.
    QVERIFY(c.character(1, QStringLiteral("42.\n"), 2).right() <
            c.character(1, QStringLiteral("42.")).left() + 2);
}

void TestDirections::codeRunsFromLeftToRight() {
    Chat c(QStringLiteral("Q"),
           arabic + QStringLiteral("\n\n```python\n# تعليق عربي\nx = \"שלום\"  # comment\nprint(x)\n```\n"));
    for (int i = 1; i < 7; ++i) // c o d e ( x )
        QVERIFY(c.character(1, QStringLiteral("code(x)"), i).left() >=
                c.character(1, QStringLiteral("code(x)"), i - 1).right() - 1);
    QVERIFY(c.character(1, QStringLiteral("# تعليق")).left() < c.left() + 20);
    const QRect code = c.character(1, QStringLiteral("code(x)")),
                last = c.character(1, QStringLiteral("code(x)"), 6);
    QVERIFY(code.width() > 4 && last.right() - code.left() < 70); // its ground is behind all of it
    QVERIFY(c.character(1, QStringLiteral("print(x)")).left() < c.left() + 20);
    for (int i = 1; i < 8; ++i)
        QVERIFY(c.character(1, QStringLiteral("print(x)"), i).left() >=
                c.character(1, QStringLiteral("print(x)"), i - 1).right() - 1);
    QCOMPARE(c.text(1)->text(0, c.text(1)->characterCount()).contains(QChar(0x2066)), false);
}

void TestDirections::listsAndQuotes() {
    Chat c(QStringLiteral("Q"),
           QStringLiteral("1. البند الأول مع English\n2. البند الثاني\n   - بند فرعي\n\n- عنصر **غامق** هنا\n"
                          "- English item in a list\n\n> اقتباس باللغة العربية.\n"));
    const int indent = 24;
    QVERIFY(qAbs(c.character(1, QStringLiteral("البند الأول")).right() - (c.right() - indent)) < 4);
    QVERIFY(qAbs(c.character(1, QStringLiteral("بند فرعي")).right() - (c.right() - 2 * indent)) < 4);
    QVERIFY(qAbs(c.character(1, QStringLiteral("عنصر")).right() - (c.right() - indent)) < 4);
    QVERIFY(qAbs(c.character(1, QStringLiteral("English item")).left() - (c.left() + indent)) < 4);
    const QImage image = c.view.viewport()->grab().toImage();
    const auto hasInk = [&](const QRect& line, int from, int to) {
        return ink(image, QRect(from, line.top() + 2, to - from, line.height() - 4),
                   Theme::current().background) != Theme::current().background;
    };
    const QRect item = c.character(1, QStringLiteral("عنصر")),
                other = c.character(1, QStringLiteral("English item"));
    QVERIFY(hasInk(item, c.right() - indent + 2, c.right())); // the bullet stands before the text
    QVERIFY(!hasInk(item, c.left(), c.left() + indent - 2));
    QVERIFY(hasInk(other, c.left(), c.left() + indent - 2));
    const QRect quote = c.character(1, QStringLiteral("اقتباس"));
    QVERIFY(hasInk(quote, c.right() - 5, c.right()));
    QVERIFY(!hasInk(quote, c.left(), c.left() + 6));
}

void TestDirections::bubblesByLine() {
    Chat c(QStringLiteral("مرحبا بالعالم\nan English line\nשלום עולם, זה טקסט\n123"), QStringLiteral("A"));
    const int inner = c.right() - 14;
    QVERIFY(qAbs(c.character(0, QStringLiteral("مرحبا")).right() - inner) < 4);
    QVERIFY(qAbs(c.character(0, QStringLiteral("שלום")).right() - inner) < 4);
    QVERIFY(qAbs(c.character(0, QStringLiteral("123"), 2).right() - inner) <
            4); // goes on as the line above it
    QVERIFY(c.character(0, QStringLiteral("an English")).left() <
            c.character(0, QStringLiteral("line"), 3).left());
    const int bubbleLeft = c.character(0, QStringLiteral("an English")).left();
    QVERIFY(c.character(0, QStringLiteral("עולם, זה טקסט"), 12).left() >=
            bubbleLeft - 2);              // nothing sticks out
    QVERIFY(bubbleLeft > c.left() + 300); // nor is it too wide
    c.view.selectAll();
    QVERIFY(c.view.selectedText().startsWith(QStringLiteral("مرحبا بالعالم\nan English line\nשלום")));
}

void TestDirections::tables() {
    Chat c(QStringLiteral("Q"),
           QStringLiteral(
               "| الاسم | Value | مبلغ |\n|---|---|---:|\n| أحمد | 12 | $5 |\n| دانة | x=1 | 7.5% |\n\n"
               "| Name | قيمة |\n|---|---|\n| a | ب |\n"));
    const QRect first = c.character(1, QStringLiteral("الاسم")),
                second = c.character(1, QStringLiteral("Value"));
    QVERIFY(first.left() > second.right());
    QVERIFY(c.character(1, QStringLiteral("مبلغ")).right() < second.left());
    QVERIFY(qAbs(first.right() - (c.right() - 10)) < 4); // it stands at the right
    QVERIFY(qAbs(c.character(1, QStringLiteral("أحمد")).right() - first.right()) < 3);
    QVERIFY(c.character(1, QStringLiteral("x=1")).left() < c.character(1, QStringLiteral("x=1"), 2).left());
    QVERIFY(qAbs(c.character(1, QStringLiteral("Name")).left() - (c.left() + 10)) < 4);
}

// What is on the screen and the text agree, whichever way it runs.
void TestDirections::placesInMixedText() {
    using namespace ui::transcript;
    const Look look(Theme::darkTheme());
    for (const QString& text : {arabic, hebrew, english, QStringLiteral("a (مرحبا بالعالم) b `x(y)` ש")}) {
        MessageLayout layout(message(2, Role::Assistant, text), look, 660, {});
        const auto width = [](const QList<QRectF>& rects) {
            qreal sum = 0;
            for (const QRectF& rect : rects)
                sum += rect.width();
            return sum;
        };
        qreal sum = 0;
        for (int i = 0; i < layout.length(); ++i) {
            const QList<QRectF> one = layout.rects(i, i + 1);
            sum += width(one);
            if (layout.text()[i].unicode() > u' ' && layout.text()[i].unicode() < 0x7F)
                QVERIFY2(!one.isEmpty() && one.first().width() > 2, qPrintable(layout.text().mid(i, 1)));
            if (one.isEmpty() || one.first().width() < 2)
                continue; // inside a ligature
            const int hit = layout.hit(one.first().center() + QPointF(0.4, 0));
            QVERIFY2(hit == i || hit == i + 1,
                     qPrintable(QStringLiteral("%1: %2 for %3").arg(text).arg(hit).arg(i)));
        }
        QVERIFY(qAbs(sum - width(layout.rects(0, layout.length()))) < 2);
        for (int from = 0; from < layout.length(); from += 7) // no piece lies over another
            QVERIFY(width(layout.rects(0, from)) + width(layout.rects(from, layout.length())) - sum < 2);
        for (int i = 0; i <= layout.length(); ++i)
            QVERIFY(layout.caret(i).left() >= -1 && layout.caret(i).left() <= 661);
    }
}

void TestDirections::keysGoWhereTheyPoint() {
    Chat c(QStringLiteral("Q"), QStringLiteral("مرحبا بالعالم العربي"));
    QTest::mouseClick(c.view.viewport(), Qt::LeftButton, {},
                      QPoint(c.right() - 1, c.character(1, QStringLiteral("مرحبا")).center().y()));
    QTest::keyClick(&c.view, Qt::Key_Left, Qt::ShiftModifier);
    QTest::keyClick(&c.view, Qt::Key_Left, Qt::ShiftModifier);
    QCOMPARE(c.view.selectedText(), QStringLiteral("مر"));
    QTest::keyClick(&c.view, Qt::Key_Right, Qt::ShiftModifier);
    QCOMPARE(c.view.selectedText(), QStringLiteral("م"));
}

// A face of a lighter weight may have no Arabic at all; then another font, with letters of one width, steps in.
void TestDirections::arabicHasItsLettersInBothThemes() {
    QStringList used;
    for (const Theme& theme : {Theme::lightTheme(), Theme::darkTheme()}) {
        QTextLayout layout(QStringLiteral("مرحبا بالعالم"), theme.body);
        layout.beginLayout();
        layout.createLine().setLineWidth(600);
        layout.endLayout();
        QStringList families;
        for (const QGlyphRun& run : layout.glyphRuns()) {
            const QRawFont font = run.rawFont();
            QVERIFY(!run.glyphIndexes().contains(0U)); // a box instead of a letter
            families += font.familyName();
        }
        families.removeDuplicates();
        families.sort();
        used += families.join(u',');
    }
    QCOMPARE(used[1], used[0]);
}

void TestDirections::titles() {
    test::WindowFixture f([](app::Database& database) {
        for (const QString& title : {QStringLiteral("مرحبا English שלום"), QStringLiteral("plain title")})
            database.appendUserMessage(database.createChat(title, {}), 0, QStringLiteral("Q"));
    });
    f.start();
    ui::ChatList* list = f.window->sidePane()->list();
    int atRight = 0, atLeft = 0;
    for (const app::ChatSummary& chat : f.controller->chats()) {
        const QRect row = list->visualRect(list->chats()->indexOf(chat.id));
        const QImage image = list->viewport()->grab(row).toImage();
        const auto hasInk = [&](int from) {
            const QColor ground = image.pixelColor(image.width() / 2, 2);
            return !nearly(ink(image, QRect(from, 8, 40, image.height() - 16), ground), ground, 60);
        };
        atRight += hasInk(image.width() - 62) && !hasInk(22) ? 1 : 0;
        atLeft += hasInk(22) && !hasInk(image.width() - 62) ? 1 : 0;
    }
    QCOMPARE(atRight, 1);
    QCOMPARE(atLeft, 1);
}

// Where the font of the text has no letters of a script, another one has: its headings are as heavy in the dark theme as in the light one.
void TestDirections::headingsAreBoldInEveryScript() {
    const auto weightOf = [](const Theme& theme, const QString& heading) {
        Theme::apply(theme);
        Chat chat(QStringLiteral("?"), QStringLiteral("# ") + heading);
        QCoreApplication::processEvents();
        const QRect first = chat.character(1, heading),
                    last = chat.character(1, heading, int(heading.size()) - 1);
        const QImage image = chat.view.viewport()->grab(first.united(last).adjusted(-2, 0, 2, 0)).toImage();
        const QColor ground = theme.background, ink = theme.text;
        qreal sum = 0;
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x)
                sum += qAbs(image.pixelColor(x, y).lightnessF() - ground.lightnessF()) /
                       qAbs(ink.lightnessF() - ground.lightnessF());
        return sum;
    };
    for (const QString& heading : {QStringLiteral("مرحبا بالعالم"), QStringLiteral("שלום עולם")}) {
        const qreal dark = weightOf(Theme::darkTheme(), heading),
                    light = weightOf(Theme::lightTheme(), heading);
        QVERIFY2(dark > 0.9 * light, qPrintable(QStringLiteral("%1 %2").arg(dark).arg(light)));
    }
    Theme::apply(Theme::darkTheme());
}

QTEST_MAIN(TestDirections)
#include "tst_directions.moc"
