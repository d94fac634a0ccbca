// Tables of every size: no word is broken, wide ones are scrolled sideways, long ones are laid out where they are seen.
#include "chat_fixture.h"
#include "tests/support/patience.h"
#include "ui/transcript/message_layout.h"

#include <QScrollBar>
#include <QWheelEvent>

using namespace chat_test;
using ui::transcript::Block;
using ui::transcript::BoxSpec;
using ui::transcript::Look;
using ui::transcript::MessageLayout;

namespace {

QString wideTable() {
    QString text;
    for (const QString& cell :
         {QStringLiteral("Column number %1"), QStringLiteral("---"), QStringLiteral("cell 0.%1 words"),
          QStringLiteral("cell 1.%1 words"), QStringLiteral("supercalifragilisticexpialidociousword%1")}) {
        text += u'|';
        for (int column = 0; column < 8; ++column)
            text += (cell.contains(u'%') ? cell.arg(column) : cell) + u'|';
        text += u'\n';
    }
    return text;
}

QString longTable(int rows) {
    QString text = QStringLiteral("| Number | Square | Word |\n|---|---:|---|\n");
    for (int i = 0; i < rows; ++i)
        text += QStringLiteral("| %1 | %2 | item%1 |\n").arg(i).arg(i * i);
    return text;
}

/// Words of a text that stand on more than one line, or in more than one piece.
QStringList brokenWords(const MessageLayout& layout) {
    QStringList broken;
    const QString& text = layout.text();
    static const QRegularExpression word(QStringLiteral("\\S+"));
    for (auto it = word.globalMatch(text); it.hasNext();) {
        const auto match = it.next();
        const auto begin = static_cast<int>(match.capturedStart()),
                   end = static_cast<int>(match.capturedEnd());
        if (layout.caret(begin).top() != layout.caret(end - 1).top())
            broken += match.captured();
    }
    return broken;
}

} // namespace

class TestTables : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        Theme::loadFonts();
        Theme::apply(Theme::darkTheme());
    }
    void noWordIsBroken_data();
    void noWordIsBroken();
    void wideOnesAreScrolled();
    void scrollsToWhatIsLookedFor();
    void piecesAgree();
    void longOnesOpenAtOnce();
    void growingKeepsItsPlace();
};

void TestTables::noWordIsBroken_data() {
    QTest::addColumn<QString>("text");
    QTest::newRow("wide") << wideTable();
    QTest::newRow("prose") << QStringLiteral(
        "| Name | What it does in the evening |\n|---|---|\n| Lighthouse keeper | watches "
        "the harbour, writes the day's numbers and lights the lamp |\n"
        "| Extraordinarily-long-name-of-a-boat | lies in berth fourteen |\n");
    QTest::newRow("code") << QStringLiteral(
        "| Call | Result |\n|---|---|\n| `last_departure(closing, crossing)` | **minutes** |\n");
}

void TestTables::noWordIsBroken() {
    QFETCH(QString, text);
    const Look look(Theme::darkTheme());
    for (int width : {660, 500, 380, 300}) {
        MessageLayout layout(message(2, Role::Assistant, text), look, width, {});
        QCOMPARE(brokenWords(layout), QStringList());
    }
}

void TestTables::wideOnesAreScrolled() {
    app::TranscriptModel model;
    model.append(message(1, Role::Assistant, wideTable() + QStringLiteral("\nAfter.")));
    ChatView view;
    view.resize(720, 500);
    view.setModel(&model);
    view.show();
    QAccessibleTextInterface* text = QAccessible::queryAccessibleInterface(&view)->child(0)->textInterface();
    const QString all = text->text(0, text->characterCount());
    const auto place = [&](const QString& word) {
        const QRect global = text->characterRect(static_cast<int>(all.indexOf(word)));
        return QRect(view.viewport()->mapFromGlobal(global.topLeft()), global.size());
    };
    const QRect first = place(QStringLiteral("Column number 0"));
    const int tableTop = first.top();
    QVERIFY(
        !text->characterRect(static_cast<int>(all.indexOf(QStringLiteral("words\tcell 0.7"))) + 6).isValid());
    const QImage before = view.viewport()->grab().toImage();
    const auto wheel = [&](QPoint turned, Qt::KeyboardModifiers keys) {
        const QPointF at(360, tableTop + 5);
        for (int i = 0; i < 100; ++i) {
            QWheelEvent event(at, view.viewport()->mapToGlobal(at), {}, turned, Qt::NoButton, keys,
                              Qt::NoScrollPhase, false);
            QCoreApplication::sendEvent(view.viewport(), &event);
        }
    };
    wheel({0, -120}, Qt::ShiftModifier);
    const QRect last = place(QStringLiteral("cell 0.7"));
    QVERIFY2(last.left() > 60 && last.right() < 690,
             qPrintable(QStringLiteral("%1 to %2").arg(last.left()).arg(last.right())));
    QCOMPARE(last.top() - tableTop, place(QStringLiteral("cell 0.6")).top() - tableTop);
    QVERIFY(view.viewport()->grab().toImage() != before);
    // A click finds the cell that is seen there.
    QTest::mouseDClick(view.viewport(), Qt::LeftButton, {}, last.center());
    QCOMPARE(view.selectedText(), QStringLiteral("cell"));
    // Nothing of it is painted beside the column.
    const QImage image = view.viewport()->grab().toImage();
    for (int y = tableTop; y < tableTop + 100; ++y)
        QCOMPARE(image.pixelColor(20, y), Theme::current().background);
    wheel({120, 0}, Qt::NoModifier); // and back, by a wheel that turns sideways
    QCOMPARE(place(QStringLiteral("Column number 0")), first);
    // The bar below the table.
    const QRect lastRow = place(QStringLiteral("supercalifragilisticexpialidociousword0"));
    const QPoint bar(40, lastRow.bottom() + 11);
    QTest::mousePress(view.viewport(), Qt::LeftButton, {}, bar);
    QMouseEvent move(QEvent::MouseMove, QPointF(700, bar.y()),
                     view.viewport()->mapToGlobal(QPointF(700, bar.y())), Qt::NoButton, Qt::LeftButton, {});
    QCoreApplication::sendEvent(view.viewport(), &move);
    QTest::mouseRelease(view.viewport(), Qt::LeftButton, {}, {700, bar.y()});
    QCOMPARE(place(QStringLiteral("cell 0.7")), last);
}

