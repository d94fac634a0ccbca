// Whatever is pasted, typing stays quick and nothing of it is lost.
#include "tests/support/patience.h"
#include "tests/ui/window_fixture.h"
#include "ui/chat_view.h"
#include "ui/page/chat_page.h"
#include "ui/page/composer.h"
#include "ui/page/pasted_viewer.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QMimeData>
#include <QPushButton>

using test::WindowFixture;
using ui::Composer;
using ui::GrowingTextEdit;
using ui::pasted::Part;

namespace {

const QString words = QStringLiteral("lorem ipsum dolor sit amet "), word(1'000'000, u'x');

/// What a key costs until it is painted.
double costOfKey(GrowingTextEdit* edit) {
    QList<double> costs;
    for (int i = 0; i < 7; ++i) {
        const double before = test::threadMs();
        QTest::keyClick(edit, Qt::Key_A);
        edit->repaint();
        costs += test::threadMs() - before;
    }
    std::sort(costs.begin(), costs.end());
    return costs.at(costs.size() / 2);
}

void pasteInto(GrowingTextEdit* edit, const QString& text) {
    QGuiApplication::clipboard()->setText(text);
    edit->QPlainTextEdit::paste();
}

void twoChats(app::Database& database) {
    for (int i = 0; i < 2; ++i)
        database.appendUserMessage(database.createChat(QStringLiteral("Chat"), {}), 0,
                                   QStringLiteral("hello"));
}

} // namespace

