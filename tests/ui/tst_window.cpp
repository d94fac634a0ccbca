// The whole window on a real store and the scripted engine.
#include "tests/support/patience.h"
#include "tests/ui/window_fixture.h"
#include "ui/chat_view.h"
#include "ui/page/banner.h"
#include "ui/page/cache_meter.h"
#include "ui/page/chat_page.h"
#include "ui/page/composer.h"
#include "ui/page/empty_state.h"
#include "ui/page/header.h"
#include "ui/parts/tabular.h"
#include "ui/side/chat_list.h"
#include "ui/side/model_card.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"
#include "ui/window/actions.h"
#include "ui/window/panes.h"

#include <QApplication>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QToolButton>

using test::WindowFixture;
using ui::Composer;

namespace {

void twoChats(app::Database& database) {
    for (const char* title : {"Second", "First"}) {
        const app::ChatId chat = database.createChat(QString::fromLatin1(title), {});
        database.appendUserMessage(chat, 0, QStringLiteral("berth number %1").arg(chat));
    }
}

QPushButton* actionOf(ui::MainWindow& window, const QString& banner) {
    auto* frame = window.page()->banners()->findChild<QFrame*>(banner);
    return frame ? frame->findChild<QPushButton*>() : nullptr;
}

} // namespace

class TestWindow : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { ui::Theme::loadFonts(); }

    void aQuestionIsAnswered() {
        WindowFixture f;
        f.start();
        Composer* composer = f.window->page()->composer();
        QVERIFY(f.window->page()->isEmpty());
        f.engine.frozen = true;
        QTest::keyClicks(composer->edit(), QStringLiteral("Hello"));
        QTest::keyClick(composer->edit(), Qt::Key_Return);
        QVERIFY(composer->text().isEmpty());
        QTRY_COMPARE(composer->state(), Composer::State::Answering);
        QTRY_VERIFY(!f.window->page()->isEmpty());
        QTest::keyClicks(composer->edit(), QStringLiteral("and then")); // typing works meanwhile
        f.engine.frozen = false;
        f.engine.thaw();
        QTRY_COMPARE(composer->state(), Composer::State::Ready);
        QCOMPARE(f.controller->transcript().count(), 2);
        QCOMPARE(f.controller->transcript().at(1).text, QStringLiteral("Hello there."));
        QCOMPARE(composer->text(), QStringLiteral("and then"));
        QTRY_VERIFY(f.window->page()->statusLine()->text().contains(QStringLiteral("position")));
        QVERIFY(f.window->page()->header()->meter()->isVisible());
    }

    void escapeStopsFromAnywhere() {
        WindowFixture f;
        f.start();
        f.engine.answer = QStringList(1000, QStringLiteral("on "));
        f.engine.stepMs = 5;
        f.controller->send(QStringLiteral("Talk"));
        QTRY_VERIFY(f.controller->transcript().count() == 2 &&
                    f.controller->transcript().at(1).text.size() > 6);
        f.window->page()->view()->setFocus();
        QTest::keyClick(f.window->page()->view(), Qt::Key_Escape);
        QTRY_COMPARE(f.controller->activity(), app::Activity::Idle);
        QCOMPARE(f.controller->transcript().at(1).state, app::MessageState::Stopped);
    }

    void draftsStayWithTheirChat() {
        WindowFixture f(twoChats);
        f.start();
        const app::ChatId first = f.controller->chats().at(0).id, second = f.controller->chats().at(1).id;
        Composer* composer = f.window->page()->composer();
        const auto open = [&](app::ChatId chat) {
            ui::ChatList* list = f.window->sidePane()->list();
            QTest::mouseClick(list->viewport(), Qt::LeftButton, {},
                              list->visualRect(list->chats()->indexOf(chat)).center());
            QTRY_COMPARE(f.controller->currentChat(), chat);
        };
        open(first);
        QTest::keyClicks(composer->edit(), QStringLiteral("half a thought"));
        open(second);
        QTRY_COMPARE(composer->text(), QString());
        open(first);
        QTRY_COMPARE(composer->text(), QStringLiteral("half a thought"));
    }

    void theListStandsStillUnderTheMouse() {
        WindowFixture f([](app::Database& database) {
            for (int i = 0; i < 80; ++i)
                database.createChat(QStringLiteral("Chat %1").arg(i), {});
            database.saveSetting(QStringLiteral("state.open_chat"), QStringLiteral("1"));
        });
        f.start();
        ui::ChatList* list = f.window->sidePane()->list();
        QTRY_COMPARE(f.controller->currentChat(), 1);
        QTRY_VERIFY(list->viewport()->rect().contains(list->visualRect(list->chats()->indexOf(1)).center()));
        list->verticalScrollBar()->setValue(200);
        const auto rowUnder = [list](QPoint point) {
            return list->indexAt(point).data(ui::ChatListModel::ChatRole).value<app::ChatId>();
        };
        const QPoint place(100, 150);
        const app::ChatId wanted = rowUnder(place);
        QVERIFY(wanted > 1);
        QTest::mousePress(list->viewport(), Qt::LeftButton, {}, place);
        QCOMPARE(rowUnder(place), wanted);
        f.controller->renameChat(2, QStringLiteral("Two")); // all rows are given again
        QTRY_COMPARE(f.window->sidePane()->list()->verticalScrollBar()->value(), 200);
        QTest::mouseRelease(list->viewport(), Qt::LeftButton, {}, place);
        QTRY_COMPARE(f.controller->currentChat(), wanted);
        QTest::qWait(QApplication::doubleClickInterval() + 200);
        QCOMPARE(list->verticalScrollBar()->value(), 200);
        // A chat above that becomes the newest moves all others: the current row stays the same chat.
        list->setCurrentIndex(list->chats()->indexOf(wanted));
        const int top = list->visualRect(list->chats()->indexOf(wanted)).top();
        QList<app::ChatSummary> chats = f.controller->chats();
        for (app::ChatSummary& chat : chats)
            if (chat.id == 2)
                chat.updated = QDateTime::currentDateTimeUtc().addSecs(60);
        f.window->sidePane()->setChats(chats);
        QCOMPARE(list->currentIndex().data(ui::ChatListModel::ChatRole).value<app::ChatId>(), wanted);
        QCOMPARE(list->visualRect(list->chats()->indexOf(wanted)).top(), top);
    }

    void deleteAndUndo() {
        WindowFixture f(twoChats);
        f.start();
        const app::ChatId victim = f.controller->chats().at(1).id;
        ui::ChatList* list = f.window->sidePane()->list();
        list->setFocus();
        list->setCurrentIndex(list->chats()->indexOf(victim));
        QTest::keyClick(list, Qt::Key_Delete);
        QTRY_VERIFY(!list->chats()->indexOf(victim).isValid());
        QTRY_COMPARE(f.window->page()->banners()->sentence(QStringLiteral("deleted")),
                     QStringLiteral("“Second” was deleted."));
        QPushButton* undo = actionOf(*f.window, QStringLiteral("deleted"));
        QVERIFY(undo);
        QTest::mouseClick(undo, Qt::LeftButton);
        QTRY_VERIFY(list->chats()->indexOf(victim).isValid());
        QVERIFY(f.window->page()->banners()->sentence(QStringLiteral("deleted")).isEmpty());
    }

    void renameInTheHeader() {
        WindowFixture f(twoChats);
        f.start();
        f.controller->openChat(f.controller->chats().first().id);
        ui::TitleEdit* title = f.window->page()->header()->title();
        QTRY_COMPARE(title->text(), QStringLiteral("First"));
        f.window->page()->composer()->edit()->setFocus();
        f.window->actions().rename->trigger();
        QTRY_VERIFY(title->hasFocus());
        title->selectAll();
        QTest::keyClicks(title, QStringLiteral("Ferries"));
        QTest::keyClick(title, Qt::Key_Return);
        QTRY_COMPARE(f.controller->currentSummary().title, QStringLiteral("Ferries"));
        QTRY_VERIFY(f.window->windowTitle().startsWith(QStringLiteral("Ferries")));
    }

    void searchFindsAndOpens() {
        WindowFixture f(twoChats);
        f.start();
        f.window->actions().search->trigger();
        QLineEdit* box = f.window->sidePane()->searchBox();
        QTRY_VERIFY(box->hasFocus());
        const app::ChatId wanted = f.controller->chats().at(1).id;
        QTest::keyClicks(box, QString::number(wanted));
        QTest::keyClick(box, Qt::Key_Return);
        QTRY_COMPARE(f.controller->currentChat(), wanted);
    }

    void theModelsFateIsShown() {
        WindowFixture f;
        f.engine.brokenModels = QStringList{QStringLiteral("/models/bad.gguf")};
        f.start(false);
        Composer* composer = f.window->page()->composer();
        QTRY_COMPARE(composer->state(), Composer::State::Blocked);
        f.controller->loadModel(QStringLiteral("/models/bad.gguf"));
        QTRY_VERIFY(
            f.window->page()->banners()->sentence(QStringLiteral("model")).contains(f.engine.loadFailure));
        QCOMPARE(composer->state(), Composer::State::Blocked);
        f.controller->loadModel(QStringLiteral("/models/good.gguf"));
        QTRY_COMPARE(composer->state(), Composer::State::Ready);
        QVERIFY(f.window->page()->banners()->sentence(QStringLiteral("model")).isEmpty());
        QVERIFY(
            f.window->sidePane()->modelCard()->accessibleDescription().startsWith(QStringLiteral("good")));
    }

    void aPromptOfTheEmptyChatIsSent() {
        WindowFixture f;
        f.start();
        auto* card = f.window->page()->emptyState()->findChild<QAbstractButton*>();
        QVERIFY(card);
        QTest::mouseClick(card, Qt::LeftButton);
        QTRY_COMPARE(f.controller->transcript().count(), 2);
    }

    void anEditedMessageIsABranch() {
        WindowFixture f;
        f.start();
        f.controller->send(QStringLiteral("Frist"));
        QTRY_VERIFY(f.controller->transcript().count() == 2 &&
                    f.controller->activity() == app::Activity::Idle);
        Composer* composer = f.window->page()->composer();
        QTest::keyClicks(composer->edit(), QStringLiteral("a draft"));
        Q_EMIT f.window->page()->view()->editRequested(f.controller->transcript().at(0).id);
        QCOMPARE(composer->text(), QStringLiteral("Frist"));
        composer->setDraft(QStringLiteral("First"));
        composer->submit();
        QCOMPARE(composer->text(), QStringLiteral("a draft"));
        QTRY_COMPARE(f.controller->transcript().at(0).text, QStringLiteral("First"));
        QTRY_COMPARE(f.controller->transcript().at(0).versions, 2);
    }
};

QTEST_MAIN(TestWindow)
#include "tst_window.moc"
