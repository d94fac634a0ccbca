// The whole window with realistic content, in both themes. Keeps the pictures where SUMIDERO_SCREENSHOTS
// names a folder; checks what a picture can be checked for by a machine: the panes stand where they belong
// and no text is cut off.
#include "tests/ui/window_fixture.h"
#include "ui/page/chat_page.h"
#include "ui/page/composer.h"
#include "ui/page/header.h"
#include "ui/settings/settings_dialog.h"
#include "ui/side/model_card.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"

using test::WindowFixture;

namespace {

void fillChats(app::Database& database) {
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

} // namespace

class TestPictures : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { ui::Theme::loadFonts(); }

    void window_data() {
        QTest::addColumn<bool>("dark");
        QTest::newRow("dark") << true;
        QTest::newRow("light") << false;
    }
    void window() {
        QFETCH(bool, dark);
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
        fixture.controller->applySettings(settings);
        QTRY_COMPARE(fixture.controller->modelState().phase, app::ModelState::Phase::Ready);
        fixture.controller->openChat(fixture.controller->chats().first().id);
        QTest::qWait(300);
        QCOMPARE(fixture.window->size(), QSize(1280, 800));
        WindowFixture::picture(fixture.window.get(), name + QStringLiteral("-chat"));
        fixture.controller->newChat();
        QTest::qWait(200);
        WindowFixture::picture(fixture.window.get(), name + QStringLiteral("-empty"));
        fixture.controller->library().refresh({});
        for (const auto page :
             {ui::SettingsPage::Models, ui::SettingsPage::Sampling, ui::SettingsPage::Chat,
              ui::SettingsPage::Memory, ui::SettingsPage::Appearance, ui::SettingsPage::Shortcuts}) {
            fixture.window->openSettings(page);
            QTest::qWait(30);
            WindowFixture::picture(fixture.window->settingsDialog(),
                                   QStringLiteral("%1-settings-%2").arg(name).arg(static_cast<int>(page)));
        }
    }
};

QTEST_MAIN(TestPictures)
#include "tst_pictures.moc"
