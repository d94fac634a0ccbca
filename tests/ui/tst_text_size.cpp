// The size of text: keys and settings, everything at once, kept, and the reader's place stays.
#include "tests/support/patience.h"
#include "tests/ui/window_fixture.h"
#include "ui/chat_view.h"
#include "ui/page/chat_page.h"
#include "ui/page/composer.h"
#include "ui/page/header.h"
#include "ui/settings/settings_dialog.h"
#include "ui/side/model_card.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"

#include <QAccessible>
#include <QComboBox>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScreen>
#include <QScrollBar>

using test::WindowFixture;
using ui::Theme;

namespace {

void press(WindowFixture& f, Qt::Key key, int times = 1) {
    for (int i = 0; i < times; ++i)
        QTest::keyClick(f.window.get(), key, Qt::ControlModifier);
    QTest::qWait(20);
}

/// Which word stands at the top of the transcript.
QString topWord(ui::ChatView* view) {
    QAccessibleInterface* transcript = QAccessible::queryAccessibleInterface(view);
    QAccessibleTextInterface* text = transcript->textInterface();
    const QPoint place = view->viewport()->mapToGlobal(QPoint(view->viewport()->width() / 2, 12));
    int begin = 0, end = 0;
    return text->textAtOffset(text->offsetAtPoint(place), QAccessible::WordBoundary, &begin, &end);
}

/// Labels and buttons whose words do not fit.
QStringList cut(QWidget* root) {
    QStringList found;
    for (auto* button : root->findChildren<QPushButton*>())
        if (button->isVisible() && !button->text().isEmpty() &&
            (button->width() < button->fontMetrics().horizontalAdvance(button->text()) ||
             button->height() < button->fontMetrics().height()))
            found += button->text();
    for (auto* label : root->findChildren<QLabel*>())
        if (label->isVisible() && !label->text().isEmpty() && label->height() < label->fontMetrics().height())
            found += label->text();
    return found;
}

} // namespace

class TestTextSize : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::loadFonts(); }
    void init() { Theme::apply(Theme::darkTheme()); }
    void keysChangeEverythingAtOnce();
    void isBounded();
    void upAndDownEndsWhereItBegan();
    void isKept();
    void theReadersPlaceStays();
    void nothingIsCutAtTheLargest();
    void settingsChooseIt();
};

void TestTextSize::keysChangeEverythingAtOnce() {
    WindowFixture f;
    f.start();
    const auto heights = [&f] {
        return QList<qreal>{QFontInfo(Theme::current().body).pixelSize() * 1.0,
                            QFontInfo(f.window->page()->composer()->edit()->font()).pixelSize() * 1.0,
                            QFontInfo(f.window->page()->header()->title()->font()).pixelSize() * 1.0,
                            QFontInfo(f.window->page()->header()->exportButton()->font()).pixelSize() * 1.0,
                            f.window->page()->header()->height() * 1.0,
                            f.window->sidePane()->width() * 1.0,
                            f.window->page()->composer()->edit()->height() * 1.0};
    };
    const QList<qreal> before = heights();
    press(f, Qt::Key_Plus, 3); // 140
    QCOMPARE(f.controller->settings().textSize, 140);
    const QList<qreal> after = heights();
    for (int i = 0; i < before.size(); ++i)
        QVERIFY2(after[i] > before[i] * 1.2,
                 qPrintable(QStringLiteral("%1: %2, %3").arg(i).arg(before[i]).arg(after[i])));
    press(f, Qt::Key_0);
    QCOMPARE(heights(), before);
    press(f, Qt::Key_Minus);
    QCOMPARE(f.controller->settings().textSize, 90);
}

void TestTextSize::isBounded() {
    WindowFixture f;
    f.start();
    press(f, Qt::Key_Minus, 20);
    QCOMPARE(f.controller->settings().textSize, app::textSizes().first());
    press(f, Qt::Key_Equal, 20); // the same key without Shift
    QCOMPARE(f.controller->settings().textSize, app::textSizes().last());
    QCOMPARE(app::Settings::fromMap({{QStringLiteral("look.text_size"), QStringLiteral("9999")}}).textSize,
             100);
    QCOMPARE(app::nextTextSize(105, 1), 110);
    QCOMPARE(app::nextTextSize(105, -1), 100);
}

