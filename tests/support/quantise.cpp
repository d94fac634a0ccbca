#include "tests/support/quantise_parts.h"
#include "tests/support/toy_model.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>

// The oracle for stored weights, written from the description of the file format and in double precision; it
// shares no code with the kernels. Quantising is the plain kind: the range of a block decides its scale,
// values go to the nearest step.
namespace test {
namespace {

using kernels::DType;

void putFifthBits(const int* q, Bytes out) {
    std::uint32_t word = 0;
    for (int i = 0; i < 32; ++i) {
        word |= static_cast<std::uint32_t>(q[i] >> 4 & 1) << i;
    }
    std::memcpy(out, &word, 4);
}

void quantiseSymmetric(const float* x, int zero, bool fifth, Bytes out) {
    const std::uint16_t half = nearestHalf(symmetricScale(x, 32, zero));
    const double scale = halfValue(half);
    int q[32];
    for (int i = 0; i < 32; ++i) {
        q[i] = scale == 0 ? zero : nearest(x[i] / scale + zero, 0, 2 * zero - 1);
    }
    putHalf(out, half);
    if (fifth) {
        putFifthBits(q, out + 2);
    }
    putNibblePairs(q, out + (fifth ? 6 : 2));
}

void quantiseAffine(const float* x, int top, bool fifth, Bytes out) {
    const auto [low, high] = std::minmax_element(x, x + 32);
    const std::uint16_t half = nearestHalf((static_cast<double>(*high) - *low) / top);
    const std::uint16_t minimum = nearestHalf(*low);
    const double scale = halfValue(half);
    int q[32];
    for (int i = 0; i < 32; ++i) {
        q[i] = scale == 0 ? 0 : nearest((x[i] - halfValue(minimum)) / scale, 0, top);
    }
    putHalf(out, half);
    putHalf(out + 2, minimum);
    if (fifth) {
        putFifthBits(q, out + 4);
    }
    putNibblePairs(q, out + (fifth ? 8 : 4));
}

void quantiseQ8(const float* x, Bytes out) {
    double largest = 0;
    for (int i = 0; i < 32; ++i) {
        largest = std::max(largest, std::fabs(static_cast<double>(x[i])));
    }
    const std::uint16_t half = nearestHalf(largest / 127);
    const double scale = halfValue(half);
    putHalf(out, half);
    for (int i = 0; i < 32; ++i) {
        out[2 + i] = static_cast<std::byte>(scale == 0 ? 0 : nearest(x[i] / scale, -127, 127));
    }
}

/// The 12 bytes of Q4_K and Q5_K that hold eight 6-bit scales and minima.
void putKScales(const int* scales, const int* minima, Bytes out) {
    int bytes[12] = {};
    for (int j = 0; j < 4; ++j) {
        bytes[j] = scales[j] | scales[j + 4] >> 4 << 6;
        bytes[j + 4] = minima[j] | minima[j + 4] >> 4 << 6;
        bytes[j + 8] = (scales[j + 4] & 15) | (minima[j + 4] & 15) << 4;
    }
    for (int i = 0; i < 12; ++i) {
        out[i] = static_cast<std::byte>(bytes[i]);
    }
}
int kScale(Source packed, int j) {
    return j < 4 ? at(packed, j) & 63 : (at(packed, j + 4) & 15) | at(packed, j - 4) >> 6 << 4;
}
int kMinimum(Source packed, int j) {
    return j < 4 ? at(packed, j + 4) & 63 : at(packed, j + 4) >> 4 | at(packed, j) >> 6 << 4;
}

void quantiseK(const float* x, int top, Bytes out) {
    double scales[8], minima[8];
    for (int b = 0; b < 8; ++b) {
        const auto [low, high] = std::minmax_element(x + 32 * b, x + 32 * b + 32);
        minima[b] = std::max(0.0, -static_cast<double>(*low));
        scales[b] = std::max(0.0, *high + minima[b]) / top;
    }
    const std::uint16_t scale = nearestHalf(*std::max_element(scales, scales + 8) / 63);
    const std::uint16_t minimum = nearestHalf(*std::max_element(minima, minima + 8) / 63);
    int blockScales[8], blockMinima[8];
    std::fill(out, out + (top == 31 ? 176 : 144), std::byte{0});
    for (int b = 0; b < 8; ++b) {
        blockScales[b] = halfValue(scale) == 0 ? 0 : nearest(scales[b] / halfValue(scale), 0, 63);
        blockMinima[b] = halfValue(minimum) == 0 ? 0 : nearest(minima[b] / halfValue(minimum), 0, 63);
        const double step = halfValue(scale) * blockScales[b];
        const double offset = halfValue(minimum) * blockMinima[b];
        for (int i = 0; i < 32; ++i) {
            const int q = step == 0 ? 0 : nearest((x[32 * b + i] + offset) / step, 0, top);
            out[(top == 31 ? 48 : 16) + b / 2 * 32 + i] |= static_cast<std::byte>((q & 15) << (b % 2 * 4));
            if (top == 31) {
                out[16 + i] |= static_cast<std::byte>((q >> 4) << b);
            }
        }
    }
    putHalf(out, scale);
    putHalf(out + 2, minimum);
    putKScales(blockScales, blockMinima, out + 4);
}

void quantiseQ6K(const float* x, Bytes out) {
    double scales[16];
    double largest = 0;
    for (int s = 0; s < 16; ++s) {
        scales[s] = symmetricScale(x + 16 * s, 16, 32);
        largest = std::fabs(scales[s]) > std::fabs(largest) ? scales[s] : largest;
    }
    const std::uint16_t half = nearestHalf(largest / -128);
    std::fill(out, out + 208, std::byte{0});
    for (int s = 0; s < 16; ++s) {
        const int columnScale = halfValue(half) == 0 ? 0 : nearest(scales[s] / halfValue(half), -128, 127);
        out[192 + s] = static_cast<std::byte>(columnScale);
        const double step = halfValue(half) * columnScale;
        for (int i = 0; i < 16; ++i) {
            const int column = 16 * s + i;
            const int q = step == 0 ? 32 : nearest(x[column] / step + 32, 0, 63);
            const int part = column / 128, quarter = column % 128 / 32, c = column % 32;
            out[part * 64 + quarter % 2 * 32 + c] |= static_cast<std::byte>((q & 15) << (quarter / 2 * 4));
            out[128 + part * 32 + c] |= static_cast<std::byte>((q >> 4) << (2 * quarter));
        }
    }
    putHalf(out + 208, half);
}

void quantiseBlock(DType type, const float* x, Bytes out) {
    switch (type) {
    case DType::F32:
        std::memcpy(out, x, 4);
        return;
    case DType::F16:
        putHalf(out, nearestHalf(*x));
        return;
    case DType::BF16: { // to nearest even: the upper half of the float's bits
        const auto bits = std::bit_cast<std::uint32_t>(*x);
        putHalf(out, static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16));
        return;
    }
    case DType::Q4_0:
        return quantiseSymmetric(x, 8, false, out);
    case DType::Q4_1:
        return quantiseAffine(x, 15, false, out);
    case DType::Q5_0:
        return quantiseSymmetric(x, 16, true, out);
    case DType::Q5_1:
        return quantiseAffine(x, 31, true, out);
    case DType::Q8_0:
        return quantiseQ8(x, out);
    case DType::Q4_K:
        return quantiseK(x, 15, out);
    case DType::Q5_K:
        return quantiseK(x, 31, out);
    case DType::Q6_K:
        return quantiseQ6K(x, out);
    default:
        return quantiseFewBits(type, x, out);
    }
}

int simpleQuant(Source block, int nibbles, int fifths, int i) {
    const int low = i < 16 ? at(block, nibbles + i) & 15 : at(block, nibbles + i - 16) >> 4;
    return fifths < 0 ? low : low | (at(block, fifths + i / 8) >> (i % 8) & 1) << 4;
}

double kValue(Source block, bool fifth, int i) {
    const int b = i / 32, c = i % 32;
    int q = at(block, (fifth ? 48 : 16) + b / 2 * 32 + c) >> (b % 2 * 4) & 15;
    q |= fifth ? (at(block, 16 + c) >> b & 1) << 4 : 0;
    return getHalf(block) * kScale(block + 4, b) * q - getHalf(block + 2) * kMinimum(block + 4, b);
}

double q6Value(Source block, int i) {
    const int part = i / 128, quarter = i % 128 / 32, c = i % 32;
    const int nibble = at(block, part * 64 + quarter % 2 * 32 + c) >> (quarter / 2 * 4) & 15;
    const int pair = at(block, 128 + part * 32 + c) >> (2 * quarter) & 3;
    return getHalf(block + 208) * static_cast<std::int8_t>(at(block, 192 + i / 16)) *
           ((nibble | pair << 4) - 32);
}

/// The meaning of value `i` of a block.
double blockValue(DType type, Source block, int i) {
    switch (type) {
    case DType::F32: {
        float value;
        std::memcpy(&value, block, 4);
        return value;
    }
    case DType::F16:
        return getHalf(block);
    case DType::BF16: {
        std::uint16_t bits;
        std::memcpy(&bits, block, 2);
        return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
    }
    case DType::Q4_0:
        return getHalf(block) * (simpleQuant(block, 2, -1, i) - 8);
    case DType::Q4_1:
        return getHalf(block) * simpleQuant(block, 4, -1, i) + getHalf(block + 2);
    case DType::Q5_0:
        return getHalf(block) * (simpleQuant(block, 6, 2, i) - 16);
    case DType::Q5_1:
        return getHalf(block) * simpleQuant(block, 8, 4, i) + getHalf(block + 2);
    case DType::Q8_0:
        return getHalf(block) * static_cast<std::int8_t>(at(block, 2 + i));
    case DType::Q4_K:
        return kValue(block, false, i);
    case DType::Q5_K:
        return kValue(block, true, i);
    case DType::Q6_K:
        return q6Value(block, i);
    default:
        return fewBitsValue(type, block, i);
    }
}

} // namespace

std::vector<std::byte> quantise(DType type, const float* values, std::int64_t rows, std::int64_t cols) {
    const kernels::BlockLayout layout = kernels::blockLayout(type);
    assert(cols % layout.elements == 0);
    const std::int64_t blocks = rows * cols / layout.elements;
    std::vector<std::byte> out(static_cast<std::size_t>(blocks * layout.bytes));
    for (std::int64_t b = 0; b < blocks; ++b) {
        quantiseBlock(type, values + b * layout.elements, out.data() + b * layout.bytes);
    }
    return out;
}

std::vector<double> dequantise(const kernels::HostMatrix& matrix) {
    const kernels::BlockLayout layout = kernels::blockLayout(matrix.type);
    std::vector<double> out(static_cast<std::size_t>(matrix.rows * matrix.cols));
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto block = static_cast<std::int64_t>(i) / layout.elements;
        out[i] = blockValue(matrix.type, matrix.data + block * layout.bytes,
                            static_cast<int>(static_cast<std::int64_t>(i) % layout.elements));
    }
    return out;
}

} // namespace test
