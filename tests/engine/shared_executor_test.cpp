#include "engine/error.h"
#include "engine/executor.h"
#include "tests/engine/toy_context.h"

#include <gtest/gtest.h>

#include <climits>

// Contexts of one model share its executor and its scratch memory, and notice nothing of each other.
namespace {

using engine::Context;
using engine::LogitsWanted;
using engine::TokenId;
using test::exactOptions;

using Logits = std::vector<float>;

class SharedExecutor : public testing::Test {
protected:
    std::shared_ptr<const engine::Model> model = test::loadToy(test::writeToyModel({.seed = 31}));
    std::vector<TokenId> tokens(int count, unsigned seed) const {
        return test::randomTokens(count, model->config.vocabulary, seed);
    }
    static Logits feed(Context& context, std::span<const TokenId> text) {
        const auto logits = context.feed(text, LogitsWanted::Last);
        return {logits.begin(), logits.end()};
    }
};

TEST_F(SharedExecutor, TwoContextsInTurnGiveTheSameBitsAsAlone) {
    const auto first = tokens(90, 1), second = tokens(90, 2);
    std::vector<Logits> alone[2];
    for (const int which : {0, 1}) {
        const auto own = test::loadToy(test::writeToyModel({.seed = 31}));
        Context context(own, exactOptions(which == 0 ? 2 : 4, which == 0 ? 20 : 31, which == 0 ? 16 : 5));
        for (std::size_t i = 0; i < 90; i += 9)
            alone[which].push_back(feed(context, std::span(which == 0 ? first : second).subspan(i, 9)));
    }
    Context a(model, exactOptions(2, 20, 16)), b(model, exactOptions(4, 31, 5));
    for (std::size_t i = 0; i < 90; i += 9) {
        ASSERT_EQ(feed(a, std::span(first).subspan(i, 9)), alone[0][i / 9]) << "token " << i;
        ASSERT_EQ(feed(b, std::span(second).subspan(i, 9)), alone[1][i / 9]) << "token " << i;
    }
}

// A chat keeps the logits of its newest token while a comparison reads on.
TEST_F(SharedExecutor, LogitsStandWhileAnotherContextIsFed) {
    const auto text = tokens(40, 3);
    Context chat(model, exactOptions(2, 30, 8));
    const auto logits = chat.feed(text, LogitsWanted::Last);
    const Logits before(logits.begin(), logits.end());
    Context comparison(model, exactOptions(2, 30, 32)); // a larger chunk: the scratch memory is made anew
    comparison.feed(tokens(32, 4), LogitsWanted::All);
    feed(comparison, tokens(10, 5));
    EXPECT_EQ(Logits(logits.begin(), logits.end()), before);
}

// Not the bits of the larger one: the ring has a chunk more than the window, so slots and the order of sums differ.
TEST_F(SharedExecutor, AContextWithASmallerChunkUsesAPart) {
    const auto text = tokens(70, 6);
    Context large(model, exactOptions(3, 25, 64));
    const Logits close = feed(large, text);
    for (const int chunk : {7, 2, 1}) {
        const auto own = test::loadToy(test::writeToyModel({.seed = 31}));
        Context alone(own, exactOptions(3, 25, chunk)), shared(model, exactOptions(3, 25, chunk));
        const Logits expected = feed(alone, text);
        EXPECT_EQ(feed(shared, text), expected) << "chunks of " << chunk;
        for (std::size_t i = 0; i < close.size(); ++i)
            ASSERT_NEAR(expected[i], close[i], 1e-4) << "chunks of " << chunk;
    }
}

// On a device whose memory is used up: what was there before still runs.
TEST_F(SharedExecutor, AContextGoesOnAfterAnotherFoundNoRoom) {
    const auto text = tokens(40, 9);
    Context context(model, exactOptions(2, 20, 8));
    const Logits expected = feed(context, text);
    try {
        model->executor->reserve(INT_MAX);
        GTEST_SKIP() << "this machine has terabytes of memory";
    } catch (const std::exception&) {
    }
    Context same(model, exactOptions(2, 20, 8));
    model->executor->reserve(1);
    EXPECT_EQ(feed(same, text), expected);
}

// A frame is filled when feed() returns, also where no logits are wanted.
TEST_F(SharedExecutor, ACaptureIsThereWithoutLogits) {
    const auto text = tokens(12, 7);
    const auto shares = [&](LogitsWanted wanted) {
        Context context(model, exactOptions(2, 20, 16));
        engine::AttentionFrame frame;
        frame.level = engine::CaptureLevel::Mass;
        engine::prepareFrame(frame, {frame.level, 0}, model->config.layers, model->config.heads,
                             context.cache().slots());
        context.feed(text, wanted, &frame);
        return frame.slotMass;
    };
    const auto mass = shares(LogitsWanted::None);
    EXPECT_EQ(mass, shares(LogitsWanted::Last));
    double sum = 0;
    for (const float share : mass)
        sum += static_cast<double>(share);
    EXPECT_NEAR(sum, 1, 1e-5);
}

// The same shape and the same size, other weights.
TEST_F(SharedExecutor, AStateOfAnotherModelIsRefused) {
    const auto text = tokens(30, 8);
    Context context(model, exactOptions(2, 20, 8));
    context.feed(text, LogitsWanted::None);
    const auto state = context.save();
    const auto same = test::loadToy(test::writeToyModel({.seed = 31}));
    Context again(same, exactOptions(2, 20, 8));
    EXPECT_NO_THROW(again.restore(state));
    EXPECT_EQ(again.cache().next(), 30);

    const auto other = test::loadToy(test::writeToyModel({.seed = 32}));
    Context foreign(other, exactOptions(2, 20, 8));
    try {
        foreign.restore(state);
        FAIL() << "it was taken";
    } catch (const engine::Error& error) {
        EXPECT_STREQ(error.what(), "The saved state of the chat belongs to another model.");
    }
    EXPECT_EQ(foreign.cache().next(), 0);
}

} // namespace