void TestTextSize::upAndDownEndsWhereItBegan() {
    WindowFixture f;
    f.start();
    const auto sizes = [&f] {
        QList<QSize> all;
        for (const auto* widget : f.window->findChildren<QWidget*>())
            all << widget->minimumSize() << widget->maximumSize();
        return all;
    };
    const QList<QSize> before = sizes();
    for (int i = 0; i < 5; ++i) {
        press(f, Qt::Key_Plus, 4);
        press(f, Qt::Key_Minus, 6);
        press(f, Qt::Key_0);
    }
    QCOMPARE(sizes(), before);
}

void TestTextSize::isKept() {
    app::Settings settings;
    settings.textSize = 140;
    QCOMPARE(app::Settings::fromMap(settings.toMap()).textSize, 140);
    WindowFixture f([](app::Database& database) {
        database.saveSetting(QStringLiteral("look.text_size"), QStringLiteral("140"));
    });
    f.start();
    QCOMPARE(Theme::current().scale, Theme::darkTheme(1.4).scale);
}

void TestTextSize::theReadersPlaceStays() {
    WindowFixture f([](app::Database& database) {
        const app::ChatId chat = database.createChat(QStringLiteral("Long"), {});
        app::MessageId parent = 0;
        int word = 0;
        for (int i = 0; i < 60; ++i) {
            QString text;
            for (int k = 0; k < 200; ++k)
                text += QStringLiteral("word%1 ").arg(word++);
            app::Message message;
            message.chat = chat;
            message.parent = parent;
            message.role = i % 2 ? app::Role::Assistant : app::Role::User;
            message.text = text;
            parent = database.insertMessage(message);
        }
    });
    f.start();
    f.controller->openChat(f.controller->chats().first().id);
    QTRY_VERIFY(!f.controller->isOpening());
    ui::ChatView* view = f.window->page()->view();
    QTest::qWait(50);
    view->verticalScrollBar()->setValue(view->verticalScrollBar()->maximum() / 2);
    const QString word = topWord(view);
    QVERIFY(word.startsWith(u"word"));
    const int number = word.mid(4).toInt();
    for (const Qt::Key key : {Qt::Key_Plus, Qt::Key_Plus, Qt::Key_Minus, Qt::Key_Plus, Qt::Key_0}) {
        press(f, key);
        const int now = topWord(view).mid(4).toInt();
        QVERIFY2(qAbs(now - number) < 25,
                 qPrintable(QStringLiteral("%1 %2").arg(number).arg(now))); // two lines
    }
    view->scrollToEnd();
    press(f, Qt::Key_Plus, 3);
    QCOMPARE(view->verticalScrollBar()->value(), view->verticalScrollBar()->maximum());
}

void TestTextSize::nothingIsCutAtTheLargest() {
    WindowFixture f;
    f.start();
    press(f, Qt::Key_Plus, 9);
    QCOMPARE(f.controller->settings().textSize, app::textSizes().last());
    QVERIFY2(cut(f.window.get()).isEmpty(), qPrintable(cut(f.window.get()).join(u'|')));
    WindowFixture::picture(f.window.get(), QStringLiteral("text-largest"));
    for (const auto page :
         {ui::SettingsPage::Models, ui::SettingsPage::Sampling, ui::SettingsPage::Chat,
          ui::SettingsPage::Memory, ui::SettingsPage::Appearance, ui::SettingsPage::Shortcuts}) {
        f.window->openSettings(page);
        QTest::qWait(30);
        const QScreen* screen = f.window->screen();
        QVERIFY(f.window->settingsDialog()->height() <= screen->availableGeometry().height());
        QVERIFY2(cut(f.window->settingsDialog()).isEmpty(),
                 qPrintable(cut(f.window->settingsDialog()).join(u'|')));
        WindowFixture::picture(f.window->settingsDialog(),
                               QStringLiteral("text-largest-settings-%1").arg(int(page)));
    }
}

void TestTextSize::settingsChooseIt() {
    WindowFixture f;
    f.start();
    f.window->openSettings(ui::SettingsPage::Appearance);
    QComboBox* box = nullptr;
    for (auto* each : f.window->settingsDialog()->findChildren<QComboBox*>())
        if (each->accessibleName() == QStringLiteral("Size of text"))
            box = each;
    QVERIFY(box);
    QCOMPARE(box->currentData().toInt(), 100);
    box->setCurrentIndex(box->findData(125));
    f.window->settingsDialog()->accept();
    QCOMPARE(f.controller->settings().textSize, 125);
    QCOMPARE(Theme::current().scale, Theme::darkTheme(1.25).scale);
}

QTEST_MAIN(TestTextSize)
#include "tst_text_size.moc"
