// Everything can be reached without a mouse and has a name; the panes arrange themselves; the settings apply.
#include "tests/support/patience.h"
#include "tests/ui/window_fixture.h"
#include "ui/chat_view.h"
#include "ui/page/chat_page.h"
#include "ui/page/composer.h"
#include "ui/page/header.h"
#include "ui/parts/number_field.h"
#include "ui/settings/models_page.h"
#include "ui/settings/settings_dialog.h"
#include "ui/side/chat_list.h"
#include "ui/side/model_card.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"
#include "ui/window/actions.h"
#include "ui/window/panes.h"

#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QPushButton>
#include <QRadioButton>
#include <QToolButton>

using test::WindowFixture;

namespace {

void collect(const QMenu* menu, QSet<QAction*>& found) {
    for (QAction* action : menu->actions()) {
        found.insert(action);
        if (action->menu())
            collect(action->menu(), found);
    }
}

/// Focusable widgets that say nothing about themselves. Qt names buttons and labelled fields by their text.
QStringList nameless(const QWidget* root) {
    QStringList found;
    for (QWidget* widget : root->findChildren<QWidget*>()) {
        const bool reachable =
            (widget->focusPolicy() & Qt::TabFocus) && widget->isVisibleTo(root) && widget->isEnabled();
        const auto* button = qobject_cast<QAbstractButton*>(widget);
        const bool inner =
            widget->objectName().startsWith(QStringLiteral("qt_")) || // parts of Qt's own widgets
            qobject_cast<QAbstractSpinBox*>(widget->parentWidget()) ||
            qobject_cast<QComboBox*>(widget->parentWidget());
        if (reachable && !inner && widget->accessibleName().isEmpty() &&
            !(button && !button->text().isEmpty()))
            found += QStringLiteral("%1 '%2'").arg(QLatin1String(widget->metaObject()->className()),
                                                   widget->objectName());
    }
    return found;
}

template <class Widget>
Widget* named(QWidget* root, const QString& name) {
    for (Widget* widget : root->findChildren<Widget*>())
        if (widget->accessibleName() == name)
            return widget;
    return nullptr;
}

QPushButton* buttonOf(QWidget* root, const QString& text) {
    for (QPushButton* button : root->findChildren<QPushButton*>())
        if (button->text() == text)
            return button;
    return nullptr;
}

} // namespace

