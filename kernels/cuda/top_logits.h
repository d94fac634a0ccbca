#pragma once
#include "kernels/cuda/memory.h"
#include "kernels/gpu/found_logits.h"

#include <vector>

namespace kernels::cuda {

/// Finds the largest logits of rows on the card; a handful of numbers comes back.
class TopLogitsOfCard {
public:
    explicit TopLogitsOfCard(Gpu& gpu) : m_gpu(gpu) {}
    /// What a step left is forgotten.
    void begin() { m_pending.clear(); }
    /// `listed`: columns in the card's memory, as many as top.listed.
    void run(Tensor logits, const std::int32_t* listed, TopLogits& top);
    /// After the step: fills what was asked for.
    void finish();

private:
    struct Pending {
        TopLogits* top;
        gpu::FoundLogits layout;
        const std::byte* found;
    };
    Gpu& m_gpu;
    Memory m_state, m_found;
    std::vector<Pending> m_pending;
};

} // namespace kernels::cuda
