#include "engine/attention_frame.h"
#include "engine/step.h"
#include "tests/engine/toy_context.h"
#include "tests/support/family_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>

// What a rolling window means to families that are not like llama: layers with a window of their own, learned sinks, factors of positions
// that are chosen by the size of the cache, and going back in every kind of cache.
namespace {

using engine::Context;
using engine::LogitsWanted;
using engine::TokenId;
using test::exactOptions;
using test::FamilyFile;

using Row = std::vector<float>;

Row last(Context& context, std::span<const TokenId> tokens) {
    const auto logits = context.feed(tokens, LogitsWanted::Last);
    return {logits.begin(), logits.end()};
}

/// A family of tests/engine/families with one word of its description changed.
FamilyFile variant(const std::string& name, const std::string& what, const std::string& by) {
    std::ifstream file(std::filesystem::path(FAMILIES_FOLDER) / (name + ".txt"));
    std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto at = text.find(what);
    if (at == std::string::npos)
        throw std::runtime_error(name + " does not say " + what);
    text.replace(at, what.size(), by);
    std::istringstream description(text);
    return test::makeFamily(description, name + "-variant");
}

/// One layer, which sees the newest eleven tokens; a cache of 4 + 20.
class SlidingLayer : public testing::Test {
protected:
    static constexpr int Sinks = 4, Ring = 20, Window = 11, Tokens = 60;
    std::shared_ptr<const engine::Model> model = test::loadToy(test::writeToyModel(
        {.architecture = "gemma2", .layers = 1, .dim = 48, .heads = 6, .headDim = 8, .seed = 5}));
    std::vector<TokenId> text = test::randomTokens(Tokens, 320, 1);

