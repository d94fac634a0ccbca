// The experiments of the Compare tab: what they ask of the engine, and what they say about what came back.
#include "app/compare_presets.h"
#include "tests/app/fake_engine.h"
#include "ui/theme.h"

#include <QTest>

#include <cmath>

using app::CompareCurve;
using app::CompareRunner;
using Kind = app::ComparePreset::Kind;

namespace {

/// Takes comparisons; the test answers them.
class ComparingEngine : public test::FakeEngine {
public:
    engine::Reply compare(engine::CompareRequest request) override {
        requests.push_back(std::move(request));
        return engine::Reply(100 + requests.size());
    }
    /// All losses of the newest request: `loss` of the run (by its number) for each of `tokens` tokens.
    void answer(int tokens, const std::function<float(std::size_t run, int token)>& loss,
                float firstShare = -1) {
        const engine::RequestId id = 100 + requests.size();
        const engine::CompareRequest request = requests.back();
        for (std::size_t run = 0; run < request.runs.size(); ++run) {
            for (int read = 16; read <= tokens; read += 16) {
                engine::CompareProgress progress{id,
                                                 request.runs[run].mode,
                                                 {},
                                                 static_cast<std::size_t>(read),
                                                 static_cast<std::size_t>(tokens),
                                                 firstShare};
                for (int token = read - 16; token < std::min(read, tokens - 1); ++token)
                    progress.newLosses.push_back(loss(run, token));
                Q_EMIT compareProgress(progress);
            }
        }
        Q_EMIT compareFinished(id, false);
    }
    std::vector<engine::CompareRequest> requests;
};

CompareCurve curve(std::vector<float> losses, double share = -1) {
    CompareCurve made;
    made.losses = std::move(losses);
    made.done = true;
    made.firstTokenShare = share;
    made.options.window = 4;
    return made;
}

} // namespace

class TestCompare : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { ui::Theme::loadFonts(); }

    void everyPresetHasItsTexts() {
        QCOMPARE(app::comparePresets().size(), 6);
        for (const app::ComparePreset& preset : app::comparePresets()) {
            QString problem;
            const auto runs = app::presetRuns(preset.kind, 256, false, &problem);
            QCOMPARE(problem, QString());
            QVERIFY(runs.size() >= 2);
            QVERIFY(!preset.name.isEmpty() && !preset.purpose.isEmpty());
            for (const auto& run : runs) {
                QCOMPARE(run.text.isEmpty(), preset.onOwnText);
                QVERIFY(run.text.isEmpty() || run.text.size() > 1500);
            }
            QCOMPARE(app::presetVerdict(preset.kind, {}), QString());
        }
    }

    void lineFeedsStandInFront() {
        QString problem;
        const auto runs = app::presetRuns(Kind::LineFeeds, 256, false, &problem);
        QCOMPARE(runs.last().options.front, std::vector<std::string>(4, "\n"));
        QCOMPARE(runs.last().options.sinks, 4);
        QCOMPARE(runs.last().options.sinks + runs.last().options.window, 256);
        QVERIFY(runs.first().options.front.empty());
    }

    void thePasskeyEndsItsText() {
        QString problem;
        const auto runs = app::presetRuns(Kind::Passkey, 64, false, &problem);
        QVERIFY(runs.first().text.endsWith(QStringLiteral(" 8812"))); // one token a digit
        QVERIFY(runs.first().text.startsWith(QStringLiteral("The passkey of the harbour office is 8812.")));
        QVERIFY(runs.first().options.window < 300);
        QVERIFY(runs.last().options.window > 2000);
    }

    /// Two texts are two requests, and every loss lands in its curve.
    void textsAreReadOneAfterTheOther() {
        ComparingEngine engine;
        CompareRunner runner(engine);
        CompareRunner::Run first, second, third;
        first.label = QStringLiteral("a");
        second.label = QStringLiteral("b");
        third.label = QStringLiteral("c");
        third.text = QStringLiteral("another text");
        runner.start(QStringLiteral("the common text"), {first, second, third}, 500);
        QCOMPARE(engine.requests.size(), std::size_t(1));
        QCOMPARE(engine.requests[0].runs.size(), std::size_t(2));
        QCOMPARE(engine.requests[0].text, std::string("the common text"));
        QCOMPARE(engine.requests[0].maxTokens, 500);
        engine.answer(160, [](std::size_t run, int token) {
            return static_cast<float>(run) + static_cast<float>(token) / 1000;
        });
        QVERIFY(runner.running());
        QCOMPARE(engine.requests.size(), std::size_t(2));
        QCOMPARE(engine.requests[1].text, std::string("another text"));
        engine.answer(
            80, [](std::size_t, int) { return 7.0f; }, 0.25f);
        QVERIFY(!runner.running());
        const auto& curves = runner.curves();
        QCOMPARE(curves.size(), std::size_t(3));
        QCOMPARE(curves[0].losses.size(), std::size_t(159));
        QCOMPARE(curves[1].losses.size(), std::size_t(159));
        QCOMPARE(curves[2].losses.size(), std::size_t(79));
        QCOMPARE(curves[0].losses[158], 0.158f);
        QCOMPARE(curves[1].losses[0], 1.0f);
        QCOMPARE(curves[2].losses[78], 7.0f);
        QVERIFY(curves[0].done && curves[1].done && curves[2].done);
        QCOMPARE(curves[0].firstTokenShare, -1.0);
        QVERIFY(std::abs(curves[2].firstTokenShare - 0.25) < 1e-6);
    }

    void cancellingStopsEverything() {
        ComparingEngine engine;
        CompareRunner runner(engine);
        CompareRunner::Run own;
        own.text = QStringLiteral("other");
        runner.start(QStringLiteral("text"), {CompareRunner::Run{}, own}, 100);
        runner.cancel();
        Q_EMIT engine.compareFinished(101, true);
        QVERIFY(!runner.running());
        QCOMPARE(engine.requests.size(), std::size_t(1)); // the second text is not begun
    }

    void verdictsSayTheNumbers() {
        const float low = std::log(20.0f), high = std::log(50.0f);
        const std::vector<float> good(40, low), bad(40, high);
        const QString modes = app::presetVerdict(Kind::Modes, {curve(good), curve(bad), curve(good)});
        QVERIFY2(modes.contains(QStringLiteral("2.5 times")) &&
                     modes.contains(QStringLiteral("50 against 20")),
                 qPrintable(modes));
        std::vector<float> sure(40, 1.0f), lost(40, 1.0f);
        for (std::size_t i = 36; i < 40; ++i) {
            sure[i] = -std::log(0.8f) / 4;
            lost[i] = 3.0f;
        }
        const QString passkey = app::presetVerdict(Kind::Passkey, {curve(lost), curve(sure)});
        QVERIFY2(passkey.contains(QStringLiteral("80 %")) && passkey.contains(QStringLiteral("0.0006 %")),
                 qPrintable(passkey));
        const QString word = app::presetVerdict(Kind::RepeatedWord, {curve(good, 0.33), curve(bad, 0.004)});
        QVERIFY2(word.contains(QStringLiteral("33 %")) && word.contains(QStringLiteral("0.4 %")),
                 qPrintable(word));
        CompareCurve unfinished = curve(bad);
        unfinished.done = false;
        QCOMPARE(app::presetVerdict(Kind::Modes, {curve(good), unfinished, curve(good)}), QString());
    }
};

QTEST_MAIN(TestCompare)
#include "tst_compare.moc"
