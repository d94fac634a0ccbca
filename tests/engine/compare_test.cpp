#include "engine/compare.h"
#include "engine/recompute.h"
#include "tests/engine/toy_context.h"

#include <gtest/gtest.h>

// Reading a text by one mode, step by step.
namespace {

using engine::CacheMode;
using engine::Evaluation;

engine::EvaluationOptions optionsFor(CacheMode mode) {
    engine::EvaluationOptions options;
    options.mode = mode;
    options.sinks = mode == CacheMode::Streaming ? 4 : 0;
    options.window = mode == CacheMode::Dense ? 200 : 20;
    options.chunk = 8;
    options.ringType = options.sinkType = kernels::KvType::F32;
    return options;
}

} // namespace

// Whoever wants to quit, or another request, does not wait for the end of a step.
TEST(Evaluation, AStepThatIsLeftIsAsIfItHadNotBegun) {
    const auto model = test::loadToy(test::writeToyModel({.trainedLength = 2048, .seed = 5}));
    const auto tokens = test::randomTokens(60, 256, 3);
    std::stop_source left;
    left.request_stop();
    for (const CacheMode mode :
         {CacheMode::Streaming, CacheMode::Window, CacheMode::Dense, CacheMode::Recompute}) {
        Evaluation quiet(model, optionsFor(mode), tokens), disturbed(model, optionsFor(mode), tokens);
        while (quiet.step()) {
        }
        bool goesOn = true;
        while (goesOn) {
            const std::size_t position = disturbed.position();
            EXPECT_TRUE(disturbed.step(left.get_token()));
            ASSERT_EQ(disturbed.position(), position);
            goesOn = disturbed.step();
        }
        EXPECT_EQ(disturbed.position(), tokens.size());
        EXPECT_EQ(disturbed.negativeLogLikelihoods().size(), tokens.size() - 1);
        for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
            EXPECT_NEAR(disturbed.negativeLogLikelihoods()[i], quiet.negativeLogLikelihoods()[i], 1e-4);
    }
}

// A token whose window takes long to read is not read from its beginning again after every interruption.
TEST(Evaluation, RecomputingGoesOnWhereItWasLeft) {
    const auto model = test::loadToy(test::writeToyModel({.trainedLength = 2048, .seed = 5}));
    const auto tokens = test::randomTokens(700, 256, 3);
    engine::Recompute whole(model, 600, kernels::KvType::F32), parts(model, 600, kernels::KvType::F32);
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
        whole.skip(tokens[i]);
        parts.skip(tokens[i]);
    }
    const auto expected = whole.next(tokens.back());
    std::stop_source left;
    left.request_stop();
    int steps = 0;
    std::span<const float> logits;
    while (logits.empty() && steps < 100) {
        EXPECT_TRUE(parts.readOn(tokens.back(), left.get_token()).empty());
        logits = parts.readOn(tokens.back());
        ++steps;
    }
    EXPECT_EQ(steps, 3); // 600 tokens in chunks of 256
    ASSERT_EQ(logits.size(), expected.size());
    for (std::size_t i = 0; i < logits.size(); ++i)
        EXPECT_NEAR(logits[i], expected[i], 1e-4);
}
