#include "inspector_support.h"
#include "ui/inspector/heat.h"
#include "ui/inspector/inspector_export.h"
#include "ui/inspector/inspector_state.h"
#include "ui/theme.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>
#include <QWidget>

using engine::StreamPosition;

/// What the Inspector knows, against an oracle that keeps lists.
class TestInspectorFeed : public QObject {
    Q_OBJECT

    static void compareWithOracle(const test::ShowEngine& engine, const app::InspectorSnapshot& shot) {
        QSet<StreamPosition> seen;
        for (std::size_t slot = 0; slot < shot.slots.size(); ++slot) {
            if (shot.slots[slot].position < 0)
                continue;
            QCOMPARE(engine.slotOf(shot.slots[slot].position), static_cast<int>(slot));
            seen.insert(shot.slots[slot].position);
        }
        QSet<StreamPosition> expected(engine.visible.begin(), engine.visible.end());
        for (StreamPosition sink = 0; sink < std::min<StreamPosition>(engine.sinks, engine.next); ++sink)
            expected.insert(sink);
        QCOMPARE(seen, expected);
    }

private Q_SLOTS:
    void initTestCase() { ui::Theme::apply(ui::Theme::darkTheme()); }

    /// N9: S = 4, W = 16, t = 40.
    void layoutOfTheExample() {
        test::ShowEngine engine(4, 15); // 15 past ones and the token itself: 16 ring tokens in view
        app::InspectorFeed feed(engine);
        engine.reset();
        for (int i = 0; i < 44; ++i)
            engine.token(1000 + i);
        engine.show(feed);
        const auto& shot = feed.live();
        QCOMPARE(shot.oldest, 28);
        QCOMPARE(shot.sinkCount, 4);
        QCOMPARE(feed.history().forgotten(), 24);
        QCOMPARE(feed.history().token(28)->token, 1028);
        compareWithOracle(engine, shot);
    }

    /// N10, N15: random tokens, bursts and rewinds; live layout and every moment of the past.
    void journalRebuildsEveryMoment() {
        std::mt19937 random(11);
        for (int round = 0; round < 12; ++round) {
            test::ShowEngine engine(round % 3 == 0 ? 0 : round % 7, 5 + round * 3);
            app::InspectorFeed feed(engine);
            engine.reset();
            std::vector<std::deque<StreamPosition>> past;
            for (int step = 0; step < 300; ++step) {
                if (random() % 40 == 0 && engine.visible.size() > 3)
                    engine.evict(static_cast<int>(1 + random() % (engine.visible.size() - 2)));
                engine.token(step);
                past.push_back(engine.visible);
            }
            engine.show(feed);
            compareWithOracle(engine, feed.live());
            QCOMPARE(feed.history().forgotten() + static_cast<StreamPosition>(engine.visible.size()) +
                         std::min<StreamPosition>(engine.next, engine.sinks),
                     engine.next);
            for (int back = 299; back >= engine.sinks; back -= 7) {
                const auto shot = feed.at(back);
                const auto& expected = past[static_cast<std::size_t>(back)];
                QCOMPARE(shot.oldest, expected.front());
                for (const StreamPosition position : expected)
                    QCOMPARE(shot.slots[static_cast<std::size_t>(engine.slotOf(position))].position,
                             position);
            }
        }
    }

    /// The number of the status line, also when the newest token was read without a picture, and in the past.
    void forgottenIsWhatTheStatusSays() {
        for (const int leftOut : {0, 500}) {
            test::ShowEngine engine(4, 15);
            app::InspectorFeed feed(engine);
            feed.setWanted({engine::CaptureLevel::Mass, 0});
            engine.reset();
            for (int i = 0; i < 43; ++i)
                engine.token(i);
            engine.frame();
            engine.publish();
            engine.leftOut = leftOut;
            engine.show(feed);
            QCOMPARE(feed.live().forgotten, leftOut + 24); // 43 tokens, 4 + 15 in view
            QCOMPARE(feed.status().visible, 19);
            QCOMPARE(feed.live().keys(), 20); // the newest token looked at itself, too
            engine.token(43);                 // the end of the answer
            engine.show(feed);
            QCOMPARE(feed.live().forgotten, leftOut + 25);
            QCOMPARE(feed.at(42).forgotten, feed.live().position == 42 ? leftOut + 25 : leftOut + 24);
            QCOMPARE(feed.at(30).forgotten, leftOut + 12);
            QCOMPARE(feed.at(10).forgotten, leftOut); // the window was not full yet
            QVERIFY(feed.live().hasAttention);
            engine.leftOut = 0;
            engine.reset(); // another chat
            engine.token(0);
            engine.show(feed);
            QCOMPARE(feed.live().forgotten, 0);
        }
    }

