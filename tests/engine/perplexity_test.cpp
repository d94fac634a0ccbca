#include "engine/compare.h"
#include "tests/engine/real_story.h"

#include <cmath>
#include <numeric>

// The paper's curve in small, with the real model on the story that the program ships: a cache of 128 tokens,
// 600 of the story.
namespace {

using engine::CacheMode;

double perplexity(std::span<const float> losses) {
    return std::exp(std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size()));
}

class Perplexity : public testing::Test {
protected:
    std::vector<float> losses(CacheMode mode, int sinks, int window, std::int64_t ringStart = 0) const {
        engine::EvaluationOptions options;
        options.mode = mode;
        options.sinks = sinks;
        options.window = window;
        options.ringStart = ringStart;
        options.ringType = options.sinkType = kernels::KvType::F32;
        engine::Evaluation evaluation(test::exactRealModel(), options, test::storyTokens(600));
        while (evaluation.step()) {
        }
        return evaluation.negativeLogLikelihoods();
    }
};

TEST_F(Perplexity, OneSinkSavesTheModel) {
    SKIP_WITHOUT_REAL_MODEL();
    const auto dense = losses(CacheMode::Dense, 0, 600);
    const auto one = losses(CacheMode::Streaming, 1, 127);
    const auto four = losses(CacheMode::Streaming, 4, 124);
    const auto none = losses(CacheMode::Window, 0, 128);
    ASSERT_EQ(dense.size(), 599u);
    const auto start = [](const std::vector<float>& values) {
        return perplexity(std::span(values).first(128));
    };
    EXPECT_NEAR(start(one) / start(dense), 1.0, 0.02)
        << "until the cache is full all of them are dense attention";
    EXPECT_NEAR(start(none) / start(dense), 1.0, 0.02);
    const auto rest = [](const std::vector<float>& values) {
        return perplexity(std::span(values).subspan(129));
    };
    EXPECT_LT(rest(one), 1.2 * rest(dense)) << "streaming forgets, but stays whole";
    EXPECT_GT(rest(none), 1.5 * rest(one)) << "without a sink the model breaks down";
    EXPECT_NEAR(rest(four) / rest(one), 1.0, 0.03) << "this model needs one sink only";
}

TEST_F(Perplexity, LateInTheStreamNothingChanges) {
    SKIP_WITHOUT_REAL_MODEL();
    const auto near = losses(CacheMode::Streaming, 4, 124);
    const auto far = losses(CacheMode::Streaming, 4, 124, (std::int64_t{1} << 31) + 5);
    EXPECT_NEAR(perplexity(near), perplexity(far), 0.001 * perplexity(near));
}

} // namespace
