#include "engine/log_sum_exp.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace engine {
namespace {

constexpr std::size_t Lanes = 8;

// exp(x) for x <= 0 without a branch, so that a loop over lanes becomes vector code: 2^n by the exponent
// bits, 2^f by a polynomial.
inline float expNegative(float x) {
    x = std::max(x, -87.0f);
    const float scaled = x * 1.44269504f;
    const float whole = static_cast<float>(static_cast<std::int32_t>(scaled - 0.5f));
    const float r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f; // ln 2 in two parts
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    return p * std::bit_cast<float>((static_cast<std::int32_t>(whole) + 127) << 23);
}

} // namespace

double logSumExp(std::span<const float> logits) {
    const std::size_t whole = logits.size() / Lanes * Lanes;
    float top[Lanes];
    std::fill(top, top + Lanes, -INFINITY);
    for (std::size_t i = 0; i < whole; i += Lanes)
        for (std::size_t lane = 0; lane < Lanes; ++lane)
            top[lane] = logits[i + lane] > top[lane] ? logits[i + lane] : top[lane];
    float highest = *std::max_element(top, top + Lanes);
    for (std::size_t i = whole; i < logits.size(); ++i)
        highest = std::max(highest, logits[i]);

    // Float sums of short runs, added up in double: nothing is lost over a large vocabulary.
    constexpr std::size_t Run = 128 * Lanes;
    double total = 0;
    for (std::size_t begin = 0; begin < whole; begin += Run) {
        float sums[Lanes] = {};
        for (std::size_t i = begin; i < std::min(whole, begin + Run); i += Lanes)
            for (std::size_t lane = 0; lane < Lanes; ++lane)
                sums[lane] += expNegative(logits[i + lane] - highest);
        for (const float sum : sums)
            total += static_cast<double>(sum);
    }
    for (std::size_t i = whole; i < logits.size(); ++i)
        total += static_cast<double>(expNegative(logits[i] - highest));
    return static_cast<double>(highest) + std::log(total);
}

} // namespace engine
