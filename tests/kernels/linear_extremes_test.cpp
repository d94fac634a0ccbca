#include "tests/kernels/linear_support.h"

#include <cstring>
#include <gtest/gtest.h>
#include <tuple>

// The largest quants against the largest activations of every sign: the levels without VNNI add products in 16 bits,
// which are only just enough (kernels/cpu/linear_x86.inc). A sum that overflows is off by 65,536, far more than the
// tolerance.
namespace {

using namespace kernels;
using namespace test;

constexpr std::int64_t rows = 18;

void setHalf(std::byte* at, std::uint16_t half) {
    std::memcpy(at, &half, sizeof half);
}

/// Gives a block moderate scales again, all of one sign, whatever bytes it is made of.
void setScales(DType type, std::byte* block) {
    constexpr std::uint16_t scale = 0x2c00;   // 1/16
    constexpr std::uint16_t minimum = 0x9c00; // -1/256
    switch (type) {
    case DType::Q4_1:
    case DType::Q5_1:
        setHalf(block + 2, minimum);
        break;
    case DType::Q4_K:
    case DType::Q5_K:
        setHalf(block + 2, minimum);
        std::memset(block + 4, 0xff, 12);
        break;
    case DType::Q6_K:
        std::memset(block + 192, 0x7f, 16);
        setHalf(block + 208, scale);
        return;
    case DType::Q2_K:
        std::memset(block, 0xff, 16);
        setHalf(block + 80, scale);
        setHalf(block + 82, minimum);
        return;
    case DType::Q3_K:
        std::memset(block + 96, 0, 12); // 32 is added to them
        setHalf(block + 108, scale);
        return;
    case DType::IQ4_XS:
        std::memset(block + 2, 0, 6); // as here
        break;
    case DType::MXFP4:
        block[0] = std::byte{127};
        return;
    default:
        break;
    }
    setHalf(block, scale);
}

/// Rows of blocks whose quants are made of one byte each.
StoredMatrix extremeMatrix(DType type, std::int64_t cols) {
    constexpr int fills[] = {0x00, 0xff, 0x7f, 0x80, 0x0f, 0xf0};
    StoredMatrix matrix(type, rows, cols, 1);
    const auto blockBytes = static_cast<std::size_t>(blockLayout(type).bytes);
    const std::size_t rowBytes = matrix.host.rowBytes();
    for (std::size_t row = 0; row < rows; ++row) {
        std::byte* const begin = matrix.bytes.data() + row * rowBytes;
        std::memset(begin, fills[row % std::size(fills)], rowBytes);
        for (std::size_t at = 0; at < rowBytes; at += blockBytes) {
            setScales(type, begin + at);
        }
    }
    matrix.values = dequantise(matrix.host);
    return matrix;
}

/// One token for each way to give signs and terms. 126.497 is 126 and a second term of 127, 126.503 is 127 and -127;
/// the largest of a block, which sets its scale, is 127 exactly.
std::vector<float> extremeActivations(std::int64_t cols, std::int64_t& tokens) {
    const auto sign = [](int way, std::int64_t column) {
        const bool negative[] = {false, true, column % 2 == 1, column / 2 % 2 == 1, column / 16 % 2 == 1};
        return negative[way] ? -1.0f : 1.0f;
    };
    std::vector<float> x;
    tokens = 0;
    for (int way = 0; way < 5; ++way) {
        for (const float magnitude : {127.0f, 126.497f, 126.503f}) {
            for (std::int64_t column = 0; column < cols; ++column) {
                x.push_back(sign(way, column) * (column % 32 == 7 ? 127.0f : magnitude));
            }
            ++tokens;
        }
    }
    return x;
}

class LinearExtremesTest : public testing::TestWithParam<std::tuple<DType, Isa>> {};

TEST_P(LinearExtremesTest, NoSumOverflows) {
    const auto [type, isa] = GetParam();
    const std::int64_t cols = 512;
    ThreadPool pool(1);
    Linear linear(pool, isa, ActivationPrecision::Int8);
    const StoredMatrix matrix = extremeMatrix(type, cols);
    const auto weight = packWeight(matrix.host, pool, isa, ActivationPrecision::Int8);
    std::int64_t tokens = 0;
    const std::vector<float> x = extremeActivations(cols, tokens);
    for (const Rounding rounding : {Rounding::Careful, Rounding::Robust}) {
        const Seen seen(matrix, x, isa, ActivationPrecision::Int8, rounding);
        for (const std::int64_t batch : {std::int64_t{1}, tokens}) {
            for (std::int64_t first = 0; first < tokens; first += batch) {
                const std::vector<float> part(x.begin() + first * cols, x.begin() + (first + batch) * cols);
                const std::vector<float> out = multiply(*weight, linear, part, batch, rounding);
                for (std::int64_t i = 0; i < batch * rows; ++i) {
                    const std::int64_t token = first + i / rows;
                    const Product expected =
                        referenceProduct(seen.matrix, i % rows, seen.x.data() + token * cols);
                    ASSERT_NEAR(out[static_cast<std::size_t>(i)], expected.value, 5e-6 * expected.magnitude)
                        << "token " << token << ", row " << i % rows << ", batch of " << batch;
                }
            }
        }
    }
}

constexpr DType quantisedTypes[] = {DType::Q4_0,   DType::Q4_1,   DType::Q5_0, DType::Q5_1, DType::Q8_0,
                                    DType::Q4_K,   DType::Q5_K,   DType::Q6_K, DType::Q2_K, DType::Q3_K,
                                    DType::IQ4_NL, DType::IQ4_XS, DType::MXFP4};

INSTANTIATE_TEST_SUITE_P(AllTypes, LinearExtremesTest,
                         testing::Combine(testing::ValuesIn(quantisedTypes),
                                          testing::ValuesIn(availableIsas())),
                         typeAndLevel);

} // namespace
