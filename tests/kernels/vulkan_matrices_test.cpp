#include "kernels/vulkan/matrix_choice.h"
#include "kernels/vulkan_backend.h"
#include "tests/kernels/linear_support.h"
#include "tests/support/backends.h"
#include "tests/support/environment_variable.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/run_step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <tuple>

// Products of many tokens on a Vulkan device's cooperative matrices, where it has them: against the double-precision meaning of the weights,
// with activations of all sizes and such as are not finite; and which matrices of a device are taken.
namespace {

using namespace kernels;
using test::GuardedBuffer;
using test::StoredMatrix;

constexpr Rounding roundings[] = {Rounding::Careful, Rounding::Robust};

/// Float32 sums of exact weights with activations of 22 bits, or of 11: each of these is off by 2^-11 of itself at most, and by half of that
/// on average. What is smaller than 2^-28 of a token's largest activation may be gone.
double boundOf(const test::Product& expected, Rounding rounding, double largest, double weights) {
    return 5e-6 * expected.magnitude + 0x1p-28 * largest * weights +
           (rounding == Rounding::Robust ? 3 * 0x1p-11 * std::sqrt(expected.energy) : 0.0);
}

/// A software device stands for a card with its memory behind copies.
std::unique_ptr<Backend> makeCard(bool isChecked) {
    return makeVulkanBackend({.device = test::vulkanTestDevice(), .isStaged = true, .isChecked = isChecked});
}

/// The parameters: a type of weights, and whether every index is checked.
class VulkanMatrices : public testing::TestWithParam<std::tuple<DType, bool>> {
protected:
    void SetUp() override {
        if (!test::vulkanHasMatrices())
            GTEST_SKIP() << "no Vulkan device here has cooperative matrices";
        m_backend = makeCard(std::get<1>(GetParam()));
    }
    DType type() const { return std::get<0>(GetParam()); }
    /// Of columns, odd where the type allows it.
    std::int64_t cols() const { return test::isQuantised(type()) ? 3 * blockLayout(type()).elements : 71; }

    std::vector<float> multiply(const StoredMatrix& matrix, const std::vector<float>& x, Rounding rounding) {
        const auto weight = m_backend->makeWeight(matrix.host);
        const auto tokens = static_cast<std::int64_t>(x.size()) / matrix.host.cols;
        GuardedBuffer in(*m_backend, tokens, matrix.host.cols, x), out(*m_backend, tokens, matrix.host.rows);
        const LinearJob job{weight.get(), out.tensor()};
        test::runStep(*m_backend, {}, [&] { m_backend->linear(in.tensor(), {&job, 1}, rounding); });
        EXPECT_TRUE(out.guardsIntact());
        return out.get();
    }
    static void expectProducts(const StoredMatrix& matrix, const std::vector<float>& x,
                               const std::vector<float>& found, Rounding rounding) {
        const std::int64_t rows = matrix.host.rows, cols = matrix.host.cols;
        const auto larger = [](auto a, auto b) { return std::max<double>(a, std::fabs(b)); };
        const auto sum = [](auto a, auto b) { return a + std::fabs(b); };
        for (std::int64_t i = 0; i < static_cast<std::int64_t>(found.size()); ++i) {
            const float* const token = x.data() + i / rows * cols;
            const auto weights = matrix.values.begin() + i % rows * cols;
            const test::Product expected = test::referenceProduct(matrix, i % rows, token);
            ASSERT_NEAR(found[static_cast<std::size_t>(i)], expected.value,
                        boundOf(expected, rounding, std::accumulate(token, token + cols, 0.0, larger),
                                std::accumulate(weights, weights + cols, 0.0, sum)))
                << "token " << i / rows << ", row " << i % rows;
        }
    }
    std::unique_ptr<Backend> m_backend;
};

// More than one tile of rows and of tokens, none of them full; two jobs that share the activations.
TEST_P(VulkanMatrices, TilesMatchTheReference) {
    constexpr std::int64_t rows = 130, tokens = 67;
    const StoredMatrix matrix(type(), rows, cols(), 1);
    const auto weight = m_backend->makeWeight(matrix.host);
    const auto bias = m_backend->makeBuffer(1, rows);
    const std::vector<float> x = test::randomValues(tokens * cols(), 2), biases = test::randomValues(rows, 3),
                             before = test::randomValues(tokens * rows, 4);
    m_backend->write(bias->tensor(), biases);
    std::vector<std::vector<float>> results;
    for (const Rounding rounding : roundings) {
        GuardedBuffer in(*m_backend, tokens, cols(), x), plain(*m_backend, tokens, rows),
            added(*m_backend, tokens, rows, before);
        const LinearJob jobs[] = {{weight.get(), plain.tensor()},
                                  {weight.get(), added.tensor(), Write::Add, bias.get()}};
        test::runStep(*m_backend, {}, [&] { m_backend->linear(in.tensor(), jobs, rounding); });
        const std::vector<float> found = plain.get(), sums = added.get();
        expectProducts(matrix, x, found, rounding);
        for (std::size_t i = 0; i < found.size(); ++i)
            ASSERT_NEAR(sums[i], found[i] + before[i] + biases[i % biases.size()], 2e-5) << i;
        ASSERT_TRUE(plain.guardsIntact() && added.guardsIntact());
        results.push_back(found);
    }
    // All that is rounded are the activations of the robust way, and there only where matrices are at work.
    EXPECT_EQ(results[0] == results[1], type() == DType::F32);
}

TEST_P(VulkanMatrices, ATokensResultDependsOnNoOtherToken) {
    const StoredMatrix matrix(type(), 70, cols(), 1);
    const std::vector<float> x = test::randomValues(130 * cols(), 2);
    for (const Rounding rounding : roundings) {
        const std::vector<float> all = multiply(matrix, x, rounding);
        for (const std::int64_t tokens : {5, 64, 65}) {
            const std::vector<float> last(x.end() - tokens * cols(), x.end());
            EXPECT_EQ(multiply(matrix, last, rounding),
                      std::vector<float>(all.end() - tokens * 70, all.end()));
        }
    }
}

TEST_P(VulkanMatrices, LargeAndTinyActivationsKeepTheirBits) {
    std::vector<float> x = test::randomValues(9 * cols(), 2);
    const float scales[] = {1e30f, 1e-30f, 1e6f, 1e-6f, 0.0f, 1.0f, 65504.0f, 1e-6f, 1e-6f};
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] *= scales[i / static_cast<std::size_t>(cols())];
    x[static_cast<std::size_t>(7 * cols() + 3)] = 1e6f; // the others are next to nothing beside it
    x[static_cast<std::size_t>(8 * cols() + 3)] = 1.0f;
    const StoredMatrix matrix(type(), 66, cols(), 1);
    for (const Rounding rounding : roundings)
        expectProducts(matrix, x, multiply(matrix, x, rounding), rounding);
}

