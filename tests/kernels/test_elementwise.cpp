#include "kernels/backend.h"
#include "kernels/cpu_backend.h"
#include "tests/support/backends.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/reference_ops.h"
#include "tests/support/run_step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <stdexcept>

// Norms, rotations, activations and sums against the double-precision reference, in and out of place, with
// lengths that fill no vector; and the choice of the instruction set.
namespace {

using kernels::RopePairing;
using test::GuardedBuffer;

class Elementwise : public testing::TestWithParam<std::string> {
protected:
    template <class Operation>
    void step(const Operation& operation, const kernels::StepInputs& inputs = {}) {
        test::runStep(*m_backend, inputs, operation);
    }
    std::unique_ptr<kernels::Backend> m_backend = test::makeTestBackend(GetParam());
};

TEST_P(Elementwise, RmsNorm) {
    for (int cols : {1, 7, 16, 64, 576, 577, 2048})
        for (int rows : {1, 3, 70}) {
            const auto x = test::randomFloats(static_cast<std::size_t>(rows * cols), 1, 3.0f);
            const auto gain = test::randomFloats(static_cast<std::size_t>(cols), 2);
            GuardedBuffer in(*m_backend, rows, cols, x), gains(*m_backend, 1, cols, gain),
                out(*m_backend, rows, cols);
            const auto expected = test::rmsNorm(x, gain, 1e-5f);
            step([&] { m_backend->rmsNorm(in.tensor(), gains.tensor(), 1e-5f, out.tensor()); });
            EXPECT_LT(test::relativeError(out.get(), expected), 1e-6) << rows << " x " << cols;
            EXPECT_TRUE(out.guardsIntact());
            step([&] { m_backend->rmsNorm(in.tensor(), gains.tensor(), 1e-5f, in.tensor()); });
            EXPECT_EQ(in.get(), out.get());
        }
}

TEST_P(Elementwise, RmsNormOfEachHead) {
    const auto x = test::randomFloats(5 * 4 * 24, 1), gain = test::randomFloats(24, 2);
    GuardedBuffer in(*m_backend, 5, 96, x), gains(*m_backend, 1, 24, gain), out(*m_backend, 5, 96);
    step([&] { m_backend->rmsNorm(in.tensor(), gains.tensor(), 1e-6f, out.tensor()); });
    EXPECT_LT(test::relativeError(out.get(), test::rmsNorm(x, gain, 1e-6f)), 1e-6);
    EXPECT_TRUE(out.guardsIntact());
}

// A gain of several rows: each head has its own.
TEST_P(Elementwise, NormsWithAGainForEveryHead) {
    const auto x = test::randomFloats(5 * 4 * 24, 1), gain = test::randomFloats(4 * 24, 2);
    GuardedBuffer in(*m_backend, 5, 96, x), gains(*m_backend, 4, 24, gain), out(*m_backend, 5, 96);
    for (const bool layer : {false, true}) {
        std::vector<double> expected;
        for (std::size_t row = 0; row < 20; ++row) {
            const std::span<const float> values = std::span(x).subspan(row * 24, 24),
                                         own = std::span(gain).subspan(row % 4 * 24, 24);
            const auto normed =
                layer ? test::layerNorm(values, own, {}, 1e-6) : test::rmsNorm(values, own, 1e-6);
            expected.insert(expected.end(), normed.begin(), normed.end());
        }
        step([&] {
            if (layer)
                m_backend->layerNorm(in.tensor(), gains.tensor(), nullptr, 1e-6f, out.tensor());
            else
                m_backend->rmsNorm(in.tensor(), gains.tensor(), 1e-6f, out.tensor());
        });
        EXPECT_LT(test::relativeError(out.get(), expected), 1e-6);
        EXPECT_TRUE(out.guardsIntact());
    }
}

TEST_P(Elementwise, Rope) {
    for (RopePairing pairing : {RopePairing::Norm, RopePairing::Neox})
        for (auto [headDim, ropeDim] :
             {std::pair{64, 64}, {64, 16}, {80, 20}, {10, 10}, {128, 128}, {34, 34}})
            for (int tokens : {1, 150}) {
                const auto x = test::randomFloats(static_cast<std::size_t>(tokens * 3 * headDim), 1);
                std::vector<float> angles;
                for (int i = 0; i < tokens * ropeDim / 2; ++i) {
                    angles.push_back(static_cast<float>(std::cos(0.37 * i)));
                    angles.push_back(static_cast<float>(std::sin(0.37 * i)));
                }
                const std::span<const float> tables[] = {angles};
                GuardedBuffer in(*m_backend, tokens, 3 * headDim, x), out(*m_backend, tokens, 3 * headDim);
                step([&] { m_backend->rope(in.tensor(), headDim, ropeDim, pairing, 0, out.tensor()); },
                     {.angles = tables});
                EXPECT_LT(
                    test::relativeError(out.get(), test::rope(x, tokens, headDim, ropeDim, pairing, angles)),
                    1e-6)
                    << headDim << " " << ropeDim;
                EXPECT_TRUE(out.guardsIntact());
                step([&] { m_backend->rope(in.tensor(), headDim, ropeDim, pairing, 0, in.tensor()); },
                     {.angles = tables});
                EXPECT_EQ(in.get(), out.get());
            }
}

TEST_P(Elementwise, GatedActivation) {
    for (kernels::Activation activation : {kernels::Activation::Silu, kernels::Activation::GeluTanh,
                                           kernels::Activation::GeluErf, kernels::Activation::ClampedSilu})
        for (int cols : {1, 15, 17, 1536}) {
            auto gate = test::randomFloats(static_cast<std::size_t>(20 * cols), 1, 8.0f);
            const auto up = test::randomFloats(gate.size(), 2);
            gate[0] = 1000.0f;
            gate[1] = -1000.0f;
            gate[2] = 0.0f;
            std::vector<double> expected;
            for (std::size_t i = 0; i < gate.size(); ++i)
                expected.push_back(
                    test::gated(activation, static_cast<double>(gate[i]), static_cast<double>(up[i])));
            GuardedBuffer g(*m_backend, 20, cols, gate), u(*m_backend, 20, cols, up),
                out(*m_backend, 20, cols);
            step([&] { m_backend->gatedActivation(activation, g.tensor(), u.tensor(), out.tensor()); });
            const auto found = out.get();
            for (std::size_t i = 0; i < gate.size(); ++i)
                ASSERT_NEAR(static_cast<double>(found[i]), expected[i],
                            2e-6 * std::max(1.0, std::fabs(expected[i])));
            EXPECT_TRUE(out.guardsIntact());
            step([&] { m_backend->gatedActivation(activation, g.tensor(), u.tensor(), u.tensor()); });
            EXPECT_EQ(u.get(), found);
            u.set(up);
            step([&] { m_backend->gatedActivation(activation, g.tensor(), u.tensor(), g.tensor()); });
            EXPECT_EQ(g.get(), found);
            if (activation == kernels::Activation::ClampedSilu)
                continue; // gated only
            g.set(gate);
            step([&] { m_backend->activation(activation, g.tensor()); });
            const auto activated = g.get();
            for (std::size_t i = 0; i < gate.size(); ++i)
                ASSERT_NEAR(static_cast<double>(activated[i]),
                            test::activation(activation, static_cast<double>(gate[i])),
                            2e-6 * std::max(1.0, std::fabs(static_cast<double>(gate[i]))));
            EXPECT_TRUE(g.guardsIntact());
        }
}

TEST_P(Elementwise, LayerNorm) {
    for (int cols : {1, 7, 16, 64, 577, 2048})
        for (int rows : {1, 3, 70})
            for (const bool withBias : {false, true}) {
                auto x = test::randomFloats(static_cast<std::size_t>(rows * cols), 1, 3.0f);
                for (float& value : x)
                    value += 5.0f; // a mean that must not be lost in the variance
                const auto gain = test::randomFloats(static_cast<std::size_t>(cols), 2),
                           bias = test::randomFloats(static_cast<std::size_t>(cols), 3);
                GuardedBuffer in(*m_backend, rows, cols, x), gains(*m_backend, 1, cols, gain),
                    out(*m_backend, rows, cols);
                const auto biases = m_backend->makeBuffer(1, cols);
                m_backend->write(biases->tensor(), bias);
                const kernels::Buffer* const given = withBias ? biases.get() : nullptr;
                const auto expected = test::layerNorm(
                    x, gain, withBias ? std::span<const float>(bias) : std::span<const float>(), 1e-3f);
                step([&] { m_backend->layerNorm(in.tensor(), gains.tensor(), given, 1e-3f, out.tensor()); });
                EXPECT_LT(test::relativeError(out.get(), expected), 3e-6) << rows << " x " << cols;
                EXPECT_TRUE(out.guardsIntact());
                step([&] { m_backend->layerNorm(in.tensor(), gains.tensor(), given, 1e-3f, in.tensor()); });
                EXPECT_EQ(in.get(), out.get());
            }
}

TEST_P(Elementwise, ClampAndSoftcap) {
    for (int cols : {1, 31, 576}) {
        const auto x = test::randomFloats(static_cast<std::size_t>(40 * cols), 1, 8.0f);
        GuardedBuffer clamped(*m_backend, 40, cols, x), capped(*m_backend, 40, cols, x);
        step([&] { m_backend->clamp(clamped.tensor(), 2.5f); });
        step([&] { m_backend->softcap(capped.tensor(), 3.0f); });
        const auto c = clamped.get(), s = capped.get();
        for (std::size_t i = 0; i < x.size(); ++i) {
            ASSERT_EQ(c[i], std::min(2.5f, std::max(-2.5f, x[i])));
            ASSERT_NEAR(static_cast<double>(s[i]), 3.0 * std::tanh(static_cast<double>(x[i]) / 3.0), 1e-6);
        }
        EXPECT_TRUE(clamped.guardsIntact() && capped.guardsIntact());
    }
}

TEST_P(Elementwise, AddAndScale) {
    for (int cols : {1, 31, 576}) {
        const auto x = test::randomFloats(static_cast<std::size_t>(70 * cols), 1),
                   y = test::randomFloats(x.size(), 2);
        GuardedBuffer a(*m_backend, 70, cols, x), b(*m_backend, 70, cols, y);
        step([&] { m_backend->add(a.tensor(), b.tensor()); });
        step([&] { m_backend->scale(a.tensor(), 0.3f); });
        const auto sum = b.get(), scaled = a.get();
        for (std::size_t i = 0; i < x.size(); ++i) {
            ASSERT_EQ(sum[i], x[i] + y[i]);
            ASSERT_EQ(scaled[i], x[i] * 0.3f);
        }
        EXPECT_TRUE(a.guardsIntact() && b.guardsIntact());
    }
}

TEST_P(Elementwise, TheSameBitsAloneAndInABatch) {
    const auto x = test::randomFloats(100 * 576, 1), gain = test::randomFloats(576, 2);
    GuardedBuffer all(*m_backend, 100, 576, x), gains(*m_backend, 1, 576, gain), out(*m_backend, 100, 576);
    step([&] { m_backend->rmsNorm(all.tensor(), gains.tensor(), 1e-5f, out.tensor()); });
    const auto together = out.get();
    out.poison();
    step([&] {
        m_backend->rmsNorm(all.tensor().rowRange(61, 1), gains.tensor(), 1e-5f, out.tensor().rowRange(61, 1));
    });
    const auto alone = out.get();
    for (std::size_t i = 61 * 576; i < 62 * 576; ++i)
        EXPECT_EQ(together[i], alone[i]);
}

INSTANTIATE_TEST_SUITE_P(Every, Elementwise, testing::ValuesIn(test::backendNames()),
                         [](const auto& parameter) { return parameter.param; });

TEST(Isa, IsChosenByNameThenByVariable) {
    kernels::CpuOptions options;
    options.isa = "avx9000";
    EXPECT_THROW(kernels::makeCpuBackend(options), std::runtime_error);
    ASSERT_EQ(kernels::cpuIsaNames().back(), "portable");
    options.isa = "";
    const char* inherited = std::getenv("SUMIDERO_ISA");
    const std::string before = inherited ? inherited : "";
    setenv("SUMIDERO_ISA", "portable", 1);
    EXPECT_EQ(kernels::makeCpuBackend(options)->info().instructionSet, "portable");
    setenv("SUMIDERO_ISA", "nonsense", 1);
    EXPECT_THROW(kernels::makeCpuBackend(options), std::runtime_error);
    options.isa = "portable";
    EXPECT_EQ(kernels::makeCpuBackend(options)->info().instructionSet, "portable");
    if (inherited)
        setenv("SUMIDERO_ISA", before.c_str(), 1);
    else
        unsetenv("SUMIDERO_ISA");
    EXPECT_GE(kernels::physicalCores(), 1);
    options.threads = 3;
    EXPECT_EQ(kernels::makeCpuBackend(options)->info().threads, 3);
}

} // namespace
