#pragma once
#include "kernels/kv_cache.h"
#include "kernels/vulkan/gpu.h"

#include <functional>

namespace kernels::vulkan {

/// How the rows of one part (sinks or ring) of a layer lie: rows[key, value][head][slot], each a whole number of 32-bit words.
///   F32: numbers; F16: pairs of halves; Q8_0: int8 in fours, then the half-precision scales of blocks of 32 in pairs
struct RowLayout {
    KvType type = KvType::F16;
    int slots = 0;
    int headDim = 0;

    int numberWords() const;
    int rowWords() const;
    VkDeviceSize bytes(int kvHeads) const;
};

class VulkanKvCache final : public KvCache {
public:
    /// Throws std::runtime_error without memory.
    VulkanKvCache(Gpu& gpu, const KvShape& shape);

    const KvShape& shape() const override { return m_shape; }
    std::size_t bytes() const override;
    void readKey(int layer, int kvHead, int slot, std::span<float> out) const override;
    void readValue(int layer, int kvHead, int slot, std::span<float> out) const override;
    std::uint64_t slotHash(int layer, int slot) const override;
    std::vector<std::byte> save() const override;
    void restore(std::span<const std::byte> state) override;

    RowLayout sinkLayout(int layer) const {
        return {m_shape.sinkType, m_shape.sinkSlots, m_shape.layer(layer).headDim};
    }
    RowLayout ringLayout(int layer) const {
        return {m_shape.ringType, m_shape.ringSlots, m_shape.layer(layer).headDim};
    }
    const Slice& sinks(int layer) const { return m_layers[static_cast<std::size_t>(layer)].sinks.slice(); }
    const Slice& ring(int layer) const { return m_layers[static_cast<std::size_t>(layer)].ring.slice(); }

private:
    enum class Row { Key, Value };
    struct Layer {
        Memory sinks, ring;
    };
    /// The row in the order of a saved state: each block's scale, if it has one, and then its numbers.
    std::vector<std::byte> stored(int layer, Row row, int kvHead, int slot) const;
    void readRow(int layer, Row row, int kvHead, int slot, std::span<float> out) const;
    template <class Visit>
    void visitRows(int layer, const Visit& visit) const;

    Gpu& m_gpu;
    KvShape m_shape;
    std::vector<Layer> m_layers;
};

} // namespace kernels::vulkan
