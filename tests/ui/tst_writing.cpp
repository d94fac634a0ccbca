// The message field of the whole window: whose text is in it, and what takes it away.
#include "tests/support/patience.h"
#include "tests/ui/window_fixture.h"
#include "ui/chat_view.h"
#include "ui/page/banner.h"
#include "ui/page/chat_page.h"
#include "ui/page/composer.h"
#include "ui/settings/settings_dialog.h"
#include "ui/side/chat_list.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"

#include <atomic>
#include <QPushButton>
#include <QThread>

using test::WindowFixture;
using namespace Qt::StringLiterals;

namespace {

/// "First question" with two answers, each with a question below it; the second version is shown.
void branches(app::Database& database) {
    const app::ChatId chat = database.createChat(u"Branches"_s, {});
    const app::MessageId first = database.appendUserMessage(chat, 0, u"First question"_s).id;
    for (const char* version : {"ONE", "TWO"}) {
        const QString name = QString::fromLatin1(version);
        const app::MessageId answer = database.beginAnswer(chat, first, u"toy"_s).id;
        database.appendChunk(answer, u"Answer version "_s + name);
        database.finishAnswer(answer, app::MessageState::Done, 3, 100);
        const app::MessageId question =
            database.appendUserMessage(chat, answer, u"Second question under "_s + name).id;
        const app::MessageId end = database.beginAnswer(chat, question, u"toy"_s).id;
        database.finishAnswer(end, app::MessageState::Done, 0, 0);
    }
    database.appendUserMessage(database.createChat(u"Other"_s, {}), 0, u"Hello"_s);
}

struct Writing : WindowFixture {
    Writing() : WindowFixture(branches) {}

    void open(const QString& title) {
        for (const app::ChatSummary& chat : controller->chats())
            if (chat.title == title)
                click(chat.id);
        QTRY_VERIFY(!controller->isOpening() && controller->transcript().count() > 0);
    }
    void click(app::ChatId chat) {
        ui::ChatList* list = window->sidePane()->list();
        QTest::mouseClick(list->viewport(), Qt::LeftButton, {},
                          list->visualRect(list->chats()->indexOf(chat)).center());
    }
    void restart() {
        window.reset();
        controller.reset();
        controller = std::make_unique<app::ChatController>(engine, store, library);
        window = std::make_unique<ui::MainWindow>(*controller);
        start();
    }
    ui::Composer* field() { return window->page()->composer(); }
    ui::BannerStack* banners() { return window->page()->banners(); }
    void type(const QString& text) { QTest::keyClicks(field()->edit(), text); }
    void press(Qt::Key key) { QTest::keyClick(field()->edit(), key); }
    app::MessageId idOf(int row) { return controller->transcript().at(row).id; }
    void edit(int row) { Q_EMIT window->page()->view()->editRequested(idOf(row)); }
};

} // namespace

