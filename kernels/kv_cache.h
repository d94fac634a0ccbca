#pragma once
#include "kernels/kv_type.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kernels {

struct KvLayer {
    int kvHeads = 0;
    int headDim = 0;
    bool operator==(const KvLayer&) const = default;
};

/// Slots 0 .. sinkSlots-1 are the pinned prefix (the sinks), then ringSlots slots that are overwritten in turn.
/// Each part has its own precision: the sinks stay in F16 (or F32) when the ring is quantised. Layers may differ in their heads but not in
/// their slots: a layer that looks back only a little would do with a shorter ring, but then what it needs is gone when an answer is
/// taken back, and text would have to be read again.
struct KvShape {
    std::vector<KvLayer> layers;
    int sinkSlots = 0; // may be 0
    int ringSlots = 0;
    KvType sinkType = KvType::F16;
    KvType ringType = KvType::F16;

    int slots() const { return sinkSlots + ringSlots; }
    const KvLayer& layer(int index) const { return layers[static_cast<std::size_t>(index)]; }
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

    /// All that is stored, in an order that does not depend on the device:
    ///   a header of 32-bit numbers: 'S' 'K' 'V' and the version '3'; layers, sinkSlots, ringSlots, sinkType, ringType; then kvHeads and
    ///   headDim of each layer
    ///   for each layer, KV head and slot: the key's headDim numbers, then the value's, as they are stored: F32, F16, or in Q8_0 blocks
    ///   of 32 (the last may be shorter) a scale in F16 followed by the numbers as int8
    /// All little-endian and without gaps.
    virtual std::vector<std::byte> save() const = 0;
    /// `state` came from save() of a cache with the same shape; throws std::runtime_error if not.
    virtual void restore(std::span<const std::byte> state) = 0;
};

} // namespace kernels
