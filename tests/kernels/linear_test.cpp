#include "tests/kernels/linear_support.h"

#include <cstring>
#include <gtest/gtest.h>
#include <tuple>

// Every weight type at every instruction set of this machine against a double-precision reference, with odd
// shapes and batches, NaN-poisoned outputs and guards; and the promise that a token's result is the same bit
// for bit in any company.
namespace {

using namespace kernels;
using namespace test;

constexpr double roundingTolerance = 5e-6; // of the sum of magnitudes

constexpr struct {
    ActivationPrecision precision;
    Rounding rounding;
} ways[] = {{ActivationPrecision::Float32, Rounding::Careful},
            {ActivationPrecision::Int8, Rounding::Careful},
            {ActivationPrecision::Int8, Rounding::Robust}};

class LinearTest : public testing::TestWithParam<std::tuple<DType, Isa>> {
protected:
    DType type() const { return std::get<0>(GetParam()); }
    Isa isa() const { return std::get<1>(GetParam()); }
    std::int64_t block() const { return std::max(blockLayout(type()).elements, 1); }
};

struct Shape {
    std::int64_t rows, cols;
};

/// Rows around the group of 16, columns from one block up; one shape has several slices of the expanded form.
std::vector<Shape> shapes(std::int64_t block) {
    const std::int64_t unit = block == 1 ? 7 : block;
    return {{1, unit},       {21, std::max<std::int64_t>(block, 32)},
            {5, 2 * unit},   {16, unit},
            {17, 3 * unit},  {33, 5 * unit},
            {130, 9 * unit}, {49, block == 256 ? 1536 : 1120}};
}

void checkAgainst(const StoredMatrix& matrix, const GuardedTensor& out, const std::vector<double>& x,
                  std::int64_t tokens) {
    for (std::int64_t token = 0; token < tokens; ++token) {
        for (std::int64_t row = 0; row < matrix.host.rows; ++row) {
            const Product expected = referenceProduct(matrix, row, x.data() + token * matrix.host.cols);
            ASSERT_NEAR(out.at(token, row), expected.value, roundingTolerance * expected.magnitude + 1e-30)
                << "token " << token << " of " << tokens << ", row " << row << " of " << matrix.host.rows
                << ", " << matrix.host.cols << " columns";
        }
    }
    ASSERT_TRUE(out.guardsIntact()) << matrix.host.rows << " x " << matrix.host.cols;
}

/// Random errors of the activations' rounding, summed over all outputs.
double noise(const StoredMatrix& matrix, const GuardedTensor& out, const std::vector<float>& x,
             std::int64_t tokens) {
    double error = 0;
    double energy = 0;
    for (std::int64_t token = 0; token < tokens; ++token) {
        for (std::int64_t row = 0; row < matrix.host.rows; ++row) {
            const Product expected = referenceProduct(matrix, row, x.data() + token * matrix.host.cols);
            error += std::pow(out.at(token, row) - expected.value, 2);
            energy += expected.energy;
        }
    }
    return error / energy;
}

TEST_P(LinearTest, MatchesTheReference) {
    ThreadPool pool(3);
    for (const auto& [precision, rounding] : ways) {
        Linear linear(pool, isa(), precision);
        for (const Shape& shape : shapes(block())) {
            const StoredMatrix matrix(type(), shape.rows, shape.cols, 1);
            const auto weight = packWeight(matrix.host, pool, isa(), precision);
            for (const std::int64_t tokens : {1, 2, 3, 5, 17, 64}) {
                std::vector<float> x = randomValues(tokens * shape.cols, 2);
                GuardedTensor out(tokens, shape.rows);
                const MatrixJob job{weight.get(), out.tensor()};
                linear.run({x.data(), tokens, shape.cols}, {&job, 1}, rounding);
                const Seen seen(matrix, x, isa(), precision, rounding);
                ASSERT_NO_FATAL_FAILURE(checkAgainst(seen.matrix, out, seen.x, tokens));
                const bool rounded = precision == ActivationPrecision::Int8 && isQuantised(type());
                if (rounded && tokens == 64) {
                    EXPECT_LT(noise(matrix, out, x, tokens), rounding == Rounding::Careful ? 1e-8 : 5e-4)
                        << shape.rows << " x " << shape.cols;
                }
            }
        }
    }
}

TEST_P(LinearTest, ATokenIsTheSameInAnyBatchAndWithAnyThreads) {
    const std::int64_t rows = 75;
    const std::int64_t cols = 1536;
    const std::int64_t tokens = 45;
    const StoredMatrix matrix(type(), rows, cols, 3);
    const std::vector<float> x = randomValues(tokens * cols, 4);
    for (const auto& [precision, rounding] : ways) {
        ThreadPool one(1);
        Linear alone(one, isa(), precision);
        const auto weight = packWeight(matrix.host, one, isa(), precision);
        std::vector<float> expected;
        for (std::int64_t token = 0; token < tokens; ++token) {
            const std::vector<float> row(x.begin() + token * cols, x.begin() + (token + 1) * cols);
            const std::vector<float> out = multiply(*weight, alone, row, 1, rounding);
            expected.insert(expected.end(), out.begin(), out.end());
        }
        for (const int threads : {1, 2, 5}) {
            ThreadPool pool(threads);
            Linear linear(pool, isa(), precision);
            for (const std::int64_t batch : {1, 2, 3, 5, 17, 45}) {
                for (std::int64_t first = 0; first < tokens; first += batch) {
                    const std::int64_t count = std::min(batch, tokens - first);
                    const std::vector<float> part(x.begin() + first * cols,
                                                  x.begin() + (first + count) * cols);
                    const std::vector<float> out = multiply(*weight, linear, part, count, rounding);
                    ASSERT_EQ(
                        std::memcmp(out.data(), expected.data() + first * rows, out.size() * sizeof(float)),
                        0)
                        << "batch of " << batch << " from token " << first << ", " << threads << " threads";
                }
            }
        }
    }
}

TEST_P(LinearTest, DequantisesARow) {
    ThreadPool pool(2);
    const StoredMatrix matrix(type(), 37, 2 * block() + (block() == 1 ? 300 : 0), 5);
    const auto weight = packWeight(matrix.host, pool, isa(), ActivationPrecision::Int8);
    ASSERT_EQ(weight->rows(), 37);
    ASSERT_EQ(weight->type(), type());
    for (std::int64_t row = 0; row < 37; ++row) {
        std::vector<float> out(static_cast<std::size_t>(matrix.host.cols) + 16, -77.0f);
        weight->dequantiseRow(row, out.data());
        for (std::int64_t col = 0; col < matrix.host.cols; ++col) {
            const double expected = matrix.values[static_cast<std::size_t>(row * matrix.host.cols + col)];
            ASSERT_NEAR(out[static_cast<std::size_t>(col)], expected, std::fabs(expected) * 1e-6 + 1e-9);
        }
        for (std::size_t i = static_cast<std::size_t>(matrix.host.cols); i < out.size(); ++i) {
            ASSERT_EQ(out[i], -77.0f);
        }
    }
}

TEST_P(LinearTest, MemoryStaysNearTheFiles) {
    ThreadPool pool(1);
    const StoredMatrix matrix(type(), 64, 1536, 6);
    const auto weight = packWeight(matrix.host, pool, isa(), ActivationPrecision::Int8);
    // The scales of 6 bits in Q4_K, Q5_K, Q3_K and IQ4_XS become bytes.
    EXPECT_LE(static_cast<double>(weight->bytes()), 1.04 * static_cast<double>(matrix.host.bytes()));
}

INSTANTIATE_TEST_SUITE_P(AllTypes, LinearTest,
                         testing::Combine(testing::ValuesIn(allTypes), testing::ValuesIn(availableIsas())),
                         typeAndLevel);

class LinearJobsTest : public testing::TestWithParam<Isa> {};

TEST_P(LinearJobsTest, SharesOneInputAmongMixedJobsWithBiasAndAdd) {
    ThreadPool pool(2);
    const std::int64_t cols = 512;
    const DType types[] = {DType::Q4_1, DType::Q6_K, DType::F16, DType::Q8_0};
    const std::int64_t rows[] = {50, 16, 21, 3};
    for (const std::int64_t tokens : {1, 7, 40}) {
        std::vector<float> x = randomValues(tokens * cols, 8);
        std::vector<StoredMatrix> matrices;
        std::vector<std::unique_ptr<PackedWeight>> weights;
        std::vector<GuardedTensor> outs;
        std::vector<MatrixJob> jobs;
        for (int i = 0; i < 4; ++i) {
            matrices.emplace_back(types[i], rows[i], cols, 10 + i);
            outs.emplace_back(tokens, rows[i]);
        }
        const std::vector<float> bias = randomValues(rows[0], 9);
        const std::vector<float> before = randomValues(tokens * rows[1], 11);
        outs[1].fill(before);
        for (int i = 0; i < 4; ++i) {
            matrices[i].host.data = matrices[i].bytes.data();
            weights.push_back(packWeight(matrices[i].host, pool, GetParam(), ActivationPrecision::Int8));
            jobs.push_back({weights.back().get(), outs[i].tensor(), i == 1 ? Write::Add : Write::Replace,
                            i == 0 ? bias.data() : nullptr});
        }
        Linear linear(pool, GetParam(), ActivationPrecision::Int8);
        linear.run({x.data(), tokens, cols}, jobs, Rounding::Careful);
        std::uint64_t bytes = 0;
        for (int i = 0; i < 4; ++i) {
            bytes += weights[i]->bytes();
            const Seen seen(matrices[i], x, GetParam(), ActivationPrecision::Int8, Rounding::Careful);
            for (std::int64_t token = 0; token < tokens; ++token) {
                for (std::int64_t row = 0; row < rows[i]; ++row) {
                    Product product = referenceProduct(seen.matrix, row, seen.x.data() + token * cols);
                    product.value += i == 0 ? bias[static_cast<std::size_t>(row)] : 0.0f;
                    product.value += i == 1 ? before[static_cast<std::size_t>(token * rows[1] + row)] : 0.0f;
                    ASSERT_NEAR(outs[i].at(token, row), product.value,
                                roundingTolerance * (product.magnitude + 3))
                        << "job " << i << " token " << token << " row " << row;
                }
            }
            EXPECT_TRUE(outs[i].guardsIntact()) << "job " << i;
        }
        EXPECT_EQ(linear.takeBytesRead(), bytes);
        EXPECT_EQ(linear.takeBytesRead(), 0u);
    }
}

TEST_P(LinearJobsTest, ZeroAndTinyActivationsGiveFiniteResults) {
    ThreadPool pool(2);
    const StoredMatrix matrix(DType::Q5_0, 20, 96, 12);
    const auto weight = packWeight(matrix.host, pool, GetParam(), ActivationPrecision::Int8);
    Linear linear(pool, GetParam(), ActivationPrecision::Int8);
    for (const float value : {0.0f, 1e-45f, 1e-30f}) {
        for (const float result : multiply(*weight, linear, std::vector<float>(9 * 96, value), 9)) {
            ASSERT_TRUE(std::isfinite(result));
            ASSERT_NEAR(result, 0.0f, 1e-25f);
        }
    }
}

// Their scales have only an exponent, from 2^-127 to 2^127: the smallest are subnormal floats.
TEST_P(LinearJobsTest, EveryExponentOfMxfp4IsExact) {
    ThreadPool pool(1);
    const std::int64_t cols = 32 * 256;
    StoredMatrix matrix(DType::MXFP4, 16, cols, 13);
    for (std::size_t block = 0; block < 16 * 256; ++block) {
        matrix.bytes[17 * block] = static_cast<std::byte>(block % 256);
    }
    const std::vector<double> expected = dequantise(matrix.host);
    const auto weight = packWeight(matrix.host, pool, GetParam(), ActivationPrecision::Int8);
    std::vector<float> out(static_cast<std::size_t>(cols));
    for (std::int64_t row = 0; row < 16; ++row) {
        weight->dequantiseRow(row, out.data());
        for (std::int64_t col = 0; col < cols; ++col) {
            ASSERT_EQ(out[static_cast<std::size_t>(col)],
                      static_cast<float>(expected[static_cast<std::size_t>(row * cols + col)]))
                << "row " << row << ", column " << col;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(AllLevels, LinearJobsTest, testing::ValuesIn(availableIsas()),
                         [](const auto& level) { return std::string(isaName(level.param)); });

} // namespace