void TestTables::scrollsToWhatIsLookedFor() {
    app::TranscriptModel model;
    model.append(message(1, Role::Assistant, wideTable()));
    ChatView view;
    view.resize(720, 500);
    view.setModel(&model);
    view.show();
    view.setFindText(QStringLiteral("cell 1.7"));
    QVERIFY(view.findNext());
    QAccessibleTextInterface* text = QAccessible::queryAccessibleInterface(&view)->child(0)->textInterface();
    const QString all = text->text(0, text->characterCount());
    QVERIFY(text->characterRect(static_cast<int>(all.indexOf(QStringLiteral("cell 1.7")))).isValid());
}

// A long table is laid out in pieces; nobody can see where they meet.
void TestTables::piecesAgree() {
    const Look look(Theme::darkTheme());
    MessageLayout layout(message(2, Role::Assistant, longTable(100)), look, 660, {});
    QVERIFY(layout.laidOut().height() > 1);
    const QString& text = layout.text();
    const auto caretOf = [&](const QString& word) {
        return layout.caret(static_cast<int>(text.indexOf(word)));
    };
    const qreal step = caretOf(QStringLiteral("item1\n")).top() - caretOf(QStringLiteral("item0\n")).top();
    for (int i = 0; i < 99; ++i) {
        const QRectF one = caretOf(QStringLiteral("item%1\n").arg(i)),
                     next = caretOf(i + 1 < 99 ? QStringLiteral("item%1\n").arg(i + 1)
                                               : QStringLiteral("item99"));
        QCOMPARE(next.top() - one.top(), step);
        QCOMPARE(next.left(), one.left());
    }
    QVERIFY(text.endsWith(QStringLiteral("98\t9604\titem98\n99\t9801\titem99")));
    QCOMPARE(layout.text().count(u'\n'), 100);
}

void TestTables::longOnesOpenAtOnce() {
    Block table;
    table.kind = Block::Kind::Table;
    table.columns = {Qt::AlignLeft, Qt::AlignRight, Qt::AlignLeft};
    for (int i = 0; i < 3 * 3001; ++i) {
        ui::transcript::RichText cell;
        cell.append(i % 3 == 2 ? QStringLiteral("words of row %1").arg(i / 3) : QString::number(i), 10 * i, 5,
                    0);
        table.cells.append(cell);
    }
    const Look look(Theme::darkTheme());
    const double begin = test::threadMs();
    std::vector<std::unique_ptr<ui::transcript::Box>> boxes;
    qreal height = 0;
    for (BoxSpec& spec : boxSpecs({table}, look, true)) {
        boxes.push_back(std::make_unique<ui::transcript::Box>(std::move(spec), look, 660));
        height += boxes.back()->height();
    }
    const double took = test::threadMs() - begin;
    QVERIFY2(took < 1500, qPrintable(QStringLiteral("%1 ms").arg(
                              took))); // about 100; every cell laid out took ten times as much
    qInfo("3,001 rows in %.0f ms", took);
    // What was said before anything was laid out is true.
    for (const auto& box : boxes) {
        const qreal before = box->height();
        box->rects(0, box->length());
        const QList<ui::transcript::LineRect> last = box->rects(box->length() - 2, box->length());
        QVERIFY(!last.isEmpty());
        QCOMPARE(last.first().rect.bottom() + look.cellY, before);
    }
    QCOMPARE(height, 3001.0 * (look.line + 2 * look.cellY));
}

// While a wide table is written, what the reader has scrolled to stays.
void TestTables::growingKeepsItsPlace() {
    const Look look(Theme::darkTheme());
    Message growing = message(2, Role::Assistant, wideTable().section(u'\n', 0, 4), MessageState::Streaming);
    MessageLayout layout(growing, look, 660, {});
    QVERIFY(layout.scrollSideways({100, layout.height() - 40.0}, 300));
    const qreal before = layout.caret(0).left();
    QVERIFY(before < -200);
    for (int i = 0; i < 5; ++i) {
        growing.text += QStringLiteral("\n| cell 2.0 words | another one that is rather long | x");
        layout.update(growing, {});
        QCOMPARE(layout.caret(0).left(), before);
    }
}

QTEST_MAIN(TestTables)
#include "tst_tables.moc"
