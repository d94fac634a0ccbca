// What a screen reader finds in the painted views: tables with a sentence in every cell, curves with a value.
#include "tests/support/patience.h"
#include "tests/ui/inspector_world.h"
#include "ui/inspector/attention_row.h"
#include "ui/inspector/head_map.h"
#include "ui/inspector/head_scatter.h"
#include "ui/inspector/position_map.h"
#include "ui/inspector/sinks_row.h"
#include "ui/inspector/time_strip.h"
#include "ui/inspector/window_grid.h"

#include <QAccessible>

using namespace ui;

namespace {

/// A cache that rolls, with attention of 30 layers x 9 heads.
struct Scene {
    test::ShowEngine engine{4, 40, 30, 9};
    app::InspectorFeed feed{engine};
    InspectorState state{feed};
    Scene() {
        feed.catchUp(std::make_shared<test::WordTokenizer>(), {});
        feed.setWanted({engine::CaptureLevel::Mass, 0});
        engine.reset();
        test::tellStory(engine, 90);
        test::lookAround(engine);
        engine.show(feed);
    }
};

QAccessibleTableInterface* tableOf(QWidget* view) {
    return QAccessible::queryAccessibleInterface(view)->tableInterface();
}

QString nameOf(QAccessibleInterface* cell) {
    return cell ? cell->text(QAccessible::Name) : QStringLiteral("(none)");
}

} // namespace

