#include "engine/capture_governor.h"
#include "engine/context.h"
#include "inspector_support.h"
#include "tests/app/fake_engine.h"
#include "tests/support/patience.h"
#include "tests/support/toy_model.h"
#include "ui/inspector/inspector_pane.h"
#include "ui/inspector/record_button.h"
#include "ui/theme.h"

#include <QLabel>
#include <QTemporaryDir>
#include <QtTest>

using engine::CaptureLevel;

/// The Inspector's price: none while hidden (C5), lowered when it is too dear, and said so (C6). And the button
/// that records.
class TestInspectorCost : public QObject {
    Q_OBJECT

    /// Counts the paintings of a widget and of all in it.
    class PaintCounter : public QObject {
    public:
        explicit PaintCounter(QWidget& root) {
            root.installEventFilter(this);
            for (QWidget* child : root.findChildren<QWidget*>())
                child->installEventFilter(this);
        }
        int paints = 0;

    protected:
        bool eventFilter(QObject*, QEvent* event) override {
            paints += event->type() == QEvent::Paint ? 1 : 0;
            return false;
        }
    };

    struct Recording : test::ShowEngine {
        using ShowEngine::ShowEngine;
        engine::Recorder* recorder() override { return &m_recorder; }
        engine::Recorder m_recorder;
    };

    template <class Engine>
    struct World {
        template <class... Shape>
        explicit World(Shape... shape) : engine(shape...) {
            const QString path = folder.filePath(QStringLiteral("transcripts.db"));
            qputenv("XDG_DATA_HOME", folder.path().toUtf8());
            store.open(path);
            controller = std::make_unique<app::ChatController>(engine, store, library);
            controller->setStartupModel(QStringLiteral("/models/toy.gguf"));
            QSignalSpy started(controller.get(), &app::ChatController::started);
            controller->start();
            QVERIFY(started.count() > 0 || started.wait(test::PatienceMs));
            pane = std::make_unique<ui::InspectorPane>(*controller);
            pane->resize(384, 700);
        }
        ~World() {
            pane.reset();
            controller.reset();
        }
        /// A token with its picture.
        void token() {
            engine.token(7);
            engine.frame();
            engine.publish();
            Q_EMIT engine.textGenerated(2, QStringLiteral("a"), 1, {});
        }

        QTemporaryDir folder;
        Engine engine;
        app::TranscriptStore store;
        app::ModelLibrary library;
        std::unique_ptr<app::ChatController> controller;
        std::unique_ptr<ui::InspectorPane> pane;
    };

private Q_SLOTS:
    void initTestCase() { ui::Theme::apply(ui::Theme::darkTheme()); }

    /// C5: 2 s of tokens, 50 a second.
    void hiddenItAsksForNothingAndPaintsNothing() {
        World<Recording> world(4, 60);
        world.engine.reset();
        world.pane->show();
        QVERIFY(QTest::qWaitForWindowExposed(world.pane.get(), test::PatienceMs));
        QVERIFY(!world.engine.captures.empty());
        QCOMPARE(world.engine.captures.back().level, CaptureLevel::Mass);
        PaintCounter counter(*world.pane);
        for (int i = 0; i < 10; ++i) {
            world.token();
            QTest::qWait(20);
        }
        QVERIFY2(counter.paints > 0, "a counter that counts nothing proves nothing");
        world.pane->hide();
        QTest::qWait(50);
        QCOMPARE(world.engine.captures.back().level, CaptureLevel::Map);
        const auto asked = world.engine.captures.size();
        counter.paints = 0;
        for (int i = 0; i < 100; ++i) {
            world.token();
            QTest::qWait(20);
        }
        QCOMPARE(counter.paints, 0);
        QCOMPARE(world.engine.captures.size(), asked);
        world.pane->show(); // and what was missed is there at once
        QVERIFY(QTest::qWaitForWindowExposed(world.pane.get(), test::PatienceMs));
        QCOMPARE(world.pane->state().shot().position, world.engine.next - 1);
    }

