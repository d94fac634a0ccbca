#include "tests/engine/toy_context.h"
#include "tests/support/family_file.h"

#include "engine/error.h"
#include "kernels/vulkan_backend.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <optional>

// Tiny models of every family with the logits that an independent implementation (Hugging Face transformers, double precision) gives for
// them: families/NAME.txt, whose models are made here (`Oracle`), and, where SUMIDERO_FAMILY_MODELS names a folder, the same families with
// other values: NAME.gguf, NAME.tokens.bin (int32) and NAME.logits.bin (tokens x vocabulary, float32) (`Foreign`). Both are made by
// tests/scripts/export_family_oracle.py.
namespace {

using engine::Context;
using engine::TokenId;
using test::FamilyFile;

// Refused with a sentence. To add a family is to take its line away; one that runs and stands here fails.
constexpr const char* NotYet[] = {
    "gemma4-e", // words looked up again in every layer
    "lfm2",     // convolutions
};

// The same model as gpt-oss, with the bounds of YaRN rounded, as llama.cpp does: the authors do not round, and the logits must differ.
constexpr const char* Rounded = "gpt-oss-truncated";

// In RMS of the logits; the reference's own float32 error is 2e-6 to 7e-6.
constexpr double Worst = 5e-5, Median = 1e-5;
constexpr double FarOut = 1e-4; // at position 4,000,000

bool runs(const std::string& name) {
    return std::find(std::begin(NotYet), std::end(NotYet), name) == std::end(NotYet);
}

std::vector<std::string> families() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(FAMILIES_FOLDER))
        names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

template <class T>
std::vector<T> numbersOf(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<T> values(std::filesystem::file_size(path) / sizeof(T));
    file.read(reinterpret_cast<char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(T)));
    return values;
}

double rmsOf(std::span<const float> values) {
    double squares = 0;
    for (const float value : values)
        squares += static_cast<double>(value) * static_cast<double>(value);
    return std::sqrt(squares / static_cast<double>(values.size()));
}

/// A model of a folder of them, with every logit.
FamilyFile readForeign(const std::filesystem::path& base) {
    FamilyFile family;
    family.gguf = base.string() + ".gguf";
    family.tokens = numbersOf<TokenId>(base.string() + ".tokens.bin");
    const auto logits = numbersOf<float>(base.string() + ".logits.bin");
    family.rms = rmsOf(logits);
    family.entries.resize(logits.size() / family.tokens.size());
    std::iota(family.entries.begin(), family.entries.end(), 0);
    const auto width = static_cast<std::ptrdiff_t>(family.entries.size());
    for (auto row = logits.begin(); row != logits.end(); row += width)
        family.rows.push_back({static_cast<int>(family.rows.size()), {row, row + width}});
    return family;
}

/// The largest error of each token of which logits are known, in RMS of the logits, sorted.
std::vector<double> errors(const FamilyFile& family, const std::vector<std::vector<float>>& found) {
    std::vector<double> result;
    for (const FamilyFile::Row& row : family.rows) {
        double worst = 0;
        for (std::size_t i = 0; i < row.logits.size(); ++i) {
            const auto entry = static_cast<std::size_t>(family.entries[i]);
            const auto logit = static_cast<double>(found[static_cast<std::size_t>(row.position)][entry]);
            worst = std::max(worst, std::abs(logit - static_cast<double>(row.logits[i])));
        }
        result.push_back(worst / family.rms);
    }
    std::sort(result.begin(), result.end());
    return result;
}

/// Reads the family's tokens in chunks of `chunk` and fewer, from `ringStart` on.
std::vector<std::vector<float>> read(const FamilyFile& family,
                                     const std::shared_ptr<const engine::Model>& model, int sinks, int chunk,
                                     engine::StreamPosition ringStart = 0) {
    auto options = test::exactOptions(sinks, static_cast<int>(family.tokens.size()), chunk);
    options.ringStart = ringStart;
    Context context(model, options);
    return test::feedAll(context, family.tokens, 1);
}

void expectTheReferencesLogits(const FamilyFile& family) {
    const auto model = test::loadToy(family.gguf);
    for (const int chunk : {1, 7, 96}) {
        for (const int sinks : {0, 1, 4}) {
            const auto logits = read(family, model, sinks, chunk);
            const auto found = errors(family, logits);
            EXPECT_LT(found.back(), Worst) << "chunk " << chunk << ", sinks " << sinks;
            EXPECT_LT(found[found.size() / 2], Median) << "chunk " << chunk << ", sinks " << sinks;
            // The logits that are not among those kept, too, unless they are wrong in a way that keeps their size.
            std::vector<float> all;
            for (const auto& row : logits)
                all.insert(all.end(), row.begin(), row.end());
            EXPECT_NEAR(rmsOf(all) / family.rms, 1, Median) << "chunk " << chunk << ", sinks " << sinks;
        }
    }
    // The same far out in a stream: positions are 64-bit and angles double.
    EXPECT_LT(errors(family, read(family, model, 4, 13, 4'000'000)).back(), FarOut);
}

