#pragma once
#include "kernels/types.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

// What the oracle for stored weights is made of (quantise.cpp, quantise_few_bits.cpp). In double precision; shares no code with the kernels.
namespace test {

using Bytes = std::byte*;
using Source = const std::byte*;

inline double halfValue(std::uint16_t half) {
    const int exponent = half >> 10 & 31;
    const int mantissa = half & 1023;
    const double sign = half & 0x8000 ? -1.0 : 1.0;
    return sign * (exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25));
}

/// The nearest half by definition: tries the neighbours of the truncated value.
inline std::uint16_t nearestHalf(double value) {
    const double magnitude = std::min(std::fabs(value), 65504.0);
    int exponent = magnitude > 0 ? std::max(std::ilogb(magnitude), -14) : -14;
    auto steps = std::llrint(std::ldexp(magnitude, 10 - exponent)); // to nearest even
    if (steps == 2048) {
        steps = 1024;
        ++exponent;
    }
    const int biased = steps >= 1024 ? exponent + 15 : 0;
    const auto bits = static_cast<std::uint16_t>((biased << 10) + (biased > 0 ? steps - 1024 : steps));
    return static_cast<std::uint16_t>(bits | (std::signbit(value) ? 0x8000 : 0));
}

inline void putHalf(Bytes out, std::uint16_t half) {
    std::memcpy(out, &half, 2);
}
inline double getHalf(Source in) {
    std::uint16_t half;
    std::memcpy(&half, in, 2);
    return halfValue(half);
}
inline int at(Source in, int index) {
    return static_cast<int>(in[index]);
}
inline int nearest(double value, int low, int high) {
    return static_cast<int>(std::clamp<long long>(std::llrint(value), low, high));
}

/// Scale of a symmetric block: the value of largest magnitude sits exactly on -steps (where the range has one
/// step more).
inline double symmetricScale(const float* x, int count, int steps) {
    float extreme = 0;
    for (int i = 0; i < count; ++i) {
        extreme = std::fabs(x[i]) > std::fabs(extreme) ? x[i] : extreme;
    }
    return extreme / -static_cast<double>(steps);
}

/// 32 numbers of 4 bits: low nibbles are values 0-15, high nibbles 16-31.
inline void putNibblePairs(const int* q, Bytes out) {
    for (int i = 0; i < 16; ++i) {
        out[i] = static_cast<std::byte>((q[i] & 15) | (q[i + 16] & 15) << 4);
    }
}

/// Q2_K, Q3_K, IQ4_NL, IQ4_XS and MXFP4.
void quantiseFewBits(kernels::DType type, const float* x, Bytes out);
double fewBitsValue(kernels::DType type, Source block, int i);

} // namespace test