    void rewindTakesTokensBack() {
        test::ShowEngine engine(2, 8);
        app::InspectorFeed feed(engine);
        engine.reset();
        for (int i = 0; i < 9; ++i)
            engine.token(i);
        engine::JournalEvent event;
        event.type = engine::JournalEvent::Type::Rewind;
        event.position = 6;
        engine.journal()->push(event);
        engine.next = 6;
        engine.visible = {2, 3, 4, 5};
        engine.token(77);
        engine.show(feed);
        compareWithOracle(engine, feed.live());
        QCOMPARE(feed.history().token(6)->token, 77);
        QVERIFY(!feed.history().token(7));
    }

    /// The history is quantised, and close (N14).
    void historyIsCloseToTheLiveNumbers() {
        for (float weight = 1e-6f; weight <= 1; weight *= 1.37f)
            QVERIFY(std::abs(app::fromLogByte(app::toLogByte(weight)) / weight - 1) <= 0.03f);
        QCOMPARE(app::fromLogByte(app::toLogByte(0)), 0.0f);
        // Colours, too, take the logarithm: a thousandth stands in the middle.
        QVERIFY(std::abs(ui::heatPlace(1e-3f, ui::HeatScale::Log, 0) - 0.5f) < 1e-5f);
        QVERIFY(std::abs(ui::heatPlace(1e-5f, ui::HeatScale::Log, 0) - 1.0f / 6) < 1e-5f);
        test::ShowEngine engine(1, 8, 2, 2);
        app::InspectorFeed feed(engine);
        feed.setWanted({engine::CaptureLevel::Mass, 0});
        engine.reset();
        for (int i = 0; i < 6; ++i)
            engine.token(i);
        auto& frame = engine.frame();
        frame.headStats[3] = {0.5f, 0.6f, 0.25f, 12.5f, 1};
        frame.slotMass[0] = 0.6f;
        frame.slotMass[2] = 0.004f;
        engine.publish();
        engine.show(feed);
        QVERIFY(!feed.live().quantised);
        engine.token(6);
        engine.frame();
        engine.publish();
        engine.show(feed);
        const auto shot = feed.at(5);
        QVERIFY(shot.quantised && shot.hasAttention);
        QVERIFY(std::abs(shot.headStats[3].sinks - 0.6f) < 0.003f);
        QVERIFY(std::abs(shot.headStats[3].effectiveKeys - 12.5f) < 0.1f);
        QVERIFY(std::abs(shot.slotMass[2] / 0.004f - 1) < 0.03f);
        QVERIFY(!feed.at(3).hasAttention); // never looked at: said, not made up
    }

    void lostEventsAreCounted() {
        test::ShowEngine engine(1, 8);
        app::InspectorFeed feed(engine);
        engine.reset();
        for (int i = 0; i < 70000; ++i)
            engine.token(i % 100);
        engine.show(feed);
        QVERIFY(feed.history().lostEvents() > 0);
        // C2: what comes after the gap stands in its place; the sum holds as soon as one more has left.
        for (int i = 0; i < 20; ++i)
            engine.token(i);
        engine.show(feed);
        compareWithOracle(engine, feed.live());
        QCOMPARE(feed.history().forgotten() + static_cast<StreamPosition>(engine.visible.size()) + 1,
                 engine.next);
        QCOMPARE(feed.history().token(engine.next - 1)->token, 19);
        const StreamPosition inTheGap = engine.next - 25;
        QCOMPARE(feed.history().token(inTheGap)->position, -1);
        QVERIFY(!feed.at(inTheGap).hasAttention);
    }

