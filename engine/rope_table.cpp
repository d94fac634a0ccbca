#include "engine/rope_table.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

namespace engine {

namespace {

// Peng et al. 2023, section 3.2: the pair that turns `rotations` times over the trained length.
double pairOfRotations(const RopeConfig& config, int ropeDim, double rotations) {
    return ropeDim * std::log(config.yarn->trainedLength / (rotations * 2 * std::numbers::pi)) /
           (2 * std::log(config.base));
}

// The share of each pair that is stretched: 0 for fast ones, 1 for slow ones.
double stretchedShare(const RopeConfig& config, int ropeDim, int pair) {
    double low = pairOfRotations(config, ropeDim, config.yarn->betaFast);
    double high = pairOfRotations(config, ropeDim, config.yarn->betaSlow);
    if (config.yarn->wholeBounds) {
        low = std::floor(low);
        high = std::ceil(high);
    }
    low = std::max(low, 0.0);
    high = std::min(high, ropeDim - 1.0);
    return std::clamp((pair - low) / std::max(0.001, high - low), 0.0, 1.0);
}

constexpr double NEVER_TURNS = 1e20; // a factor from here on stands for a pair that is not rotated

} // namespace

RopeTable::RopeTable(const RopeConfig& config, int cacheTokens) : m_magnitude(config.magnitude) {
    const int ropeDim = config.dim;
    const int pairs = ropeDim / 2;
    const bool isLong = !config.longFactors.empty() && cacheTokens > config.shortLength;
    const std::vector<float>& factors = isLong ? config.longFactors : config.factors;
    assert(factors.empty() || factors.size() == static_cast<std::size_t>(pairs));
    m_frequencies.resize(static_cast<std::size_t>(pairs));
    for (int i = 0; i < pairs; ++i) {
        const auto pair = static_cast<std::size_t>(i);
        double frequency = std::pow(config.base, -2.0 * i / ropeDim);
        frequency /= config.scale;
        if (config.yarn) {
            const double share = stretchedShare(config, ropeDim, i);
            frequency = frequency * (1 - share) + frequency / config.yarn->factor * share;
        }
        if (!factors.empty()) {
            const auto factor = static_cast<double>(factors[pair]);
            frequency = factor >= NEVER_TURNS ? 0.0 : frequency / factor;
        }
        m_frequencies[pair] = frequency;
    }
}

void RopeTable::fill(StreamPosition position, std::span<float> out, double factor) const {
    assert(out.size() == 2 * m_frequencies.size());
    const double t = static_cast<double>(position), magnitude = m_magnitude * factor;
    for (std::size_t i = 0; i < m_frequencies.size(); ++i) {
        // The product's rounding error (1e-7 radians at 2^31 tokens) is known exactly and is put back to
        // first order.
        const double angle = t * m_frequencies[i];
        const double lost = std::fma(t, m_frequencies[i], -angle);
        const double c = std::cos(angle), s = std::sin(angle);
        out[2 * i] = static_cast<float>(magnitude * (c - lost * s));
        out[2 * i + 1] = static_cast<float>(magnitude * (s + lost * c));
    }
}

} // namespace engine