/// Why there is no Vulkan device to try; "" where there is one.
std::string vulkanProblem() {
    const kernels::VulkanDevices found = kernels::listVulkanDevices();
    return found.devices.empty() ? found.problem : found.devices.front().problem;
}

/// Alone, in chunks that take the other kind of product, and far out.
void expectTheReferencesLogitsOnVulkan(const FamilyFile& family) {
    const auto model = test::loadToy(family.gguf, 1, "vulkan");
    ASSERT_EQ(model->info.deviceProblem, "");
    for (const int chunk : {1, 13}) {
        const auto found = errors(family, read(family, model, 4, chunk));
        EXPECT_LT(found.back(), Worst) << "chunk " << chunk;
        EXPECT_LT(found[found.size() / 2], Median) << "chunk " << chunk;
    }
    EXPECT_LT(errors(family, read(family, model, 4, 13, 4'000'000)).back(), FarOut);
}

class Family : public testing::TestWithParam<std::string> {};
class ForeignFamily : public testing::TestWithParam<std::string> {};

TEST_P(Family, GivesTheLogitsOfTheReferenceOrSaysWhyNot) {
    const FamilyFile family =
        test::makeFamily(std::filesystem::path(FAMILIES_FOLDER) / (GetParam() + ".txt"));
    if (runs(GetParam()) && GetParam() == Rounded) {
        EXPECT_GT(errors(family, read(family, test::loadToy(family.gguf), 0, 96)).back(), 1e-3);
    } else if (runs(GetParam())) {
        expectTheReferencesLogits(family);
    } else {
        try {
            test::loadToy(family.gguf);
            ADD_FAILURE() << GetParam() << " loads now: take it out of NotYet";
        } catch (const engine::Error& error) {
            const std::string sentence = error.what();
            EXPECT_NE(sentence.find(family.architecture), std::string::npos) << sentence;
        }
    }
}

TEST_P(Family, GivesTheLogitsOfTheReferenceOnVulkan) {
    if (!runs(GetParam()) || GetParam() == Rounded)
        GTEST_SKIP() << "not on the processor either";
    if (const std::string problem = vulkanProblem(); !problem.empty())
        GTEST_SKIP() << problem;
    expectTheReferencesLogitsOnVulkan(
        test::makeFamily(std::filesystem::path(FAMILIES_FOLDER) / (GetParam() + ".txt")));
}

/// Without its ending; nothing where nobody has made the model.
std::optional<std::filesystem::path> foreignModel(const std::string& family) {
    const char* folder = std::getenv("SUMIDERO_FAMILY_MODELS");
    if (!folder || !std::filesystem::exists(std::filesystem::path(folder) / (family + ".gguf")))
        return std::nullopt;
    return std::filesystem::path(folder) / family;
}

TEST_P(ForeignFamily, GivesTheLogitsOfTheReference) {
    const auto model = foreignModel(GetParam());
    if (!model)
        GTEST_SKIP() << "SUMIDERO_FAMILY_MODELS names no folder that has this model with known logits";
    if (!runs(GetParam()) || GetParam() == Rounded)
        GTEST_SKIP() << "not supported yet";
    expectTheReferencesLogits(readForeign(*model));
}

TEST_P(ForeignFamily, GivesTheLogitsOfTheReferenceOnVulkan) {
    const auto model = foreignModel(GetParam());
    if (!model || !runs(GetParam()) || GetParam() == Rounded)
        GTEST_SKIP() << "no such model, or not on the processor either";
    if (const std::string problem = vulkanProblem(); !problem.empty())
        GTEST_SKIP() << problem;
    expectTheReferencesLogitsOnVulkan(readForeign(*model));
}

const auto nameOf = [](const auto& one) {
    std::string name = one.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
};

INSTANTIATE_TEST_SUITE_P(Oracle, Family, testing::ValuesIn(families()), nameOf);
INSTANTIATE_TEST_SUITE_P(Foreign, ForeignFamily, testing::ValuesIn(families()), nameOf);

// What everything else here rests on: the values of family_oracle/numbers.py.
TEST(FamilyFile, MakesTheValuesOfTheScript) {
    const auto values = test::familyValues("blk.0.attn_q.weight", 1, 4096, 0.25f, 1.5f);
    EXPECT_EQ(values[0], -0.424331486f);
    EXPECT_EQ(values[1], 0.643559635f);
    EXPECT_EQ(values[4095], -0.447471976f);
}

} // namespace