class TestPastedText : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        ui::Theme::loadFonts();
        ui::Theme::apply(ui::Theme::lightTheme());
    }

    void typingStaysQuick_data() {
        QTest::addColumn<QString>("text");
        QTest::newRow("30 KB without a blank") << word.left(30'000);
        QTest::newRow("1 MB without a blank") << word;
        QTest::newRow("1 MB with blanks") << words.repeated(37'000);
        QTest::newRow("1 MB of lines") << (words.repeated(3) + QStringLiteral("\n")).repeated(12'000);
        QTest::newRow("as much as is left in the text") << words.repeated(300);
        QTest::newRow("surrogates") << QStringLiteral("😀").repeated(100'000);
    }

    void typingStaysQuick() {
        QFETCH(QString, text);
        Composer composer;
        composer.resize(620, 120);
        composer.show();
        QVERIFY(QTest::qWaitForWindowExposed(&composer, test::PatienceMs));
        QTest::keyClicks(composer.edit(), QStringLiteral("before "));
        for (int i = 0; i < 3; ++i)
            pasteInto(composer.edit(), text); // pieces that are quick one by one
        const double cost = costOfKey(composer.edit());
        QVERIFY2(cost < 16, qPrintable(QString::number(cost)));
        QCOMPARE(composer.text(), QStringLiteral("before ") + text.repeated(3) + QStringLiteral("aaaaaaa"));
        Composer second; // the same comes back from a draft, and as an old message that is changed
        second.setDraft(composer.draft());
        QCOMPARE(second.edit()->parts(), composer.edit()->parts());
        second.setDraft(composer.text());
        QCOMPARE(second.text(), composer.text());
        second.show();
        QVERIFY(costOfKey(second.edit()) < 16);
    }

    void whatIsShortIsPastedAsItIs() {
        Composer composer;
        const QString code = QStringLiteral("for (;;)\n    go();\n").repeated(200);
        pasteInto(composer.edit(), code);
        QCOMPARE(composer.edit()->toPlainText(), code);
    }

    void undoTakesItBack() {
        Composer composer;
        QTest::keyClicks(composer.edit(), QStringLiteral("ab"));
        QTest::keyClick(composer.edit(), Qt::Key_Left);
        pasteInto(composer.edit(), word);
        QCOMPARE(composer.text(), QStringLiteral("a") + word + QStringLiteral("b"));
        composer.edit()->undo();
        QCOMPARE(composer.text(), QStringLiteral("ab"));
        composer.edit()->redo();
        QCOMPARE(composer.text(), QStringLiteral("a") + word + QStringLiteral("b"));
        QTest::keyClick(composer.edit(), Qt::Key_Backspace); // the whole of it
        QCOMPARE(composer.text(), QStringLiteral("ab"));
        composer.edit()->undo();
        QCOMPARE(composer.text().size(), word.size() + 2);
    }

    void cutAndPastedItKeepsItsPlace() {
        Composer composer;
        composer.setDraft(ui::pasted::toDraft(
            {{QStringLiteral("a"), false}, {word, true}, {word, true}, {QStringLiteral("b\nc"), false}}));
        const QList<Part> parts = composer.edit()->parts();
        QCOMPARE(parts.size(), 4);
        composer.edit()->selectAll();
        composer.edit()->cut();
        QVERIFY(composer.edit()->isBlank());
        QCOMPARE(QGuiApplication::clipboard()->text(), ui::pasted::joined(parts)); // for other programs
        composer.edit()->QPlainTextEdit::paste();
        QCOMPARE(composer.edit()->parts(), parts);
    }

    void aDraftIsGivenBackToTheLetter() {
        const QString mark(QChar(0xfdd0)), object(QChar::ObjectReplacementCharacter);
        const QList<QString> texts{
            QString(),
            mark + QStringLiteral("0+5\nhello"),
            mark,
            mark + QStringLiteral("\n") + mark,
            object + QStringLiteral("of another program"),
            QStringLiteral("\n\n") + word + QStringLiteral("\n\n"),
            words.repeated(200'000).replace(words.size() * 40'000, 1, QStringLiteral("\n"))};
        for (const QString& text : texts) {
            const QList<Part> parts = ui::pasted::folded(text);
            QCOMPARE(ui::pasted::joined(parts), text);
            QCOMPARE(ui::pasted::fromDraft(ui::pasted::toDraft(parts)), parts);
        }
        Composer composer;
        composer.setDraft(object + QStringLiteral("x"));
        QCOMPARE(composer.text(), object + QStringLiteral("x"));
        for (const char* bad : {"5", "0+", "0+99\nshort", "-1+3\nshort", "2+2 1+2\nshort", "+"}) {
            const QString draft = mark + QLatin1String(bad);
            QCOMPARE(ui::pasted::joined(ui::pasted::fromDraft(draft)), draft); // nothing is lost
        }
    }

    void itOpensIsPutIntoTheTextAndIsRemoved() {
        Composer composer;
        composer.resize(620, 120);
        composer.show();
        QVERIFY(QTest::qWaitForWindowExposed(&composer, test::PatienceMs));
        GrowingTextEdit* edit = composer.edit();
        const QString lines = QStringLiteral("a line of it\n").repeated(2'000);
        QTest::keyClicks(edit, QStringLiteral("see "));
        pasteInto(edit, lines);
        QVERIFY(edit->toPlainText().size() < 10);
        QTest::mouseClick(edit->viewport(), Qt::LeftButton, {}, edit->attachmentRect(4).center());
        QVERIFY(edit->viewer());
        QCOMPARE(edit->viewer()->view()->toPlainText(), lines);
        QTest::mouseClick(edit->viewer()->putButton(), Qt::LeftButton);
        QTRY_VERIFY(!edit->viewer());
        QCOMPARE(edit->toPlainText(), QStringLiteral("see ") + lines);
        edit->undo();
        QVERIFY(edit->toPlainText().size() < 10);
        // By key: the cursor goes over it, Enter opens it and sends nothing.
        QSignalSpy sent(&composer, &Composer::sendRequested);
        QTest::keyClick(edit, Qt::Key_End);
        QTest::keyClick(edit, Qt::Key_Left);
        QCOMPARE(edit->chosenAttachment(), 4);
        QTest::keyClick(edit, Qt::Key_Return);
        QVERIFY(edit->viewer());
        QCOMPARE(sent.count(), 0);
        QTest::mouseClick(edit->viewer()->removeButton(), Qt::LeftButton);
        QTRY_VERIFY(!edit->viewer());
        QCOMPARE(composer.text(), QStringLiteral("see "));
        edit->undo();
        const QRect chip = edit->attachmentRect(4);
        QTest::mouseClick(edit->viewport(), Qt::LeftButton, {}, QPoint(chip.right() - 8, chip.center().y()));
        QVERIFY(!edit->viewer());
        QCOMPARE(composer.text(), QStringLiteral("see "));
    }

    void aLongLineIsShownAtOnceAndCopiedWhole() {
        const double before = test::threadMs();
        ui::PastedViewer viewer(word + QStringLiteral("\nend"), nullptr);
        viewer.show();
        QVERIFY(QTest::qWaitForWindowExposed(&viewer, test::PatienceMs));
        viewer.view()->repaint();
        QVERIFY2(test::threadMs() - before < 1'000, qPrintable(QString::number(test::threadMs() - before)));
        QVERIFY(!viewer.putButton()->isEnabled());
        viewer.view()->selectAll();
        viewer.view()->copy();
        QCOMPARE(QGuiApplication::clipboard()->text(), word + QStringLiteral("\nend"));
    }

    void itIsKeptWithItsChatAndSentInItsPlace() {
        WindowFixture f(twoChats);
        f.start();
        Composer* composer = f.window->page()->composer();
        const app::ChatId first = f.controller->chats().at(0).id, second = f.controller->chats().at(1).id;
        f.controller->openChat(first);
        QTRY_COMPARE(f.controller->currentChat(), first);
        QTest::keyClicks(composer->edit(), QStringLiteral("read "));
        pasteInto(composer->edit(), word);
        QTest::keyClicks(composer->edit(), QStringLiteral(" aloud"));
        const QList<Part> parts = composer->edit()->parts();
        const QString text = QStringLiteral("read ") + word + QStringLiteral(" aloud");
        WindowFixture::picture(f.window.get(), QStringLiteral("pasted"));
        Q_EMIT f.window->sidePane()->openRequested(second, 0);
        QTRY_COMPARE(composer->text(), QString());
        Q_EMIT f.window->sidePane()->openRequested(first, 0);
        QTRY_COMPARE(composer->text(), text);
        QCOMPARE(composer->edit()->parts(), parts);
        QTest::keyClick(composer->edit(), Qt::Key_Return);
        QTRY_COMPARE(f.controller->transcript().count(), 3);
        QCOMPARE(f.controller->transcript().at(1).text, text);
        QTRY_COMPARE(f.controller->activity(), app::Activity::Idle);
        Q_EMIT f.window->page()->view()->editRequested(f.controller->transcript().at(1).id);
        QCOMPARE(composer->text(), text);
        QVERIFY(costOfKey(composer->edit()) < 16);
    }
};

QTEST_MAIN(TestPastedText)
#include "tst_pasted_text.moc"
