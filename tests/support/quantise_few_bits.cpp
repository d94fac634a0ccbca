#include "tests/support/quantise_parts.h"

// Types of two and three bits, and of four bits whose values stand in a table.
namespace test {
namespace {

using kernels::DType;

constexpr int IQ4[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
constexpr double MXFP4[16] = {0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6};

template <class T>
int nearestIn(const T (&table)[16], double value) {
    int best = 0;
    for (int i = 1; i < 16; ++i) {
        best = std::fabs(table[i] - value) < std::fabs(table[best] - value) ? i : best;
    }
    return best;
}

// Value 128h + 32s + b of the 64 bytes of bit pairs is in byte 32h + b.
void putPair(Bytes pairs, int i, int q) {
    pairs[i / 128 * 32 + i % 32] |= static_cast<std::byte>(q << (2 * (i % 128 / 32)));
}
int pair(Source pairs, int i) {
    return at(pairs, i / 128 * 32 + i % 32) >> (2 * (i % 128 / 32)) & 3;
}

void quantiseQ2K(const float* x, Bytes out) {
    double scales[16], minima[16];
    for (int s = 0; s < 16; ++s) {
        const auto [low, high] = std::minmax_element(x + 16 * s, x + 16 * s + 16);
        minima[s] = std::max(0.0, -static_cast<double>(*low));
        scales[s] = std::max(0.0, *high + minima[s]) / 3;
    }
    const std::uint16_t scale = nearestHalf(*std::max_element(scales, scales + 16) / 15);
    const std::uint16_t minimum = nearestHalf(*std::max_element(minima, minima + 16) / 15);
    std::fill(out, out + 84, std::byte{0});
    putHalf(out + 80, scale);
    putHalf(out + 82, minimum);
    for (int s = 0; s < 16; ++s) {
        const int own = halfValue(scale) == 0 ? 0 : nearest(scales[s] / halfValue(scale), 0, 15);
        const int offset = halfValue(minimum) == 0 ? 0 : nearest(minima[s] / halfValue(minimum), 0, 15);
        out[s] = static_cast<std::byte>(own | offset << 4);
        const double step = halfValue(scale) * own;
        for (int i = 16 * s; i < 16 * s + 16; ++i) {
            putPair(out + 16, i, step == 0 ? 0 : nearest((x[i] + halfValue(minimum) * offset) / step, 0, 3));
        }
    }
}

double q2Value(Source block, int i) {
    const int scales = at(block, i / 16);
    return getHalf(block + 80) * (scales & 15) * pair(block + 16, i) - getHalf(block + 82) * (scales >> 4);
}

void quantiseQ3K(const float* x, Bytes out) {
    double scales[16], largest = 0;
    for (int s = 0; s < 16; ++s) {
        scales[s] = symmetricScale(x + 16 * s, 16, 4);
        largest = std::fabs(scales[s]) > std::fabs(largest) ? scales[s] : largest;
    }
    const std::uint16_t half = nearestHalf(largest / -32);
    std::fill(out, out + 110, std::byte{0});
    putHalf(out + 108, half);
    for (int s = 0; s < 16; ++s) {
        const int own = halfValue(half) == 0 ? 0 : nearest(scales[s] / halfValue(half), -32, 31);
        out[96 + s % 8] |= static_cast<std::byte>(((own + 32) & 15) << (s < 8 ? 0 : 4));
        out[104 + s % 4] |= static_cast<std::byte>((own + 32) >> 4 << (2 * (s / 4)));
        const double step = halfValue(half) * own;
        for (int i = 16 * s; i < 16 * s + 16; ++i) {
            const int q = step == 0 ? 4 : nearest(x[i] / step + 4, 0, 7);
            putPair(out + 32, i, q & 3);
            out[i % 32] |= static_cast<std::byte>(q >> 2 << (i / 32));
        }
    }
}

double q3Value(Source block, int i) {
    const int s = i / 16;
    const int low = s < 8 ? at(block, 96 + s) & 15 : at(block, 96 + s - 8) >> 4;
    const int high = at(block, 104 + s % 4) >> (2 * (s / 4)) & 3;
    const int third = at(block, i % 32) >> (i / 32) & 1;
    return getHalf(block + 108) * (low + 16 * high - 32) * (pair(block + 32, i) - (third ? 0 : 4));
}

void quantiseIq4(const float* x, double scale, Bytes out) {
    int q[32];
    for (int i = 0; i < 32; ++i) {
        q[i] = nearestIn(IQ4, scale == 0 ? 0 : x[i] / scale);
    }
    putNibblePairs(q, out);
}

void quantiseIq4Xs(const float* x, Bytes out) {
    double scales[8], largest = 0;
    for (int b = 0; b < 8; ++b) {
        scales[b] = symmetricScale(x + 32 * b, 32, 127);
        largest = std::fabs(scales[b]) > std::fabs(largest) ? scales[b] : largest;
    }
    const std::uint16_t half = nearestHalf(largest / -32);
    std::fill(out, out + 136, std::byte{0});
    putHalf(out, half);
    for (int b = 0; b < 8; ++b) {
        const int own = halfValue(half) == 0 ? 0 : nearest(scales[b] / halfValue(half), -32, 31);
        out[2 + b / 4] |= static_cast<std::byte>((own + 32) >> 4 << (b % 4 * 2));
        out[4 + b / 2] |= static_cast<std::byte>(((own + 32) & 15) << (b % 2 * 4));
        quantiseIq4(x + 32 * b, halfValue(half) * own, out + 8 + 16 * b);
    }
}

int nibble(Source bytes, int i) {
    return i < 16 ? at(bytes, i) & 15 : at(bytes, i - 16) >> 4;
}

double iq4XsValue(Source block, int i) {
    const int b = i / 32;
    const int low = at(block, 4 + b / 2) >> (b % 2 * 4) & 15, high = at(block, 2 + b / 4) >> (b % 4 * 2) & 3;
    return getHalf(block) * (low + 16 * high - 32) * IQ4[nibble(block + 8 + 16 * b, i % 32)];
}

void quantiseMxfp4(const float* x, Bytes out) {
    double largest = 0;
    for (int i = 0; i < 32; ++i) {
        largest = std::max(largest, std::fabs(static_cast<double>(x[i])));
    }
    const int exponent = largest > 0 ? std::clamp(std::ilogb(largest) - 2, -127, 127) : -127;
    out[0] = static_cast<std::byte>(exponent + 127);
    int q[32];
    for (int i = 0; i < 32; ++i) {
        q[i] = nearestIn(MXFP4, std::ldexp(x[i], -exponent));
    }
    putNibblePairs(q, out + 1);
}

} // namespace

void quantiseFewBits(DType type, const float* x, Bytes out) {
    switch (type) {
    case DType::Q2_K:
        quantiseQ2K(x, out);
        return;
    case DType::Q3_K:
        quantiseQ3K(x, out);
        return;
    case DType::IQ4_NL: {
        const std::uint16_t half = nearestHalf(symmetricScale(x, 32, 127));
        putHalf(out, half);
        quantiseIq4(x, halfValue(half), out + 2);
        return;
    }
    case DType::IQ4_XS:
        quantiseIq4Xs(x, out);
        return;
    default: // MXFP4
        quantiseMxfp4(x, out);
    }
}

double fewBitsValue(DType type, Source block, int i) {
    switch (type) {
    case DType::Q2_K:
        return q2Value(block, i);
    case DType::Q3_K:
        return q3Value(block, i);
    case DType::IQ4_NL:
        return getHalf(block) * IQ4[nibble(block + 2, i)];
    case DType::IQ4_XS:
        return iq4XsValue(block, i);
    default: // MXFP4
        return std::ldexp(MXFP4[nibble(block + 1, i)], at(block, 0) - 127);
    }
}

} // namespace test
