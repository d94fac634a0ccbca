// Older messages come in above what is seen: nothing moves, and what was marked stays marked.
#include "chat_fixture.h"

#include <QScrollBar>

using namespace chat_test;

class TestChatViewPrepend : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        Theme::loadFonts();
        Theme::apply(Theme::lightTheme());
    }
    void nothingMoves_data();
    void nothingMoves();
    void theSelectionStays();

private:
    static QList<Message> rows(int from, int count) {
        QList<Message> result;
        for (int i = from; i < from + count; ++i)
            result.append(
                message(i + 1, i % 2 ? Role::Assistant : Role::User,
                        QStringLiteral("Message %1 of several words. ").arg(i).repeated(1 + i % 7)));
        return result;
    }
};

void TestChatViewPrepend::nothingMoves_data() {
    QTest::addColumn<double>("place");
    QTest::newRow("at the end") << 1.0;
    QTest::newRow("in the middle") << 0.5;
    QTest::newRow("at the beginning") << 0.0;
}

void TestChatViewPrepend::nothingMoves() {
    QFETCH(double, place);
    Fixture f;
    f.model.reset(rows(3000, 60), false);
    QScrollBar* bar = f.view.verticalScrollBar();
    bar->setValue(qRound(bar->maximum() * place));
    QCoreApplication::processEvents();
    const QImage before = f.grab();
    const int maximum = bar->maximum();
    for (const int from : {2500, 500, 0}) {
        const int count = f.model.at(0).id - 1 - from;
        f.model.prepend(rows(from, count), from == 0);
        QCoreApplication::processEvents();
        const QRect text(0, 0, f.view.viewport()->width() - 20, f.view.viewport()->height());
        // The first row of all has a margin above it, the others their neighbours.
        const QRect compared = place == 0.0 ? text.adjusted(0, 40, 0, 0) : text;
        QCOMPARE(f.grab().copy(compared), before.copy(compared));
    }
    QVERIFY(bar->maximum() > 20 * maximum);
    QCOMPARE(bar->value() == bar->maximum(), place == 1.0);
    bar->setValue(0);
    QCOMPARE(f.plain(0), rows(0, 1)[0].text);
}

void TestChatViewPrepend::theSelectionStays() {
    Fixture f;
    f.drag(f.left(0, "second"), f.right(1, "beta"));
    const QString selected = f.view.selectedText();
    QVERIFY(!selected.isEmpty());
    f.model.prepend(rows(100, 400), true);
    QCOMPARE(f.view.selectedText(), selected);
}

QTEST_MAIN(TestChatViewPrepend)
#include "tst_chat_view_prepend.moc"
