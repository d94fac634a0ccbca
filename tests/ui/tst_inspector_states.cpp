// The gallery of states: each is drawn, says its sentence, and paints no heat where there is no data.
#include "tests/ui/inspector_world.h"
#include "ui/inspector/head_map.h"
#include "ui/inspector/heat.h"
#include "ui/inspector/inspector_words.h"
#include "ui/inspector/window_grid.h"

#include <QAccessible>
#include <QLabel>

using namespace ui;
using test::InspectorWorld;
using test::seen;

namespace {

/// Every colour of the ramps, so that heat is recognised.
const QSet<QRgb>& heatColours() {
    static const QSet<QRgb> colours = [] {
        QSet<QRgb> all;
        for (const bool dark : {true, false}) {
            for (int step = 0; step <= 4000; ++step) {
                const QRgb colour = heatColour(static_cast<float>(step) / 4000.0f, HeatScale::Log, dark);
                all << colour << mutedColour(colour, dark);
            }
        }
        return all;
    }();
    return colours;
}

/// Blocks of 3 x 3 pixels of one colour of the ramp: text has none of these, cells have.
int heatBlocks(QWidget* view) {
    const QImage image = view->grab().toImage().convertToFormat(QImage::Format_RGB32);
    int blocks = 0;
    for (int y = 0; y + 2 < image.height(); ++y) {
        for (int x = 0; x + 2 < image.width(); ++x) {
            const QRgb colour = image.pixel(x, y);
            bool same = heatColours().contains(colour);
            for (int i = 1; same && i < 9; ++i)
                same = image.pixel(x + i % 3, y + i / 3) == colour;
            blocks += same ? 1 : 0;
        }
    }
    return blocks;
}

struct Case {
    const char* name;
    ViewState state;
    const char* sentence; // a part of it
    bool heatInGrid, heatInHeads;
    std::function<void(InspectorWorld&, InspectorFacts&)> make;
    int sinks = 4;
    bool withModel = true;
};

void rolling(InspectorWorld& world, int tokens = 200) {
    while (tokens > 0) {
        world.tokens(std::min(tokens, 40));
        tokens -= 40;
    }
}

QList<Case> cases() {
    return {
        {"no model", ViewState::NoModel, "No model is loaded", false, false,
         [](InspectorWorld&, InspectorFacts& facts) { facts.model = app::ModelState::Phase::None; }, 4,
         false},
        {"model, no tokens", ViewState::Empty, "Send a message; 0 of 1,024 slots", false, false,
         [](InspectorWorld&, InspectorFacts& facts) { facts.cache.capacity = 1024; }},
        {"the chat changed", ViewState::Empty, "The chat has changed", false, false,
         [](InspectorWorld& world, InspectorFacts& facts) {
             rolling(world);
             world.engine.reset();
             world.engine.show(world.feed());
             facts.changedChat = true;
         }},
        {"reading", ViewState::Reading, "Reading 406 of 812 tokens", false, false,
         [](InspectorWorld& world, InspectorFacts& facts) {
             world.tokens(30, false);
             facts.activity = app::Activity::Reading;
             facts.readingProgress = 0.5f;
             facts.readingTotal = 812;
         }},
        {"instructions only", ViewState::Instructions, "3 tokens, all sinks", false, true,
         [](InspectorWorld& world, InspectorFacts&) { world.tokens(3); }},
        {"too few tokens", ViewState::FewTokens, "until more than 4 are there", true, true,
         [](InspectorWorld& world, InspectorFacts&) { world.tokens(10); }},
        {"warm", ViewState::Warm, "26 free slots, nothing forgotten", true, true,
         [](InspectorWorld& world, InspectorFacts& facts) {
             world.tokens(38);
             facts.activity = app::Activity::Answering;
         }},
        {"rolling", ViewState::Rolling, "64 in view, 136 forgotten.", true, true,
         [](InspectorWorld& world, InspectorFacts& facts) {
             rolling(world);
             facts.activity = app::Activity::Answering;
         }},
        {"at rest", ViewState::Rolling, "at rest since", true, true,
         [](InspectorWorld& world, InspectorFacts& facts) {
             rolling(world);
             facts.newest = QDateTime(QDate(2026, 3, 1), QTime(14, 3));
         }},
        {"paused", ViewState::Paused, "Paused at token 199; 5 newer", true, true,
         [](InspectorWorld& world, InspectorFacts&) {
             rolling(world);
             world.state().pause();
             world.tokens(5);
         }},
        {"not recorded", ViewState::NotRecorded, "nobody was looking", false, false,
         [](InspectorWorld& world, InspectorFacts&) {
             rolling(world);
             world.state().scrubTo(190);
         }},
        {"history starts", ViewState::HistoryStart, "the history starts here", false, false,
         [](InspectorWorld& world, InspectorFacts&) {
             world.tokens(app::InspectorHistory::MaxTokens + 500);
             world.state().scrubTo(0);
             world.state().scrubTo(world.feed().history().begin());
         }},
        {"map only", ViewState::MapOnly, "attention was not looked at", false, false,
         [](InspectorWorld& world, InspectorFacts&) { world.tokens(200, false); }},
        {"rows of a layer are missing", ViewState::RowsMissing, "The rows of layer 2", false, true,
         [](InspectorWorld& world, InspectorFacts&) {
             rolling(world);
             world.state().setScope({2, 1});
         }},
        {"window without sinks", ViewState::NoSinks, "No pinned sinks", true, true,
         [](InspectorWorld& world, InspectorFacts& facts) {
             rolling(world);
             facts.mode = engine::CacheMode::Window;
         },
         0},
        {"dense", ViewState::Dense, "trained length of 2,048 ends in 1,848 tokens", true, true,
         [](InspectorWorld& world, InspectorFacts& facts) {
             rolling(world);
             facts.mode = engine::CacheMode::Dense;
             facts.trainedLength = 2048;
         },
         0},
        {"beyond the trained length", ViewState::Dense, "trained length of 128 is over", true, true,
         [](InspectorWorld& world, InspectorFacts& facts) {
             rolling(world);
             facts.mode = engine::CacheMode::Dense;
             facts.trainedLength = 128;
         },
         0},
        {"a burst", ViewState::Burst, "30 tokens were forgotten at once", true, true,
         [](InspectorWorld& world, InspectorFacts&) {
             rolling(world);
             world.engine.evict(30);
             world.tokens(5);
         }},
        {"lost events", ViewState::Gap, "events were lost", true, true,
         [](InspectorWorld& world, InspectorFacts&) {
             rolling(world);
             test::tellStory(world.engine, 40000); // more than the journal holds
             world.engine.show(world.feed());
             world.tokens(5);
         }},
        {"lowered", ViewState::Lowered, "Looking less closely", true, true,
         [](InspectorWorld& world, InspectorFacts& facts) {
             rolling(world);
             facts.wanted.level = engine::CaptureLevel::Mass;
             facts.cache.captureLevel = engine::CaptureLevel::Shares;
             facts.cache.captureCost = 0.08f;
         }},
    };
}

} // namespace

