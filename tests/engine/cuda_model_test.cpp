#include "tests/engine/two_devices.h"
#include "tests/support/backends.h"
#include "tests/support/shim_card.h"

#include <gtest/gtest.h>

// Whole models on CUDA's kernels, which the shim runs on the processor, against the same models on the CPU: every family of the toy models,
// chunks and single tokens, a ring that wraps and evicts, states that change the device, and what happens when the card fails. Tokens one by
// one are replayed steps.
namespace {

using engine::Context;
using engine::TokenId;
using test::tolerance;
using test::worst;
namespace shim = kernels::cuda::shim;

constexpr int illegalAddress = 700, outOfMemory = 2; // as CUDA numbers them

class CudaModel : public test::TwoDevices {
protected:
    void SetUp() override {
        test::insertShimCard();
        if (!IsSkipped())
            load("cuda");
    }
    void TearDown() override {
        shim::fail(0);
        m_there.reset();
        test::removeShimCard();
    }
};

TEST_P(CudaModel, LogitsAreThoseOfTheCpuWhileTheRingWraps) {
    expectLogitsOfTheCpuWhileTheRingWraps(tokens(40), test::exactOptions(4, 17, 13));
}

TEST_P(CudaModel, TokensOneByOneAreReplayedSteps) {
    const auto text = tokens(30);
    const engine::ContextOptions options = test::exactOptions(4, 17, 1);
    Context here(m_cpu, options), there(m_there, options);
    const auto expected = test::feedAll(here, text, 1);
    const int before = shim::replays();
    EXPECT_LT(worst(expected, test::feedAll(there, text, 1)), tolerance);
    // All but the first, which no step came before, and steps that differ: more pieces of keys, a factor that follows the position.
    EXPECT_GE(shim::replays() - before, 26);
}

TEST_P(CudaModel, AStreamGoesOnOnTheOtherDevice) {
    expectAStreamGoesOnOnTheCpu(tokens(30), tokens(6, 9), test::exactOptions(4, 17, 13));
}

TEST_P(CudaModel, AttentionIsSeenAsOnTheCpu) {
    expectAttentionAsOnTheCpu();
}

TEST_P(CudaModel, ASplitModelDoesAllThat) {
    splitModel("cuda");
    expectLogitsOfTheCpuWhileTheRingWraps(tokens(24), test::exactOptions(4, 17, 7));
    expectAStreamGoesOnOnTheCpu(tokens(24), tokens(4, 9), test::exactOptions(4, 17, 7));
}

/// The same on a card.
class CudaCardModel : public test::TwoDevices {
protected:
    void SetUp() override {
        if (const std::string problem = test::cudaTestProblem(); !problem.empty())
            GTEST_SKIP() << "no model runs on a card: " << problem;
        load(device);
    }
    const std::string device = "cuda:" + std::to_string(test::cudaTestDevice());
};

TEST_P(CudaCardModel, LogitsAreThoseOfTheCpuWhileTheRingWraps) {
    expectLogitsOfTheCpuWhileTheRingWraps(tokens(60), test::exactOptions(4, 21, 13));
}

TEST_P(CudaCardModel, AStreamGoesOnOnTheOtherDevice) {
    expectAStreamGoesOnOnTheCpu(tokens(50), tokens(10, 9), test::exactOptions(4, 21, 13));
}

TEST_P(CudaCardModel, AttentionIsSeenAsOnTheCpu) {
    expectAttentionAsOnTheCpu();
}

TEST_P(CudaCardModel, ASplitModelDoesAllThat) {
    expectASplitModelToDoAllThat(device);
}

/// One is enough to say that there is no card.
std::vector<std::string> familiesForTheCard() {
    return test::cudaTestProblem().empty() ? test::toyFamilies() : std::vector<std::string>{"llama"};
}

INSTANTIATE_TEST_SUITE_P(Families, CudaCardModel, testing::ValuesIn(familiesForTheCard()), test::familyName);

INSTANTIATE_TEST_SUITE_P(Families, CudaModel, testing::ValuesIn(test::toyFamilies()), test::familyName);

class CudaFaults : public CudaModel {};

TEST_P(CudaFaults, ALostCardTakesNothingBack) {
    const auto text = tokens(24);
    const engine::ContextOptions options = test::exactOptions(4, 17, 13);
    Context there(m_there, options);
    test::feedAll(there, std::span(text).first(20), 1);
    shim::fail(illegalAddress);
    try {
        there.feed(std::span(text).subspan(20, 1), engine::LogitsWanted::Last);
        FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("stopped working"), std::string::npos) << error.what();
    }
    EXPECT_EQ(there.cache().length(), 20);
    // What was read goes on where it was.
    expectTheSameOnTheCpu(there, std::span(text).subspan(20), options);
}

TEST_P(CudaFaults, AModelThatDoesNotFitRunsOnTheCpuAndSaysWhy) {
    shim::fail(outOfMemory, -1);
    expectToRunOnTheCpuForWantOfMemory("cuda");
}

TEST_P(CudaFaults, LayersThatDoNotFitStayOnTheCpu) {
    for (const shim::MemoryEnd end : {shim::MemoryEnd::Told, shim::MemoryEnd::Refused})
        expectLayersThatDoNotFitToStayOnTheCpu("cuda",
                                               [&](std::uint64_t bytes) { shim::limitMemory(bytes, end); });
}

INSTANTIATE_TEST_SUITE_P(Llama, CudaFaults, testing::Values("llama"), test::familyName);

} // namespace