class TestReach : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { ui::Theme::loadFonts(); }

    void everyActionHasAKeyOrAMenu() {
        WindowFixture f;
        f.start();
        QSet<QAction*> inMenus;
        collect(f.window->actions().mainMenu, inMenus);
        QSet<QKeySequence> keys;
        for (QAction* action : f.window->actions().all()) {
            QVERIFY2(!action->shortcut().isEmpty() || inMenus.contains(action), qPrintable(action->text()));
            for (const QKeySequence& key : action->shortcuts()) {
                QVERIFY2(!keys.contains(key), qPrintable(key.toString()));
                keys.insert(key);
            }
        }
    }

    void everythingReachableHasAName() {
        WindowFixture f;
        f.start();
        f.window->actions().inspector->trigger();
        const QStringList inWindow = nameless(f.window.get());
        QVERIFY2(inWindow.isEmpty(), qPrintable(inWindow.join(QStringLiteral(", "))));
        for (int page = 0; page <= static_cast<int>(ui::SettingsPage::Shortcuts); ++page) {
            f.window->openSettings(static_cast<ui::SettingsPage>(page));
            const QStringList inDialog = nameless(f.window->settingsDialog());
            QVERIFY2(inDialog.isEmpty(), qPrintable(inDialog.join(QStringLiteral(", "))));
        }
    }

    void tabReachesTheWholeWindow() {
        WindowFixture f;
        f.start();
        QSet<QWidget*> met;
        f.window->page()->composer()->edit()->setFocus();
        for (int step = 0; step < 60; ++step) {
            QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
            met.insert(QApplication::focusWidget());
        }
        const ui::ChatPage* page = f.window->page();
        const QList<QWidget*> wanted = {f.window->sidePane()->newChatButton(),
                                        f.window->sidePane()->searchBox(),
                                        f.window->sidePane()->modelCard(),
                                        page->header()->menuButton(),
                                        page->composer()->memoryChip(),
                                        page->composer()->promptChip(),
                                        page->composer()->edit()};
        for (QWidget* widget : wanted)
            QVERIFY2(met.contains(widget), qPrintable(widget->accessibleName()));
    }

    void f6GoesRoundThePanes() {
        WindowFixture f;
        f.start();
        QWidget* edit = f.window->page()->composer()->edit();
        edit->setFocus();
        QList<QWidget*> stops;
        for (int step = 0; step < 4; ++step) {
            f.window->actions().nextPane->trigger();
            stops += QApplication::focusWidget();
        }
        QCOMPARE(stops.at(0), static_cast<QWidget*>(f.window->sidePane()->list()));
        QCOMPARE(stops.at(1), edit);
        QCOMPARE(stops.at(3), edit);
        f.window->actions().previousPane->trigger();
        QCOMPARE(QApplication::focusWidget(), static_cast<QWidget*>(f.window->sidePane()->list()));
    }

    void panesCollapseAndOverlay() {
        WindowFixture f;
        f.start();
        ui::Panes* panes = f.window->panes();
        auto* right = new QWidget;
        f.window->setInspector(right);
        f.window->actions().inspector->trigger();
        QVERIFY(right->isVisible());
        QCOMPARE(right->width(), 372 - 1); // beside its border
        QCOMPARE(f.window->page()->width(), 1280 - 232 - 372);
        panes->setRightWidth(9999);
        QCOMPARE(right->width(), 560 - 1);
        panes->setRightWidth(1);
        QCOMPARE(right->width(), 344 - 1);
        f.window->resize(900, 700);
        QTRY_VERIFY(panes->rightOverlays());
        QCOMPARE(f.window->page()->width(), 900 - 232);
        f.window->resize(640, 700);
        QTRY_VERIFY(!f.window->sidePane()->isVisible());
        QCOMPARE(f.window->page()->width(), 640);
        QVERIFY(f.window->page()->header()->listButton()->isVisible());
        f.window->actions().chatList->trigger();
        QVERIFY(f.window->sidePane()->isVisible());
        QCOMPARE(f.window->page()->width(), 640); // lies over it
        f.window->resize(1280, 800);
        QTRY_COMPARE(f.window->page()->width(), 1280 - 232 - 344);
        f.window->actions().inspector->trigger();
        QVERIFY(!right->isVisible());
        f.window->setInspector(nullptr); // then nothing speaks of it
        QVERIFY(!f.window->page()->header()->inspectorButton()->isVisible());
        QVERIFY(!f.window->actions().inspector->isEnabled());
    }

    void theLayoutIsRemembered() {
        WindowFixture f;
        f.start();
        f.window->panes()->setLeftWanted(false);
        f.window->panes()->setRightWidth(500);
        const QByteArray state = f.window->layoutState();
        f.window->panes()->setLeftWanted(true);
        f.window->panes()->setRightWidth(372);
        f.window->restoreLayout(state);
        QVERIFY(!f.window->panes()->isLeftWanted());
        QCOMPARE(f.window->panes()->rightWidth(), 500);
        f.window->restoreLayout(QByteArray("nonsense"));
        QCOMPARE(f.window->panes()->rightWidth(), 500);
    }

    void settingsApply() {
        WindowFixture f;
        f.start();
        f.window->openSettings(ui::SettingsPage::Memory);
        ui::SettingsDialog* dialog = f.window->settingsDialog();
        QPushButton* save = buttonOf(dialog, QStringLiteral("Save"));
        QVERIFY(!save->isEnabled()); // nothing is changed yet
        named<ui::NumberField>(dialog, QStringLiteral("Window"))->setValue(512);
        named<ui::NumberField>(dialog, QStringLiteral("Sinks"))->setValue(8);
        named<ui::NumberField>(dialog, QStringLiteral("Temperature"))->setValue(0.25);
        named<ui::NumberField>(dialog, QStringLiteral("Longest answer"))->setValue(300);
        named<ui::NumberField>(dialog, QStringLiteral("Threads"))->setValue(1);
        auto* words = named<QPlainTextEdit>(dialog, QStringLiteral("Stop words"));
        words->setPlainText(QStringLiteral("\\nUser:\n\n END \nC:\\\\new"));
        QVERIFY(save->isEnabled());
        save->click();
        QCOMPARE(f.controller->settings().cache.window, 512);
        QCOMPARE(f.controller->settings().cache.sinks, 8);
        QCOMPARE(f.controller->settings().sampling.temperature, 0.25f);
        QCOMPARE(f.controller->settings().longestAnswer, 300);
        QCOMPARE(f.controller->settings().threads, 1);
        const QStringList wanted{QStringLiteral("\nUser:"), QStringLiteral(" END "),
                                 QStringLiteral("C:\\new")};
        QCOMPARE(f.controller->settings().stopWords, wanted);
        QTRY_VERIFY(!f.window->settingsDialog());
        f.window->openSettings(ui::SettingsPage::Sampling);
        QCOMPARE(
            named<QPlainTextEdit>(f.window->settingsDialog(), QStringLiteral("Stop words"))->toPlainText(),
            QStringLiteral("\\nUser:\n END \nC:\\\\new"));
        QCOMPARE(f.controller->settings().sampling.topK,
                 engine::SamplingOptions().topK); // the rest is as it was
    }

    void settingsCanBeThrownAway() {
        WindowFixture f;
        f.start();
        const app::Settings before = f.controller->settings();
        f.window->openSettings(ui::SettingsPage::Sampling);
        named<ui::NumberField>(f.window->settingsDialog(), QStringLiteral("Top k"))->setValue(7);
        buttonOf(f.window->settingsDialog(), QStringLiteral("Cancel"))->click();
        QVERIFY(f.controller->settings() == before);
    }

    void theThemeFollowsTheSettings() {
        WindowFixture f;
        f.start();
        for (const bool dark : {true, false}) {
            app::Settings settings = f.controller->settings();
            settings.theme = dark ? app::Theme::Dark : app::Theme::Light;
            f.controller->applySettings(settings);
            QCOMPARE(ui::Theme::current().dark, dark);
            QCOMPARE(QApplication::palette().color(QPalette::Window), ui::Theme::current().background);
        }
    }
};

QTEST_MAIN(TestReach)
#include "tst_reach.moc"
