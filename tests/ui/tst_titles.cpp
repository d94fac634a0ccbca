// Names of chats, whatever a file or a person put into them: they are shown, and do nothing.
#include "tests/support/patience.h"
#include "tests/ui/window_fixture.h"
#include "ui/page/banner.h"
#include "ui/page/chat_page.h"
#include "ui/page/header.h"
#include "ui/side/chat_list.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"
#include "ui/window/actions.h"

#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QTimer>

using test::WindowFixture;

namespace {

const QString hostile =
    QStringLiteral("Ship \u202Egnp.exe\u202C\x1b[31m\x07 two\nlines ") + QString(100'000, u'W');

app::ChatId putChat(app::Database& database, const QString& title) {
    const app::ChatId chat = database.createChat(title, {});
    app::Message message;
    message.chat = chat;
    message.text = QStringLiteral("ship\u202Egnp\x1b[2J");
    database.insertMessage(message);
    return chat;
}

bool isHarmless(const QString& text, int most) {
    for (const QChar character : text)
        if (character.unicode() < 0x20 || character == QChar(0x202E) || character == QChar(0x202C))
            return false;
    return !text.isEmpty() && text.size() <= most;
}

} // namespace

class TestTitles : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        ui::Theme::loadFonts();
        ui::Theme::apply(ui::Theme::darkTheme());
    }
    void harmlessEverywhere();
    void renamingKeepsThemHarmless();
    void rightButtonOpensTheMenuOfTheChat();
};

void TestTitles::harmlessEverywhere() {
    WindowFixture f([](app::Database& database) { putChat(database, hostile); });
    f.start();
    const app::ChatId chat = f.controller->chats().first().id;
    f.controller->openChat(chat);
    QTRY_VERIFY(!f.controller->isOpening());
    const ui::ChatListModel* list = f.window->sidePane()->list()->chats();
    const QModelIndex row = list->indexOf(chat);
    QVERIFY(isHarmless(row.data().toString(), 260));
    QVERIFY(isHarmless(row.data(Qt::AccessibleTextRole).toString(), 260));
    QVERIFY(isHarmless(f.window->page()->header()->title()->text(), 260));
    QVERIFY(isHarmless(f.window->windowTitle(), 130));
    const int width = f.window->width();
    f.controller->deleteChat(chat);
    QTRY_VERIFY(isHarmless(f.window->page()->banners()->sentence(QStringLiteral("deleted")), 140));
    QCOMPARE(f.window->width(), width);
    QVERIFY(f.window->page()->minimumSizeHint().width() < width);
    f.controller->undoDelete(chat);
    QSignalSpy found(f.controller.get(), &app::ChatController::searchFinished);
    f.controller->search(QStringLiteral("ship"));
    QTRY_VERIFY(found.count() > 0);
    const auto hits = found.last().at(1).value<QList<app::SearchHit>>();
    QVERIFY(!hits.isEmpty());
    for (const app::SearchHit& hit : hits) {
        QVERIFY(isHarmless(hit.chatTitle, 260));
        QVERIFY(isHarmless(hit.snippet, 4100));
    }
}

void TestTitles::renamingKeepsThemHarmless() {
    WindowFixture f([](app::Database& database) { putChat(database, QStringLiteral("Plain")); });
    f.start();
    const app::ChatId chat = f.controller->chats().first().id;
    f.controller->renameChat(chat, hostile);
    QTRY_VERIFY(f.controller->chats().first().title != QStringLiteral("Plain"));
    QVERIFY(isHarmless(f.controller->chats().first().title, 260));
}

void TestTitles::rightButtonOpensTheMenuOfTheChat() {
    WindowFixture f([](app::Database& database) {
        putChat(database, QStringLiteral("First"));
        putChat(database, QStringLiteral("Second"));
    });
    f.start();
    const app::ChatId chat = f.controller->chats().last().id;
    f.controller->openChat(chat);
    QTRY_VERIFY(!f.controller->isOpening());
    ui::TitleEdit* title = f.window->page()->header()->title();
    bool opened = false;
    QTimer::singleShot(100, this, [&] {
        opened = f.window->actions().chatMenu->isVisible();
        WindowFixture::picture(f.window->actions().chatMenu, QStringLiteral("chat-menu"));
        f.window->actions().rename->trigger();
        f.window->actions().chatMenu->close();
    });
    const QPoint place = title->rect().center();
    QTest::mousePress(title, Qt::RightButton, {}, place);
    QVERIFY(!title->hasFocus()); // pressing does not begin to write
    QContextMenuEvent event(QContextMenuEvent::Mouse, place, title->mapToGlobal(place));
    QCoreApplication::sendEvent(title, &event);
    QVERIFY(opened);
    QVERIFY(title->hasFocus()); // renamed where the menu was opened
    QTest::keyClick(title, Qt::Key_Escape);
    QTest::mouseClick(title, Qt::LeftButton, {}, place); // and the left button still writes
    QVERIFY(title->hasFocus());
    QCOMPARE(title->selectedText(), title->text());
}

QTEST_MAIN(TestTitles)
#include "tst_titles.moc"
