#pragma once
#include "kernels/cpu/elementwise_kernels.h"
#include "kernels/cpu/huge_memory.h"
#include "kernels/cpu/thread_pool.h"
#include "kernels/kv_cache.h"

#include <cstdint>
#include <vector>

namespace kernels {

constexpr int KV_GROUP = 16; // slots side by side in the key layout: the lanes of one vector of scores
constexpr int KV_BLOCK = 32; // values of one head that share a scale in Q8_0

/// How one part (the sinks or the ring) of the cache lies in memory. A head's keys and its values are two
/// runs of groups of 16 slots.
///   Keys of a group:   F32, F16: [headDim][16 slots]
///                      Q8_0: for each block of 32: 16 half-precision scales, then
///                      [block's values / 2][16 slots][2] of int8
///   Values of a group: F32, F16: [16 slots][paddedDim]
///                      Q8_0: [blocks][16 slots] half-precision scales, then [8 pairs of slots][paddedDim][2] of
///                      int8
/// Scores of 16 slots so come out of one chain of multiply-adds with no sum across lanes, for Q8_0 one of pairs of
/// products. Padding is zero.
struct KvLayout {
    KvType type = KvType::F16;
    int slots = 0;
    int groups = 0;
    int headDim = 0;
    int paddedDim = 0; // headDim rounded up to 16
    int blocks = 0;    // of KV_BLOCK in headDim
    std::size_t keyGroupBytes = 0;
    std::size_t valueGroupBytes = 0;

    KvLayout() = default;
    KvLayout(KvType type, int slots, int headDim);
    std::size_t headBytes() const; // keys and values, a multiple of 64
    std::size_t keyBytes() const;  // keys, a multiple of 64: the values follow
};

enum class KvPart : std::uint8_t { Sinks, Ring };

class CpuKvCache final : public KvCache {
public:
    /// Throws std::runtime_error without memory.
    explicit CpuKvCache(const KvShape& shape);

    const KvShape& shape() const override { return m_shape; }
    std::size_t bytes() const override { return m_memory.size(); }
    void readKey(int layer, int kvHead, int slot, std::span<float> out) const override;
    void readValue(int layer, int kvHead, int slot, std::span<float> out) const override;
    std::uint64_t slotHash(int layer, int slot) const override;
    std::vector<std::byte> save() const override;
    /// Throws std::runtime_error if the state is of another shape.
    void restore(std::span<const std::byte> state) override;

    const KvLayout& layout(int layer, KvPart part) const {
        return part == KvPart::Sinks ? store(layer).sinks : store(layer).ring;
    }
    std::byte* keys(int layer, KvPart part, int kvHead) const; // its first group
    std::byte* values(int layer, KvPart part, int kvHead) const;

    /// Has the system hand over the memory of the first `slots` slots of the ring now, in parallel: else the first prompt
    /// waits for it page by page.
    void touch(ThreadPool& pool, int slots);

    /// Stores one head of one token. Half precision saturates, so that a stored number is finite if the given
    /// one is.
    void write(const ElementwiseKernels& kernels, int layer, int kvHead, int slot, const float* key,
               const float* value);

private:
    struct Place { // of one slot in one head
        const KvLayout* layout;
        std::byte* keyGroup;
        std::byte* valueGroup;
        int lane; // 0 .. 15
    };
    Place place(int layer, int kvHead, int slot) const;

    struct LayerStore {
        KvLayout sinks, ring;
        std::size_t offset = 0; // of the layer in the memory: its heads' sinks, then its heads' rings
    };
    const LayerStore& store(int layer) const { return m_layers[static_cast<std::size_t>(layer)]; }
    template <class Row>
    void overRows(const Row& row) const;

    KvShape m_shape;
    std::vector<LayerStore> m_layers;
    HugeMemory m_memory;
};

} // namespace kernels
