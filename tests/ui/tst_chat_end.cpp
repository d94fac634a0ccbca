// The end of a chat can always be reached, whatever its messages were thought to take before they were seen.
#include "chat_fixture.h"
#include "tests/support/patience.h"
#include "tests/ui/window_fixture.h"
#include "ui/page/chat_page.h"
#include "ui/side/chat_list.h"
#include "ui/side/side_pane.h"

#include <QAbstractButton>
#include <QScrollBar>

using namespace chat_test;

namespace {

// Code and a table: lines far shorter than the estimate of a message believes.
QString codeAndTable(bool longLines) {
    QString text = QStringLiteral("```python\n");
    for (int i = 0; i < 14; ++i)
        text +=
            longLines
                ? QStringLiteral("    result[%1] = compute(x=%1, y='%1', mode=MODE_%1)  # step %1\n").arg(i)
                : QStringLiteral("    result[%1] = compute(x=%1)  # step %1\n").arg(i);
    text += QStringLiteral("```\n\n| Name | Value | Unit |\n|---|---:|---|\n");
    for (int i = 0; i < 8; ++i)
        text += QStringLiteral("| item_%1 | %2 | kg |\n").arg(i).arg(1.5 * i);
    return text.trimmed();
}

QList<Message> turns(int count, bool longLines) {
    QList<Message> all;
    for (int i = 0; i < count; ++i) {
        all.append(message(2 * i + 1, Role::User,
                           longLines ? QStringLiteral("Write code %1 please").arg(i) : QStringLiteral("Q")));
        all.append(message(2 * i + 2, Role::Assistant, codeAndTable(longLines)));
    }
    return all;
}

// Where the last character of a message stands, in the viewport.
QRect endOf(ChatView& view, int row) {
    QAccessibleInterface* each = QAccessible::queryAccessibleInterface(&view)->child(row);
    const QRect global = each->textInterface()->characterRect(each->textInterface()->characterCount() - 1);
    return {view.viewport()->mapFromGlobal(global.topLeft()), global.size()};
}

bool endIsSeen(ChatView& view, int row) {
    const QRect end = endOf(view, row);
    const int height = view.viewport()->height();
    return end.isValid() && end.bottom() < height && end.bottom() > height - 60;
}

} // namespace

class TestChatEnd : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        Theme::loadFonts();
        Theme::apply(Theme::darkTheme());
    }
    void isReached_data();
    void isReached();
    void paintingMovesNothing();
    void isReachedInTheWindow();
    void buttonLeadsThere();
    void columnStaysWhenTheBarComes();
};

void TestChatEnd::isReached_data() {
    QTest::addColumn<int>("count");
    QTest::addColumn<bool>("longLines");
    for (int count : {2, 3, 5}) {
        for (bool longLines : {false, true})
            QTest::addRow("%d turns, %s lines", count, longLines ? "long" : "short") << count << longLines;
    }
}

// In windows whose upper edge stands just below the edge of a message: what is painted reaches a little further.
void TestChatEnd::isReached() {
    QFETCH(int, count);
    QFETCH(bool, longLines);
    const QList<Message> all = turns(count, longLines);
    const int last = static_cast<int>(all.size()) - 1;
    app::TranscriptModel model;
    model.reset(all);
    QList<int> heights{400, 640, 800};
    {
        ChatView tall;
        tall.resize(720, 6000);
        tall.setModel(&model);
        tall.show();
        for (int row = std::max(0, last - 3); row <= last; row += 2) {
            const QRect question = QAccessible::queryAccessibleInterface(&tall)->child(row)->rect();
            const int fromEnd = 6000 - tall.viewport()->mapFromGlobal(question.topLeft()).y();
            for (int more = -6; more <= 42; more += 6)
                heights.append(fromEnd + more);
        }
    }
    for (int height : heights) {
        ChatView view;
        view.resize(720, height);
        view.setModel(&model);
        view.show();
        view.viewport()->grab();
        view.viewport()->grab(); // what the first painting found out shows in the second
        QVERIFY2(endIsSeen(view, last), qPrintable(QStringLiteral("opened, %1 high").arg(height)));
        QScrollBar* bar = view.verticalScrollBar();
        if (height > 800 || bar->maximum() == 0)
            continue;
        bar->setValue(bar->maximum() / 2);
        view.viewport()->grab();
        for (int i = 0; i < 40 && bar->value() < bar->maximum(); ++i) {
            bar->setValue(bar->value() + 90);
            view.viewport()->grab();
        }
        QVERIFY2(endIsSeen(view, last), qPrintable(QStringLiteral("scrolled, %1 high").arg(height)));
    }
}

