// What is done with a chat or a message from its menu, by keyboard; and what the banners offer.
#include "app/database.h"
#include "tests/support/patience.h"
#include "tests/ui/window_fixture.h"
#include "ui/chat_view.h"
#include "ui/page/banner.h"
#include "ui/page/chat_page.h"
#include "ui/side/chat_list.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"
#include "ui/window/actions.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QTimer>

using namespace Qt::StringLiterals;
using test::WindowFixture;

namespace {

/// One chat: a question, two versions of its answer, a second question.
void fill(app::Database& database) {
    const app::ChatId chat = database.createChat(u"Boats"_s, u"Be brief."_s);
    const app::MessageId question = database.appendUserMessage(chat, 0, u"How many *boats*?"_s).id;
    for (const QString& text : {u"Two"_s, u"**Three** of them"_s}) {
        const app::MessageId answer = database.beginAnswer(chat, question, u"small"_s).id;
        database.appendChunk(answer, text);
        database.finishAnswer(answer, app::MessageState::Done, 3, 5);
    }
    database.appendUserMessage(chat, database.activeLeaf(chat), u"Sure?"_s);
}

QStringList textsOf(const QMenu* menu) {
    QStringList texts;
    for (const QAction* action : menu->actions()) {
        if (action->isSeparator() || !action->isEnabled())
            continue;
        texts += action->text();
        if (action->menu())
            texts += textsOf(action->menu());
    }
    return texts;
}

/// Opens the context menu of `widget` as the menu key does, says what is in it, and chooses `wanted`.
QStringList choose(QWidget* widget, const QString& wanted) {
    QStringList texts;
    widget->setFocus(Qt::TabFocusReason);
    QTimer::singleShot(0, widget, [&] {
        auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
        if (menu == nullptr)
            return;
        texts = textsOf(menu);
        for (QAction* action : menu->actions())
            if (action->text() == wanted)
                menu->setActiveAction(action);
        QTest::keyClick(menu, wanted.isEmpty() ? Qt::Key_Escape : Qt::Key_Return);
        menu->close();
    });
    QContextMenuEvent event(QContextMenuEvent::Keyboard, widget->rect().center(),
                            widget->mapToGlobal(widget->rect().center()));
    QApplication::sendEvent(widget, &event);
    return texts;
}

bool press(QWidget* root, const QString& text) {
    for (QPushButton* button : root->findChildren<QPushButton*>()) {
        if (button->text() == text && button->isVisible()) {
            button->click();
            return true;
        }
    }
    return false;
}

} // namespace

