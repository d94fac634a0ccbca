#include "kernels/vulkan/top_logits.h"

namespace kernels::vulkan {

void TopLogitsOfDevice::run(Tensor logits, std::span<const std::int32_t> listed, TopLogits& top) {
    const auto columns = static_cast<std::size_t>(logits.cols);
    const VkDeviceSize bytes = columns * sizeof(float);
    Slice from = static_cast<const VulkanBuffer*>(logits.buffer)->slice();
    from.offset += static_cast<VkDeviceSize>(logits.offset) * sizeof(float);
    m_pending.push_back({&top, listed, columns, m_gpu.recorder.stepMemory().take(bytes)});
    m_gpu.recorder.barrier();
    m_gpu.recorder.copy(from, m_pending.back().row, bytes);
}

void TopLogitsOfDevice::finish() {
    for (const Pending& pending : m_pending)
        m_search.run({reinterpret_cast<const float*>(pending.row.mapped), pending.columns}, pending.listed,
                     *pending.top);
    m_pending.clear();
}

} // namespace kernels::vulkan
