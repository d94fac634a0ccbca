#include "engine/log_sum_exp.h"
#include "tests/engine/session_fixture.h"
#include "tests/support/allocations.h"
#include "tests/support/locks.h"
#include "tests/support/model_oracle.h"

#include <algorithm>
#include <cmath>
#include <numeric>

// Looking at attention: the same output with and without (N1), sums (N2, N4, N5), every row against an oracle
// (N3), the frame's layout, scalars, neither allocation nor lock (C4).
namespace {

using engine::AttentionFrame;
using engine::CaptureLevel;
using engine::CaptureRequest;
using engine::Context;
using engine::LogitsWanted;

class Capture : public testing::Test {
protected:
    std::shared_ptr<const engine::Model> model =
        test::loadToy(test::writeToyModel({.trainedLength = 2048, .seed = 61}));
    AttentionFrame frame;

    void prepare(const Context& context, CaptureLevel level, int rowLayer = 0) {
        frame.level = level;
        frame.rowLayer = rowLayer;
        engine::prepareFrame(frame, {level, rowLayer}, model->config.layers, model->config.heads,
                             context.cache().slots());
    }
};

TEST_F(Capture, LogitsAreBitIdenticalAtEveryLevel) {
    const auto text = test::randomTokens(50, model->config.vocabulary, 1);
    std::vector<std::vector<float>> expected;
    for (const auto level : {CaptureLevel::Map, CaptureLevel::Shares, CaptureLevel::Mass, CaptureLevel::Rows,
                             CaptureLevel::Record}) {
        Context context(model, test::exactOptions(4, 12, 4));
        prepare(context, level, 1);
        for (std::size_t t = 0; t < text.size(); ++t) {
            const auto logits = context.feed({&text[t], 1}, LogitsWanted::Last,
                                             level == CaptureLevel::Map ? nullptr : &frame);
            const std::vector<float> row(logits.begin(), logits.end());
            if (level == CaptureLevel::Map)
                expected.push_back(row);
            ASSERT_TRUE(row == expected[t]) << "token " << t;
        }
    }
}

TEST_F(Capture, SharesAndMassAddUp) {
    const auto text = test::randomTokens(60, model->config.vocabulary, 2);
    Context context(model, test::exactOptions(4, 12, 4));
    prepare(context, CaptureLevel::Record);
    const auto slots = static_cast<std::size_t>(context.cache().slots());
    for (std::size_t t = 0; t < text.size(); ++t) {
        context.feed({&text[t], 1}, LogitsWanted::None, &frame);
        EXPECT_EQ(frame.position, static_cast<engine::StreamPosition>(t));
        EXPECT_EQ(frame.sinkPosition, std::min<engine::StreamPosition>(frame.position, 16));
        EXPECT_NEAR(std::accumulate(frame.slotMass.begin(), frame.slotMass.end(), 0.0f), 1.0f, 1e-5f);
        std::vector<float> mean(slots);
        for (std::size_t head = 0; head < frame.headStats.size(); ++head) {
            const auto row = std::span(frame.rows).subspan(head * slots, slots);
            EXPECT_NEAR(std::accumulate(row.begin(), row.end(), 0.0f), 1.0f, 1e-5f);
            EXPECT_NEAR(std::accumulate(row.begin(), row.begin() + 4, 0.0f), frame.headStats[head].sinks,
                        1e-5f);
            EXPECT_NEAR(row[0], frame.headStats[head].slot0, 1e-5f);
            EXPECT_NEAR(frame.headStats[head].sinks + frame.headStats[head].recent, 1.0f, 1e-5f)
                << "all of the ring is recent";
            for (std::size_t i = 0; i < slots; ++i)
                mean[i] += row[i] / static_cast<float>(frame.headStats.size());
        }
        for (std::size_t slot = 0; slot < slots; ++slot) {
            EXPECT_NEAR(frame.slotMass[slot], mean[slot], 1e-5f);
            const auto holds = context.cache().positionOf(static_cast<int>(slot));
            if (frame.slotMass[slot] > 0 && holds < 0) { // seen by this token, out of view for the next
                EXPECT_EQ(context.cache().slotOf(frame.oldest), static_cast<int>(slot));
            }
        }
    }
}

// N3 through the whole graph: which layer, which head, which slot, and how much, against a model in double
// precision that knows nothing of rings. 8 query heads share 2 KV heads.
TEST_F(Capture, EveryRowIsThatOfTheOracle) {
    const auto path = test::writeToyModel({.layers = 3, .heads = 8, .kvHeads = 2, .seed = 7});
    model = test::loadToy(path);
    const auto text = test::randomTokens(41, model->config.vocabulary, 3);
    Context context(model, test::exactOptions(4, 12, 4));
    prepare(context, CaptureLevel::Record);
    for (const auto& token : text)
        context.feed({&token, 1}, LogitsWanted::None, &frame);
    std::vector<std::vector<double>> expected; // (layers * heads, tokens)
    test::ModelOracle(path).run(text, test::ModelOracle::tokenWise(41, 4, 12),
                                test::ModelOracle::Positions::InCache, &expected);
    ASSERT_EQ(expected.size(), 24u);
    const auto slots = static_cast<std::size_t>(context.cache().slots());
    double differentHeads = 0;
    for (std::size_t head = 0; head < expected.size(); ++head) {
        std::vector<double> inSlots(slots);
        for (std::size_t t = 0; t < text.size(); ++t)
            if (expected[head][t] > 0)
                inSlots[static_cast<std::size_t>(context.cache().slotOf(static_cast<int>(t)))] =
                    expected[head][t];
        for (std::size_t slot = 0; slot < slots; ++slot)
            EXPECT_NEAR(static_cast<double>(frame.rows[head * slots + slot]), inSlots[slot], 1e-4)
                << "layer " << head / 8 << ", head " << head % 8 << ", slot " << slot;
        EXPECT_NEAR(static_cast<double>(frame.headStats[head].slot0), expected[head][0], 1e-4);
        differentHeads += std::abs(expected[head][0] - expected[(head + 8) % 24][0]);
    }
    EXPECT_GT(differentHeads, 0.1) << "heads so much alike that nobody would notice a mix-up";
}

TEST_F(Capture, EveryPictureHasANewNumber) {
    test::Chat chat(model);
    engine::Latest<AttentionFrame> frames;
    chat.request.maxTokens = 30;
    chat.probes.capture = test::always({CaptureLevel::Mass, 0});
    chat.probes.frames = &frames;
    std::uint64_t last = 0;
    engine::StreamPosition position = -1;
    int seen = 0;
    chat.onToken = [&] {
        if (!frames.fetch())
            return;
        EXPECT_GT(frames.front().sequence, last);
        EXPECT_GT(frames.front().position, position);
        last = frames.front().sequence;
        position = frames.front().position;
        ++seen;
    };
    chat.say("Look at the boats.");
    EXPECT_GT(seen, 20);
}

TEST_F(Capture, OutputIsTheSameAndScalarsAreTrue) {
    std::vector<engine::TokenId> expected;
    for (const auto level :
         {CaptureLevel::Map, CaptureLevel::Shares, CaptureLevel::Mass, CaptureLevel::Record}) {
        test::Chat chat(model);
        engine::Latest<AttentionFrame> frames;
        chat.request.cache.window = 60;
        chat.request.maxTokens = 100;
        chat.probes.capture = test::always({level, 0});
        chat.probes.frames = &frames;
        chat.say("Look at the boats.");
        if (level == CaptureLevel::Map)
            expected = chat.picked;
        EXPECT_EQ(chat.picked, expected);
        ASSERT_TRUE(frames.fetch());
        EXPECT_EQ(frames.front().position, chat.reader.stream.rbegin()->first);
        int scalars = 0;
        for (const auto& event : chat.reader.all)
            scalars += event.type == engine::JournalEvent::Type::Scalars;
        EXPECT_EQ(scalars > 0, level != CaptureLevel::Map);
    }
}

TEST_F(Capture, ScalarsHoldTheSurpriseOfTheToken) {
    test::Chat chat(model);
    engine::Latest<AttentionFrame> frames;
    chat.request.maxTokens = 12;
    chat.probes.capture = test::always({CaptureLevel::Record, 0}); // the governor leaves it alone
    chat.probes.frames = &frames;
    chat.say("How far is it?");
    std::vector<engine::TokenId> text = chat.reader.tokens();
    text.push_back(chat.picked.back());
    auto options = test::exactOptions(4, 252, 256);
    Context fresh(model, options);
    const auto logits = test::feedAll(fresh, text, 1);
    int checked = 0;
    for (const auto& event : chat.reader.all) {
        if (event.type != engine::JournalEvent::Type::Scalars)
            continue;
        const auto t = static_cast<std::size_t>(event.position);
        const double loss = engine::logSumExp(logits[t - 1]) -
                            static_cast<double>(logits[t - 1][static_cast<std::size_t>(text[t])]);
        EXPECT_NEAR(event.values[3], loss, 1e-3);
        EXPECT_LE(event.values[1], event.values[0]);
        EXPECT_GE(event.values[2], event.values[0]);
        ++checked;
    }
    EXPECT_EQ(checked, 11);
}

// C4: between two tokens nothing is allocated and nothing locked, whatever is looked at; a row may be asked
// for in mid-answer.
TEST_F(Capture, TheDecodeLoopAllocatesAndLocksNothing) {
    if (!test::LockCount::works())
        GTEST_SKIP() << "locks cannot be counted in this build";
    model =
        test::loadToy(test::writeToyModel({.trainedLength = 2048, .seed = 61}), 2); // with a second thread
    test::Chat chat(model);
    engine::Latest<AttentionFrame> frames;
    chat.request.cache.window = 60;
    chat.request.maxTokens = 200;
    chat.request.sampling.temperature = 0.8f;
    chat.request.sampling.repetitionPenalty = 1.1f;
    chat.request.sampling.seed = 3;
    chat.probes.frames = &frames;
    int tokens = 0;
    struct Counts {
        std::int64_t allocations, locks;
    };
    std::vector<Counts> counts;
    counts.reserve(1000);
    chat.probes.capture = [&] {
        return tokens < 80 ? CaptureRequest{CaptureLevel::Mass, 0} : CaptureRequest{CaptureLevel::Rows, 1};
    };
    chat.observer.token = [&](engine::TokenId, const std::string&, const engine::CacheStatus&) {
        ++tokens;
        if (tokens % 3 == 0)
            frames.fetch(); // a reader brings all three frames into play
        counts.push_back({test::AllocationCount().calls, test::LockCount().calls});
    };
    chat.say("Tell me a story of the sea.");
    ASSERT_GT(counts.size(), 100u);
    for (std::size_t i = 1; i < counts.size(); ++i) {
        EXPECT_EQ(counts[i].allocations - counts[i - 1].allocations, 0)
            << "between tokens " << i << " and " << i + 1;
        EXPECT_EQ(counts[i].locks - counts[i - 1].locks, 0) << "between tokens " << i << " and " << i + 1;
    }
}

} // namespace