// Looking at a page, asking it and reading it aloud leave everything where it stands.
void TestChatEnd::paintingMovesNothing() {
    app::TranscriptModel model;
    model.reset(turns(6, true));
    ChatView view;
    view.resize(720, 410);
    view.setModel(&model);
    view.show();
    QScrollBar* bar = view.verticalScrollBar();
    for (int value = bar->maximum(); value > 0; value -= 61) {
        bar->setValue(value);
        const QImage first = view.viewport()->grab().toImage();
        const int range = bar->maximum(), top = bar->value();
        for (int row = 0; row < model.count(); ++row)
            QAccessible::queryAccessibleInterface(&view)->child(row)->text(QAccessible::Value);
        view.selectAll();
        view.clearSelection();
        QCOMPARE(view.viewport()->grab().toImage(), first);
        QCOMPARE(bar->maximum(), range);
        QCOMPARE(bar->value(), top);
    }
}

void TestChatEnd::isReachedInTheWindow() {
    test::WindowFixture f([](app::Database& database) {
        for (int count : {2, 3, 5}) {
            const app::ChatId chat = database.createChat(QStringLiteral("%1 turns").arg(count), {});
            app::MessageId leaf = 0;
            for (const Message& each : turns(count, count == 5)) {
                if (each.role == Role::User) {
                    leaf = database.appendUserMessage(chat, leaf, each.text).id;
                    continue;
                }
                leaf = database.beginAnswer(chat, leaf, {}).id;
                database.appendChunk(leaf, each.text);
                database.finishAnswer(leaf, MessageState::Done, 10, 10);
            }
        }
    });
    f.start();
    for (const app::ChatSummary& chat : f.controller->chats()) {
        f.controller->openChat(chat.id);
        QTRY_VERIFY(f.controller->currentChat() == chat.id && f.controller->transcript().count() > 0);
        for (int height = 800; height < 1000; height += 16) { // the upper edge stands at many places
            f.window->resize(1000, height);
            QCoreApplication::processEvents();
            ChatView& view = *f.window->page()->view();
            view.viewport()->grab();
            view.viewport()->grab();
            QVERIFY2(endIsSeen(view, f.controller->transcript().count() - 1),
                     qPrintable(QStringLiteral("%1, %2 high").arg(chat.title).arg(height)));
        }
    }
}

void TestChatEnd::buttonLeadsThere() {
    app::TranscriptModel model;
    model.reset(turns(4, false));
    ChatView view;
    view.resize(720, 500);
    view.setModel(&model);
    view.show();
    auto* button = view.findChild<QAbstractButton*>();
    QVERIFY(button && !button->accessibleName().isEmpty());
    QVERIFY(!button->isVisible()); // opened at the end
    QScrollBar* bar = view.verticalScrollBar();
    bar->setValue(bar->maximum() / 3);
    QVERIFY(button->isVisible());
    QVERIFY(view.viewport()->geometry().contains(button->geometry()));
    QVERIFY(qAbs(button->geometry().center().x() - view.width() / 2) <= 1);
    const int before = bar->value();
    model.append(message(20, Role::Assistant, {}, MessageState::Streaming)); // what is written moves nobody
    model.growText(8, QStringLiteral("an answer\n\n").repeated(30));
    QCOMPARE(bar->value(), before);
    QVERIFY(button->isVisible());
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(bar->value(), bar->maximum());
    QVERIFY(endIsSeen(view, 8));
    QVERIFY(!button->isVisible());
    bar->setValue(0);
    view.setFocus();
    QTest::keyClick(&view, Qt::Key_End);
    QCOMPARE(bar->value(), bar->maximum());
    QVERIFY(!button->isVisible());
    bar->setValue(0);
    button->setFocus();
    QTest::keyClick(button, Qt::Key_Space);
    QCOMPARE(bar->value(), bar->maximum());
    QVERIFY(!button->isVisible());
}

void TestChatEnd::columnStaysWhenTheBarComes() {
    app::TranscriptModel model;
    model.reset({message(1, Role::User, QStringLiteral("Question")), message(2, Role::Assistant, {})});
    ChatView view;
    for (int width : {500, 640, 900}) {
        model.reset({message(1, Role::User, QStringLiteral("Question")),
                     message(2, Role::Assistant, {}, MessageState::Streaming)});
        view.resize(width, 400);
        view.setModel(&model);
        view.show();
        model.growText(1, QStringLiteral("an answer"));
        const int left = endOf(view, 1).left();
        QTRY_VERIFY(!view.verticalScrollBar()->isVisible());
        model.growText(1, QStringLiteral("\n\nan answer").repeated(30));
        QTRY_VERIFY(view.verticalScrollBar()->isVisible());
        QCOMPARE(endOf(view, 1).left(), left);
    }
}

QTEST_MAIN(TestChatEnd)
#include "tst_chat_end.moc"
