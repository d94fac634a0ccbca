// Every key of the Inspector, on the real pane: what it changes, and the sentence that is read out for it.
#include "tests/ui/inspector_world.h"
#include "ui/inspector/cell_view.h"
#include "ui/inspector/head_map.h"
#include "ui/inspector/lens.h"
#include "ui/inspector/scope.h"
#include "ui/inspector/time_strip.h"
#include "ui/inspector/window_grid.h"

#include <QAccessible>
#include <QComboBox>
#include <QLabel>
#include <QTabBar>
#include <QTableView>

using namespace ui;
using test::InspectorWorld;
using test::seen;

namespace {

QComboBox* box(QWidget* root, const QString& name) {
    for (QComboBox* found : root->findChildren<QComboBox*>()) {
        if (found->accessibleName() == name && found->isVisible())
            return found;
    }
    return nullptr;
}

QString said(const InspectorWorld& world) {
    auto* line = world.pane->findChild<QLabel*>(QStringLiteral("inspectorState"));
    return QAccessible::queryAccessibleInterface(line)->text(QAccessible::Name);
}

} // namespace

class TestInspectorKeys : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        Theme::loadFonts();
        Theme::apply(Theme::darkTheme());
    }

    void theViewIsChangedByKeys() {
        InspectorWorld world(4, 60, 5, 3);
        world.tokens(200);
        InspectorState& state = world.state();
        InspectorPane* pane = world.pane.get();
        QComboBox* scale = box(pane, QStringLiteral("Scale"));
        QComboBox* order = box(pane, QStringLiteral("Order of the slots"));
        QComboBox* mode = box(pane, QStringLiteral("What the colours mean"));
        QVERIFY(scale && order && mode);

        QTest::keyClick(pane, Qt::Key_L);
        QCOMPARE(state.scale(), HeatScale::Linear);
        QCOMPARE(scale->currentText(), QStringLiteral("Linear"));
        QVERIFY2(said(world).startsWith(QStringLiteral("Linear scale")), qPrintable(said(world)));
        QTest::keyClick(pane, Qt::Key_L);
        QCOMPARE(state.scale(), HeatScale::Lift);
        QVERIFY(said(world).startsWith(QStringLiteral("Against an even share")));
        QTest::keyClick(pane, Qt::Key_L);
        QCOMPARE(state.scale(), HeatScale::Log);

        QTest::keyClick(pane, Qt::Key_O);
        QCOMPARE(state.order(), SlotOrder::Logical);
        QCOMPARE(order->currentText(), QStringLiteral("By age"));
        QVERIFY(said(world).startsWith(QStringLiteral("By age")));
        QTest::keyClick(pane, Qt::Key_O);
        QCOMPARE(state.order(), SlotOrder::Physical);

        for (const GridMode expected : {GridMode::Age, GridMode::Role, GridMode::Received, GridMode::Mass}) {
            QTest::keyClick(pane, Qt::Key_G);
            QCOMPARE(state.gridMode(), expected);
            QCOMPARE(mode->currentData().toInt(), static_cast<int>(expected));
            QVERIFY(said(world).contains(mode->currentText().toLower()));
        }
        QTest::keyClick(pane, Qt::Key_V);
        QCOMPARE(state.headValue(), HeadValue::FirstToken);
        QVERIFY(said(world).contains(QStringLiteral("share on the first token")));

        QTest::keyClick(pane, Qt::Key_H);
        QVERIFY(state.sinksHidden());
        QVERIFY2(said(world).contains(QStringLiteral("× 1.4")) ||
                     said(world).contains(QStringLiteral("× 1.5")),
                 qPrintable(said(world))); // 1 / (1 - 0.33)
        QTest::keyClick(pane, Qt::Key_H);
        QVERIFY(!state.sinksHidden());
        QCOMPARE(said(world), QStringLiteral("Sinks shown."));
    }

    void controlsDoWhatTheKeysDo() {
        InspectorWorld world(4, 60, 5, 3);
        world.tokens(200);
        box(world.pane.get(), QStringLiteral("Scale"))->setCurrentIndex(2);
        QCOMPARE(world.state().scale(), HeatScale::Lift);
        box(world.pane.get(), QStringLiteral("Order of the slots"))->setCurrentIndex(1);
        QCOMPARE(world.state().order(), SlotOrder::Logical);
        box(world.pane.get(), QStringLiteral("What the colours mean"))->setCurrentIndex(2);
        QCOMPARE(world.state().gridMode(), GridMode::Role);
        QComboBox* layer = box(world.pane.get(), QStringLiteral("Layer"));
        QComboBox* head = box(world.pane.get(), QStringLiteral("Head"));
        QCOMPARE(layer->count(), 6);
        QVERIFY(!head->isEnabled());
        layer->setCurrentIndex(4);
        head->setCurrentIndex(2);
        QVERIFY(world.state().scope() == (HeadScope{3, 1}));
    }

    void theScopeIsChosenByKeys() {
        InspectorWorld world(4, 60, 5, 3);
        world.tokens(200);
        InspectorState& state = world.state();
        InspectorPane* pane = world.pane.get();
        QTest::keyClick(pane, Qt::Key_BracketRight);
        QVERIFY(state.scope() == (HeadScope{0, -1}));
        QTest::keyClick(pane, Qt::Key_BracketRight);
        QVERIFY(state.scope() == (HeadScope{1, -1}));
        QVERIFY2(said(world).contains(QStringLiteral("layer 1, mean of 3 heads")), qPrintable(said(world)));
        QCOMPARE(world.engine.captures.back().level, engine::CaptureLevel::Rows);
        QCOMPARE(world.engine.captures.back().rowLayer, 1);
        world.tokens(1); // now its rows come
        const float mean = scopedNewest(world, Aggregate::Mean);
        QTest::keyClick(pane, Qt::Key_M);
        QCOMPARE(state.aggregate(), Aggregate::Max);
        QVERIFY(said(world).contains(QStringLiteral("layer 1, largest of 3 heads")));
        QVERIFY(std::abs(scopedNewest(world, Aggregate::Max) - mean * 1.5f) <
                1e-4f); // 3 against (1 + 2 + 3) / 3
        QTest::keyClick(pane, Qt::Key_M);
        QTest::keyClick(pane, Qt::Key_BraceRight);
        QTest::keyClick(pane, Qt::Key_BraceRight);
        QVERIFY(state.scope() == (HeadScope{1, 1}));
        QVERIFY(said(world).contains(QStringLiteral("layer 1, head 1")));
        QTest::keyClick(pane, Qt::Key_BraceLeft);
        QVERIFY(state.scope() == (HeadScope{1, 0}));
        QTest::keyClick(pane, Qt::Key_BracketLeft);
        QVERIFY(state.scope() == (HeadScope{0, 0}));
        QTest::keyClick(pane, Qt::Key_A);
        QVERIFY(state.scope() == HeadScope());
        QVERIFY(said(world).contains(QStringLiteral("mean of 15 heads")));
    }

    void timeIsTravelledByKeys() {
        InspectorWorld world(4, 60, 5, 3);
        for (int i = 0; i < 20; ++i)
            world.tokens(10);
        InspectorState& state = world.state();
        InspectorPane* pane = world.pane.get();
        QTest::keyClick(pane, Qt::Key_Space);
        QVERIFY(state.paused());
        QVERIFY2(said(world).startsWith(QStringLiteral("Paused. Token 199. Sink share")),
                 qPrintable(said(world)));
        QVERIFY(said(world).contains(QStringLiteral("tokens forgotten")));
        QTest::keyClick(pane, Qt::Key_Left);
        QCOMPARE(state.shot().position, 198);
        QVERIFY(said(world).startsWith(QStringLiteral("Token 198.")));
        QTest::keyClick(pane, Qt::Key_Right);
        QCOMPARE(state.shot().position, 199);
        QTest::keyClick(pane, Qt::Key_Left, Qt::ControlModifier);
        QCOMPARE(state.shot().position, 150); // turns are every 50 tokens
        QTest::keyClick(pane, Qt::Key_Left, Qt::ControlModifier);
        QCOMPARE(state.shot().position, 100);
        QTest::keyClick(pane, Qt::Key_Right, Qt::ControlModifier);
        QCOMPARE(state.shot().position, 150);
        QTest::keyClick(pane, Qt::Key_Home);
        QVERIFY(state.shot().position <= 4);
        QTest::keyClick(pane, Qt::Key_End);
        QVERIFY(!state.paused());
        QCOMPARE(said(world), QStringLiteral("Live again."));
        QTest::keyClick(pane, Qt::Key_Left);
        QVERIFY(state.paused());
        QTest::keyClick(pane, Qt::Key_Escape);
        QVERIFY(!state.paused());
        QTest::keyClick(pane, Qt::Key_Space, Qt::ShiftModifier);
        QVERIFY(world.engine.writingPaused);
        QVERIFY(!state.paused());
        QVERIFY(said(world).startsWith(QStringLiteral("Writing is paused")));
        QTest::keyClick(pane, Qt::Key_Space, Qt::ShiftModifier);
        QVERIFY(!world.engine.writingPaused);
    }

    void cellsArePinnedByKeys() {
        InspectorWorld world(4, 60, 5, 3);
        world.tokens(200);
        auto* grid = seen<WindowGrid>(world.pane.get());
        auto* lens = seen<Lens>(world.pane.get());
        QVERIFY(grid && lens);
        grid->setFocus();
        QTest::keyClick(grid, Qt::Key_Home);
        QCOMPARE(world.state().hovered(), grid->positionAt(0));
        QVERIFY(lens->middle() == grid->positionAt(0));
        QVERIFY(lens->summary().contains(QLatin1Char('[')));
        const QImage before = grid->grab().toImage();
        QTest::keyClick(grid, Qt::Key_Right);
        QCOMPARE(grid->cursor(), (CellView::Cell{0, 1}));
        QVERIFY(grid->grab().toImage() != before); // the cursor can be seen
        QVERIFY(grid->accessibleDescription().contains(QLocale().toString(grid->positionAt(1))));
        for (int pin = 0; pin < 4; ++pin) { // the fourth replaces the first
            QTest::keyClick(grid, Qt::Key_Return);
            QVERIFY2(said(world).contains(QStringLiteral("%1 of 3 pins").arg(std::min(3, pin + 1))),
                     qPrintable(said(world)));
            QTest::keyClick(grid, Qt::Key_Right);
        }
        QCOMPARE(world.state().pins(), (QList<engine::StreamPosition>{
                                           grid->positionAt(2), grid->positionAt(3), grid->positionAt(4)}));
        QVERIFY(grid->describe(2).contains(QStringLiteral("pin 1")));
        QTest::keyClick(grid, Qt::Key_Left);
        QTest::keyClick(grid, Qt::Key_Return);
        QCOMPARE(world.state().pins().size(), 2);
        QTest::keyClick(grid, Qt::Key_PageDown);
        QVERIFY(grid->hasCell(grid->cursor()));
        QTest::keyClick(grid, Qt::Key_End);
        QVERIFY(grid->describe(59).contains(QString::number(grid->positionAt(59))));
        QTest::keyClick(grid, Qt::Key_Space); // what a cell does not take goes to the pane
        QVERIFY(world.state().paused());
    }

    void headsAreChosenByKeys() {
        InspectorWorld world(4, 60, 5, 3);
        world.tokens(200);
        world.pane->showTab(1);
        auto* map = seen<HeadMap>(world.pane.get());
        map->setFocus();
        QTest::keyClick(map, Qt::Key_Home);
        QTest::keyClick(map, Qt::Key_Right);
        QTest::keyClick(map, Qt::Key_Right);
        QTest::keyClick(map, Qt::Key_Down);
        QCOMPARE(map->cursor(), (CellView::Cell{2, 1})); // layers go to the right, heads down
        QVERIFY2(map->accessibleDescription().startsWith(QStringLiteral("layer 2, head 1, sink share")),
                 qPrintable(map->accessibleDescription()));
        QVERIFY(world.state().scope() == HeadScope()); // looking is not choosing
        QTest::keyClick(map, Qt::Key_Return);
        QVERIFY(world.state().scope() == (HeadScope{2, 1}));
        QTest::keyClick(map, Qt::Key_Return);
        QVERIFY(world.state().scope() == HeadScope());
        QTest::keyClick(map, Qt::Key_End);
        QTest::keyClick(map, Qt::Key_Enter);
        QVERIFY(world.state().scope() == (HeadScope{4, 2}));
    }

    void numbersAreOneKeyAway() {
        InspectorWorld world(4, 60, 5, 3);
        world.tokens(200);
        QTest::keyClick(world.pane.get(), Qt::Key_T);
        auto* table = world.pane->findChild<QTableView*>();
        for (QTableView* found : world.pane->findChildren<QTableView*>()) {
            if (found->accessibleName() == QStringLiteral("Slots, tokens and attention"))
                table = found;
        }
        QVERIFY(table && table->isVisible());
        QCOMPARE(table->model()->rowCount(), 4 + 61);
    }

    void stopsOfF6AreTheTablesAndTheStrip() {
        InspectorWorld world(4, 60, 5, 3);
        world.tokens(200);
        const QList<QWidget*> cache = world.pane->stops();
        QVERIFY(cache.contains(seen<WindowGrid>(world.pane.get())));
        QVERIFY(cache.contains(seen<HeadMap>(world.pane.get())));
        QVERIFY(qobject_cast<TimeStrip*>(cache.last()));
        for (int tab = 0; tab < 4; ++tab) {
            world.pane->showTab(tab);
            for (QWidget* stop : world.pane->stops()) {
                stop->setFocus();
                QVERIFY2(stop->hasFocus(), qPrintable(stop->accessibleName()));
            }
        }
    }

private:
    static float scopedNewest(InspectorWorld& world, Aggregate aggregate) {
        const auto& shot = world.feed().live();
        const auto mass = scopedMass(shot, world.state().scope(), false, aggregate);
        return mass.empty() ? -1 : mass[static_cast<std::size_t>(shot.slotOf(shot.position))];
    }
};

QTEST_MAIN(TestInspectorKeys)
#include "tst_inspector_keys.moc"
