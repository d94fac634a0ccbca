#include "tests/engine/toy_context.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

// Models of every family with the logits that an independent implementation (Hugging Face transformers, double precision) gives for
// them. The folder SUMIDERO_FAMILY_MODELS holds NAME.gguf, NAME.tokens.bin (int32) and NAME.logits.bin (tokens x vocabulary, float32).
namespace {

using engine::CacheMode;
using engine::Context;
using engine::TokenId;

template <class T>
std::vector<T> numbersOf(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<T> values(std::filesystem::file_size(path) / sizeof(T));
    file.read(reinterpret_cast<char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(T)));
    return values;
}

class Family : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        const char* folder = std::getenv("SUMIDERO_FAMILY_MODELS");
        if (!folder)
            GTEST_SKIP() << "SUMIDERO_FAMILY_MODELS names no folder of models with known logits";
        const std::filesystem::path base = std::filesystem::path(folder) / GetParam();
        model = test::loadToy(base.string() + ".gguf");
        tokens = numbersOf<TokenId>(base.string() + ".tokens.bin");
        expected = numbersOf<float>(base.string() + ".logits.bin");
        double squares = 0;
        for (const float logit : expected)
            squares += static_cast<double>(logit) * static_cast<double>(logit);
        rms = std::sqrt(squares / static_cast<double>(expected.size()));
    }

    /// The largest error of each token, in RMS of the logits, sorted.
    std::vector<double> errors(const std::vector<std::vector<float>>& logits) const {
        std::vector<double> result;
        const std::size_t vocabulary = expected.size() / tokens.size();
        for (std::size_t t = 0; t < logits.size(); ++t) {
            double worst = 0;
            for (std::size_t i = 0; i < vocabulary; ++i)
                worst = std::max(worst, std::abs(static_cast<double>(logits[t][i]) -
                                                 static_cast<double>(expected[t * vocabulary + i])));
            result.push_back(worst / rms);
        }
        std::sort(result.begin(), result.end());
        return result;
    }

    std::shared_ptr<const engine::Model> model;
    std::vector<TokenId> tokens;
    std::vector<float> expected;
    double rms = 0;
};

TEST_P(Family, GivesTheLogitsOfTheReference) {
    for (const int chunk : {1, 7, 96}) {
        for (const int sinks : {0, 4}) {
            Context context(model, test::exactOptions(sinks, 96, chunk));
            const auto found = errors(test::feedAll(context, tokens, 1));
            EXPECT_LT(found.back(), 5e-5) << "chunk " << chunk << ", sinks " << sinks;
            EXPECT_LT(found[found.size() / 2], 1e-5) << "chunk " << chunk << ", sinks " << sinks;
        }
    }
}

// The same far out in a stream: positions are 64-bit and angles double.
TEST_P(Family, AnywhereInAStream) {
    auto options = test::exactOptions(4, 96, 13);
    options.ringStart = 4'000'000;
    Context context(model, options);
    EXPECT_LT(errors(test::feedAll(context, tokens, 1)).back(), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Tiny, Family,
                         testing::Values("llama", "llama3-rope", "qwen2", "qwen3", "gptneox",
                                         "gptneox-sequential", "mpt", "falcon-7b", "falcon-40b", "phi2",
                                         "stablelm", "granite", "smollm3", "olmo2", "gemma2", "gemma3"),
                         [](const auto& one) {
                             std::string name = one.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

} // namespace
