#pragma once
#include "kernels/kv_cache.h"

#include <memory>
#include <vector>

namespace kernels {

/// One cache whose layers are on several backends, in their order. Operations take its parts. Engine thread.
class SplitKvCache final : public KvCache {
public:
    /// Parts that differ in their layers only; there is at least one.
    explicit SplitKvCache(std::vector<std::unique_ptr<KvCache>> parts);

    KvCache& part(std::size_t index) { return *m_parts[index]; }

    const KvShape& shape() const override { return m_shape; }
    std::size_t bytes() const override;
    void readKey(int layer, int kvHead, int slot, std::span<float> out) const override;
    void readValue(int layer, int kvHead, int slot, std::span<float> out) const override;
    std::uint64_t slotHash(int layer, int slot) const override;
    std::vector<std::byte> save() const override;
    void restore(std::span<const std::byte> state) override;

private:
    struct LayerOfPart {
        const KvCache& cache;
        int layer;
    };
    LayerOfPart find(int layer) const;

    std::vector<std::unique_ptr<KvCache>> m_parts;
    KvShape m_shape; // of all layers
};

} // namespace kernels