class TestMenus : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { ui::Theme::loadFonts(); }

    void aChatHasItsCommandsInTheListAndInTheMainMenu() {
        WindowFixture f(fill);
        f.start();
        const QStringList inList = choose(f.window->sidePane()->list(), {}); // no chat is open
        f.controller->openChat(f.controller->chats().front().id);
        QTRY_COMPARE(f.controller->transcript().count(), 3);
        const QStringList inMain = textsOf(f.window->actions().mainMenu);
        const ui::Actions& actions = f.window->actions();
        for (const QAction* action :
             {actions.rename, actions.duplicate, actions.copyChat, actions.exportMarkdown, actions.exportJson,
              actions.exportText, actions.remove}) {
            QVERIFY2(inList.contains(action->text()), qPrintable(action->text()));
            QVERIFY2(inMain.contains(action->text()), qPrintable(action->text()));
            QVERIFY(actions.all().contains(action)); // on the page of shortcuts, too
        }
    }

    void aChatIsDuplicatedWithAllItsVersions() {
        WindowFixture f(fill);
        f.start();
        const app::ChatId first = f.controller->chats().front().id;
        choose(f.window->sidePane()->list(), f.window->actions().duplicate->text());
        QTRY_COMPARE(f.controller->chats().size(), 2);
        QTRY_VERIFY(f.controller->currentChat() > first && !f.controller->isOpening());
        QCOMPARE(f.controller->currentSummary().title, u"Boats (copy)"_s);
        QCOMPARE(f.controller->currentSummary().systemPrompt, u"Be brief."_s);
        QCOMPARE(f.controller->transcript().count(), 3);
        QCOMPARE(f.controller->transcript().at(1).text, u"**Three** of them"_s);
        QCOMPARE(f.controller->transcript().at(1).versions, 2);
        QCOMPARE(f.controller->transcript().at(1).version, 2);
    }

    void aChatIsDuplicatedUpToAMessage() {
        WindowFixture f(fill);
        f.start();
        const app::ChatId first = f.controller->chats().front().id;
        f.controller->openChat(first);
        QTRY_COMPARE(f.controller->transcript().count(), 3);
        ui::ChatView* view = f.window->page()->view();
        view->setFocus(Qt::TabFocusReason);                     // the newest message
        QTest::keyClick(view, Qt::Key_Up, Qt::ControlModifier); // the answer
        choose(view, u"Duplicate chat up to here"_s);
        QTRY_VERIFY(f.controller->currentChat() > first && !f.controller->isOpening());
        QCOMPARE(f.controller->transcript().count(), 2);
        QCOMPARE(f.controller->transcript().at(1).text, u"**Three** of them"_s);
        QCOMPARE(f.controller->transcript().at(1).versions, 1);
        f.controller->openChat(first); // as it was
        QTRY_COMPARE(f.controller->transcript().count(), 3);
    }

    void aChatIsCopiedAsMarkdown() {
        WindowFixture f(fill);
        f.start();
        QApplication::clipboard()->clear();
        choose(f.window->sidePane()->list(), f.window->actions().copyChat->text());
        QTRY_VERIFY(QApplication::clipboard()->text().startsWith(u"# Boats\n"_s));
        QVERIFY(QApplication::clipboard()->text().contains(u"\n**Three** of them\n"_s));
    }

    void aMessageIsCopiedAsTextAndAsMarkdown() {
        WindowFixture f(fill);
        f.start();
        f.controller->openChat(f.controller->chats().front().id);
        QTRY_COMPARE(f.controller->transcript().count(), 3);
        ui::ChatView* view = f.window->page()->view();
        view->setFocus(Qt::TabFocusReason); // the newest message
        QTest::keyClick(view, Qt::Key_Up, Qt::ControlModifier);
        const QStringList texts = choose(view, u"Copy message"_s);
        QCOMPARE(QApplication::clipboard()->text().trimmed(), u"Three of them"_s);
        choose(view, u"Copy as Markdown"_s);
        QCOMPARE(QApplication::clipboard()->text(), u"**Three** of them"_s);
        for (const QString& text : {u"Copy message"_s, u"Copy as Markdown"_s, u"Answer again"_s,
                                    u"Previous version"_s, u"Duplicate chat up to here"_s})
            QVERIFY2(texts.contains(text), qPrintable(texts.join(u", "_s)));
        QTest::keyClick(view, Qt::Key_Up, Qt::ControlModifier);
        QVERIFY(choose(view, {}).contains(u"Edit and send again"_s));
    }

    void aMessageIsDeletedWithWhatFollowsAndComesBack() {
        WindowFixture f(fill);
        f.start();
        f.controller->openChat(f.controller->chats().front().id);
        const app::TranscriptModel& transcript = f.controller->transcript();
        QTRY_COMPARE(transcript.count(), 3);
        ui::ChatView* view = f.window->page()->view();
        ui::BannerStack* banners = f.window->page()->banners();
        view->setFocus(Qt::TabFocusReason); // the newest message
        choose(view, u"Delete message"_s);
        QTRY_COMPARE(transcript.count(), 2);
        QTRY_COMPARE(banners->sentence(u"deleted-messages"_s), u"The message was deleted."_s);
        QVERIFY(press(banners, u"Undo"_s));
        QTRY_COMPARE(transcript.count(), 3);
        QVERIFY(banners->sentence(u"deleted-messages"_s).isEmpty());
        for (int i = 0; i < 3; ++i) // to the first question, whichever is chosen
            QTest::keyClick(view, Qt::Key_Up, Qt::ControlModifier);
        choose(view, u"Delete from here on"_s);
        QTRY_COMPARE(transcript.count(), 0);
        QVERIFY(f.window->page()->isEmpty());
        QTRY_VERIFY(banners->sentence(u"deleted-messages"_s).contains(u"what followed it"_s));
        QVERIFY(press(banners, u"Undo"_s));
        QTRY_COMPARE(transcript.count(), 3);
        QCOMPARE(transcript.at(1).version, 2);
        QCOMPARE(transcript.at(2).text, u"Sure?"_s);
    }

    void aFullCacheOffersStreaming() {
        WindowFixture f;
        f.start();
        app::Settings settings = f.controller->settings();
        settings.cache.mode = engine::CacheMode::Dense;
        f.controller->applySettings(settings);
        f.engine.endReason = engine::StopReason::CacheFull;
        QVERIFY(f.controller->send(u"Fill it"_s));
        QTRY_VERIFY(f.window->page()->banners()->sentence(u"notice"_s).contains(u"cache is full"_s));
        QVERIFY(press(f.window->page()->banners(), u"Use streaming"_s));
        QVERIFY(f.controller->settings().cache.mode == engine::CacheMode::Streaming);
    }

    void withoutAModelTheSettingsAreOneClickAway() {
        WindowFixture f;
        f.start(false);
        Q_EMIT f.controller->notice(u"There is no model to answer."_s, app::NoticeAction::ChooseModel);
        QVERIFY(press(f.window->page()->banners(), u"Choose a model"_s));
        QVERIFY(f.window->settingsDialog());
    }

    void theSameChatIsImportedTwiceOnlyWhenAsked() {
        WindowFixture f(fill);
        f.start();
        const app::ChatId chat = f.controller->chats().front().id;
        QTemporaryDir folder;
        const QString path = folder.filePath(u"boats.json"_s);
        QSignalSpy written(f.controller.get(), &app::ChatController::exportFinished);
        f.controller->exportChat(chat, app::ExportFormat::Json, path);
        QVERIFY(written.wait(test::PatienceMs));
        f.controller->importChat(path);
        QTRY_VERIFY(f.window->page()->banners()->sentence(u"already-here"_s).contains(u"Boats"_s));
        QTRY_COMPARE(f.controller->currentChat(), chat); // opened
        QCOMPARE(f.controller->chats().size(), 1);
        QTRY_VERIFY(f.window->page()->banners()->isVisible());
        bool pressed = false;
        QTRY_VERIFY(pressed = pressed || press(f.window->page()->banners(), u"Import again"_s));
        QTRY_COMPARE(f.controller->chats().size(), 2);
        QTRY_VERIFY(f.controller->currentChat() != chat);
    }

    void exportRemembersItsFolder() {
        WindowFixture f(fill);
        f.start();
        f.controller->openChat(f.controller->chats().front().id);
        QTRY_COMPARE(f.controller->transcript().count(), 3);
        QTemporaryDir folder;
        QStringList shown;
        const auto exportTo = [&](const QString& file) {
            QTimer::singleShot(50, f.window.get(), [&shown, file] {
                auto* dialog = qobject_cast<QFileDialog*>(QApplication::activeModalWidget());
                if (dialog == nullptr)
                    return;
                shown += dialog->directory().absolutePath();
                auto* name = dialog->findChild<QLineEdit*>(u"fileNameEdit"_s);
                if (!file.isEmpty())
                    name->setText(file);
                file.isEmpty() ? dialog->reject() : static_cast<QDialog*>(dialog)->accept();
            });
            f.window->actions().exportMarkdown->trigger();
        };
        QSignalSpy written(f.controller.get(), &app::ChatController::exportFinished);
        exportTo(folder.filePath(u"boats.md"_s));
        QTRY_COMPARE(written.count(), 1);
        QVERIFY(QFile::exists(folder.filePath(u"boats.md"_s)));
        exportTo({});
        QCOMPARE(shown.size(), 2);
        QCOMPARE(shown.last(), QFileInfo(folder.path()).canonicalFilePath());
        QCOMPARE(f.controller->settings().exportFolder, folder.path());
    }
};

QTEST_MAIN(TestMenus)
#include "tst_menus.moc"