TEST_P(VulkanMatrices, WhatIsNotFiniteStaysSoAndDisturbsNoOtherToken) {
    constexpr std::int64_t rows = 66, tokens = 9;
    const StoredMatrix matrix(type(), rows, cols(), 1);
    for (const Rounding rounding : roundings) {
        std::vector<float> x = test::randomValues(tokens * cols(), 2);
        const std::vector<float> before = multiply(matrix, x, rounding);
        x[static_cast<std::size_t>(3 * cols())] = NAN;
        x[static_cast<std::size_t>(6 * cols() - 1)] = INFINITY;
        x[static_cast<std::size_t>(6 * cols() + 17)] = -INFINITY;
        const std::vector<float> after = multiply(matrix, x, rounding);
        for (std::size_t i = 0; i < after.size(); ++i) {
            const std::size_t token = i / rows;
            if (token == 3 || token == 5 || token == 6)
                ASSERT_FALSE(std::isfinite(after[i])) << "token " << token << ", row " << i % rows;
            else
                ASSERT_EQ(after[i], before[i]) << "token " << token << ", row " << i % rows;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Every, VulkanMatrices,
                         testing::Combine(testing::ValuesIn(test::allTypes), testing::Bool()),
                         [](const auto& test) {
                             return std::string(name(std::get<0>(test.param))) +
                                    (std::get<1>(test.param) ? "_checked" : "");
                         });

/// Tests of one type only.
class VulkanMatricesOf : public VulkanMatrices {};

// Where a weight, or the scale of some, is not finite, only its row is not.
TEST_P(VulkanMatricesOf, AWeightThatIsNotFiniteDisturbsNoOtherRow) {
    constexpr std::size_t rows = 66, badRow = 5;
    StoredMatrix matrix(type(), rows, cols(), 1);
    const std::vector<float> x = test::randomValues(9 * cols(), 2);
    const std::vector<float> before = multiply(matrix, x, Rounding::Careful);
    const std::uint16_t infinity = type() == DType::BF16 ? 0x7f80 : 0x7c00,
                        nan = type() == DType::BF16 ? 0x7fc0 : 0x7e00;
    for (const std::uint16_t bad : {infinity, nan}) {
        // The first two bytes of a row: of Q8_0, the scale of its first block.
        std::memcpy(matrix.bytes.data() + badRow * matrix.host.rowBytes(), &bad, sizeof bad);
        const std::vector<float> after = multiply(matrix, x, Rounding::Careful);
        for (std::size_t i = 0; i < after.size(); ++i) {
            if (i % rows == badRow)
                ASSERT_FALSE(std::isfinite(after[i])) << "token " << i / rows;
            else
                ASSERT_EQ(after[i], before[i]) << "token " << i / rows << ", row " << i % rows;
        }
    }
}

// Weights of BF16 have the range of float32.
TEST_P(VulkanMatricesOf, WeightsOfAnySizeKeepTheirBits) {
    if (type() != DType::BF16)
        return;
    constexpr std::int64_t rows = 66;
    std::vector<float> values = test::randomValues(rows * cols(), 1);
    const float scales[] = {1e30f, 1e-30f, 1e5f, 1e-8f, 1.0f};
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] *= scales[i / 7 % 5]; // side by side
    StoredMatrix matrix(type(), rows, cols(), 1);
    matrix.bytes = test::quantise(type(), values.data(), rows, cols());
    matrix.host.data = matrix.bytes.data();
    matrix.values = test::dequantise(matrix.host);
    const std::vector<float> x = test::randomValues(9 * cols(), 2);
    expectProducts(matrix, x, multiply(matrix, x, Rounding::Careful), Rounding::Careful);
}

TEST_P(VulkanMatricesOf, TheyCanBeSwitchedOffForMeasurements) {
    const StoredMatrix matrix(type(), 66, cols(), 1);
    const std::vector<float> x = test::randomValues(9 * cols(), 2);
    EXPECT_NE(multiply(matrix, x, Rounding::Robust), multiply(matrix, x, Rounding::Careful));
    const test::EnvironmentVariable off("SUMIDERO_VULKAN_MATRICES", "0");
    EXPECT_FALSE(test::vulkanHasMatrices());
    m_backend = makeCard(false);
    EXPECT_EQ(multiply(matrix, x, Rounding::Robust), multiply(matrix, x, Rounding::Careful));
}

INSTANTIATE_TEST_SUITE_P(Some, VulkanMatricesOf,
                         testing::Combine(testing::Values(DType::F16, DType::BF16, DType::Q8_0),
                                          testing::Values(false)),
                         [](const auto& test) { return std::string(name(std::get<0>(test.param))); });

/// "rows x columns x depth of part rows x part columns" of what is taken, "" for none.
std::string choice(std::vector<vulkan::MatrixSize> offered, std::uint32_t subgroupSize,
                   std::uint32_t sharedBytes = 32'768) {
    const auto matrix = vulkan::chooseMatrix(offered, subgroupSize, sharedBytes);
    if (!matrix)
        return "";
    const auto times = [](std::uint32_t a, std::uint32_t b) {
        return std::to_string(a) + " x " + std::to_string(b);
    };
    EXPECT_EQ(vulkan::matrixTile / matrix->partRows * (vulkan::matrixTile / matrix->partColumns) *
                  subgroupSize,
              vulkan::matrixInvocations);
    return times(matrix->size.rows, matrix->size.columns) + " x " + std::to_string(matrix->size.depth) +
           " of " + times(matrix->partRows, matrix->partColumns);
}

TEST(VulkanMatrixChoice, TakesTheLargestThatFitTheTile) {
    EXPECT_EQ(choice({{16, 8, 8}, {16, 16, 16}, {16, 8, 16}}, 32), "16 x 16 x 16 of 32 x 32"); // NVIDIA
    EXPECT_EQ(choice({{16, 16, 16}}, 64), "16 x 16 x 16 of 64 x 32");
    EXPECT_EQ(choice({{8, 16, 16}}, 16), "8 x 16 x 16 of 16 x 32"); // Intel Xe2
    EXPECT_EQ(choice({{8, 8, 16}}, 8), "8 x 8 x 16 of 16 x 16");    // and Alchemist
    EXPECT_EQ(choice({{8, 8, 8}}, 8), "8 x 8 x 8 of 16 x 16");      // lavapipe
    EXPECT_EQ(choice({{16, 16, 16}}, 8, 65'536), "16 x 16 x 16 of 16 x 16");
}

TEST(VulkanMatrixChoice, TakesNoneThatTheShaderCannotUse) {
    EXPECT_EQ(choice({}, 32), "");
    EXPECT_EQ(choice({{16, 16, 32}, {16, 16, 12}}, 32), ""); // columns under one scale are 16
    EXPECT_EQ(choice({{16, 12, 16}}, 32), "");
    EXPECT_EQ(choice({{32, 64, 16}}, 32), "");        // some subgroups would have nothing to do
    EXPECT_EQ(choice({{16, 16, 16}}, 8, 32'768), ""); // their results need 16 KiB beside the tiles
    EXPECT_EQ(choice({{64, 64, 16}, {16, 16, 16}}, 32), "16 x 16 x 16 of 32 x 32");
}

} // namespace
