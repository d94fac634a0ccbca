#include "kernels/backend.h"
#include "kernels/cuda_backend.h"
#include "tests/kernels/linear_support.h"
#include "tests/support/backends.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/run_step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

// Quantised weights on CUDA meet activations that became words of 16 bits: few tokens on a kernel for each, many in tiles on tensor cores.
// On the shim in both orders of threads, and on a card where there is one.
namespace {

using namespace kernels;
using test::GuardedBuffer;

/// What can be seen on a card only.
class CudaCard : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string problem = test::cudaTestProblem(); !problem.empty())
            GTEST_SKIP() << "no test runs on a card: " << problem;
    }

    /// The same products four times: run, recorded, replayed twice. Gives the last result.
    static std::vector<float> product(DType type, std::int64_t tokens, CudaPrefill prefill, CudaSteps steps) {
        constexpr std::int64_t rows = 141, cols = 1280;
        const auto backend =
            makeCudaBackend({.card = test::cudaTestDevice(), .prefill = prefill, .steps = steps});
        const test::StoredMatrix matrix(type, rows, cols, 1);
        const auto weight = backend->makeWeight(matrix.host);
        GuardedBuffer in(*backend, tokens, cols, test::randomValues(tokens * cols, 2)),
            out(*backend, tokens, rows);
        const LinearJob job[] = {{weight.get(), out.tensor()}};
        for (int i = 0; i < 4; ++i)
            test::runStep(*backend, {}, [&] { backend->linear(in.tensor(), job, Rounding::Careful); });
        EXPECT_TRUE(out.guardsIntact());
        return out.get();
    }
};

TEST_F(CudaCard, GraphsGiveTheBitsOfTheirCommands) {
    for (const std::int64_t tokens : {1, 70})
        EXPECT_EQ(product(DType::Q4_K, tokens, CudaPrefill::Own, CudaSteps::Graphs),
                  product(DType::Q4_K, tokens, CudaPrefill::Own, CudaSteps::Commands));
}

TEST_F(CudaCard, CublasAgreesWithTheOwnKernels) {
    for (const DType type : {DType::F16, DType::Q4_K, DType::Q6_K}) {
        const auto own = product(type, 70, CudaPrefill::Own, CudaSteps::Graphs),
                   library = product(type, 70, CudaPrefill::Cublas, CudaSteps::Graphs);
        // Sums of 1,280 products of about 0.05, from activations of 16 bits and of float32.
        for (std::size_t i = 0; i < own.size(); ++i)
            ASSERT_NEAR(library[i], own[i], 5e-3) << name(type) << " " << i;
    }
}

/// Activations of whole blocks of 32 as the kernels round them, operation by operation, and the largest step of a low byte.
struct Words {
    explicit Words(const std::vector<float>& x) : values(x.size()) {
        for (std::size_t i = 0; i < x.size(); ++i) {
            const float largest = test::largestOfBlock(x.data() + i / 32 * 32);
            const float inverse = largest > 0.0f ? 127.0f / largest : 0.0f, scaled = x[i] * inverse;
            const float high = std::nearbyint(scaled);
            const float low = std::clamp(std::nearbyint((scaled - high) * 256.0f), -127.0f, 127.0f);
            const double unit = static_cast<double>(largest) / (127.0 * 256.0);
            values[i] = unit * (256.0 * static_cast<double>(high) + static_cast<double>(low));
            step = std::max(step, unit);
        }
    }
    std::vector<double> values;
    double step = 0;
};

class CudaLinear : public testing::TestWithParam<std::tuple<DType, std::string>> {
protected:
    void SetUp() override {
        m_backend = test::makeTestBackend(std::get<1>(GetParam()), 1, ActivationPrecision::Int8);
        const DType type = std::get<0>(GetParam());
        // An odd number of blocks of 32, or of 256.
        m_cols = blockLayout(type).elements == 32 ? 1120 : 1280;
    }

    /// Some blocks have outliers, and one is nothing.
    std::vector<float> activations(std::int64_t tokens) const {
        auto x = test::randomValues(tokens * m_cols, 2);
        std::fill(x.begin() + 64, x.begin() + 96, 0.0f);
        return x;
    }

