#pragma once
#include "kernels/gpu/found_logits.h"
#include "kernels/vulkan/gpu.h"

#include <vector>

namespace kernels::vulkan {

/// Backend::topLogits(). The device finds them (shaders/top_logits.comp), the host puts the few into order.
class TopLogitsOfDevice {
public:
    explicit TopLogitsOfDevice(Gpu& gpu) : m_gpu(gpu) {}

    /// What a step left is forgotten.
    void begin() {
        m_pending.clear();
        m_outgrown.clear();
    }
    /// `listedAt`: where StepInputs::listed lies in the step's inputs.
    void run(Tensor logits, const Slice& inputs, std::uint32_t listedAt, TopLogits& top);
    /// After the step: fills what run() was given.
    void finish();

private:
    struct Pending {
        TopLogits* top;
        gpu::FoundLogits layout;
        Slice found; // on the host's side
    };

    Gpu& m_gpu;
    Memory m_state, m_found;
    std::vector<Memory> m_outgrown; // still named by the step's commands
    std::vector<Pending> m_pending;
};

} // namespace kernels::vulkan