class TestInspectorTables : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::apply(Theme::darkTheme()); }

    void headsAreATable() {
        Scene scene;
        HeadMap map(scene.state, HeadMap::Axes::Shown);
        map.resize(340, 190);
        QAccessibleTableInterface* table = tableOf(&map);
        QVERIFY(table);
        QCOMPARE(table->rowCount(), 30);
        QCOMPARE(table->columnCount(), 9);
        // Layer 12 of 30, head 3 of 9: 13/30 * (0.3 + 0.6 * 3/9) = 21.7 %; even: 4 of 45 tokens.
        QCOMPARE(nameOf(table->cellAt(12, 3)),
                 QStringLiteral("layer 12, head 3, sink share 22 percent, 2 times uniform"));
        QCOMPARE(nameOf(table->cellAt(29, 8)),
                 QStringLiteral("layer 29, head 8, sink share 83 percent, 9 times uniform"));
        QCOMPARE(table->rowDescription(12), QStringLiteral("layer 12"));
        QCOMPARE(table->columnDescription(3), QStringLiteral("head 3"));
        QVERIFY(!table->cellAt(30, 0));
        QVERIFY(!table->cellAt(0, 9));
        QVERIFY(!table->cellAt(-1, 0));
        scene.state.setHeadValue(HeadValue::EffectiveKeys);
        QVERIFY(
            nameOf(table->cellAt(12, 3)).startsWith(QStringLiteral("layer 12, head 3, tokens looked at")));
    }

    void everyCellKnowsItsPlace() {
        Scene scene;
        HeadMap map(scene.state, HeadMap::Axes::Hidden);
        WindowGrid grid(scene.state);
        SinksRow sinks(scene.state);
        for (CellView* view : std::initializer_list<CellView*>{&map, &grid, &sinks}) {
            view->resize(340, 120);
            QAccessibleInterface* root = QAccessible::queryAccessibleInterface(view);
            QAccessibleTableInterface* table = root->tableInterface();
            QCOMPARE(root->role(), QAccessible::Table);
            QCOMPARE(root->childCount(), table->rowCount() * table->columnCount());
            int cells = 0;
            for (int row = 0; row < table->rowCount(); ++row) {
                for (int column = 0; column < table->columnCount(); ++column) {
                    QAccessibleInterface* cell = table->cellAt(row, column);
                    if (!cell)
                        continue;
                    ++cells;
                    QVERIFY(!nameOf(cell).isEmpty());
                    QCOMPARE(cell->parent(), root);
                    QCOMPARE(cell->tableCellInterface()->rowIndex(), row);
                    QCOMPARE(cell->tableCellInterface()->columnIndex(), column);
                    QCOMPARE(root->indexOfChild(cell), row * table->columnCount() + column);
                    QCOMPARE(root->child(root->indexOfChild(cell)), cell);
                    const QPoint middle = cell->rect().center();
                    QCOMPARE(root->childAt(middle.x(), middle.y()), cell);
                }
            }
            QCOMPARE(cells, view == &map ? 270 : view == &grid ? 40 : 4);
        }
    }

    void windowCellsSayTokenPlaceAndShare() {
        Scene scene;
        WindowGrid grid(scene.state);
        grid.resize(340, 120);
        const int cell = grid.cellOf(80);
        const int columns = grid.columnCount();
        QAccessibleInterface* found = tableOf(&grid)->cellAt(cell / columns, cell % columns);
        const float weight =
            scene.feed.live().slotMass[static_cast<std::size_t>(scene.feed.live().slotOf(80))];
        const QString name = nameOf(found);
        QVERIFY2(name.contains(QStringLiteral("stream position 80, 9 back")), qPrintable(name));
        QVERIFY2(name.contains(percent(static_cast<double>(weight))), qPrintable(name));
        found->actionInterface()->doAction(QAccessibleActionInterface::pressAction());
        QCOMPARE(scene.state.pins(), QList<engine::StreamPosition>{80});
        QVERIFY(nameOf(found).endsWith(QStringLiteral("pin 1")));
        QCOMPARE(tableOf(&grid)->rowCount() * columns >= 40, true);
    }

    void sinksSayWhatTheyGet() {
        Scene scene;
        SinksRow sinks(scene.state);
        sinks.resize(340, 44);
        QAccessibleTableInterface* table = tableOf(&sinks);
        QCOMPARE(table->rowCount(), 1);
        QCOMPARE(table->columnCount(), 4);
        QCOMPARE(nameOf(table->cellAt(0, 0)),
                 QStringLiteral("Sink 0: “<|im_start|>”, stream position 0, 29.1 % of attention"));
    }

    void focusFollowsTheCursor() {
        Scene scene;
        WindowGrid grid(scene.state);
        grid.resize(340, 120);
        grid.show();
        QVERIFY(QTest::qWaitForWindowExposed(&grid, test::PatienceMs));
        grid.activateWindow();
        grid.setFocus();
        QTRY_VERIFY(grid.hasFocus());
        grid.setCursorCell({0, 3});
        QAccessibleInterface* root = QAccessible::queryAccessibleInterface(&grid);
        QVERIFY(root->focusChild());
        QCOMPARE(root->focusChild(), root->tableInterface()->cellAt(0, 3));
        QVERIFY(root->focusChild()->state().focused);
        QVERIFY(!root->tableInterface()->cellAt(0, 4)->state().focused);
    }

    /// A new layout of the grid gives the same number another place: cells must not be mixed up.
    void aNewLayoutHasNewCells() {
        Scene scene;
        WindowGrid grid(scene.state);
        grid.resize(340, 120);
        const int before = grid.columnCount();
        QVERIFY(tableOf(&grid)->cellAt(1, 1));
        grid.resize(120, 300);
        QVERIFY(grid.columnCount() != before);
        QAccessibleInterface* cell = tableOf(&grid)->cellAt(1, 1);
        QCOMPARE(nameOf(cell), grid.describe(grid.columnCount() + 1));
    }

    void curvesHaveAValueAndASentence() {
        Scene scene;
        AttentionRow row(scene.state);
        HeadScatter scatter(scene.state);
        PositionMap map(scene.state);
        TimeStrip strip(scene.state);
        for (PaintedView* view : std::initializer_list<PaintedView*>{&row, &scatter, &map, &strip}) {
            view->resize(340, 120);
            QAccessibleInterface* interface = QAccessible::queryAccessibleInterface(view);
            QVERIFY(!interface->tableInterface());
            QVERIFY(interface->valueInterface());
            QVERIFY(!interface->text(QAccessible::Value).isEmpty());
            QCOMPARE(interface->text(QAccessible::Value), view->summary());
            QVERIFY(!interface->text(QAccessible::Name).isEmpty());
        }
        QVERIFY(
            std::abs(
                QAccessible::queryAccessibleInterface(&strip)->valueInterface()->currentValue().toDouble() -
                static_cast<double>(scene.feed.history().scalars(89).sinkShare)) < 1e-6);
        QCOMPARE(QAccessible::queryAccessibleInterface(&map)->valueInterface()->currentValue().toInt(),
                 static_cast<int>(scene.feed.live().sinkPosition));
    }

    void nothingIsMadeUpWhereNothingIs() {
        test::ShowEngine engine(4, 40, 30, 9);
        app::InspectorFeed feed(engine);
        InspectorState state(feed);
        HeadMap map(state, HeadMap::Axes::Shown);
        WindowGrid grid(state);
        TimeStrip strip(state);
        for (CellView* view : std::initializer_list<CellView*>{&map, &grid}) {
            QCOMPARE(tableOf(view)->rowCount(), 0);
            QVERIFY(!tableOf(view)->cellAt(0, 0));
        }
        QVERIFY(!QAccessible::queryAccessibleInterface(&strip)->valueInterface());
    }
};

QTEST_MAIN(TestInspectorTables)
#include "tst_inspector_tables.moc"