    /// A chat is left and another begun while nobody reads: the new one is understood from its start.
    void aResetIsNotLostInAGap() {
        test::ShowEngine engine(3, 8);
        app::InspectorFeed feed(engine);
        engine.reset();
        for (int i = 0; i < 70000; ++i)
            engine.token(i % 100);
        engine.reset();
        for (int i = 0; i < 100; ++i)
            engine.token(1000 + i);
        engine.show(feed);
        QVERIFY(feed.history().lostEvents() > 0);
        QVERIFY(feed.history().empty());
        for (int i = 0; i < 30; ++i)
            engine.token(2000 + i);
        engine.show(feed);
        QCOMPARE(feed.history().next(), 130);
        QCOMPARE(feed.history().forgotten() + static_cast<StreamPosition>(engine.visible.size()) + 3,
                 engine.next);
        QCOMPARE(feed.history().sinks().size(), std::size_t(3));
        QCOMPARE(feed.history().sinks()[0].position, -1); // lost, and said so
        QVERIFY(feed.at(129).hasLayout && feed.at(60).hasLayout);
    }

    /// The newest picture is still of the chat that was left: it says nothing about this one.
    void aPictureOfTheChatThatWasLeftIsNotShown() {
        test::ShowEngine engine(2, 8);
        app::InspectorFeed feed(engine);
        feed.setWanted({engine::CaptureLevel::Mass, 0});
        engine.reset();
        for (int i = 0; i < 20; ++i)
            engine.token(i);
        engine.frame();
        engine.publish();
        engine.reset();
        for (int i = 0; i < 5; ++i)
            engine.token(i);
        engine.show(feed);
        QVERIFY(!feed.live().hasAttention);
        QCOMPARE(feed.live().position, 4);
        for (int i = 5; i < 30; ++i)
            engine.token(i);
        engine.show(feed);
        QVERIFY(!feed.at(19).hasAttention);
    }

    void pauseHoldsTheMomentWhileTokensComeOn() {
        test::ShowEngine engine(2, 8);
        app::InspectorFeed feed(engine);
        ui::InspectorState state(feed);
        engine.reset();
        for (int i = 0; i < 20; ++i)
            engine.token(i);
        engine.show(feed);
        state.pause();
        for (int i = 20; i < 25; ++i)
            engine.token(i);
        engine.show(feed);
        QCOMPARE(state.shot().position, 19);
        QCOMPARE(state.newerTokens(), 5);
        state.scrubBy(-3);
        QCOMPARE(state.shot().position, 16);
        state.scrubTo(-100);
        QVERIFY(state.shot().position >= 0);
        state.resume();
        QCOMPARE(state.shot().position, 24);
    }

    /// N16: what was exported sums up to what was shown.
    void exportsCanBeReadAgain() {
        test::ShowEngine engine(2, 8);
        app::InspectorFeed feed(engine);
        feed.setWanted({engine::CaptureLevel::Mass, 0});
        ui::InspectorState state(feed);
        engine.reset();
        for (int i = 0; i < 20; ++i)
            engine.token(i);
        auto& frame = engine.frame();
        frame.slotMass[0] = 0.4f;
        frame.slotMass[1] = 0.1f;
        for (const StreamPosition position : engine.visible)
            frame.slotMass[static_cast<std::size_t>(engine.slotOf(position))] =
                0.5f / static_cast<float>(engine.visible.size());
        engine.publish();
        engine.show(feed);
        double sum = 0;
        const QList<QByteArray> lines = ui::inspectorCsv(state).split('\n');
        QCOMPARE(lines.first(), QByteArray("t,layer,head,slot,stream_pos,token,weight"));
        for (const QByteArray& line : lines.mid(1))
            sum += line.isEmpty() ? 0 : line.split(',').last().toDouble();
        QVERIFY(std::abs(sum - 1) < 1e-5);
        ui::ExportContext context;
        context.model.name = "Toy";
        const QJsonObject json = QJsonDocument::fromJson(ui::inspectorJson(state, context)).object();
        QCOMPARE(json.value(QStringLiteral("schema")).toInt(), 1);
        QCOMPARE(json.value(QStringLiteral("model")).toString(), QStringLiteral("Toy"));
        QCOMPARE(json.value(QStringLiteral("position")).toInt(), 19);
        QTemporaryDir folder;
        QWidget view;
        view.resize(300, 200);
        const QString path = folder.filePath(QStringLiteral("a.png"));
        QCOMPARE(ui::exportInspector(path, view, state, context), QString());
        const QImage picture(path);
        QCOMPARE(picture.width(), 600);
        QVERIFY(picture.text(QStringLiteral("Description")).contains(QStringLiteral("Toy")));
        QVERIFY(!ui::exportInspector(QStringLiteral("/nowhere/a.csv"), view, state, context).isEmpty());
    }
};

QTEST_MAIN(TestInspectorFeed)
#include "tst_inspector_feed.moc"
