#include "inspector_support.h"
#include "ui/inspector/attention_row.h"
#include "ui/inspector/head_map.h"
#include "ui/inspector/head_scatter.h"
#include "ui/inspector/position_map.h"
#include "ui/inspector/scope.h"
#include "ui/inspector/sinks_row.h"
#include "ui/inspector/time_strip.h"
#include "ui/inspector/window_grid.h"

#include <QtTest>

#include <cmath>

using namespace ui;
using engine::StreamPosition;

/// The painted views, on pictures: right cell, right colour, no data where there is none.
class TestInspectorViews : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { Theme::apply(Theme::darkTheme()); }

    void rampIsMonotoneAndZeroIsNoData() {
        for (const bool dark : {true, false}) {
            double last = dark ? -1 : 1000;
            for (int step = 0; step <= 600; ++step) {
                const float weight = std::pow(10.0f, -6.0f + static_cast<float>(step) / 100.0f);
                const QRgb colour = heatColour(heatPlace(weight, HeatScale::Log, 0), HeatScale::Log, dark);
                const double light = 0.2126 * qRed(colour) + 0.7152 * qGreen(colour) + 0.0722 * qBlue(colour);
                QVERIFY2(dark ? light >= last - 0.8 : light <= last + 0.8, qPrintable(QString::number(step)));
                last = light;
            }
            QCOMPARE(heatColour(heatPlace(0, HeatScale::Log, 0), HeatScale::Log, dark), noDataColour(dark));
            QCOMPARE(heatColour(heatPlace(std::nanf(""), HeatScale::Linear, 0), HeatScale::Linear, dark),
                     noDataColour(dark));
            QVERIFY(heatColour(0, HeatScale::Log, dark) != noDataColour(dark));
        }
        QCOMPARE(heatPlace(0.004f, HeatScale::Lift, 0.004), 0.5f);
    }

    void cellsAreExactPixels() {
        std::vector<QRgb> colours;
        for (int i = 0; i < 50; ++i)
            colours.push_back(qRgb(i, 2 * i, 3 * i));
        const QImage image = rasterCells(colours, 7, 5, 1);
        QCOMPARE(image.size(), QSize(7 * 6 - 1, 8 * 6 - 1));
        for (int i = 0; i < 50; ++i) {
            for (const QPoint corner : {QPoint(0, 0), QPoint(4, 0), QPoint(0, 4), QPoint(4, 4), QPoint(2, 2)})
                QCOMPARE(image.pixel(QPoint(i % 7 * 6, i / 7 * 6) + corner),
                         colours[static_cast<std::size_t>(i)]);
        }
        QCOMPARE(qAlpha(image.pixel(5, 0)), 0);
    }

    void gridUsesTheLargestCellsThatFit_data() {
        QTest::addColumn<int>("cells");
        QTest::newRow("1020") << 1020;
        QTest::newRow("4092") << 4092;
        QTest::newRow("8188") << 8188;
        QTest::newRow("7") << 7;
    }
    void gridUsesTheLargestCellsThatFit() {
        QFETCH(int, cells);
        const auto grid = WindowGrid::layoutFor(cells, 340, 196);
        QVERIFY(grid.rows * grid.pitch() - grid.gap <= 196);
        QVERIFY(grid.columns * grid.pitch() - grid.gap <= 340);
        QVERIFY(grid.rows * grid.columns >= cells);
    }

    /// A single bright slot is a single bright cell, at the place the arithmetic says, in both orders and
    /// across the wrap.
    void oneHotSlotLightsOneCell_data() {
        QTest::addColumn<int>("tokens");
        QTest::addColumn<bool>("logical");
        for (const int tokens : {7, 20, 21, 37, 90}) {
            QTest::addRow("%d physical", tokens) << tokens << false;
            QTest::addRow("%d logical", tokens) << tokens << true;
        }
    }
    void oneHotSlotLightsOneCell() {
        QFETCH(int, tokens);
        QFETCH(bool, logical);
        test::ShowEngine engine(4, 16);
        app::InspectorFeed feed(engine);
        engine.reset();
        for (int i = 0; i < tokens; ++i)
            engine.token(i);
        const StreamPosition bright = engine.visible[engine.visible.size() / 2];
        auto& frame = engine.frame();
        for (const StreamPosition position : engine.visible)
            frame.slotMass[static_cast<std::size_t>(engine.slotOf(position))] = 1e-5f;
        frame.slotMass[static_cast<std::size_t>(engine.slotOf(bright))] = 1.0f;
        engine.publish();
        feed.setWanted({engine::CaptureLevel::Mass, 0});
        engine.show(feed);
        InspectorState state(feed);
        state.setOrder(logical ? SlotOrder::Logical : SlotOrder::Physical);
        WindowGrid grid(state);
        grid.resize(340, 196);
        const QImage image = grid.grab().toImage();
        QCOMPARE(grid.cellCount(), 16);
        int lit = 0;
        for (int cell = 0; cell < grid.cellCount(); ++cell) {
            const QRgb middle = image.pixel(grid.cellRect(cell).center());
            const QRgb top = heatColour(1, HeatScale::Log, true);
            const bool isBright = middle == (tokens <= 16 ? mutedColour(top, true) : top); // too few: muted
            if (isBright) {
                ++lit;
                QCOMPARE(grid.positionAt(cell), bright);
            }
            if (grid.positionAt(cell) < 0)
                QCOMPARE(middle, noDataColour(true));
        }
        QCOMPARE(lit, 1);
        const int expected =
            logical ? static_cast<int>(bright - std::max(engine.visible.front(), engine.next - 16))
                    : static_cast<int>((bright - 4) % 16);
        QCOMPARE(grid.cellOf(bright), expected);
    }

    void oneHotHeadLightsOneCell() {
        for (const auto& [layer, head] : {std::pair{0, 0}, {4, 0}, {0, 2}, {4, 2}, {2, 1}}) {
            test::ShowEngine engine(1, 30, 5, 3);
            app::InspectorFeed feed(engine);
            engine.reset();
            for (int i = 0; i < 40; ++i)
                engine.token(i);
            engine.frame().headStats[static_cast<std::size_t>(layer * 3 + head)].sinks = 1;
            engine.publish();
            feed.setWanted({engine::CaptureLevel::Mass, 0});
            engine.show(feed);
            InspectorState state(feed);
            HeadMap map(state, HeadMap::Axes::Shown);
            map.resize(340, 170);
            const QImage image = map.grab().toImage();
            for (int l = 0; l < 5; ++l) {
                for (int h = 0; h < 3; ++h) {
                    const QPoint middle = map.cellRect(l, h).center().toPoint();
                    QCOMPARE(image.pixel(middle) == heatColour(1, HeatScale::Linear, true),
                             l == layer && h == head);
                    QVERIFY(map.headUnder(middle) == (HeadScope{l, h}));
                }
            }
        }
    }

    void binsKeepTheMass() {
        test::ShowEngine engine(4, 300);
        app::InspectorFeed feed(engine);
        engine.reset();
        for (int i = 0; i < 500; ++i)
            engine.token(i);
        std::mt19937 random(7);
        auto& frame = engine.frame();
        double total = 0;
        for (const StreamPosition position : engine.visible) {
            const float weight = std::uniform_real_distribution<float>(0, 1)(random);
            frame.slotMass[static_cast<std::size_t>(engine.slotOf(position))] = weight;
            total += static_cast<double>(weight);
        }
        engine.publish();
        engine.show(feed);
        const auto mass = feed.live().slotMass;
        QVERIFY(!mass.empty());
        for (int width = 200; width <= 600; width += 37) {
            double sum = 0;
            int count = 0;
            for (const auto& bin : AttentionRow::bins(feed.live(), mass, width)) {
                sum += static_cast<double>(bin.sum);
                count += bin.count;
            }
            QCOMPARE(count, static_cast<int>(engine.visible.size()));
            QVERIFY(std::abs(sum - total) < 1e-3);
        }
    }

    void positionsAreToldInWords() {
        test::ShowEngine engine(4, 16);
        app::InspectorFeed feed(engine);
        engine.reset();
        InspectorState state(feed);
        PositionMap map(state);
        for (int i = 0; i < 12; ++i)
            engine.token(i);
        engine.show(feed);
        QVERIFY(map.summary().contains(QStringLiteral("Nothing is forgotten")));
        for (int i = 12; i < 2002; ++i)
            engine.token(i);
        engine.show(feed);
        QVERIFY2(map.summary().contains(QLocale().toString(2001)) &&
                     map.summary().contains(QStringLiteral("20")),
                 qPrintable(map.summary()));
    }

    void timeStripShowsEveryToken() {
        test::ShowEngine engine(2, 8);
        app::InspectorFeed feed(engine);
        engine.reset();
        for (int i = 0; i < 40; ++i) {
            engine.token(i);
            engine::JournalEvent event;
            event.type = engine::JournalEvent::Type::Scalars;
            event.position = i;
            event.values[0] = i == 33 ? 0.9f : 0.3f;
            event.values[1] = 0.1f;
            event.values[2] = i == 33 ? 0.95f : 0.5f;
            engine.journal()->push(event);
        }
        engine.show(feed);
        const auto columns = TimeStrip::columns(feed.history(), 0, 39, 10); // four tokens a column
        QCOMPARE(columns.size(), std::size_t(10));
        QCOMPARE(columns[8].high, 0.95f); // one token among four is not lost
        QCOMPARE(columns[7].high, 0.5f);
        QVERIFY(std::abs(columns[8].mean - 0.45f) < 1e-6f);
        int evicted = 0;
        for (const auto& column : columns)
            evicted += column.evicted;
        QCOMPARE(evicted, static_cast<int>(feed.history().forgotten()));
    }

    void emptyStatesHaveASentenceAndNoHeat() {
        test::ShowEngine engine(4, 16);
        app::InspectorFeed feed(engine);
        InspectorState state(feed);
        SinksRow sinks(state);
        WindowGrid grid(state);
        HeadMap heads(state, HeadMap::Axes::Hidden);
        AttentionRow row(state);
        TimeStrip time(state);
        for (PaintedView* view : std::initializer_list<PaintedView*>{&sinks, &grid, &heads, &row, &time}) {
            view->resize(340, 90);
            QVERIFY(!view->summary().isEmpty());
            const QImage image = view->grab().toImage();
            for (int x = 0; x < image.width(); x += 3) {
                for (int y = 0; y < image.height(); y += 3)
                    QVERIFY(image.pixel(x, y) != heatColour(0, HeatScale::Log, true));
            }
        }
    }
};

QTEST_MAIN(TestInspectorViews)
#include "tst_inspector_views.moc"
