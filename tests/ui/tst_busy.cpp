// While other chats are answered: what the window says of the open one, who is at work, and the ways from there.
#include "tests/support/patience.h"
#include "tests/ui/window_fixture.h"
#include "ui/page/banner.h"
#include "ui/page/cache_meter.h"
#include "ui/page/chat_page.h"
#include "ui/page/composer.h"
#include "ui/page/header.h"
#include "ui/parts/tabular.h"
#include "ui/side/chat_list.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"
#include "ui/window/actions.h"

#include <QPushButton>

using test::WindowFixture;
using namespace Qt::StringLiterals;

namespace {

void twoChats(app::Database& database) {
    for (const char* title : {"Ferry", "Harbour"}) {
        const app::ChatId chat = database.createChat(QString::fromLatin1(title), {});
        const app::MessageId question = database.appendUserMessage(chat, 0, u"When?"_s).id;
        database.finishAnswer(database.beginAnswer(chat, question, u"toy"_s).id, app::MessageState::Done, 0,
                              0);
    }
}

/// "Ferry" is being answered without end, "Harbour" is open.
struct TwoChats : WindowFixture {
    TwoChats() : WindowFixture(twoChats) {}

    void begin() {
        start();
        for (const app::ChatSummary& chat : controller->chats())
            (chat.title == u"Ferry"_s ? ferry : harbour) = chat.id;
        engine.answer = QStringList(100000, u"word "_s);
        engine.stepMs = 1;
        engine.status.tokensPerSecond = 77;
        open(ferry);
        ask();
        QTRY_COMPARE(controller->activity(), app::Activity::Answering);
        open(harbour);
    }
    void open(app::ChatId chat) {
        ui::ChatList* list = window->sidePane()->list();
        QTest::mouseClick(list->viewport(), Qt::LeftButton, {},
                          list->visualRect(list->chats()->indexOf(chat)).center());
        QTRY_VERIFY(controller->currentChat() == chat && !controller->isOpening());
    }
    void ask() {
        QTest::keyClicks(window->page()->composer()->edit(), u"Go on"_s);
        QTest::keyClick(window->page()->composer()->edit(), Qt::Key_Return);
    }
    QString status() { return window->page()->statusLine()->text(); }
    ui::ChatListModel::BusyMark mark(app::ChatId chat) {
        const QModelIndex index = window->sidePane()->list()->chats()->indexOf(chat);
        return static_cast<ui::ChatListModel::BusyMark>(index.data(ui::ChatListModel::BusyRole).toInt());
    }
    QString waiting() { return window->page()->banners()->sentence(u"waiting"_s); }
    void press(const QString& banner, const QString& words) {
        auto* frame = window->page()->banners()->findChild<QFrame*>(banner);
        QVERIFY(frame);
        for (QPushButton* button : frame->findChildren<QPushButton*>())
            if (button->text() == words) {
                QTest::mouseClick(button, Qt::LeftButton);
                return;
            }
        QFAIL("no such button");
    }

    app::ChatId ferry = 0, harbour = 0;
};

} // namespace

class TestBusy : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { ui::Theme::loadFonts(); }

    void theStatusSpeaksOfTheOpenChat() {
        using Mark = ui::ChatListModel::BusyMark;
        TwoChats w;
        w.begin();
        QTest::qWait(250); // the status follows every tenth of a second
        QVERIFY2(!w.status().contains(u"77"_s) && !w.status().contains(u"position"_s),
                 qPrintable(w.status()));
        QVERIFY(w.window->page()->header()->meter()->accessibleDescription().contains(u"sees 0 of"_s));
        QVERIFY(w.mark(w.ferry) == Mark::Answering);
        QVERIFY(w.mark(w.harbour) == Mark::None);
        w.open(w.ferry);
        QTRY_VERIFY(w.status().contains(u"77"_s) && w.status().contains(u"position"_s));
        w.controller->stop();
        QTRY_VERIFY(w.mark(w.ferry) == Mark::None);
    }

    void theBannerOffersBothWays() {
        using Mark = ui::ChatListModel::BusyMark;
        TwoChats w;
        w.begin();
        QVERIFY(w.waiting().isEmpty());
        w.ask();
        QTRY_VERIFY(w.waiting().contains(u"“Ferry”"_s));
        QTRY_VERIFY(w.status().contains(u"“Ferry”"_s));
        QVERIFY(w.mark(w.harbour) == Mark::Waiting);
        QVERIFY(
            w.window->sidePane()->list()->chats()->indexOf(w.ferry).data(Qt::AccessibleTextRole).toString() !=
            u"Ferry"_s);
        QCoreApplication::processEvents();
        WindowFixture::picture(w.window.get(), u"waiting"_s);
        w.press(u"waiting"_s, u"Go there"_s);
        QTRY_COMPARE(w.controller->currentChat(), w.ferry);
        QVERIFY(w.waiting().isEmpty()); // nothing is waited for here
        w.open(w.harbour);
        QTRY_VERIFY(!w.waiting().isEmpty());
        w.press(u"waiting"_s, u"Stop it"_s);
        QTRY_VERIFY(w.mark(w.harbour) == Mark::Answering);
        QVERIFY(w.mark(w.ferry) == Mark::None);
        QVERIFY(w.waiting().isEmpty());
        QTRY_COMPARE(w.controller->activity(), app::Activity::Answering);
    }

    void theBannerGoesWhenAllIsStopped() {
        TwoChats w;
        w.begin();
        w.ask();
        QTRY_VERIFY(!w.waiting().isEmpty());
        QTest::keyClick(w.window->page()->composer()->edit(), Qt::Key_Escape);
        QTRY_VERIFY(w.waiting().isEmpty());
        QCOMPARE(w.controller->activity(), app::Activity::Idle);
        w.controller->stopChat(w.ferry);
        QTRY_COMPARE(w.controller->busy(), app::Busy());
        QCOMPARE(w.window->page()->banners()->count(), 0);
    }

    void aQuestionWithoutAnAnswerIsOffered() {
        WindowFixture f([](app::Database& database) {
            const app::ChatId chat = database.createChat(u"Cut off"_s, {});
            database.appendUserMessage(chat, 0, u"Is anybody there?"_s);
            database.saveSetting(u"state.open_chat"_s, QString::number(chat));
        });
        f.start();
        QTRY_VERIFY(!f.window->page()->banners()->sentence(u"unanswered"_s).isEmpty());
        QVERIFY(f.window->actions().continueAnswer->isEnabled());
        WindowFixture::picture(f.window.get(), u"unanswered"_s);
        auto* frame = f.window->page()->banners()->findChild<QFrame*>(u"unanswered"_s);
        QTest::mouseClick(frame->findChild<QPushButton*>(), Qt::LeftButton);
        QTRY_COMPARE(f.controller->transcript().count(), 2);
        QTRY_COMPARE(f.controller->transcript().at(1).text, u"Hello there."_s);
        QVERIFY(f.window->page()->banners()->sentence(u"unanswered"_s).isEmpty());
    }
};

QTEST_MAIN(TestBusy)
#include "tst_busy.moc"
