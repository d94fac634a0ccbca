// What can be done in the transcript: streaming, actions, keyboard, search, assistive technology.
#include "chat_fixture.h"
#include "tests/support/patience.h"

#include <QApplication>
#include <QClipboard>
#include <QMimeData>
#include <QScrollBar>
#include <QSignalSpy>

using namespace chat_test;

class TestChatActions : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        Theme::loadFonts();
        Theme::apply(Theme::darkTheme());
    }
    void streamingPaintsOnlyWhatChanged();
    void caretStandsAtTheEnd();
    void actionsByPointer();
    void actionsByKeyboard();
    void actionsFollowTheState();
    void keysScroll();
    void hoverAndPin();
    void finds();
    void readsAloud();
    void accessibleSelection();
    void survivesChangesUnderTheSelection();
};

void TestChatActions::streamingPaintsOnlyWhatChanged() {
    Fixture f;
    QString filler;
    for (int i = 0; i < 40; ++i)
        filler += QStringLiteral("paragraph\n\n");
    f.model.append(message(4, Role::Assistant, filler));
    f.model.append(message(5, Role::Assistant, QStringLiteral("Short"), MessageState::Streaming));
    QCoreApplication::processEvents();
    const int top = f.view.verticalScrollBar()->value();
    Painted painted(f.view.viewport());
    f.model.growText(4, QStringLiteral(" and"));
    QCoreApplication::processEvents();
    QCOMPARE(f.view.verticalScrollBar()->value(), top);
    QVERIFY(!painted.area.isEmpty());
    QVERIFY2(painted.area.boundingRect().height() < 80,
             qPrintable(QString::number(painted.area.boundingRect().height())));
}

void TestChatActions::caretStandsAtTheEnd() {
    Fixture f;
    f.model.append(message(4, Role::Assistant, QStringLiteral("Word"), MessageState::Streaming));
    QCoreApplication::processEvents();
    const QRect last = f.rectOf(3, "d");
    QCOMPARE(f.grab().pixelColor(last.right() + 8, last.center().y()), Theme::current().accent);
    f.model.change(3, message(4, Role::Assistant, QStringLiteral("Word"), MessageState::Done));
    QCoreApplication::processEvents();
    QCOMPARE(f.grab().pixelColor(last.right() + 8, last.center().y()), Theme::current().background);
}

void TestChatActions::actionsByPointer() {
    Fixture f;
    QSignalSpy copied(&f.view, &ChatView::copyRequested), again(&f.view, &ChatView::regenerateRequested);
    const QPoint name(f.view.viewport()->width() - 42, f.rectOf(1, "Alpha").top() - 13);
    const QImage before = f.grab();
    f.move(name); // the actions appear under the pointer
    QCoreApplication::processEvents();
    QVERIFY(f.grab() != before);
    QTest::mouseClick(f.view.viewport(), Qt::LeftButton, {}, name);
    QTest::mouseClick(f.view.viewport(), Qt::LeftButton, {}, name - QPoint(24, 0));
    QCOMPARE(copied.count(), 1);
    QCOMPARE(copied[0][0].toLongLong(), 2);
    QCOMPARE(again.count(), 1);
    QVERIFY(!f.view.hasSelection());
}

void TestChatActions::actionsByKeyboard() {
    Fixture f;
    f.view.setFocus();
    QSignalSpy edited(&f.view, &ChatView::editRequested), links(&f.view, &ChatView::linkActivated);
    QTest::keyClick(&f.view, Qt::Key_Up, Qt::ControlModifier); // the last message
    QCOMPARE(f.accessible()->focusChild(), f.accessible()->child(2));
    QTest::keyClick(&f.view, Qt::Key_Tab);
    QTest::keyClick(&f.view, Qt::Key_Tab);
    QTest::keyClick(&f.view, Qt::Key_Return);
    QCOMPARE(edited.count(), 1);
    QCOMPARE(edited[0][0].toLongLong(), 3);
    QTest::keyClick(&f.view, Qt::Key_Up, Qt::ControlModifier);
    QCOMPARE(f.accessible()->focusChild(), f.accessible()->child(1));
    const int actions = static_cast<int>(f.accessible()->child(1)->actionInterface()->actionNames().size());
    for (int i = 0; i < actions; ++i)
        QTest::keyClick(&f.view, Qt::Key_Tab);
    QTest::keyClick(&f.view, Qt::Key_Return); // links come last
    QCOMPARE(links.count(), 1);
}

