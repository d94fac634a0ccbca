#pragma once
#include "kernels/top_logits.h"

#include <vector>

namespace kernels {

/// Backend::topLogits() of the CPU. Keeps its memory from call to call.
class TopLogitsOfRow {
public:
    void run(std::span<const float> logits, std::span<const std::int32_t> listed, TopLogits& top);

private:
    void collect(std::span<const float> logits, std::size_t count);
    void keepLargest(std::size_t count);

    std::vector<bool> m_isListed;
    std::vector<Logit> m_candidates;
};

} // namespace kernels