    /// C6: an engine of 5 ms a token to which looking adds 10 %.
    void tooDearIsLoweredAndSaid() {
        World<test::FakeEngine> world;
        QTRY_COMPARE(world.controller->modelState().phase, app::ModelState::Phase::Ready);
        world.pane->show();
        QVERIFY(QTest::qWaitForWindowExposed(world.pane.get(), test::PatienceMs));
        const engine::CaptureRequest wanted{CaptureLevel::Mass, 0}; // as above
        engine::CaptureGovernor governor;
        int tokens = 0;
        while (!governor.lowered() && tokens < 5000) {
            const auto level = governor.next(wanted).level;
            governor.tokenDone(0.005 * (level >= CaptureLevel::Mass ? 1.10 : 1.0));
            ++tokens;
        }
        QCOMPARE(tokens, engine::CaptureGovernor::RareBlocks * engine::CaptureGovernor::BlockTokens);
        const auto footer = [&] {
            QStringList words;
            for (const QLabel* label : world.pane->findChildren<QLabel*>())
                words += label->text();
            return words.join(QLatin1Char('|'));
        };
        world.engine.status.captureLevel = CaptureLevel::Mass;
        world.engine.status.captureCost = 0.021f;
        QVERIFY(world.controller->send(QStringLiteral("Hello")));
        QTRY_VERIFY2(footer().contains(QStringLiteral("costs 2.1 %")), qPrintable(footer()));
        QVERIFY(!footer().contains(QStringLiteral("lowered")));
        QTRY_COMPARE(world.controller->activity(), app::Activity::Idle);
        world.engine.status.captureLevel = governor.level();
        world.engine.status.captureCost = governor.cost();
        QVERIFY(world.controller->send(QStringLiteral("And now?")));
        QTRY_VERIFY2(footer().contains(QStringLiteral("lowered: it cost more than 3 %")),
                     qPrintable(footer()));
    }

    void theButtonRecordsAndTellsHowMuch() {
        World<Recording> world(4, 60);
        QTemporaryDir folder;
        world.pane->show();
        QVERIFY(QTest::qWaitForWindowExposed(world.pane.get(), test::PatienceMs));
        auto* button = world.pane->findChild<ui::RecordButton*>();
        QVERIFY(button && button->isVisible());
        QStringList said;
        connect(button, &ui::RecordButton::said, this, [&](const QString& words) { said += words; });
        const QString idle = button->text();

        button->record(folder.filePath(QStringLiteral("a.attention")));
        QVERIFY(said.last().contains(QStringLiteral("slow the answer")));
        const auto model = engine::Model::load(test::writeToyModel({}), {});
        engine::Context context(model, {.sinks = 2, .window = 30});
        engine::Recorder& recorder = world.engine.m_recorder;
        QVERIFY(!recorder.take(context)); // tells the shape
        for (engine::TokenId token = 5; token < 25; ++token) {
            engine::AttentionFrame* frame = nullptr;
            const auto isTaken = [&] {
                frame = recorder.take(context, engine::WhenBehind::AskAgain);
                return frame != nullptr;
            };
            QVERIFY(QTest::qWaitFor(isTaken, test::PatienceMs));
            frame->level = CaptureLevel::Record;
            context.feed({&token, 1}, engine::LogitsWanted::None, frame);
            recorder.put(token);
        }
        QTRY_VERIFY(button->text() != idle && button->text().contains(QStringLiteral("/s")));
        button->click();
        QTRY_COMPARE(button->text(), idle);
        QVERIFY2(said.last().startsWith(QStringLiteral("Recorded 20 tokens")), qPrintable(said.last()));

        button->record(QStringLiteral("/nowhere/a.attention"));
        recorder.take(context);
        QTRY_COMPARE(button->text(), idle);
        QVERIFY2(said.last().contains(QStringLiteral("/nowhere/a.attention")), qPrintable(said.last()));
    }
};

QTEST_MAIN(TestInspectorCost)
#include "tst_inspector_cost.moc"
