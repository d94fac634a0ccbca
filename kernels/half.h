#pragma once
#include <cstdint>
#include <cstring>

// IEEE half precision without processor support. Static, not inline: every translation unit keeps its own
// copy, so that one compiled for a newer instruction set never serves the rest of the program.
namespace kernels {

static inline float halfToFloat(std::uint16_t half) {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
    const std::uint32_t exponent = (half >> 10) & 0x1Fu;
    const std::uint32_t mantissa = half & 0x3FFu;
    std::uint32_t bits = sign;
    if (exponent == 31) {
        bits |= 0x7F800000u | (mantissa << 13);
    } else if (exponent != 0) {
        bits |= ((exponent + 112) << 23) | (mantissa << 13);
    } else {
        const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
        std::uint32_t raw = 0;
        std::memcpy(&raw, &magnitude, 4);
        bits |= raw;
    }
    float value = 0;
    std::memcpy(&value, &bits, 4);
    return value;
}

/// Rounds to nearest, ties to even, as the hardware does; too large becomes infinity.
static inline std::uint16_t floatToHalf(float value) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, 4);
    const std::uint16_t sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    bits &= 0x7FFFFFFFu;
    if (bits >= 0x7F800000u)
        return static_cast<std::uint16_t>(sign | 0x7C00u | (bits > 0x7F800000u ? 0x200u : 0u));
    if (bits >= 0x477FF000u)
        return static_cast<std::uint16_t>(sign | 0x7C00u);
    if (bits < 0x38800000u) { // subnormal: adding 0.5 leaves the rounded mantissa in the low bits
        float magnitude = 0;
        std::memcpy(&magnitude, &bits, 4);
        const float shifted = magnitude + 0.5f;
        std::uint32_t raw = 0;
        std::memcpy(&raw, &shifted, 4);
        return static_cast<std::uint16_t>(sign | (raw - 0x3F000000u));
    }
    const std::uint32_t odd = (bits >> 13) & 1u;
    return static_cast<std::uint16_t>(sign | ((bits + 0xFFFu + odd - 0x38000000u) >> 13));
}

} // namespace kernels
