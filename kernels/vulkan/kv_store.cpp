#include "kernels/vulkan/kv_store.h"

#include <algorithm>

namespace kernels::vulkan {

VulkanKvCache::VulkanKvCache(Gpu& gpu, const KvShape& shape) : RowCache(shape, false), m_gpu(gpu) {
    for (int layer = 0; layer < static_cast<int>(shape.layers.size()); ++layer) {
        const VkDeviceSize sinkBytes = sinkLayout(layer).bytes(), ringBytes = ringLayout(layer).bytes();
        if (std::max(sinkBytes, ringBytes) > gpu.device.limits().maxStorageBufferRange)
            throw std::runtime_error(
                "The graphics device cannot hold a memory as long as this in one piece.");
        m_layers.push_back({Memory(gpu.local, sinkBytes), Memory(gpu.local, ringBytes)});
        gpu.recorder.zero(sinks(layer));
        gpu.recorder.zero(ring(layer));
    }
}

std::size_t VulkanKvCache::bytes() const {
    std::size_t bytes = 0;
    for (const Layer& layer : m_layers)
        bytes += static_cast<std::size_t>(layer.sinks.size() + layer.ring.size());
    return bytes;
}

void VulkanKvCache::readPart(int layer, Part part, std::size_t offset, std::span<std::byte> bytes) const {
    m_gpu.recorder.read(slice(layer, part), offset, bytes);
}

void VulkanKvCache::writePart(int layer, Part part, std::size_t offset, std::span<const std::byte> bytes) {
    m_gpu.recorder.write(slice(layer, part), offset, bytes);
}

} // namespace kernels::vulkan