class TestWriting : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { ui::Theme::loadFonts(); }

    void anEditWhoseMessageLeftTheBranchIsNotLost() {
        Writing w;
        w.start();
        w.open(u"Branches"_s);
        w.edit(2);
        w.type(u", better"_s);
        const QString text = u"Second question under TWO, better"_s;
        QCOMPARE(w.field()->text(), text);
        Q_EMIT w.window->page()->view()->versionRequested(w.idOf(1), -1);
        QTRY_COMPARE(w.controller->transcript().at(1).text, u"Answer version ONE"_s);
        w.press(Qt::Key_Return);
        QCOMPARE(w.field()->text(), text); // nobody took it
        QTRY_COMPARE(w.controller->transcript().at(2).text, u"Second question under TWO"_s);
        QVERIFY(!w.banners()->sentence(u"notice"_s).isEmpty());
        w.press(Qt::Key_Return);
        QTRY_COMPARE(w.controller->transcript().at(2).text, text);
        QCOMPARE(w.field()->text(), QString());
        QCOMPARE(w.controller->transcript().at(2).versions, 2);
        QVERIFY(w.banners()->sentence(u"editing"_s).isEmpty());
    }

    void anEditStaysWithItsChat() {
        Writing w;
        w.start();
        w.open(u"Branches"_s);
        w.type(u"my own draft"_s);
        w.edit(2);
        w.type(u" and more"_s);
        w.open(u"Other"_s);
        QCOMPARE(w.field()->text(), QString());
        QVERIFY(w.banners()->sentence(u"editing"_s).isEmpty());
        w.open(u"Branches"_s);
        QCOMPARE(w.field()->text(), u"Second question under TWO and more"_s);
        QVERIFY(!w.banners()->sentence(u"editing"_s).isEmpty());
        w.restart();
        QTRY_COMPARE(w.field()->text(), u"Second question under TWO and more"_s);
        w.press(Qt::Key_Return);
        QCOMPARE(w.field()->text(), u"my own draft"_s);
        QTRY_COMPARE(w.controller->transcript().at(2).text, u"Second question under TWO and more"_s);
        QTRY_COMPARE(w.controller->activity(), app::Activity::Idle);
        w.restart();
        QTRY_COMPARE(w.field()->text(), u"my own draft"_s);
        QVERIFY(w.banners()->sentence(u"editing"_s).isEmpty());
    }

    void escapeCancelsAnEdit() {
        Writing w;
        w.start();
        w.open(u"Branches"_s);
        w.type(u"my own draft"_s);
        w.edit(2);
        w.type(u" and more"_s);
        w.press(Qt::Key_Escape);
        QCOMPARE(w.field()->text(), u"my own draft"_s);
        QVERIFY(w.banners()->sentence(u"editing"_s).isEmpty());
        auto* undo = w.banners()->findChild<QFrame*>(u"edit-cancelled"_s)->findChild<QPushButton*>();
        QTest::mouseClick(undo, Qt::LeftButton);
        QCOMPARE(w.field()->text(), u"Second question under TWO and more"_s);
        w.window->page()->view()->setFocus(); // Escape from anywhere
        QTest::keyClick(w.window->page()->view(), Qt::Key_Escape);
        QTest::keyClick(w.window->page()->view(), Qt::Key_Escape);
        QCOMPARE(w.field()->text(), u"my own draft"_s);
    }

    void theNoticeOfAnEditStaysWhileItLasts() {
        Writing w;
        w.start();
        w.open(u"Branches"_s);
        w.edit(0);
        for (const char* key : {"a", "b", "c", "d"})
            w.banners()->show(
                {ui::BannerText::Tone::Note, QString::fromLatin1(key), u"Something"_s, {}, {}, {}});
        QVERIFY(!w.banners()->sentence(u"editing"_s).isEmpty());
        QCOMPARE(w.banners()->count(), 3);
    }

    void theLastKeysAreSavedWhoeverOpensTheNextChat() {
        Writing w;
        w.start();
        w.open(u"Branches"_s);
        const app::ChatId chat = w.controller->currentChat();
        w.type(u"just now"_s);
        w.controller->newChat(); // not by a click: an import or a deletion does this, too
        QCOMPARE(w.field()->text(), QString());
        w.controller->openChat(chat);
        QTRY_COMPARE(w.field()->text(), u"just now"_s);
    }

    void keysBelongToTheChatThatWasClicked() {
        Writing w;
        w.start();
        w.open(u"Branches"_s);
        w.type(u"old"_s);
        w.open(u"Other"_s);
        w.type(u"mine, "_s);
        w.open(u"Branches"_s);
        const app::ChatId other = w.controller->chats().at(0).title == u"Other"_s
                                      ? w.controller->chats().at(0).id
                                      : w.controller->chats().at(1).id;
        std::atomic_bool go = false; // a long chat is being read
        w.store.run([&go](app::Database&) {
            while (!go)
                QThread::msleep(1);
        });
        w.click(other);
        for (const QChar key : u"what I type"_s) {
            QTest::keyClick(w.field()->edit(), key.toLatin1());
            QTest::qWait(5);
        }
        QCOMPARE(w.field()->text(), u"mine, what I type"_s);
        QVERIFY(w.controller->isOpening());
        w.press(Qt::Key_Return); // goes out when the chat is there
        QCOMPARE(w.field()->text(), u"mine, what I type"_s);
        WindowFixture::picture(w.window.get(), u"opening"_s);
        go = true;
        QTRY_COMPARE(w.controller->transcript().count(), 3);
        QCOMPARE(w.controller->transcript().at(0).text, u"Hello"_s);
        QCOMPARE(w.controller->transcript().at(1).text, u"mine, what I type"_s);
        QCOMPARE(w.field()->text(), QString());
        w.open(u"Branches"_s);
        QCOMPARE(w.field()->text(), u"old"_s);
    }

    void bothInstructionsOfANewChatAreKept() {
        Writing w;
        w.start();
        w.controller->newChat();
        w.window->openSettings(ui::SettingsPage::Chat);
        ui::SettingsDialog* dialog = w.window->settingsDialog();
        QList<QPlainTextEdit*> fields = dialog->findChildren<QPlainTextEdit*>();
        fields.removeIf([](const QPlainTextEdit* field) { return !field->isVisible(); }); // of other pages
        QCOMPARE(fields.size(), 2);
        if (fields.first()->mapTo(dialog, QPoint()).y() > fields.last()->mapTo(dialog, QPoint()).y())
            fields.swapItemsAt(0, 1);
        fields.first()->setPlainText(u"Only here."_s);
        fields.last()->setPlainText(u"Everywhere else."_s);
        dialog->accept();
        QCOMPARE(w.controller->currentSummary().systemPrompt, u"Only here."_s);
        QCOMPARE(w.controller->settings().systemPrompt, u"Everywhere else."_s);
        w.type(u"Hello"_s);
        w.press(Qt::Key_Return);
        QTRY_COMPARE(w.controller->transcript().count(), 2);
        QTRY_COMPARE(w.engine.answersAsked(), 1);
        QCOMPARE(w.engine.lastAnswer().system, std::string("Only here."));
    }
};

QTEST_MAIN(TestWriting)
#include "tst_writing.moc"
