// The whole window with realistic content, in both themes. Keeps the pictures where SUMIDERO_SCREENSHOTS
// names a folder; checks what a picture can be checked for by a machine: the panes stand where they belong
// and no text is cut off.
#include "tests/support/patience.h"
#include "tests/ui/inspector_world.h"
#include "tests/ui/window_fixture.h"
#include "ui/chat_view.h"
#include "ui/page/banner.h"
#include "ui/page/chat_page.h"
#include "ui/page/composer.h"
#include "ui/page/header.h"
#include "ui/settings/settings_dialog.h"
#include "ui/side/chat_list.h"
#include "ui/side/model_card.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"
#include "ui/window/actions.h"

#include <QApplication>
#include <QContextMenuEvent>
#include <QHeaderView>
#include <QMenu>
#include <QTableView>
#include <QTimer>

using test::WindowFixture;

namespace {

/// Of a model that thinks before it answers; the oldest chat.
void addThought(app::Database& database) {
    const app::ChatId chat = database.createChat(QStringLiteral("Is 91 a prime number?"), {});
    const app::Message question =
        database.appendUserMessage(chat, 0, QStringLiteral("Is 91 a prime number?"));
    const app::Message answer = database.beginAnswer(chat, question.id, QStringLiteral("gpt-oss 20B"));
    database.appendChunk(
        answer.id,
        QStringLiteral("<think>\nThe person asks whether 91 is prime. Try small primes: 2, 3 and 5 "
                       "do not divide it.\n\n7 does: `7 * 13 = 91`. So it is not prime; say so "
                       "and show why.\n</think>\n\nNo: 91 = 7 × 13."));
    database.finishAnswer(answer.id, app::MessageState::Done, 60, 212);
}

void fillChats(app::Database& database) {
    addThought(database);
    for (const char* title :
         {"A story without an end", "Spanish practice", "Regex for ISO dates", "Sourdough, hour by hour",
          "Why is the sky dark at night", "Cover letter, second draft", "Harbour timetable"}) {
        const app::ChatId chat = database.createChat(QString::fromLatin1(title), {});
        const app::Message question = database.appendUserMessage(
            chat, 0,
            QStringLiteral(
                "When does the harbour close in winter, and how do I compute the last departure?"));
        const app::Message answer = database.beginAnswer(chat, question.id, QStringLiteral("SmolLM2"));
        database.appendChunk(
            answer.id,
            QStringLiteral("In winter the harbour is **closed** from 18:00. Leave at least as long before "
                           "that as the crossing takes:\n\n```python\ndef last_departure(closing, crossing, "
                           "margin=15):\n    # all three in minutes after midnight\n    return closing - "
                           "crossing - margin\n```\n\nWith a crossing of 40 minutes that is **17:05**."));
        database.finishAnswer(answer.id, app::MessageState::Done, 60, 212);
    }
}

/// The menu that the menu key opens on this widget.
void menuPicture(QWidget* widget, const QString& name) {
    widget->setFocus(Qt::TabFocusReason);
    QTimer::singleShot(50, widget, [name] {
        if (QWidget* menu = QApplication::activePopupWidget()) {
            WindowFixture::picture(menu, name);
            menu->close();
        }
    });
    QContextMenuEvent event(QContextMenuEvent::Keyboard, widget->rect().center(),
                            widget->mapToGlobal(widget->rect().center()));
    QApplication::sendEvent(widget, &event);
}

} // namespace