    /// The same text with other tokens in [first, end).
    std::vector<TokenId> with(int first, int end) const {
        std::vector<TokenId> other = text;
        for (int i = first; i < end; ++i)
            other[static_cast<std::size_t>(i)] = (text[static_cast<std::size_t>(i)] + 1) % 320;
        return other;
    }
    Row lastOf(const std::vector<TokenId>& tokens) const {
        Context context(model, exactOptions(Sinks, Ring, 7));
        return last(context, tokens);
    }
    /// Behind a text, when only `left` tokens of the ring are in view.
    Row nextOf(const std::vector<TokenId>& tokens, int left) const {
        Context context(model, exactOptions(Sinks, Ring, 7));
        context.feed(tokens, LogitsWanted::None);
        context.cache().forgetBefore(Tokens - left);
        return last(context, std::span(text).first(1));
    }
    std::vector<kernels::KeyRun> runs(int left) const {
        engine::SinkCache cache({.sinks = Sinks, .window = Ring, .maxChunk = 1});
        std::vector<engine::Place> places;
        for (int i = 0; i < Tokens; ++i)
            cache.append(1, places);
        cache.forgetBefore(Tokens - left);
        places.clear();
        cache.append(1, places);
        std::vector<kernels::KeyRun> found;
        engine::appendRuns(places[0], {.layers = {}, .sinkSlots = Sinks, .ringSlots = cache.ringSlots()},
                           Window, found);
        return found;
    }
};

TEST_F(SlidingLayer, KnowsNothingOfOlderKeysNorOfTheSinks) {
    ASSERT_EQ(model->config.layer(0).window, Window);
    const Row expected = lastOf(text);
    EXPECT_EQ(lastOf(with(0, Tokens - Window)), expected) << "all but the newest eleven are others";
    EXPECT_NE(lastOf(with(Tokens - Window, Tokens - Window + 1)), expected) << "the oldest one in its window";
}

// The window's edge moves up to a message start: what is left of the ring and the sinks fit the layer's window again.
TEST_F(SlidingLayer, SeesTheSinksAgainWhenTheRingIsShort) {
    const auto others = with(0, Sinks);
    EXPECT_EQ(nextOf(text, 10), nextOf(others, 10)) << "ten, and itself: no sink";
    EXPECT_NE(nextOf(text, 9), nextOf(others, 9)) << "one sink";
    const auto sinksIn = [](const std::vector<kernels::KeyRun>& runs) {
        return std::accumulate(runs.begin(), runs.end(), 0, [](int sum, const kernels::KeyRun& run) {
            return sum + (run.query == engine::InCache ? run.count : 0);
        });
    };
    for (const auto& [left, sinks] : {std::pair{20, 0}, {10, 0}, {9, 1}, {7, 3}, {6, 4}, {2, 4}})
        EXPECT_EQ(sinksIn(runs(left)), sinks) << left << " of the ring";
}

// Slots and the virtual one share the attention; a sink that nobody wants takes none.
TEST(LearnedSinks, TakeTheirShare) {
    const auto shares = [](const FamilyFile& family) {
        const auto model = test::loadToy(family.gguf);
        Context context(model, exactOptions(2, 30, 8));
        engine::AttentionFrame frame;
        frame.level = engine::CaptureLevel::Record;
        const auto& c = model->config;
        engine::prepareFrame(frame, {frame.level, 0}, c.layers, c.heads, context.cache().slots());
        context.feed(std::span(family.tokens).first(50), LogitsWanted::None);
        context.feed(std::span(family.tokens).subspan(50, 1), LogitsWanted::None, &frame);
        const auto slots = static_cast<std::size_t>(context.cache().slots());
        std::vector<float> virtuals;
        for (std::size_t head = 0; head < frame.headStats.size(); ++head) {
            const auto row = std::span(frame.rows).subspan(head * slots, slots);
            const float sum = std::accumulate(row.begin(), row.end(), 0.0f);
            virtuals.push_back(frame.headStats[head].learnedSink);
            EXPECT_NEAR(sum + virtuals.back(), 1.0f, 1e-5f) << "head " << head;
        }
        return virtuals;
    };
    for (const float share : shares(test::makeFamily(std::filesystem::path(FAMILIES_FOLDER) / "gpt-oss.txt")))
        EXPECT_GT(share, 0.001f);
    for (const float share :
         shares(variant("gpt-oss", "attn_sinks.weight 4 1 ", "attn_sinks.weight 4 -1e9 ")))
        EXPECT_EQ(share, 0.0f);
}

// Phi-3: 101 positions for the short factors. A query is told as many as sinks and ring hold and its own.
TEST(LongRope, TheSizeOfTheCacheDecides) {
    const auto worst = [](const FamilyFile& family, int window) {
        Context context(test::loadToy(family.gguf), exactOptions(4, window, 13));
        const auto found = test::feedAll(context, family.tokens, 1);
        double error = 0;
        for (const FamilyFile::Row& row : family.rows)
            for (std::size_t i = 0; i < row.logits.size(); ++i) {
                const auto entry = static_cast<std::size_t>(family.entries[i]);
                const float logit = found[static_cast<std::size_t>(row.position)][entry];
                error = std::max(error, std::abs(static_cast<double>(logit - row.logits[i])) / family.rms);
            }
        return error;
    };
    const FamilyFile shortOne =
        variant("phi3-short", "original_context_length uint 256", "original_context_length uint 101");
    EXPECT_LT(worst(shortOne, 96), 5e-5);
    EXPECT_GT(worst(shortOne, 97), 1e-2);
    const FamilyFile longOne =
        variant("phi3-long", "original_context_length uint 32", "original_context_length uint 101");
    EXPECT_LT(worst(longOne, 97), 5e-5);
    EXPECT_GT(worst(longOne, 96), 1e-2);
}

class EveryFamily : public testing::TestWithParam<std::string> {};

// Tokens that are tried at the end of a turn and taken back leave no trace in any layer's cache.
TEST_P(EveryFamily, GoesBackWithoutATrace) {
    const auto model = test::loadToy(test::writeToyModel({.architecture = GetParam(),
                                                          .layers = 3,
                                                          .dim = 48,
                                                          .ffnDim = 64,
                                                          .heads = 6,
                                                          .kvHeads = GetParam() == "falcon" ? 1 : 2,
                                                          .headDim = 16,
                                                          .seed = 9}));
    constexpr std::size_t Turn = 14;
    const auto text = test::randomTokens(5 * Turn, 320, 1), tried = test::randomTokens(8, 320, 2);
    Context straight(model, exactOptions(2, 19, 8)), hesitating(model, exactOptions(2, 19, 8));
    for (std::size_t read = 0; read < text.size(); read += Turn) {
        const auto turn = std::span(text).subspan(read, Turn);
        const Row expected = last(straight, turn);
        EXPECT_EQ(last(hesitating, turn), expected) << "turn at " << read;
        if (read + Turn == text.size())
            break;
        const auto mark = hesitating.cache().mark();
        hesitating.feed(tried, LogitsWanted::None);
        EXPECT_TRUE(hesitating.cache().rollBack(mark));
    }
    EXPECT_TRUE(hesitating.save() == straight.save());
}

INSTANTIATE_TEST_SUITE_P(Toys, EveryFamily, testing::ValuesIn(test::toyFamilies()), [](const auto& one) {
    std::string name = one.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

} // namespace
