#pragma once
#include "kernels/kv_type.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kernels {

/// Slots 0 .. sinkSlots-1 are the pinned prefix (the sinks), then ringSlots slots that are overwritten in turn.
/// Each part has its own precision: the sinks stay in F16 (or F32) when the ring is quantised.
struct KvShape {
    int layers = 0;
    int kvHeads = 0;
    int headDim = 0;
    int sinkSlots = 0; // may be 0
    int ringSlots = 0;
    KvType sinkType = KvType::F16;
    KvType ringType = KvType::F16;

    int slots() const { return sinkSlots + ringSlots; }
};

/// Keys (rotated once, at their absolute stream position) and values of one stream. The layout in memory is the backend's affair.
/// Engine thread only; owned by the engine::Context that made it; must not outlive its Backend.
class KvCache {
public:
    virtual ~KvCache() = default;
    virtual const KvShape& shape() const = 0;
    virtual std::size_t bytes() const = 0;

    // For tests, the Inspector and saved states; never in the decode loop.
    virtual void readKey(int layer, int kvHead, int slot, std::span<float> out) const = 0;   // (headDim)
    virtual void readValue(int layer, int kvHead, int slot, std::span<float> out) const = 0; // (headDim)
    /// Hash of exactly the stored bytes of one slot in one layer, all heads, keys and values.
    virtual std::uint64_t slotHash(int layer, int slot) const = 0;
    virtual std::vector<std::byte> save() const = 0;
    /// `state` came from save() of a cache with the same shape.
    virtual void restore(std::span<const std::byte> state) = 0;
};

} // namespace kernels
