#include "kernels/cpu/linear_kernels.h"
#include "tests/kernels/linear_support.h"

#include <cstring>
#include <gtest/gtest.h>
#include <tuple>

// F16 and BF16 weights as integers that share an exponent (FormatKind::Words): what is kept exactly, what not, and that
// no sum overflows.
namespace {

using namespace kernels;
using namespace test;

constexpr std::int64_t rows = 18, cols = 64;

std::vector<Isa> levelsWithWords() {
    std::vector<Isa> levels;
    for (const Isa isa : availableIsas()) {
        if (linearKernels(isa).words != nullptr) {
            levels.push_back(isa);
        }
    }
    return levels;
}

class LinearWordsTest : public testing::TestWithParam<std::tuple<DType, Isa>> {
protected:
    DType type() const { return std::get<0>(GetParam()); }
    Isa isa() const { return std::get<1>(GetParam()); }

    /// All rows of `values` over and over.
    StoredMatrix matrixOf(const std::vector<float>& values) const {
        StoredMatrix matrix(type(), rows, cols, 1);
        std::vector<float> all;
        for (std::int64_t row = 0; row < rows; ++row) {
            all.insert(all.end(), values.begin(), values.end());
        }
        matrix.bytes = quantise(type(), all.data(), rows, cols);
        matrix.host.data = matrix.bytes.data();
        matrix.values = dequantise(matrix.host);
        return matrix;
    }
    std::vector<float> rowOf(const StoredMatrix& matrix, std::int64_t row) {
        const auto weight = packWeight(matrix.host, m_pool, isa(), ActivationPrecision::Int8);
        std::vector<float> out(cols);
        weight->dequantiseRow(row, out.data());
        return out;
    }

    ThreadPool m_pool{2};
};

TEST_P(LinearWordsTest, KeepsTheUpperQuarterExactlyAndTheRestTo14Bits) {
    const StoredMatrix matrix = matrixOf(randomValues(cols, 3));
    for (std::int64_t row = 0; row < rows; ++row) {
        const std::vector<float> kept = rowOf(matrix, row);
        for (std::int64_t column = 0; column < cols; ++column) {
            double largest = 0;
            for (std::int64_t other = column / 32 * 32; other < column / 32 * 32 + 32; ++other) {
                largest = std::fmax(largest, std::fabs(matrix.values[static_cast<std::size_t>(other)]));
            }
            const double value = matrix.values[static_cast<std::size_t>(column)];
            const double allowed = std::fabs(value) * 4 >= largest ? 0 : largest * 0x1p-13;
            ASSERT_NEAR(kept[static_cast<std::size_t>(column)], value, allowed) << "column " << column;
        }
    }
}

TEST_P(LinearWordsTest, KeepsBlocksOfAnySize) {
    const float smallest = type() == DType::F16 ? 0x1p-24f : 0x1p-124f;
    const float largest = type() == DType::F16 ? 65504.0f : 0x1p125f;
    for (const float size : {0.0f, smallest, 3 * smallest, 1.0f, largest}) {
        std::vector<float> values(cols, size);
        values[5] = -size;
        const std::vector<float> kept = rowOf(matrixOf(values), 3);
        for (std::int64_t column = 0; column < cols; ++column) {
            ASSERT_EQ(kept[static_cast<std::size_t>(column)], column == 5 ? -size : size);
        }
    }
}

TEST_P(LinearWordsTest, NoSumOverflows) {
    const float weight = type() == DType::F16 ? 2047.0f : 255.0f; // the largest mantissa
    Linear linear(m_pool, isa(), ActivationPrecision::Int8);
    for (const float sign : {1.0f, -1.0f}) {
        const StoredMatrix matrix = matrixOf(std::vector<float>(cols, sign * weight));
        const auto packedWeight = packWeight(matrix.host, m_pool, isa(), ActivationPrecision::Int8);
        for (const std::int64_t tokens : {1, 2, 4, 8}) {
            const std::vector<float> x(static_cast<std::size_t>(tokens * cols), 8191.0f);
            for (const float result : multiply(*packedWeight, linear, x, tokens)) {
                ASSERT_NEAR(result, sign * weight * 8191.0f * cols, 1e-6f * weight * 8191.0f * cols);
            }
        }
    }
}

TEST_P(LinearWordsTest, WhatIsNotFiniteStaysSoAndDisturbsNoOtherRow) {
    Linear linear(m_pool, isa(), ActivationPrecision::Int8);
    const std::uint16_t infinity = type() == DType::F16 ? 0x7c00 : 0x7f80;
    const std::uint16_t nan = type() == DType::F16 ? 0x7e00 : 0x7fc0;
    for (const std::uint16_t bad : {infinity, nan}) {
        for (const std::size_t column : {std::size_t{0}, std::size_t{37}, std::size_t{cols - 1}}) {
            StoredMatrix matrix = matrixOf(randomValues(cols, 4));
            std::memcpy(matrix.bytes.data() + (5 * cols + column) * 2, &bad, 2);
            const auto weight = packWeight(matrix.host, m_pool, isa(), ActivationPrecision::Int8);
            for (const std::int64_t tokens : {1, 3}) {
                const std::vector<float> out =
                    multiply(*weight, linear, randomValues(tokens * cols, 5), tokens);
                for (std::size_t i = 0; i < out.size(); ++i) {
                    ASSERT_EQ(std::isfinite(out[i]), i % rows != 5) << "row " << i % rows;
                }
            }
        }
    }
}

// Same columns, same level: what decides is the precision that the weight was packed for.
TEST_P(LinearWordsTest, Float32ProductsKeepTheFilesWeights) {
    const StoredMatrix matrix = matrixOf(randomValues(cols, 6));
    const auto weight = packWeight(matrix.host, m_pool, isa(), ActivationPrecision::Float32);
    EXPECT_EQ(weight->bytes(), 2 * 16 * 2 * static_cast<std::size_t>(cols)); // two groups of 16 rows
    std::vector<float> kept(cols);
    weight->dequantiseRow(17, kept.data());
    for (std::size_t column = 0; column < kept.size(); ++column) {
        ASSERT_EQ(kept[column], matrix.values[17 * cols + column]);
    }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LinearWordsTest);
INSTANTIATE_TEST_SUITE_P(Halves, LinearWordsTest,
                         testing::Combine(testing::Values(DType::F16, DType::BF16),
                                          testing::ValuesIn(levelsWithWords())),
                         typeAndLevel);

} // namespace