class TestPictures : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { ui::Theme::loadFonts(); }

    void window_data() {
        QTest::addColumn<bool>("dark");
        QTest::addColumn<int>("textSize");
        QTest::newRow("dark") << true << 100;
        QTest::newRow("light") << false << 100;
        QTest::newRow("dark-large") << true << 160;
        QTest::newRow("light-large") << false << 160;
    }
    void window() {
        QFETCH(bool, dark);
        QFETCH(int, textSize);
        WindowFixture fixture(fillChats);
        fixture.engine.status.position = 2334;
        fixture.engine.status.forgotten = 1310;
        fixture.engine.status.tokensPerSecond = 212;
        const QString name = QString::fromLatin1(QTest::currentDataTag());
        fixture.controller->setStartupModel(QStringLiteral("/models/SmolLM2 135M Instruct.gguf"));
        fixture.start(false);
        app::Settings settings = fixture.controller->settings();
        settings.theme = dark ? app::Theme::Dark : app::Theme::Light;
        settings.inspectorVisible = true;
        settings.textSize = textSize;
        fixture.controller->applySettings(settings);
        QTRY_COMPARE(fixture.controller->modelState().phase, app::ModelState::Phase::Ready);
        fixture.controller->openChat(fixture.controller->chats().first().id);
        QTest::qWait(300);
        QCOMPARE(fixture.window->size(), QSize(1280, 800));
        WindowFixture::picture(fixture.window.get(), name + QStringLiteral("-chat"));
        fixture.controller->openChat(fixture.controller->chats().last().id);
        QTest::qWait(100);
        WindowFixture::picture(fixture.window.get(), name + QStringLiteral("-thought"));
        fixture.controller->openChat(fixture.controller->chats().first().id);
        QTRY_VERIFY(!fixture.controller->isOpening());
        ui::ChatPage* page = fixture.window->page();
        menuPicture(page->view(), name + QStringLiteral("-message-menu"));
        menuPicture(fixture.window->sidePane()->list(), name + QStringLiteral("-chat-menu"));
        WindowFixture::picture(fixture.window->actions().mainMenu, name + QStringLiteral("-main-menu"));
        page->composer()->edit()->paste(QStringLiteral("Mind the gap. ").repeated(3000));
        page->composer()->edit()->paste(QStringLiteral("int main() { return 0; }\n").repeated(3000));
        Q_EMIT fixture.controller->notice(
            QStringLiteral("There is no room on the disk. What is written now waits "
                           "until there is."),
            app::NoticeAction::None);
        fixture.controller->deleteMessage(fixture.controller->transcript().at(1).id);
        QTRY_VERIFY(!page->banners()->sentence(QStringLiteral("deleted-messages")).isEmpty());
        QTest::qWait(50);
        WindowFixture::picture(fixture.window.get(), name + QStringLiteral("-banners"));
        fixture.controller->newChat();
        QTest::qWait(200);
        WindowFixture::picture(fixture.window.get(), name + QStringLiteral("-empty"));
        fixture.controller->library().refresh({});
        for (const auto settingsPage :
             {ui::SettingsPage::Models, ui::SettingsPage::GetModels, ui::SettingsPage::Sampling,
              ui::SettingsPage::Chat, ui::SettingsPage::Memory, ui::SettingsPage::Appearance,
              ui::SettingsPage::Shortcuts}) {
            fixture.window->openSettings(settingsPage);
            QTest::qWait(30);
            WindowFixture::picture(
                fixture.window->settingsDialog(),
                QStringLiteral("%1-settings-%2").arg(name).arg(static_cast<int>(settingsPage)));
        }
    }

    void inspector_data() { window_data(); }
    void inspector() {
        QFETCH(bool, dark);
        QFETCH(int, textSize);
        const qreal size = textSize / 100.0;
        ui::Theme::apply(dark ? ui::Theme::darkTheme(size) : ui::Theme::lightTheme(size));
        test::InspectorWorld world(4, 60, 8, 6);
        world.pane->resize(ui::Theme::current().px(ui::metrics::inspector), 800);
        world.tokens(200);
        for (int tab = 0; tab < 4; ++tab) {
            world.pane->showTab(tab);
            world.state().setScope({.layer = tab == 2 ? 3 : -1});
            world.tokens(1);
            QTest::qWait(50);
            if (const auto* table = test::seen<QTableView>(world.pane.get()))
                for (int column = 0; column < table->model()->columnCount(); ++column)
                    QVERIFY(table->horizontalHeader()->sectionSize(column) >=
                            table->horizontalHeader()->sectionSizeHint(column));
            WindowFixture::picture(
                world.pane.get(),
                QStringLiteral("%1-inspector-%2").arg(QString::fromLatin1(QTest::currentDataTag())).arg(tab));
        }
    }
};

QTEST_MAIN(TestPictures)
#include "tst_pictures.moc"
