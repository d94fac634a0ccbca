#pragma once
#include "kernels/cpu/linear.h"
#include "tests/support/toy_model.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

// Matrices, guarded outputs and double-precision references for the tests of the CPU's matrix products.
namespace test {

inline constexpr kernels::DType allTypes[] = {
    kernels::DType::F32,  kernels::DType::F16,    kernels::DType::BF16,   kernels::DType::Q4_0,
    kernels::DType::Q4_1, kernels::DType::Q5_0,   kernels::DType::Q5_1,   kernels::DType::Q8_0,
    kernels::DType::Q4_K, kernels::DType::Q5_K,   kernels::DType::Q6_K,   kernels::DType::Q2_K,
    kernels::DType::Q3_K, kernels::DType::IQ4_NL, kernels::DType::IQ4_XS, kernels::DType::MXFP4};

/// Names a test of a type at a level.
inline std::string
typeAndLevel(const testing::TestParamInfo<std::tuple<kernels::DType, kernels::Isa>>& info) {
    return std::string(name(std::get<0>(info.param))) + "_" + isaName(std::get<1>(info.param));
}

inline bool isQuantised(kernels::DType type) {
    return kernels::blockLayout(type).elements > 1;
}

/// Normal values; every 97th is 20 times larger, as the activations of real models have outliers.
inline std::vector<float> randomValues(std::int64_t count, std::uint32_t seed, float scale = 1.0f) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal(0.0f, scale);
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = normal(generator) * (i % 97 == 50 ? 20.0f : 1.0f);
    }
    return values;
}

/// A random matrix as it stands in a file, and what it means.
struct StoredMatrix {
    StoredMatrix(kernels::DType type, std::int64_t rows, std::int64_t cols, std::uint32_t seed)
        : host{type, rows, cols, nullptr},
          bytes(quantise(type, randomValues(rows * cols, seed, 0.05f).data(), rows, cols)) {
        host.data = bytes.data();
        values = dequantise(host);
    }
    kernels::HostMatrix host;
    std::vector<std::byte> bytes;
    std::vector<double> values; // (rows, cols)
};

/// An output tensor full of NaN between two guards.
class GuardedTensor {
public:
    GuardedTensor(std::int64_t rows, std::int64_t cols)
        : m_rows(rows), m_cols(cols), m_data(static_cast<std::size_t>(rows * cols) + 2 * guard, guardValue) {
        std::fill(m_data.begin() + guard, m_data.end() - guard, std::numeric_limits<float>::quiet_NaN());
    }
    kernels::Matrix tensor() { return {m_data.data() + guard, m_rows, m_cols}; }
    float at(std::int64_t row, std::int64_t col) const {
        return m_data[static_cast<std::size_t>(guard + row * m_cols + col)];
    }
    void fill(const std::vector<float>& values) {
        std::copy(values.begin(), values.end(), m_data.begin() + guard);
    }
    bool guardsIntact() const {
        for (std::int64_t i = 0; i < guard; ++i) {
            if (m_data[static_cast<std::size_t>(i)] != guardValue ||
                m_data[m_data.size() - 1 - static_cast<std::size_t>(i)] != guardValue) {
                return false;
            }
        }
        return true;
    }

private:
    static constexpr std::int64_t guard = 64;
    static constexpr float guardValue = -123456.75f;
    std::int64_t m_rows;
    std::int64_t m_cols;
    std::vector<float> m_data;
};

inline float largestOfBlock(const float* x) {
    float largest = 0;
    for (int i = 0; i < 32; ++i) {
        largest = std::fmax(largest, std::fabs(x[i]));
    }
    return largest;
}

/// Activations of tokens of `cols` columns as the Int8 path sees them: rounded in blocks of 32, the formula of
/// linear.h. Outliers: only blocks whose largest magnitude is above 1.5 times the root mean square of all.
inline std::vector<double> roundedActivations(const std::vector<float>& x, std::int64_t cols,
                                              kernels::Rounding rounding) {
    std::vector<double> rounded(x.size());
    for (std::size_t row = 0; row < x.size(); row += static_cast<std::size_t>(cols)) {
        double energy = 0;
        for (std::int64_t block = 0; block < cols; block += 32) {
            energy += std::pow(largestOfBlock(x.data() + row + block), 2);
        }
        const double meanSquare = energy / static_cast<double>(cols / 32);
        for (std::int64_t i = 0; i < cols; ++i) {
            const float largest = largestOfBlock(x.data() + row + i / 32 * 32);
            const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
            const float value = x[row + static_cast<std::size_t>(i)];
            const double first = std::nearbyint(value * inverse);
            const double second =
                std::min(std::nearbyint((value * static_cast<double>(inverse) - first) * 256), 127.0);
            const bool kept = rounding == kernels::Rounding::Careful || largest > 1.5 * std::sqrt(meanSquare);
            rounded[row + static_cast<std::size_t>(i)] =
                static_cast<double>(largest / 127.0f) *
                (first + (kept ? std::max(second, -127.0) / 256 : 0.0));
        }
    }
    return rounded;
}

