#pragma once
#include "kernels/cpu/top_logits.h"
#include "kernels/vulkan/gpu.h"

#include <vector>

namespace kernels::vulkan {

/// Backend::topLogits(): brings the row to the host and searches it there.
class TopLogitsOfDevice {
public:
    explicit TopLogitsOfDevice(Gpu& gpu) : m_gpu(gpu) {}

    /// What a step left is forgotten.
    void begin() { m_pending.clear(); }
    void run(Tensor logits, std::span<const std::int32_t> listed, TopLogits& top);
    /// After the step: fills what run() was given.
    void finish();

private:
    struct Pending {
        TopLogits* top;
        std::span<const std::int32_t> listed;
        std::size_t columns;
        Slice row; // on the host's side
    };
    Gpu& m_gpu;
    TopLogitsOfRow m_search;
    std::vector<Pending> m_pending;
};

} // namespace kernels::vulkan