class TestInspectorStates : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
        Theme::loadFonts();
    }

    void everyStateIsDesigned_data() {
        QTest::addColumn<int>("number");
        QTest::addColumn<bool>("dark");
        for (int number = 0; number < cases().size(); ++number) {
            for (const bool dark : {true, false})
                QTest::addRow("%s, %s", cases().at(number).name, dark ? "dark" : "light") << number << dark;
        }
    }
    void everyStateIsDesigned() {
        QFETCH(int, number);
        QFETCH(bool, dark);
        const Case one = cases().at(number);
        Theme::apply(dark ? Theme::darkTheme() : Theme::lightTheme());
        InspectorWorld world(one.sinks, 60, 6, 4, one.withModel);
        InspectorFacts facts;
        facts.model = app::ModelState::Phase::Ready;
        one.make(world, facts);
        const StateWords words = stateWords(world.state(), facts);
        QCOMPARE(static_cast<int>(words.state), static_cast<int>(one.state));
        QVERIFY2(words.sentence.contains(QLatin1String(one.sentence)), qPrintable(words.sentence));
        QVERIFY(!words.sentence.contains(QLatin1Char('!')));

        auto* grid = seen<WindowGrid>(world.pane.get());
        auto* heads = seen<HeadMap>(world.pane.get());
        QVERIFY(grid && heads);
        QCOMPARE(heatBlocks(grid) > 0, one.heatInGrid);
        QCOMPARE(heatBlocks(heads) > 0, one.heatInHeads);
        // Why there are no heads is said truly: nothing has come yet, or nobody looked.
        const app::InspectorSnapshot& shot = world.state().shot();
        const QString about = heads->summary();
        QCOMPARE(about.contains(QStringLiteral("when the model writes")), !shot.hasLayout);
        QCOMPARE(about.contains(QStringLiteral("Nobody was looking")), shot.hasLayout && !shot.hasAttention);
        for (int tab = 0; tab < 4; ++tab) { // nothing falls over, and every view has something to say
            world.pane->showTab(tab);
            QVERIFY(!world.pane->grab().isNull());
        }
        for (PaintedView* view : world.pane->findChildren<PaintedView*>())
            QVERIFY2(!view->summary().isEmpty(), qPrintable(view->accessibleName()));
    }

    void thePaneShowsTheSentence() {
        InspectorWorld world(4, 60, 6, 4);
        auto* line = world.pane->findChild<QLabel*>(QStringLiteral("inspectorState"));
        QAccessibleInterface* read = QAccessible::queryAccessibleInterface(line);
        QVERIFY(read->text(QAccessible::Name).startsWith(QStringLiteral("Send a message")));
        rolling(world);
        QVERIFY2(read->text(QAccessible::Name).startsWith(QStringLiteral("64 in view, 136 forgotten")),
                 qPrintable(read->text(QAccessible::Name)));
        QCOMPARE(line->text(), read->text(QAccessible::Name));
    }

    void thePaneKnowsWhatHappenedBeforeItWasOpened() {
        test::ShowEngine engine(4, 60, 6, 4);
        engine.reset();
        test::tellStory(engine, 20); // in the journal before anybody listens
        app::InspectorFeed feed(engine);
        QVERIFY(!feed.live().hasLayout);
        engine::CacheStatus status;
        status.window = 60;
        feed.catchUp(std::make_shared<test::WordTokenizer>(), status);
        QVERIFY(feed.live().hasLayout);
        QCOMPARE(feed.live().position, 19);
        QCOMPARE(feed.live().window, 60);
        QCOMPARE(feed.tokenText(0), QStringLiteral("<|im_start|>"));
    }
};

QTEST_MAIN(TestInspectorStates)
#include "tst_inspector_states.moc"