/// Whether half-precision weights of so many columns become Words (kernels/cpu/format.h).
inline bool becomeWords(kernels::DType type, kernels::Isa isa, std::int64_t cols,
                        kernels::ActivationPrecision precision) {
    const bool half = type == kernels::DType::F16 || type == kernels::DType::BF16;
    const bool level = isa == kernels::Isa::Avx2 || isa == kernels::Isa::AvxVnni;
    return half && level && cols % 32 == 0 && precision == kernels::ActivationPrecision::Int8;
}

/// Weights of whole blocks of 32 as Words keep them: multiples of the power of two that brings the largest magnitude of a
/// block to 4096..8191.
inline std::vector<double> weightsAsWords(std::vector<double> values) {
    for (auto block = values.begin(); block != values.end(); block += 32) {
        double largest = 0;
        for (auto value = block; value != block + 32; ++value) {
            largest = std::fmax(largest, std::fabs(*value));
        }
        int exponent = 0;
        std::frexp(largest, &exponent);
        const double scale = std::ldexp(1.0, std::max(exponent - 13, -126));
        for (auto value = block; value != block + 32; ++value) {
            *value = scale * std::nearbyint(*value / scale);
        }
    }
    return values;
}

/// Activations of whole blocks of 32 as products with Words see them.
inline std::vector<double> activationsAsWords(const std::vector<float>& x) {
    std::vector<double> rounded(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const float largest = largestOfBlock(x.data() + i / 32 * 32);
        const double word = largest > 0 ? std::nearbyint(x[i] * (8191.0f / largest)) : 0.0;
        rounded[i] = static_cast<double>(largest / 8191.0f) * word;
    }
    return rounded;
}

/// Rounded to nearest even, as bfloat16 pairs are.
inline double toBrainHalf(double value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    return std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000U);
}

/// A matrix and activations as the kernels of a level multiply them: what their products are compared with.
struct Seen {
    Seen(const StoredMatrix& stored, const std::vector<float>& activations, kernels::Isa isa,
         kernels::ActivationPrecision precision, kernels::Rounding rounding)
        : matrix(stored), x(activations.begin(), activations.end()) {
        const kernels::DType type = stored.host.type;
        const bool half = type == kernels::DType::F16 || type == kernels::DType::BF16;
        if (precision == kernels::ActivationPrecision::Float32) {
            return;
        }
        if (becomeWords(type, isa, stored.host.cols, precision)) {
            matrix.values = weightsAsWords(stored.values);
            x = activationsAsWords(activations);
        } else if (isQuantised(type)) {
            x = roundedActivations(activations, stored.host.cols, rounding);
        } else if (half && isa == kernels::Isa::Avx512Bf16) {
            std::transform(x.begin(), x.end(), x.begin(), toBrainHalf);
            std::transform(matrix.values.begin(), matrix.values.end(), matrix.values.begin(), toBrainHalf);
        }
    }
    StoredMatrix matrix; // its values only
    std::vector<double> x;
};

struct Product {
    double value = 0;     // sum of w x
    double magnitude = 0; // sum of |w x|: what rounding errors are relative to
    double energy = 0;    // sum of (w x)^2: what random errors of the inputs are relative to
};

template <class Activation>
Product referenceProduct(const StoredMatrix& matrix, std::int64_t row, const Activation* x) {
    Product product;
    for (std::int64_t col = 0; col < matrix.host.cols; ++col) {
        const double term = matrix.values[static_cast<std::size_t>(row * matrix.host.cols + col)] * x[col];
        product.value += term;
        product.magnitude += std::fabs(term);
        product.energy += term * term;
    }
    return product;
}

/// Runs one matrix alone and returns (tokens, rows).
inline std::vector<float> multiply(const kernels::PackedWeight& weight, kernels::Linear& linear,
                                   std::vector<float> x, std::int64_t tokens,
                                   kernels::Rounding rounding = kernels::Rounding::Careful) {
    std::vector<float> out(static_cast<std::size_t>(tokens * weight.rows()));
    const kernels::MatrixJob job{&weight, {out.data(), tokens, weight.rows()}};
    linear.run({x.data(), tokens, weight.cols()}, {&job, 1}, rounding);
    return out;
}

} // namespace test
