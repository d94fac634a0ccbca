#include "engine/rope_table.h"

#include <cassert>
#include <cmath>

namespace engine {

RopeTable::RopeTable(const ModelConfig& config) {
    const int pairs = config.ropeDim / 2;
    assert(config.ropeFrequencyFactors.empty() ||
           config.ropeFrequencyFactors.size() == static_cast<std::size_t>(pairs));
    m_frequencies.resize(static_cast<std::size_t>(pairs));
    for (std::size_t i = 0; i < m_frequencies.size(); ++i) {
        double frequency = std::pow(config.ropeBase, -2.0 * static_cast<double>(i) / config.ropeDim);
        frequency /= config.ropeScale;
        if (!config.ropeFrequencyFactors.empty())
            frequency /= static_cast<double>(config.ropeFrequencyFactors[i]);
        m_frequencies[i] = frequency;
    }
}

void RopeTable::fill(StreamPosition position, std::span<float> out) const {
    assert(out.size() == 2 * m_frequencies.size());
    const double t = static_cast<double>(position);
    for (std::size_t i = 0; i < m_frequencies.size(); ++i) {
        // The product's rounding error (1e-7 radians at 2^31 tokens) is known exactly and is put back to
        // first order.
        const double angle = t * m_frequencies[i];
        const double lost = std::fma(t, m_frequencies[i], -angle);
        const double c = std::cos(angle), s = std::sin(angle);
        out[2 * i] = static_cast<float>(c - lost * s);
        out[2 * i + 1] = static_cast<float>(s + lost * c);
    }
}

} // namespace engine
