#pragma once
#include "engine/model_config.h"
#include "engine/types.h"

#include <span>
#include <vector>

namespace engine {

/// Cosines and sines of rotary position embedding for any int64 position. Angles are computed in double: in
/// float32 a logit is off by 0.1 after four million tokens. Immutable; any
/// thread.
class RopeTable {
public:
    explicit RopeTable(const ModelConfig& config);

    int ropeDim() const { return static_cast<int>(2 * m_frequencies.size()); }
    /// out: (ropeDim) as cos, sin pairs, as kernels::Backend::rope wants them.
    void fill(StreamPosition position, std::span<float> out) const;

private:
    std::vector<double> m_frequencies; // (ropeDim / 2) radians per token
};

} // namespace engine
