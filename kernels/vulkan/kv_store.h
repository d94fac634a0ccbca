#pragma once
#include "kernels/gpu/row_cache.h"
#include "kernels/vulkan/gpu.h"

namespace kernels::vulkan {

/// Rows as gpu/row_cache.h has them, with each row's scales behind it.
class VulkanKvCache final : public gpu::RowCache {
public:
    /// Throws std::runtime_error without memory.
    VulkanKvCache(Gpu& gpu, const KvShape& shape);

    std::size_t bytes() const override;
    const Slice& sinks(int layer) const { return m_layers[static_cast<std::size_t>(layer)].sinks.slice(); }
    const Slice& ring(int layer) const { return m_layers[static_cast<std::size_t>(layer)].ring.slice(); }

private:
    struct Layer {
        Memory sinks, ring;
    };
    void readPart(int layer, Part part, std::size_t offset, std::span<std::byte> bytes) const override;
    void writePart(int layer, Part part, std::size_t offset, std::span<const std::byte> bytes) override;
    const Slice& slice(int layer, Part part) const {
        return part == Part::Sinks ? sinks(layer) : ring(layer);
    }

    Gpu& m_gpu;
    std::vector<Layer> m_layers;
};

} // namespace kernels::vulkan
