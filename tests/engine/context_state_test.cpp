#include "engine/error.h"
#include "engine/recompute.h"
#include "engine/rope_table.h"
#include "tests/engine/toy_context.h"
#include "tests/support/allocations.h"

#include <gtest/gtest.h>

#include <cmath>

// What is in the cache and what is not touched: T6, T10, T11, T14, the reference recomputation, and stopping
// between layers.
namespace {

using engine::CacheMode;
using engine::Context;
using engine::LogitsWanted;
using engine::StreamPosition;
using engine::TokenId;
using test::exactOptions;
using test::feedAll;

class ContextState : public testing::Test {
protected:
    std::shared_ptr<const engine::Model> model = test::loadToy(test::writeToyModel({.seed = 21}));
    std::vector<TokenId> tokens(int count, unsigned seed) const {
        return test::randomTokens(count, model->config.vocabulary, seed);
    }
    std::vector<float> key(const Context& context, int layer, int head, int slot) const {
        std::vector<float> row(static_cast<std::size_t>(model->config.headDim));
        context.keysAndValues().readKey(layer, head, slot, row);
        return row;
    }
    std::vector<float> value(const Context& context, int layer, int head, int slot) const {
        std::vector<float> row(static_cast<std::size_t>(model->config.headDim));
        context.keysAndValues().readValue(layer, head, slot, row);
        return row;
    }
};

// T6: in the first layer a key depends on its own token only, so a fresh read stores the same one, turned by
// the distance.
TEST_F(ContextState, FirstLayerEqualsRecomputation) {
    constexpr int Tokens = 50, Sinks = 2, Window = 11;
    const auto text = tokens(Tokens, 1);
    Context context(model, exactOptions(Sinks, Window, 5));
    feedAll(context, text, 1);
    const StreamPosition first = context.cache().oldest();
    Context fresh(model, exactOptions(0, Window, 5));
    fresh.feed(std::span(text).subspan(static_cast<std::size_t>(first)), LogitsWanted::Last);

    const engine::RopeTable rope(model->config.ropes[0], 512);
    std::vector<float> turn(static_cast<std::size_t>(model->config.ropes[0].dim));
    rope.fill(first, turn);
    bool deeperDiffers = false;
    for (StreamPosition t = first; t < Tokens; ++t) {
        const int slot = context.cache().slotOf(t), other = fresh.cache().slotOf(t - first);
        for (int head = 0; head < model->config.kvHeads; ++head) {
            EXPECT_EQ(value(context, 0, head, slot), value(fresh, 0, head, other));
            const auto here = key(context, 0, head, slot), there = key(fresh, 0, head, other);
            for (std::size_t i = 0; i < turn.size(); i += 2) {
                EXPECT_NEAR(here[i], there[i] * turn[i] - there[i + 1] * turn[i + 1], 1e-5);
                EXPECT_NEAR(here[i + 1], there[i] * turn[i + 1] + there[i + 1] * turn[i], 1e-5);
            }
            for (std::size_t i = 0; i < turn.size(); ++i)
                deeperDiffers |=
                    std::abs(value(context, 1, head, slot)[i] - value(fresh, 1, head, other)[i]) > 1e-3f;
        }
    }
    EXPECT_TRUE(deeperDiffers) << "deeper layers remember what is forgotten: streaming is not recomputation";
}

// T10: the bytes of a slot do not change from the moment they are written until they are overwritten.
TEST_F(ContextState, KeysAreNeverTouchedAgain) {
    Context context(model, exactOptions(3, 10, 4));
    const auto text = tokens(200, 2);
    std::vector<std::vector<std::uint64_t>> hashes(
        static_cast<std::size_t>(model->config.layers),
        std::vector<std::uint64_t>(static_cast<std::size_t>(context.cache().slots())));
    std::vector<StreamPosition> owner(static_cast<std::size_t>(context.cache().slots()), -1);
    std::mt19937 random(4);
    for (std::size_t read = 0; read < text.size();) {
        const std::size_t n = std::min<std::size_t>(text.size() - read, 1 + random() % 4);
        context.feed(std::span(text).subspan(read, n), LogitsWanted::None);
        for (std::size_t i = 0; i < n; ++i)
            owner[static_cast<std::size_t>(context.cache().slotOf(static_cast<StreamPosition>(read + i)))] =
                static_cast<StreamPosition>(read + i);
        for (int layer = 0; layer < model->config.layers; ++layer)
            for (int slot = 0; slot < context.cache().slots(); ++slot) {
                auto& known = hashes[static_cast<std::size_t>(layer)][static_cast<std::size_t>(slot)];
                const bool isNew = owner[static_cast<std::size_t>(slot)] >= static_cast<StreamPosition>(read);
                const std::uint64_t hash = context.keysAndValues().slotHash(layer, slot);
                if (!isNew && owner[static_cast<std::size_t>(slot)] >= 0) {
                    ASSERT_EQ(hash, known) << "layer " << layer << ", slot " << slot;
                }
                known = hash;
            }
        read += n;
    }
}

// T11: nothing grows over 20 times the cache.
TEST_F(ContextState, MemoryIsConstant) {
    Context context(model, exactOptions(4, 28, 8));
    const auto text = tokens(32, 3);
    const std::size_t bytes = context.cacheBytes();
    context.feed(text, LogitsWanted::Last);
    context.feed(text, LogitsWanted::Last);
    const test::AllocationCount before;
    for (int i = 0; i < 20; ++i)
        context.feed(text, LogitsWanted::Last);
    EXPECT_EQ(test::AllocationCount().liveBytes, before.liveBytes);
    EXPECT_EQ(context.cacheBytes(), bytes);
}

// T14: a state saved in mid-stream goes on in the same way, bit for bit.
TEST_F(ContextState, SaveAndRestore) {
    const auto text = tokens(160, 5);
    auto options = exactOptions(4, 20, 8);
    options.ringType = kernels::KvType::Q8_0;
    Context context(model, options);
    context.feed(std::span(text).first(50), LogitsWanted::Last);
    context.cache().forgetBefore(41);
    context.feed(std::span(text).subspan(50, 10), LogitsWanted::Last);
    const auto state = context.save();
    Context other(model, options);
    other.feed(std::span(text).first(17), LogitsWanted::None);
    other.restore(state);
    for (std::size_t i = 60; i < text.size(); ++i) {
        const auto a = context.feed({&text[i], 1}, LogitsWanted::Last);
        const std::vector<float> expected(a.begin(), a.end());
        const auto b = other.feed({&text[i], 1}, LogitsWanted::Last);
        ASSERT_EQ(std::vector<float>(b.begin(), b.end()), expected) << "token " << i;
    }
    Context smaller(model, exactOptions(4, 19, 8)), wider(model, exactOptions(4, 20, 8));
    EXPECT_THROW(smaller.restore(state), engine::Error);
    EXPECT_THROW(wider.restore(state), engine::Error); // its ring has another type
    EXPECT_THROW(other.restore(std::span(state).first(10)), engine::Error);
}

TEST_F(ContextState, RecomputationReadsTheNewestFromScratch) {
    const auto text = tokens(40, 6);
    engine::Recompute recompute(model, 9, kernels::KvType::F32);
    for (std::size_t t = 0; t < text.size(); ++t) {
        const auto logits = recompute.next(text[t]);
        const std::size_t first = t < 9 ? 0 : t - 8;
        Context fresh(model, exactOptions(0, 60, 64));
        const auto expected = fresh.feed(std::span(text).subspan(first, t - first + 1), LogitsWanted::Last);
        for (std::size_t i = 0; i < expected.size(); ++i)
            ASSERT_NEAR(logits[i], expected[i], 1e-5) << "token " << t;
    }
}

// A rewound stream goes on as one that never went there, as long as nothing has been forgotten.
TEST_F(ContextState, RewindIsAsIfNothingHadBeenRead) {
    const auto text = tokens(30, 7);
    Context context(model, exactOptions(2, 30, 6));
    context.feed(std::span(text).first(10), LogitsWanted::None);
    context.feed(tokens(15, 8), LogitsWanted::None);
    EXPECT_TRUE(context.cache().rewind(10));
    Context straight(model, exactOptions(2, 30, 6));
    straight.feed(std::span(text).first(10), LogitsWanted::None);
    const auto rest = std::span(text).subspan(10);
    const auto a = context.feed(rest, LogitsWanted::Last);
    const std::vector<float> expected(a.begin(), a.end());
    const auto b = straight.feed(rest, LogitsWanted::Last);
    EXPECT_EQ(std::vector<float>(b.begin(), b.end()), expected);
}

// A stop request takes the unfinished chunk back: the stream goes on as if it had not been asked for.
TEST_F(ContextState, StopTakesTheChunkBack) {
    const auto text = tokens(60, 9);
    Context context(model, exactOptions(2, 9, 6)), straight(model, exactOptions(2, 9, 6));
    context.feed(std::span(text).first(30), LogitsWanted::None);
    straight.feed(std::span(text).first(30), LogitsWanted::None);
    std::stop_source stop;
    stop.request_stop();
    const auto rest = std::span(text).subspan(30);
    EXPECT_TRUE(context.feed(rest, LogitsWanted::Last, nullptr, stop.get_token()).empty());
    EXPECT_EQ(context.cache().next(), 30);
    const auto a = context.feed(rest, LogitsWanted::Last);
    const std::vector<float> expected(a.begin(), a.end());
    const auto b = straight.feed(rest, LogitsWanted::Last);
    EXPECT_EQ(std::vector<float>(b.begin(), b.end()), expected);
}

// Angles far out, against long double.
TEST(RopeTable, StaysExactFarOut) {
    engine::RopeConfig config{.dim = 64, .base = 100000};
    const engine::RopeTable table(config, 512);
    std::vector<float> near(64), far(64), sum(64);
    const StreamPosition start = (StreamPosition{1} << 31) + 5;
    for (const StreamPosition distance : {1, 17, 1000}) {
        table.fill(distance, near);
        table.fill(start, far);
        table.fill(start + distance, sum);
        for (std::size_t i = 0; i < 64; i += 2) { // R(a + b) = R(a) R(b)
            EXPECT_NEAR(sum[i], far[i] * near[i] - far[i + 1] * near[i + 1], 2e-7);
            EXPECT_NEAR(sum[i + 1], far[i] * near[i + 1] + far[i + 1] * near[i], 2e-7);
        }
    }
    config.scale = 4;
    engine::RopeTable(config, 512).fill(4000, near);
    table.fill(1000, far);
    EXPECT_EQ(near, far) << "linear scaling divides positions";
}

} // namespace
