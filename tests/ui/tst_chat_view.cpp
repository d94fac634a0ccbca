// The transcript as it looks and under the pointer: selection, clipboard, links, horizon, highlights.
#include "chat_fixture.h"

#include <QApplication>
#include <QClipboard>
#include <QMimeData>
#include <QScrollBar>
#include <QSignalSpy>

using namespace chat_test;

class TestChatView : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        Theme::loadFonts();
        Theme::apply(Theme::darkTheme());
    }
    void selectsAcrossMessages();
    void selectsWordsAndBlocks();
    void selectAllCopiesEverything();
    void copiesCode();
    void opensOnlyHarmlessLinks();
    void horizonDimsExactly();
    void bubbleIsOutlinedWhenForgotten();
    void highlightIsBehindItsGlyphs();
    void highlightTakesWholeGraphemes();
    void aThoughtStandsApart();
    void bothThemesPaint();
};

void TestChatView::selectsAcrossMessages() {
    Fixture f;
    f.drag(f.left(0, "second"), f.right(1, "beta"));
    QCOMPARE(f.view.selectedText(), QStringLiteral("second line\n\nAlpha beta"));
    f.drag(f.right(2, "Last"), f.left(1, "gamma")); // upwards
    QCOMPARE(f.view.selectedText(),
             f.plain(1).mid(f.plain(1).indexOf(u"gamma")) + QStringLiteral("\n\nLast"));
    f.drag(f.left(1, "first"), f.right(1, "second"));
    QCOMPARE(f.view.selectedText(), QStringLiteral("first\n\u2022 second"));
    QTest::keyClick(&f.view, Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(QApplication::clipboard()->text(), QStringLiteral("first\n\u2022 second"));
    const QImage image = f.grab();
    QCOMPARE(image.pixelColor(f.rectOf(1, "first").topLeft()), Theme::current().selection);
    QCOMPARE(image.pixelColor(f.rectOf(1, "Alpha").topLeft()), Theme::current().background);
    QTest::mouseClick(f.view.viewport(), Qt::LeftButton, {}, f.left(0, "First"));
    QVERIFY(!f.view.hasSelection());
    QTest::mouseClick(f.view.viewport(), Qt::LeftButton, Qt::ShiftModifier, f.right(0, "question"));
    QCOMPARE(f.view.selectedText(), QStringLiteral("First question"));
    QTest::keyClick(&f.view, Qt::Key_Left, Qt::ShiftModifier);
    QCOMPARE(f.view.selectedText(), QStringLiteral("First questio"));
}

void TestChatView::selectsWordsAndBlocks() {
    Fixture f;
    const QPoint place = f.rectOf(1, "gamma", 2).center();
    QTest::mouseDClick(f.view.viewport(), Qt::LeftButton, {}, place);
    QCOMPARE(f.view.selectedText(), QStringLiteral("gamma"));
    QTest::mouseClick(f.view.viewport(), Qt::LeftButton, {}, place); // the third click
    QCOMPARE(f.view.selectedText(), QStringLiteral("Alpha beta gamma"));
    QTest::qWait(QApplication::doubleClickInterval() + 50);
    QTest::mouseDClick(f.view.viewport(), Qt::LeftButton, {}, f.rectOf(1, "Alpha", 2).center());
    QTest::mousePress(f.view.viewport(), Qt::LeftButton, Qt::ShiftModifier, f.rectOf(1, "beta", 1).center());
    QTest::mouseRelease(f.view.viewport(), Qt::LeftButton, Qt::ShiftModifier,
                        f.rectOf(1, "beta", 1).center());
    QVERIFY(f.view.selectedText().startsWith(u"Alpha"));
}

void TestChatView::selectAllCopiesEverything() {
    Fixture f;
    QTest::keyClick(&f.view, Qt::Key_A, Qt::ControlModifier);
    QVERIFY(f.view.hasSelection());
    QTest::keyClick(&f.view, Qt::Key_C, Qt::ControlModifier);
    const QString expected = QStringLiteral(
        "First question\nwith a second line\n\nAlpha beta gamma\n\n\u2022 first\n\u2022 second\n\n"
        "x = 1\ny = 2\n\nSee docs and bad (file:///etc/passwd).\n\nLast question");
    QCOMPARE(QApplication::clipboard()->text(), expected);
    const QByteArray markdown = QApplication::clipboard()->mimeData()->data(QStringLiteral("text/markdown"));
    QVERIFY(QString::fromUtf8(markdown).contains(answer));
    f.view.clearSelection();
    QVERIFY(f.view.selectedText().isEmpty());
}

void TestChatView::copiesCode() {
    Fixture f;
    const QRect code = f.rectOf(1, "x = 1");
    QApplication::clipboard()->clear();
    QTest::mouseClick(f.view.viewport(), Qt::LeftButton, {},
                      QPoint(f.view.viewport()->width() - 60, code.center().y() - 34));
    QCOMPARE(QApplication::clipboard()->text(), QStringLiteral("x = 1\ny = 2"));
}

void TestChatView::opensOnlyHarmlessLinks() {
    Fixture f;
    QSignalSpy links(&f.view, &ChatView::linkActivated);
    QTest::mouseClick(f.view.viewport(), Qt::LeftButton, {}, f.rectOf(1, "docs", 1).center());
    QCOMPARE(links.count(), 1);
    QCOMPARE(links[0][0].toString(), QStringLiteral("https://example.org/x"));
    QTest::mouseClick(f.view.viewport(), Qt::LeftButton, {}, f.rectOf(1, "bad", 1).center());
    f.drag(f.left(1, "docs"), f.right(1, "docs")); // a selection opens nothing
    QCOMPARE(links.count(), 1);
}

void TestChatView::horizonDimsExactly() {
    Fixture f;
    const Theme& theme = Theme::current();
    const int offset = static_cast<int>(answer.indexOf(u"gamma"));
    f.model.setHorizon(1, offset, 1310);
    QCoreApplication::processEvents();
    const QImage image = f.grab();
    const auto inkOf = [&](int row, const char* word, int extra) {
        return ink(image, f.rectOf(row, QLatin1String(word), extra), theme.background);
    };
    QVERIFY(nearly(inkOf(1, "Alpha", 0), theme.forgotten));
    QVERIFY(nearly(inkOf(1, "beta", 3), theme.forgotten));
    QVERIFY(nearly(inkOf(1, "gamma", 2), theme.text));
    QVERIFY(nearly(inkOf(1, "first", 1), theme.text));
    QVERIFY(nearly(ink(image, f.rectOf(0, "First"), theme.background), theme.forgotten));
    f.model.setHorizon(1, offset + 3, 1310); // inside a word
    QCoreApplication::processEvents();
    const QImage inside = f.grab();
    QVERIFY(nearly(ink(inside, f.rectOf(1, "gamma", 2), theme.background), theme.forgotten));
    QVERIFY(nearly(ink(inside, f.rectOf(1, "gamma", 3).adjusted(1, 0, -1, 0), theme.background), theme.text));
    f.model.setHorizon(-1, 0, 0);
    QCoreApplication::processEvents();
    QVERIFY(nearly(ink(f.grab(), f.rectOf(1, "Alpha"), theme.background), theme.text));
}

void TestChatView::bubbleIsOutlinedWhenForgotten() {
    Fixture f;
    const QPoint inside = f.rectOf(0, "First").topLeft() - QPoint(6, 2);
    QCOMPARE(f.grab().pixelColor(inside), Theme::current().ownMessage);
    f.model.setHorizon(1, 0, 12);
    QCoreApplication::processEvents();
    const QPoint moved = f.rectOf(0, "First").topLeft() - QPoint(6, 2);
    QCOMPARE(f.grab().pixelColor(moved), Theme::current().background);
}

void TestChatView::highlightIsBehindItsGlyphs() {
    Fixture f;
    const int begin = static_cast<int>(answer.indexOf(u"beta"));
    f.view.setHighlights({{{2, begin}, {2, begin + 4}, 1.0F}});
    QCoreApplication::processEvents();
    const QImage image = f.grab();
    const auto ground = [&](const char* word, int extra) { // just above the small letters
        const QRect rect = f.rectOf(1, QLatin1String(word), extra);
        return image.pixelColor(rect.center().x(), rect.top() + 3);
    };
    const QColor plain = Theme::current().background;
    QCOMPARE(ground("Alpha", 4), plain);
    QVERIFY(ground("beta", 1) != plain && ground("beta", 3) != plain);
    QCOMPARE(ground("gamma", 1), plain);
    QVERIFY(ground("beta", 1).blue() > plain.blue());
    f.view.setHighlights({});
    QCoreApplication::processEvents();
    QCOMPARE(f.grab().pixelColor(f.rectOf(1, "beta", 1).center().x(), f.rectOf(1, "beta", 1).top() + 3),
             plain);
}

void TestChatView::highlightTakesWholeGraphemes() {
    Fixture f;
    const QString text = QStringLiteral("a e\u0301x b"); // e with a combining accent
    f.model.append(message(9, Role::Assistant, text));
    QCoreApplication::processEvents();
    f.view.setHighlights({{{9, 3}, {9, 4}, 1.0F}}); // the accent alone
    QCoreApplication::processEvents();
    const QImage image = f.grab();
    const QRect letter = f.rectOf(3, "e");
    QVERIFY(image.pixelColor(letter.left() + 1, letter.bottom() - 4) != Theme::current().background);
    const QRect next = f.rectOf(3, "x");
    QCOMPARE(image.pixelColor(next.right() - 1, next.bottom() - 3), Theme::current().background);
}

// The grounds of both themes, at the usual size and at twice that.
/// Of models that think before they answer: shown in full, and set off from the answer, while it is written, too.
void TestChatView::aThoughtStandsApart() {
    const QString thought = QStringLiteral("<think>\nThe person greets.\n\nSo shall I.");
    for (const bool isWritten : {false, true}) {
        Fixture f;
        f.model.append(
            isWritten ? message(4, Role::Assistant, thought + QStringLiteral("\n</think>\n\nHello there."))
                      : message(4, Role::Assistant, thought, MessageState::Streaming));
        QCoreApplication::processEvents();
        const int edge = f.rectOf(1, "Alpha").left(); // of answers
        for (const char* word : {"<think>", "So shall"})
            QVERIFY2(f.rectOf(3, word).left() > edge, word);
        if (isWritten) {
            QVERIFY(f.rectOf(3, "</think>").left() > edge);
            QCOMPARE(f.rectOf(3, "Hello").left(), edge);
        }
    }
}

void TestChatView::bothThemesPaint() {
    for (const Theme& theme : {Theme::lightTheme(), Theme::darkTheme()}) {
        Theme::apply(theme);
        Fixture f;
        QCOMPARE(f.grab().pixelColor(4, 4), theme.background);
        QVERIFY(nearly(ink(f.grab(), f.rectOf(1, "Alpha"), theme.background), theme.text));
        QPixmap twice(f.view.viewport()->size() * 2);
        twice.setDevicePixelRatio(2);
        f.view.viewport()->render(&twice);
        const QRect rect = f.rectOf(1, "Alpha");
        const QRect scaled(rect.topLeft() * 2, rect.size() * 2);
        QVERIFY(nearly(ink(twice.toImage(), scaled, theme.background), theme.text));
    }
}

QTEST_MAIN(TestChatView)
#include "tst_chat_view.moc"