    /// About 2^-16 of a block's largest activation is lost, at random; nothing else but what float32 sums lose. A card may round a tie of a
    /// low byte to the other side, for it fuses products and sums.
    void check(std::int64_t rows, std::int64_t tokens) {
        const DType type = std::get<0>(GetParam());
        const test::StoredMatrix matrix(type, rows, m_cols, 1);
        const auto weight = m_backend->makeWeight(matrix.host);
        const std::vector<float> x = activations(tokens), before = test::randomValues(tokens * rows, 3),
                                 biases = test::randomValues(rows, 4);
        GuardedBuffer in(*m_backend, tokens, m_cols, x), plain(*m_backend, tokens, rows),
            added(*m_backend, tokens, rows, before);
        const auto bias = m_backend->makeBuffer(1, rows);
        m_backend->write(bias->tensor(), biases);
        const LinearJob jobs[] = {{weight.get(), plain.tensor()},
                                  {weight.get(), added.tensor(), Write::Add, bias.get()}};
        test::runStep(*m_backend, {}, [&] { m_backend->linear(in.tensor(), jobs, Rounding::Careful); });
        const auto found = plain.get(), sums = added.get();
        const Words seen(x);
        const auto heaviest = *std::max_element(matrix.values.begin(), matrix.values.end());
        const double ties = std::get<1>(GetParam()) == "cuda" ? 2 * seen.step * heaviest : 0.0;
        for (std::size_t i = 0; i < found.size(); ++i) {
            const auto row = static_cast<std::int64_t>(i) % rows,
                       first = static_cast<std::int64_t>(i) / rows * m_cols;
            const test::Product exact = test::referenceProduct(matrix, row, x.data() + first),
                                expected = test::referenceProduct(matrix, row, seen.values.data() + first);
            ASSERT_NEAR(found[i], expected.value, 5e-6 * expected.magnitude + ties)
                << rows << " " << tokens << " " << i;
            ASSERT_NEAR(found[i], exact.value, 1e-3 * std::sqrt(exact.energy))
                << rows << " " << tokens << " " << i;
            ASSERT_NEAR(sums[i], found[i] + before[i] + biases[static_cast<std::size_t>(row)], 2e-5);
        }
        EXPECT_TRUE(plain.guardsIntact() && added.guardsIntact());
    }

    std::unique_ptr<Backend> m_backend;
    std::int64_t m_cols = 0;
};

TEST_P(CudaLinear, FewTokensMeetWordsOf16Bits) {
    for (const std::int64_t rows : {1, 37})
        for (const std::int64_t tokens : {1, 3, 8})
            ASSERT_NO_FATAL_FAILURE(check(rows, tokens));
}

// One tile, its edges, and a second one in each direction.
TEST_P(CudaLinear, ManyTokensMeetThemOnTensorCores) {
    ASSERT_NO_FATAL_FAILURE(check(1, 9));
    ASSERT_NO_FATAL_FAILURE(check(128, 64));
    ASSERT_NO_FATAL_FAILURE(check(141, 71));
}

std::vector<DType> quantisedTypes() {
    std::vector<DType> types(std::begin(test::allTypes), std::end(test::allTypes));
    std::erase_if(types, [](DType type) { return !test::isQuantised(type); });
    return types;
}

INSTANTIATE_TEST_SUITE_P(Every, CudaLinear,
                         testing::Combine(testing::ValuesIn(quantisedTypes()),
                                          testing::ValuesIn(test::cudaBackendNames())),
                         [](const auto& test) {
                             return std::string(name(std::get<0>(test.param))) + "_" +
                                    std::get<1>(test.param);
                         });

// The largest quants of each sign against the largest activations: sums of bytes at their bounds.
TEST(CudaLinearExtremes, SumsOfBytesFitTheirFloats) {
    for (const std::string& name : test::cudaBackendNames()) {
        const auto backend = test::makeTestBackend(name, 1, ActivationPrecision::Int8);
        constexpr std::int64_t rows = 3, cols = 96, tokens = 9;
        for (const DType type : {DType::Q8_0, DType::Q4_0, DType::Q5_0, DType::Q4_1})
            for (const float sign : {1.0f, -1.0f}) {
                const std::vector<float> values(static_cast<std::size_t>(rows * cols), -sign);
                test::StoredMatrix matrix(type, rows, cols, 1);
                matrix.bytes = test::quantise(type, values.data(), rows, cols);
                matrix.host.data = matrix.bytes.data();
                matrix.values = test::dequantise(matrix.host);
                const auto weight = backend->makeWeight(matrix.host);
                const std::vector<float> x(static_cast<std::size_t>(tokens * cols), 3.0f);
                GuardedBuffer in(*backend, tokens, cols, x), out(*backend, tokens, rows);
                const LinearJob job[] = {{weight.get(), out.tensor()}};
                test::runStep(*backend, {}, [&] { backend->linear(in.tensor(), job, Rounding::Careful); });
                for (const float found : out.get()) {
                    const test::Product expected = test::referenceProduct(matrix, 0, x.data());
                    ASSERT_NEAR(found, expected.value, 5e-6 * expected.magnitude) << kernels::name(type);
                }
            }
    }
}

} // namespace