void TestChatActions::actionsFollowTheState() {
    Fixture f;
    const auto names = [&](int row) { return f.accessible()->child(row)->actionInterface()->actionNames(); };
    QVERIFY(names(1).contains(ChatView::tr("Answer again")));
    QVERIFY(names(0).contains(ChatView::tr("Edit and send again")));
    f.view.setAnswering(true);
    QVERIFY(!names(1).contains(ChatView::tr("Answer again")));
    QVERIFY(!names(0).contains(ChatView::tr("Edit and send again")));
    f.view.setAnswering(false);
    Message stopped = message(4, Role::Assistant, QStringLiteral("Half"), MessageState::Interrupted);
    stopped.versions = 3;
    stopped.version = 2;
    f.model.append(stopped);
    f.view.setCanContinue(true);
    QVERIFY(!names(1).contains(ChatView::tr("Continue")));
    QVERIFY(names(3).contains(ChatView::tr("Continue")));
    QSignalSpy goesOn(&f.view, &ChatView::continueRequested), versions(&f.view, &ChatView::versionRequested);
    f.accessible()->child(3)->actionInterface()->doAction(ChatView::tr("Continue"));
    QCOMPARE(goesOn.count(), 1);
    f.accessible()->child(3)->actionInterface()->doAction(ChatView::tr("Previous version"));
    f.accessible()->child(3)->actionInterface()->doAction(ChatView::tr("Next version"));
    QCOMPARE(versions.count(), 2);
    QCOMPARE(versions[0][1].toInt(), -1);
    QCOMPARE(versions[1][1].toInt(), 1);
}

void TestChatActions::keysScroll() {
    Fixture f;
    for (int i = 0; i < 60; ++i)
        f.model.append(
            message(10 + i, i % 2 ? Role::Assistant : Role::User, QStringLiteral("some words in a row")));
    QScrollBar* bar = f.view.verticalScrollBar();
    QCOMPARE(bar->value(), bar->maximum());
    QTest::keyClick(&f.view, Qt::Key_PageUp);
    const int page = bar->value();
    QVERIFY(page < bar->maximum());
    QTest::keyClick(&f.view, Qt::Key_Up);
    QVERIFY(bar->value() < page);
    QTest::keyClick(&f.view, Qt::Key_Home);
    QCOMPARE(bar->value(), 0);
    QTest::keyClick(&f.view, Qt::Key_PageDown);
    QVERIFY(bar->value() > 0);
    QTest::keyClick(&f.view, Qt::Key_End);
    QCOMPARE(bar->value(), bar->maximum());
}

void TestChatActions::hoverAndPin() {
    Fixture f;
    QSignalSpy hovered(&f.view, &ChatView::textHovered), pinned(&f.view, &ChatView::textPinned);
    f.move(f.rectOf(1, "gamma", 2).center());
    QVERIFY(hovered.wait(test::PatienceMs));
    auto place = hovered.last()[0].value<TextPlace>();
    QCOMPARE(place.message, 2);
    QCOMPARE(place.offset, static_cast<int>(answer.indexOf(u"gamma")) + 2);
    QTest::keyClick(&f.view, Qt::Key_Return);
    QCOMPARE(pinned.count(), 1);
    QCOMPARE(pinned[0][0].value<TextPlace>().offset, place.offset);
    f.move({f.view.viewport()->width() - 3, 3});
    QVERIFY(hovered.wait(test::PatienceMs));
    QCOMPARE(hovered.last()[0].value<TextPlace>().message, 0);
    QTest::keyClick(&f.view, Qt::Key_Up, Qt::ControlModifier);
    QTest::keyClick(&f.view, Qt::Key_Up, Qt::ControlModifier);
    QTest::keyClick(&f.view, Qt::Key_Right); // Alpha
    QTest::keyClick(&f.view, Qt::Key_Right); // beta
    QCOMPARE(hovered.last()[0].value<TextPlace>().offset, static_cast<int>(answer.indexOf(u"beta")));
    QTest::keyClick(&f.view, Qt::Key_Return);
    QCOMPARE(pinned.last()[0].value<TextPlace>().offset, static_cast<int>(answer.indexOf(u"beta")));
    QTest::keyClick(&f.view, Qt::Key_Left);
    QCOMPARE(hovered.last()[0].value<TextPlace>().offset, 0);
}

void TestChatActions::finds() {
    Fixture f;
    for (int i = 0; i < 60; ++i)
        f.model.append(
            message(10 + i, i % 2 ? Role::Assistant : Role::User, QStringLiteral("words without it")));
    QScrollBar* bar = f.view.verticalScrollBar();
    f.view.setFindText(QStringLiteral("alpha BETA")); // across markup, in any case
    QVERIFY(f.view.findNext(true));
    QVERIFY(bar->value() < bar->maximum() / 2);
    const QRect found = f.rectOf(1, "beta", 1);
    QVERIFY(f.view.viewport()->rect().contains(found));
    QVERIFY(f.grab().pixelColor(found.center().x(), found.top() + 4) != Theme::current().background);
    f.view.setFindText(QStringLiteral("words without it"));
    QVERIFY(f.view.findNext());
    const int first = bar->value();
    for (int i = 0; i < 59; ++i)
        QVERIFY(f.view.findNext());
    QVERIFY(bar->value() > first);
    QVERIFY(f.view.findNext()); // round to the first
    QVERIFY(bar->value() < bar->maximum() / 2);
    f.view.setFindText(QStringLiteral("nothing like this"));
    QVERIFY(!f.view.findNext());
    f.view.setFindText({});
    QVERIFY(!f.view.findNext());
}

