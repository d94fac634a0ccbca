#include "engine/compare.h"
#include "engine/model.h"
#include "tests/support/real_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <numeric>

// A real model most of whose layers see 512 tokens, with a cache that is larger than that: its text stays as likely as if it saw everything,
// because one sink is in view of the full layers, and none is where it was never seen in training (with sinks in every layer the perplexity of
// 4 + 1,020 is a hundred times the dense one; model-families, section 2).
namespace {

using engine::CacheMode;

TEST(Gemma3, SinksKeepAnEndlessTextAsLikelyAsAShortOne) {
    const auto path = test::installedModel("gemma-3-270m-q4_k_m.gguf");
    if (path.empty())
        GTEST_SKIP() << "Gemma 3 270M is not here (installer/fetch-model gemma3-270m)";
    const auto model = engine::Model::load(path, {});
    std::ifstream file(SUMIDERO_SOURCE_DIR "/resources/texts/story.txt", std::ios::binary);
    std::vector<engine::TokenId> tokens{*model->tokenizer->beginToken()};
    const auto text = model->tokenizer->encodePlain(std::string{std::istreambuf_iterator<char>(file), {}});
    tokens.insert(tokens.end(), text.begin(), text.begin() + 999);

    const auto perplexity = [&](CacheMode mode, int sinks, int window) { // of the second half
        engine::EvaluationOptions options;
        options.mode = mode;
        options.sinks = sinks;
        options.window = window;
        engine::Evaluation evaluation(model, options, tokens);
        while (evaluation.step()) {
        }
        const auto losses = std::span(evaluation.negativeLogLikelihoods()).subspan(499);
        return std::exp(std::accumulate(losses.begin(), losses.end(), 0.0) /
                        static_cast<double>(losses.size()));
    };
    const double dense = perplexity(CacheMode::Dense, 0, 1000);
    EXPECT_LT(dense, 30);
    EXPECT_LT(perplexity(CacheMode::Streaming, 4, 520), 1.05 * dense);
    EXPECT_GT(perplexity(CacheMode::Streaming, 0, 524), 1.15 * dense);
}

} // namespace
