#include "kernels/cuda/probe.h"
#include "kernels/cuda/shim/fibers.h"
#include "kernels/cuda/shim/shim_device.h"
#include "tests/engine/two_devices.h"

#include <gtest/gtest.h>

#include <algorithm>

// Whole models on CUDA's kernels, which the shim runs on the processor, against the same models on the CPU: every family of the toy models,
// chunks and single tokens, a ring that wraps and evicts, states that change the device, and what happens when the card fails. Tokens one by
// one are replayed steps.
namespace {

using engine::Context;
using engine::TokenId;
using test::loadOn;
using test::tolerance;
using test::worst;
namespace shim = kernels::cuda::shim;

constexpr int illegalAddress = 700, outOfMemory = 2; // as CUDA numbers them

class CudaModel : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
#ifdef __SANITIZE_THREAD__
        GTEST_SKIP() << "ThreadSanitizer knows nothing of fibers";
#endif
        shim::setOrder(shim::Order::Forward);
        kernels::cuda::replaceInstalledApi(&shim::deviceApi());
        m_path = test::writeToyModel({.architecture = GetParam()});
        m_cpu = loadOn(m_path, "cpu");
        m_cuda = loadOn(m_path, "cuda");
        ASSERT_EQ(m_cuda->info.deviceProblem, "");
    }
    void TearDown() override {
        shim::fail(0);
        m_cuda.reset();
        kernels::cuda::replaceInstalledApi(nullptr);
    }
    std::vector<TokenId> tokens(int count) const {
        return test::randomTokens(count, m_cpu->config.vocabulary, 5);
    }

    std::filesystem::path m_path;
    std::shared_ptr<const engine::Model> m_cpu, m_cuda;
};

TEST_P(CudaModel, LogitsAreThoseOfTheCpuWhileTheRingWraps) {
    const auto text = tokens(40);
    for (const engine::StreamPosition start :
         {engine::StreamPosition{0}, engine::StreamPosition{4'000'000}}) {
        engine::ContextOptions options = test::exactOptions(4, 17, 13);
        options.ringStart = start;
        Context here(m_cpu, options), there(m_cuda, options);
        EXPECT_LT(worst(test::feedAll(here, text, 1), test::feedAll(there, text, 2)), tolerance) << start;
    }
}

TEST_P(CudaModel, TokensOneByOneAreReplayedSteps) {
    const auto text = tokens(30);
    const engine::ContextOptions options = test::exactOptions(4, 17, 1);
    Context here(m_cpu, options), there(m_cuda, options);
    const auto expected = test::feedAll(here, text, 1);
    const int before = shim::replays();
    EXPECT_LT(worst(expected, test::feedAll(there, text, 1)), tolerance);
    // All but the first, which no step came before, and steps that differ: more pieces of keys, a factor that follows the position.
    EXPECT_GE(shim::replays() - before, 26);
}

TEST_P(CudaModel, AStreamGoesOnOnTheOtherDevice) {
    const auto text = tokens(30), more = test::randomTokens(6, m_cpu->config.vocabulary, 9);
    const engine::ContextOptions options = test::exactOptions(4, 17, 13);
    Context here(m_cpu, options), there(m_cuda, options);
    test::feedAll(there, text, 1);
    here.restore(there.save());
    EXPECT_LT(worst(test::feedAll(here, more, 1), test::feedAll(there, more, 1)), tolerance);
}

INSTANTIATE_TEST_SUITE_P(Families, CudaModel, testing::ValuesIn(test::toyFamilies()), [](const auto& test) {
    std::string name = test.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

class CudaFaults : public CudaModel {};

TEST_P(CudaFaults, ALostCardTakesNothingBack) {
    const auto text = tokens(24);
    const engine::ContextOptions options = test::exactOptions(4, 17, 13);
    Context there(m_cuda, options), here(m_cpu, options);
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
    here.restore(there.save());
    EXPECT_LT(worst(test::feedAll(here, std::span(text).subspan(20), 1),
                    test::feedAll(there, std::span(text).subspan(20), 1)),
              tolerance);
}

TEST_P(CudaFaults, AModelThatDoesNotFitRunsOnTheCpuAndSaysWhy) {
    shim::fail(outOfMemory, -1);
    const auto model = loadOn(m_path, "cuda");
    EXPECT_NE(model->info.deviceProblem.find("no memory left"), std::string::npos)
        << model->info.deviceProblem;
    EXPECT_EQ(model->info.device, "CPU, 1 thread");
}

INSTANTIATE_TEST_SUITE_P(Llama, CudaFaults, testing::Values("llama"),
                         [](const auto& test) { return test.param; });

} // namespace
