// One message of a megabyte: it opens at once, its end is its end, and scrolling moves the text by what was asked.
#include "chat_fixture.h"

#include <QScrollBar>

#include <ctime>

using namespace chat_test;

namespace {

/// Sentences with numbers, some of them on lines of their own, so that estimated heights are wrong now and then.
QString book(int size, bool rightToLeft = false) {
    QString text;
    text.reserve(size + 100);
    for (int number = 0; text.size() < size; ++number)
        text += (rightToLeft ? QStringLiteral("كلمة%1 مرحبا بالعالم الجميل%2")
                             : QStringLiteral("word%1 of a sentence that goes on%2"))
                    .arg(number)
                    .arg(number % 7 == 0    ? QStringLiteral(".\n")
                         : number % 31 == 0 ? QStringLiteral(".\n\n")
                                            : QStringLiteral(", "));
    return text + QStringLiteral("the very end");
}

struct Long {
    app::TranscriptModel model;
    ChatView view;
    explicit Long(const QString& text) {
        model.append(message(1, Role::User, QStringLiteral("Before")));
        model.append(message(2, Role::User, text));
        view.resize(720, 700);
        view.setModel(&model);
        view.show();
        view.viewport()->grab();
    }
    QImage line(int y, int height) {
        return view.viewport()->grab(QRect(0, y, view.viewport()->width(), height)).toImage();
    }
};

} // namespace

class TestLongMessage : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        Theme::loadFonts();
        Theme::apply(Theme::darkTheme());
    }
    void opensAtOnce();
    void theEndIsTheEnd_data();
    void theEndIsTheEnd();
    void scrollingMovesByWhatWasAsked();
    void positionsAreThoseOfTheText();
};

void TestLongMessage::opensAtOnce() {
    const QString text = book(1 << 20);
    Long warm(book(1000));                   // fonts are read once
    const std::clock_t begin = std::clock(); // of this process: others are busy, too
    Long chat(text);
    const double ms = 1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    qInfo("a message of %lld characters: %.0f ms", static_cast<long long>(text.size()), ms);
    QVERIFY2(ms < 400, qPrintable(QString::number(ms))); // 900 to 1,400 when all of it was laid out
}

void TestLongMessage::theEndIsTheEnd_data() {
    QTest::addColumn<QString>("text");
    QTest::newRow("sentences") << book(300'000);
    QTest::newRow("Arabic") << book(300'000, true);
    QTest::newRow("one word") << QString(300'000, u'x') + QStringLiteral(" the very end");
    QTest::newRow("short lines") << QStringLiteral("a\n").repeated(60'000) + QStringLiteral("the very end");
    QTest::newRow("code") << QStringLiteral("```\n") +
                                 QStringLiteral("int x = 1; // of many\n").repeated(15'000) +
                                 QStringLiteral("```\nthe very end");
}

void TestLongMessage::theEndIsTheEnd() {
    QFETCH(QString, text);
    Long chat(text);
    QScrollBar* bar = chat.view.verticalScrollBar();
    const auto lastIsSeen = [&] {
        QAccessibleTextInterface* all =
            QAccessible::queryAccessibleInterface(&chat.view)->child(1)->textInterface();
        const QRect last = all->characterRect(all->characterCount() - 1);
        const QPoint place = chat.view.viewport()->mapFromGlobal(last.center());
        return chat.view.viewport()->rect().contains(place) &&
               place.y() > chat.view.viewport()->height() - 100;
    };
    QCOMPARE(bar->value(), bar->maximum());
    QVERIFY(lastIsSeen());
    bar->setValue(0);
    bar->setValue(bar->maximum() / 3);
    QTest::keyClick(&chat.view, Qt::Key_End);
    QCOMPARE(bar->value(), bar->maximum());
    QVERIFY(lastIsSeen());
    for (int i = 0; i < 40; ++i) { // a page up and down again ends where it began
        QTest::keyClick(&chat.view, Qt::Key_PageUp);
        QVERIFY(bar->value() < bar->maximum());
    }
    for (int i = 0; i < 60; ++i)
        QTest::keyClick(&chat.view, Qt::Key_PageDown);
    QCOMPARE(bar->value(), bar->maximum());
    QVERIFY(lastIsSeen());
}

void TestLongMessage::scrollingMovesByWhatWasAsked() {
    Long chat(book(300'000));
    QScrollBar* bar = chat.view.verticalScrollBar();
    const int height = chat.view.viewport()->height();
    for (const int from : {bar->maximum(), bar->maximum() / 2}) {
        bar->setValue(from);
        for (const int step : {-37, -300, -600, 41, 350, -90, -600, -600, 600}) {
            const QImage before = chat.line(0, height);
            bar->setValue(bar->value() + step);
            const QImage after = chat.line(0, height);
            const int common = height - qAbs(step);
            // What was on the screen stands `step` pixels farther up, to the pixel.
            QCOMPARE(after.copy(0, std::max(0, -step), 600, common),
                     before.copy(0, std::max(0, step), 600, common));
        }
    }
}

void TestLongMessage::positionsAreThoseOfTheText() {
    const QString text = book(200'000);
    Long chat(text);
    QAccessibleTextInterface* all =
        QAccessible::queryAccessibleInterface(&chat.view)->child(1)->textInterface();
    QCOMPARE(all->text(0, all->characterCount()), text);
    chat.view.setFindText(QStringLiteral("word1234 "));
    QVERIFY(chat.view.findNext());
    const int at = static_cast<int>(text.indexOf(u"word1234 "));
    const QPoint place = chat.view.viewport()->mapFromGlobal(all->characterRect(at).center());
    QVERIFY(chat.view.viewport()->rect().contains(place));
    QVERIFY(qAbs(all->offsetAtPoint(all->characterRect(at).center()) - at) <= 1);
    chat.view.selectAll();
    QVERIFY(chat.view.selectedText().endsWith(QStringLiteral("the very end")));
    chat.view.viewport()->grab();
}

QTEST_MAIN(TestLongMessage)
#include "tst_long_message.moc"
