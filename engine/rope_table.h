#pragma once
#include "engine/model_config.h"
#include "engine/types.h"

#include <span>
#include <vector>

namespace engine {

/// Cosines and sines of one kind of rotation at any position of a stream, in double precision: the same at position 0 and at 2^31.
/// What is static in a family (linear scaling, YaRN, Llama 3's factors) is in the frequencies; nothing depends on the length of the
/// stream. Immutable; any thread.
class RopeTable {
public:
    /// `cacheTokens`: the most positions a query is ever told; it chooses between factors for short and long texts.
    RopeTable(const RopeConfig& config, int cacheTokens);

    int ropeDim() const { return static_cast<int>(2 * m_frequencies.size()); }
    /// out: (ropeDim) as cos, sin pairs times `factor`, as kernels::Backend::rope wants them.
    void fill(StreamPosition position, std::span<float> out, double factor = 1.0) const;

private:
    std::vector<double> m_frequencies; // (ropeDim / 2) radians per token
    double m_magnitude = 1;
};

} // namespace engine