void TestChatActions::readsAloud() {
    Fixture f;
    QAccessibleInterface* view = f.accessible();
    QVERIFY(view && view->textInterface());
    QCOMPARE(view->text(QAccessible::Name), ChatView::tr("Transcript"));
    QCOMPARE(view->childCount(), 3);
    QCOMPARE(view->child(0)->text(QAccessible::Name), ChatView::tr("You said"));
    QCOMPARE(view->child(1)->text(QAccessible::Name), ChatView::tr("Sumidero said"));
    QCOMPARE(view->child(0)->text(QAccessible::Value), QStringLiteral("First question\nwith a second line"));
    QCOMPARE(view->indexOfChild(view->child(1)), 1);
    QAccessibleTextInterface* text = view->textInterface();
    const QString all = text->text(0, text->characterCount());
    QVERIFY(all.startsWith(
        ChatView::tr("You said") + QStringLiteral(":\nFirst question\nwith a second line\n\n") +
        ChatView::tr("Sumidero said") + QStringLiteral(":\nAlpha beta gamma\n\n\u2022 first")));
    QCOMPARE(all.size(), text->characterCount());
    for (int begin = 0; begin + 7 < all.size(); begin += 5)
        QCOMPARE(text->text(begin, begin + 7), all.mid(begin, 7));
    const int at = static_cast<int>(all.indexOf(u"gamma"));
    const QRect rect = text->characterRect(at);
    QVERIFY(rect.isValid());
    QCOMPARE(text->offsetAtPoint(rect.center() - QPoint(2, 0)), at);
    f.model.growText(2, QStringLiteral(" and more"));
    QVERIFY(text->text(0, text->characterCount()).endsWith(u"Last question and more\n\n"));
    QVERIFY(view->childAt(rect.center().x(), rect.center().y()) == view->child(1));
    f.model.setHorizon(1, 0, 5);
    QVERIFY(!view->child(0)->text(QAccessible::Description).isEmpty());
    QVERIFY(view->child(1)->text(QAccessible::Description).isEmpty());
    f.model.reset({});
    QCOMPARE(view->childCount(), 0);
    QCOMPARE(text->characterCount(), 0);
    QVERIFY(!view->child(0));
}

void TestChatActions::accessibleSelection() {
    Fixture f;
    QAccessibleTextInterface* text = f.accessible()->textInterface();
    const QString all = text->text(0, text->characterCount());
    const int begin = static_cast<int>(all.indexOf(u"second line")),
              end = static_cast<int>(all.indexOf(u"gamma"));
    text->setSelection(0, begin, end);
    QCOMPARE(f.view.selectedText(), QStringLiteral("second line\n\nAlpha beta "));
    int from = 0, to = 0;
    text->selection(0, &from, &to);
    QCOMPARE(from, begin);
    QCOMPARE(to, end);
    text->removeSelection(0);
    QCOMPARE(text->selectionCount(), 0);
}

void TestChatActions::survivesChangesUnderTheSelection() {
    Fixture f;
    QTest::keyClick(&f.view, Qt::Key_A, Qt::ControlModifier);
    f.model.append(message(4, Role::Assistant, {}, MessageState::Streaming));
    f.model.growText(3, QStringLiteral("new"));
    QVERIFY(f.view.selectedText().endsWith(u"Last question"));
    f.model.truncate(1);
    QVERIFY(!f.view.hasSelection());
    f.view.selectAll();
    QCOMPARE(f.view.selectedText(), QStringLiteral("First question\nwith a second line"));
    f.model.change(0, message(1, Role::User, QStringLiteral("x")));
    QVERIFY(f.view.selectedText().size() <= 1);
    f.model.reset({});
    QVERIFY(!f.view.hasSelection());
    QTest::keyClick(&f.view, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClick(&f.view, Qt::Key_Down, Qt::ControlModifier);
    QTest::mouseClick(f.view.viewport(), Qt::LeftButton, {}, QPoint(100, 100));
    f.view.setModel(nullptr);
    QTest::keyClick(&f.view, Qt::Key_End);
    f.grab();
}

QTEST_MAIN(TestChatActions)
#include "tst_chat_actions.moc"
