// How long a chat of 100,000 messages takes from the click to its end on the screen: alone, while another one of that size is being
// opened, and while the whole store is searched. Prints a median and the worst of several tries. Run with QT_QPA_PLATFORM=offscreen, or
// under Xvfb; building the store takes about a minute.
#include "tests/ui/window_fixture.h"
#include "ui/chat_view.h"
#include "ui/page/chat_page.h"
#include "ui/side/chat_list.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"

#include <QApplication>
#include <QElapsedTimer>

#include <algorithm>
#include <cstdio>
#include <vector>

using namespace Qt::StringLiterals;

namespace {

constexpr int Messages = 100'000, Tries = 7;

void fill(app::Database& database) {
    for (const QString& title : {u"One"_s, u"Two"_s, u"Small"_s}) {
        database.runInTransaction([&] {
            const app::ChatId chat = database.createChat(title, {});
            app::Message message;
            for (int i = 0; i < (title == u"Small" ? 4 : Messages); ++i) {
                message.chat = chat;
                message.parent = message.id;
                message.role = i % 2 == 0 ? app::Role::User : app::Role::Assistant;
                message.text =
                    u"Message %1 of this chat says something about harbours, boats and the weather.\n\n"
                    "- one\n- two\n"_s.arg(i);
                message.id = database.insertMessage(message);
            }
        });
    }
}

class Opening : public test::WindowFixture {
public:
    Opening() : WindowFixture(fill) {}

    void click(const QString& title) {
        for (const app::ChatSummary& chat : controller->chats())
            if (chat.title == title) {
                ui::ChatList* list = window->sidePane()->list();
                QTest::mouseClick(list->viewport(), Qt::LeftButton, {},
                                  list->visualRect(list->chats()->indexOf(chat.id)).center());
            }
    }
    /// Milliseconds until the open chat's messages are here and painted.
    double untilShown() {
        QElapsedTimer timer;
        timer.start();
        while (controller->isOpening() || controller->transcript().count() == 0)
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
        window->repaint();
        return static_cast<double>(timer.nsecsElapsed()) / 1e6;
    }
    void open(const QString& title) {
        click(title);
        untilShown();
    }
    /// Of the chat "One", after `before` has happened.
    void measure(const char* name, const std::function<void()>& before) {
        std::vector<double> times;
        for (int i = 0; i < Tries; ++i) {
            open(u"Small"_s);
            QTest::qWait(300);
            before();
            QElapsedTimer timer;
            timer.start();
            click(u"One"_s);
            untilShown();
            times.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
        }
        std::sort(times.begin(), times.end());
        std::printf("%-40s median %6.1f ms, worst %6.1f ms\n", name, times[Tries / 2], times.back());
    }
};

} // namespace

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    ui::Theme::loadFonts();
    ui::Theme::apply(ui::Theme::lightTheme());
    Opening world;
    world.start();
    world.measure("alone", [] {});
    world.measure("while another one is being opened", [&] { world.click(u"Two"_s); });
    world.measure("while the store is searched", [&] { world.controller->search(u"weather"_s); });
    return 0;
}
