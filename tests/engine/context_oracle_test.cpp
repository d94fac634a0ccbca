#include "engine/error.h"
#include "tests/engine/toy_context.h"
#include "tests/support/model_oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

// Streams against the double-precision oracle that re-rotates every key for every query: T1-T7, T13, T15 of
// streaming-cache.md 5.7.
namespace {

using engine::CacheMode;
using engine::Context;
using engine::StreamPosition;
using engine::TokenId;
using test::exactOptions;
using test::feedAll;
using test::ModelOracle;
using test::ToyShape;
using Positions = ModelOracle::Positions;

constexpr double Tolerance = 1e-4;

double worst(const std::vector<std::vector<float>>& logits,
             const std::vector<std::vector<double>>& expected) {
    EXPECT_EQ(logits.size(), expected.size());
    double result = 0;
    for (std::size_t t = 0; t < logits.size(); ++t)
        result = std::max(result, test::worstDifference(logits[t], expected[t]));
    return result;
}

double worst(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b) {
    std::vector<std::vector<double>> expected;
    for (const auto& row : b)
        expected.emplace_back(row.begin(), row.end());
    return worst(a, expected);
}

struct Case {
    const char* name;
    ToyShape shape;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << c.name;
}

class ContextOracle : public testing::TestWithParam<Case> {
protected:
    ContextOracle() : path(test::writeToyModel(GetParam().shape)), model(test::loadToy(path)), oracle(path) {}
    std::vector<TokenId> tokens(int count, unsigned seed) const {
        return test::randomTokens(count, model->config.vocabulary, seed);
    }
    std::filesystem::path path;
    std::shared_ptr<const engine::Model> model;
    ModelOracle oracle;
};

// T3, T4, T13: random sinks, windows and chunk lengths.
TEST_P(ContextOracle, EqualsReRotationOfEveryKey) {
    std::mt19937 random(GetParam().shape.seed);
    for (unsigned round = 0; round < 6; ++round) {
        const int sinks = static_cast<int>(random() % 6), window = 1 + static_cast<int>(random() % 20);
        const int maxChunk = 1 + static_cast<int>(random() % 24);
        const auto text = tokens(70, round);
        Context context(model, exactOptions(sinks, window, maxChunk));
        const auto expected = oracle.run(text, ModelOracle::tokenWise(70, sinks, window));
        EXPECT_LT(worst(feedAll(context, text, round), expected), Tolerance)
            << sinks << " + " << window << ", chunks up to " << maxChunk;
    }
}

// T3 with the window's edge moved at message starts (streaming, turn-aligned).
TEST_P(ContextOracle, EqualsReRotationWithTurnAlignedEdges) {
    std::mt19937 random(GetParam().shape.seed + 1);
    for (unsigned round = 0; round < 4; ++round) {
        const int sinks = 1 + static_cast<int>(random() % 4), window = 8 + static_cast<int>(random() % 12);
        const auto text = tokens(70, 100 + round);
        Context context(model, exactOptions(sinks, window, 7));
        auto views = ModelOracle::tokenWise(70, sinks, window);
        int edge = sinks;
        const auto before = [&](int read) {
            if (read > sinks && random() % 3 == 0) {
                edge = std::max<int>(static_cast<int>(context.cache().oldest()),
                                     read - static_cast<int>(random() % 6));
                context.cache().forgetBefore(edge);
                for (int t = read; t < 70; ++t)
                    views.lo[static_cast<std::size_t>(t)] =
                        std::max(views.lo[static_cast<std::size_t>(t)], edge);
            }
            return 7;
        };
        const auto logits = feedAll(context, text, round, before);
        EXPECT_LT(worst(logits, oracle.run(text, views)), Tolerance) << sinks << " + " << window;
    }
}

// T5: the same text late in a stream: the keys are stored at angles of millions of tokens, the logits stay.
TEST_P(ContextOracle, AnyPlaceInTheStream) {
    const auto text = tokens(60, 7);
    const auto expected = oracle.run(text, ModelOracle::tokenWise(60, 4, 13));
    for (const StreamPosition start : {StreamPosition{4'000'000}, (StreamPosition{1} << 31) + 5}) {
        auto options = exactOptions(4, 13, 9);
        options.ringStart = start;
        Context context(model, options);
        EXPECT_LT(worst(feedAll(context, text, 3), expected), Tolerance) << "from " << start;
        EXPECT_EQ(context.cache().next(), start + 56);
    }
}

// T1 and T2.
TEST_P(ContextOracle, DenseAndWindowAreItsBorderCases) {
    const auto text = tokens(40, 11);
    auto options = exactOptions(3, 37, 8);
    Context streaming(model, options);
    const auto whole = feedAll(streaming, text, 1);
    options.mode = CacheMode::Dense;
    options.window = 40;
    Context dense(model, options);
    EXPECT_LT(worst(whole, feedAll(dense, text, 1)), 1e-5)
        << "before anything is forgotten streaming is dense";
    EXPECT_THROW(dense.feed(std::span(text).first(1), engine::LogitsWanted::Last), engine::Error);

    Context sinkless(model, exactOptions(0, 11, 8));
    options.mode = CacheMode::Window;
    options.window = 11;
    Context window(model, options);
    EXPECT_EQ(worst(feedAll(sinkless, text, 1), feedAll(window, text, 1)), 0.0);
    EXPECT_EQ(window.cache().sinkCount(), 0);
}

// T4: any split gives what token by token gives.
TEST_P(ContextOracle, ChunksEqualTokenByToken) {
    const auto text = tokens(64, 5);
    Context single(model, exactOptions(2, 9, 1));
    const auto expected = feedAll(single, text, 1);
    for (unsigned seed = 0; seed < 5; ++seed) {
        Context chunked(model, exactOptions(2, 9, 3 + static_cast<int>(7 * seed)));
        EXPECT_LT(worst(feedAll(chunked, text, seed), expected), 2e-5) << "split " << seed;
    }
}

// T7 and T15: the mistakes would be seen by the tests above.
TEST_P(ContextOracle, WrongVariantsDiffer) {
    constexpr int Tokens = 60, Sinks = 4, Window = 13;
    const auto text = tokens(Tokens, 9);
    Context context(model, exactOptions(Sinks, Window, 6));
    const auto logits = feedAll(context, text, 1);
    const auto views = ModelOracle::tokenWise(Tokens, Sinks, Window);
    EXPECT_LT(worst(logits, oracle.run(text, views)), Tolerance);
    EXPECT_GT(worst(logits, oracle.run(text, views, Positions::AbsoluteGap)), 100 * Tolerance);
    EXPECT_GT(worst(logits, oracle.run(text, views, Positions::FrozenAtInsertion)), 100 * Tolerance);
    auto shortcut =
        views; // one mask for a whole chunk, aligned to its last token: earlier ones see their future
    for (std::size_t t = 0; t < Tokens; ++t)
        shortcut.last[t] = std::min<int>(Tokens - 1, static_cast<int>(t / 6 * 6 + 5));
    EXPECT_GT(worst(logits, oracle.run(text, shortcut)), 100 * Tolerance);
    auto late = views; // the window's edge of a chunk's last token for all of it
    for (std::size_t t = Sinks; t < Tokens; ++t)
        late.lo[t] =
            std::min(static_cast<int>(t), views.lo[std::min<std::size_t>(Tokens - 1, t / 6 * 6 + 5)]);
    EXPECT_GT(worst(logits, oracle.run(text, late)), 100 * Tolerance);
}

/// Every family that the toys know, with six heads where slopes are not a power of two.
std::vector<Case> familyCases() {
    static const std::vector<std::string> names = test::toyFamilies();
    std::vector<Case> cases;
    for (const std::string& name : names) {
        ToyShape shape{.architecture = name,
                       .layers = 3,
                       .dim = 48,
                       .ffnDim = 64,
                       .heads = 6,
                       .kvHeads = 2,
                       .headDim = 8,
                       .ropeDim = name == "gptneox" || name == "phi3" || name == "glm4" ? 4 : 0,
                       .ropeBase = 500,
                       .seed = 21};
        if (name == "falcon")
            shape.kvHeads = 1;
        if (name == "gemma4")
            shape.headDim = 16; // and 8
        if (name == "gemma3")
            shape.layers = 6; // only the last one sees everything
        if (name == "cohere2" || name == "exaone4")
            shape.layers = 4; // as here
        cases.push_back({name.c_str(), shape});
    }
    return cases;
}

INSTANTIATE_TEST_SUITE_P(Families, ContextOracle, testing::ValuesIn(familyCases()), [](const auto& one) {
    std::string name = one.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

INSTANTIATE_TEST_SUITE_P(
    Shapes, ContextOracle,
    testing::Values(
        Case{"Gqa", {.layers = 2, .heads = 4, .kvHeads = 2, .headDim = 16, .seed = 1}},
        Case{"OneKvHead",
             {.layers = 3, .dim = 48, .ffnDim = 96, .heads = 6, .kvHeads = 1, .headDim = 8, .seed = 2}},
        Case{"NoGqaNeox",
             {.layers = 2,
              .dim = 64,
              .heads = 4,
              .kvHeads = 4,
              .headDim = 16,
              .neox = true,
              .tied = false,
              .seed = 3}},
        Case{"WideHeadFactors",
             {.layers = 2,
              .dim = 40,
              .ffnDim = 64,
              .heads = 3,
              .kvHeads = 3,
              .headDim = 24,
              .ropeFactors = true,
              .seed = 4}},
        Case{"PartialRotary",
             {.layers = 2, .heads = 4, .kvHeads = 2, .headDim = 16, .ropeDim = 8, .neox = true, .seed = 5}}),
    [](const auto& one) { return one.param.name; });

} // namespace
