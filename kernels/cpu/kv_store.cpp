#include "kernels/cpu/kv_store.h"

#include "kernels/half.h"
#include "kernels/kv_state.h"
#include "kernels/round_up.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <stdexcept>

namespace kernels {
namespace {

template <class T>
T load(const std::byte* from, std::size_t index) {
    T value;
    std::memcpy(&value, from + index * sizeof(T), sizeof(T));
    return value;
}

template <class T>
void store(std::byte* to, std::size_t index, T value) {
    std::memcpy(to + index * sizeof(T), &value, sizeof(T));
}

// Where value d of a slot is stored, and where its scale is (Q8_0 only): offsets in bytes inside the group.
struct Spot {
    std::size_t value;
    std::size_t scale;
};

int elementBytes(KvType type) {
    return type == KvType::F32 ? 4 : type == KvType::F16 ? 2 : 1;
}

Spot keySpot(const KvLayout& layout, int lane, int d) {
    const std::size_t element = static_cast<std::size_t>(elementBytes(layout.type));
    if (layout.type != KvType::Q8_0)
        return {(static_cast<std::size_t>(d) * KV_GROUP + static_cast<std::size_t>(lane)) * element, 0};
    const std::size_t block = static_cast<std::size_t>(d / KV_BLOCK) * (2 + KV_BLOCK) * KV_GROUP;
    return {block + static_cast<std::size_t>((2 + d % KV_BLOCK / 2 * 2) * KV_GROUP + lane * 2 + d % 2),
            block + static_cast<std::size_t>(lane) * 2};
}

Spot valueSpot(const KvLayout& layout, int lane, int d) {
    const std::size_t element = static_cast<std::size_t>(elementBytes(layout.type));
    if (layout.type != KvType::Q8_0)
        return {static_cast<std::size_t>(lane * layout.paddedDim + d) * element, 0};
    const std::size_t scales = static_cast<std::size_t>(layout.blocks) * KV_GROUP * 2;
    return {scales + static_cast<std::size_t>((lane / 2 * layout.paddedDim + d) * 2 + lane % 2),
            static_cast<std::size_t>(d / KV_BLOCK * KV_GROUP + lane) * 2};
}

using SpotOf = Spot (*)(const KvLayout&, int, int);

// Writes up to 32 values of one head: those from dimension `first` on.
void writePiece(const ElementwiseKernels& kernels, const KvLayout& layout, SpotOf spotOf, std::byte* group,
                int lane, const float* values, int first, int count) {
    std::byte* to = group + spotOf(layout, lane, first).value;
    const auto distanceTo = [&](int i) {
        return spotOf(layout, lane, first + i).value - spotOf(layout, lane, first).value;
    };
    const std::size_t one = distanceTo(1), two = distanceTo(2);
    const auto offset = [&](int i) {
        return static_cast<std::size_t>(i / 2) * two + static_cast<std::size_t>(i % 2) * one;
    };
    if (layout.type == KvType::F32) {
        for (int i = 0; i < count; ++i)
            store(to + offset(i), 0, values[i]);
    } else if (layout.type == KvType::F16) {
        std::uint16_t halves[KV_BLOCK];
        kernels.toHalf(values, halves, count);
        for (int i = 0; i < count; ++i)
            store(to + offset(i), 0, halves[i]);
    } else {
        std::int8_t steps[KV_BLOCK];
        store(group + spotOf(layout, lane, first).scale, 0, kernels.toQ8(values, steps, count));
        for (int i = 0; i < count; ++i)
            store(to + offset(i), 0, steps[i]);
    }
}

void writeRow(const ElementwiseKernels& kernels, const KvLayout& layout, SpotOf spotOf, std::byte* group,
              int lane, const float* row) {
    for (int d = 0; d < layout.headDim; d += KV_BLOCK)
        writePiece(kernels, layout, spotOf, group, lane, row + d, d, std::min(KV_BLOCK, layout.headDim - d));
}

void readRow(const KvLayout& layout, SpotOf spotOf, const std::byte* group, int lane, std::span<float> out) {
    for (int d = 0; d < layout.headDim; ++d) {
        const Spot spot = spotOf(layout, lane, d);
        float& value = out[static_cast<std::size_t>(d)];
        switch (layout.type) {
        case KvType::F32:
            value = load<float>(group + spot.value, 0);
            break;
        case KvType::F16:
            value = halfToFloat(load<std::uint16_t>(group + spot.value, 0));
            break;
        case KvType::Q8_0:
            value = static_cast<float>(load<std::int8_t>(group + spot.value, 0)) *
                    halfToFloat(load<std::uint16_t>(group + spot.scale, 0));
        }
    }
}

// FNV-1a
void hashBytes(std::uint64_t& hash, const std::byte* data, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        hash = (hash ^ static_cast<std::uint64_t>(data[i])) * 0x100000001B3u;
}

void hashRow(std::uint64_t& hash, const KvLayout& layout, SpotOf spotOf, const std::byte* group, int lane) {
    for (int d = 0; d < layout.headDim; ++d) {
        const Spot spot = spotOf(layout, lane, d);
        hashBytes(hash, group + spot.value, static_cast<std::size_t>(elementBytes(layout.type)));
        if (layout.type == KvType::Q8_0 && d % KV_BLOCK == 0)
            hashBytes(hash, group + spot.scale, 2);
    }
}

// One row between its place in a group and its place in a saved state: each block's scale, if it has one, and then its numbers.
std::size_t rowBytes(const KvLayout& layout) {
    const std::size_t scales = layout.type == KvType::Q8_0 ? static_cast<std::size_t>(layout.blocks) * 2 : 0;
    return scales + static_cast<std::size_t>(layout.headDim * elementBytes(layout.type));
}

template <class Copy> // (byte of the group, byte of the state, count)
void overRow(const KvLayout& layout, SpotOf spotOf, int lane, const Copy& copy) {
    const auto element = static_cast<std::size_t>(elementBytes(layout.type));
    std::size_t at = 0;
    for (int d = 0; d < layout.headDim; ++d) {
        const Spot spot = spotOf(layout, lane, d);
        if (layout.type == KvType::Q8_0 && d % KV_BLOCK == 0) {
            copy(spot.scale, at, 2);
            at += 2;
        }
        copy(spot.value, at, element);
        at += element;
    }
}

} // namespace

KvLayout::KvLayout(KvType partType, int partSlots, int dim)
    : type(partType), slots(partSlots), groups((partSlots + KV_GROUP - 1) / KV_GROUP), headDim(dim),
      paddedDim((dim + 15) / 16 * 16), blocks((dim + KV_BLOCK - 1) / KV_BLOCK) {
    const std::size_t element = static_cast<std::size_t>(elementBytes(type));
    const std::size_t scales = type == KvType::Q8_0 ? static_cast<std::size_t>(blocks) * KV_GROUP * 2 : 0;
    keyGroupBytes = scales + static_cast<std::size_t>(headDim) * KV_GROUP * element;
    valueGroupBytes = scales + static_cast<std::size_t>(paddedDim) * KV_GROUP * element;
}

std::size_t KvLayout::keyBytes() const {
    return roundUp(static_cast<std::size_t>(groups) * keyGroupBytes, 64);
}

std::size_t KvLayout::headBytes() const {
    return keyBytes() + roundUp(static_cast<std::size_t>(groups) * valueGroupBytes, 64);
}

CpuKvCache::CpuKvCache(const KvShape& shape) : m_shape(shape) {
    assert(!shape.layers.empty() && shape.sinkSlots >= 0 && shape.ringSlots >= 0);
    std::size_t bytes = 0;
    for (const KvLayer& layer : shape.layers) {
        assert(layer.kvHeads > 0 && layer.headDim > 0 && layer.headDim % 2 == 0);
        const LayerStore& made = m_layers.emplace_back(
            LayerStore{KvLayout(shape.sinkType, shape.sinkSlots, layer.headDim),
                       KvLayout(shape.ringType, shape.ringSlots, layer.headDim), bytes});
        bytes += static_cast<std::size_t>(layer.kvHeads) * (made.sinks.headBytes() + made.ring.headBytes());
    }
    m_memory = HugeMemory(bytes);
}

std::byte* CpuKvCache::keys(int layer, KvPart part, int kvHead) const {
    const LayerStore& own = store(layer);
    std::byte* base = m_memory.data() + own.offset;
    const std::size_t head = static_cast<std::size_t>(kvHead);
    if (part == KvPart::Sinks)
        return base + head * own.sinks.headBytes();
    const auto heads = static_cast<std::size_t>(m_shape.layer(layer).kvHeads);
    return base + heads * own.sinks.headBytes() + head * own.ring.headBytes();
}

std::byte* CpuKvCache::values(int layer, KvPart part, int kvHead) const {
    return keys(layer, part, kvHead) + layout(layer, part).keyBytes();
}

void CpuKvCache::touch(ThreadPool& pool, int slots) {
    const std::size_t groups =
        static_cast<std::size_t>((std::min(slots, m_shape.ringSlots) + KV_GROUP - 1) / KV_GROUP);
    const auto touchBytes = [](std::byte* first, std::size_t bytes) {
        constexpr std::size_t page = 4096;
        for (std::size_t at = 0; at < bytes; at += page)
            *static_cast<volatile std::byte*>(first + at) = std::byte{0};
        if (bytes > 0) // it may begin inside a page and end in one more
            *static_cast<volatile std::byte*>(first + bytes - 1) = std::byte{0};
    };
    pool.run(static_cast<int>(m_layers.size()), [&](int layer, int) {
        const KvLayout& ring = store(layer).ring;
        for (int head = 0; head < m_shape.layer(layer).kvHeads; ++head) {
            touchBytes(keys(layer, KvPart::Ring, head), groups * ring.keyGroupBytes);
            touchBytes(values(layer, KvPart::Ring, head), groups * ring.valueGroupBytes);
        }
    });
}

CpuKvCache::Place CpuKvCache::place(int layer, int kvHead, int slot) const {
    assert(layer >= 0 && layer < static_cast<int>(m_layers.size()));
    assert(kvHead >= 0 && kvHead < m_shape.layer(layer).kvHeads);
    assert(slot >= 0 && slot < m_shape.slots());
    const KvPart part = slot < m_shape.sinkSlots ? KvPart::Sinks : KvPart::Ring;
    const int inPart = part == KvPart::Sinks ? slot : slot - m_shape.sinkSlots;
    const KvLayout& used = layout(layer, part);
    const std::size_t group = static_cast<std::size_t>(inPart / KV_GROUP);
    return {&used, keys(layer, part, kvHead) + group * used.keyGroupBytes,
            values(layer, part, kvHead) + group * used.valueGroupBytes, inPart % KV_GROUP};
}

void CpuKvCache::readKey(int layer, int kvHead, int slot, std::span<float> out) const {
    assert(out.size() == static_cast<std::size_t>(m_shape.layer(layer).headDim));
    const Place at = place(layer, kvHead, slot);
    readRow(*at.layout, keySpot, at.keyGroup, at.lane, out);
}

void CpuKvCache::readValue(int layer, int kvHead, int slot, std::span<float> out) const {
    assert(out.size() == static_cast<std::size_t>(m_shape.layer(layer).headDim));
    const Place at = place(layer, kvHead, slot);
    readRow(*at.layout, valueSpot, at.valueGroup, at.lane, out);
}

void CpuKvCache::write(const ElementwiseKernels& kernels, int layer, int kvHead, int slot, const float* key,
                       const float* value) {
    const Place at = place(layer, kvHead, slot);
    writeRow(kernels, *at.layout, keySpot, at.keyGroup, at.lane, key);
    writeRow(kernels, *at.layout, valueSpot, at.valueGroup, at.lane, value);
}

std::uint64_t CpuKvCache::slotHash(int layer, int slot) const {
    std::uint64_t hash = 0xCBF29CE484222325u;
    for (int head = 0; head < m_shape.layer(layer).kvHeads; ++head) {
        const Place at = place(layer, head, slot);
        hashRow(hash, *at.layout, keySpot, at.keyGroup, at.lane);
        hashRow(hash, *at.layout, valueSpot, at.valueGroup, at.lane);
    }
    return hash;
}

/// Calls row(layout, how its numbers lie, group, lane) in the order of a saved state.
template <class Row>
void CpuKvCache::overRows(const Row& row) const {
    for (int layer = 0; layer < static_cast<int>(m_layers.size()); ++layer)
        for (int head = 0; head < m_shape.layer(layer).kvHeads; ++head)
            for (int slot = 0; slot < m_shape.slots(); ++slot) {
                const Place at = place(layer, head, slot);
                row(*at.layout, keySpot, at.keyGroup, at.lane);
                row(*at.layout, valueSpot, at.valueGroup, at.lane);
            }
}

std::vector<std::byte> CpuKvCache::save() const {
    const auto header = kvStateHeader(m_shape);
    const std::size_t headerBytes = header.size() * sizeof header[0];
    std::vector<std::byte> state(headerBytes + kvStateBytes(m_shape));
    std::memcpy(state.data(), header.data(), headerBytes);
    std::byte* to = state.data() + headerBytes;
    overRows([&](const KvLayout& layout, SpotOf spotOf, const std::byte* group, int lane) {
        overRow(layout, spotOf, lane, [&](std::size_t inGroup, std::size_t inState, std::size_t count) {
            std::memcpy(to + inState, group + inGroup, count);
        });
        to += rowBytes(layout);
    });
    return state;
}

void CpuKvCache::restore(std::span<const std::byte> state) {
    const auto header = kvStateHeader(m_shape);
    const std::size_t headerBytes = header.size() * sizeof header[0];
    if (state.size() != headerBytes + kvStateBytes(m_shape) ||
        std::memcmp(state.data(), header.data(), headerBytes) != 0)
        throw std::runtime_error("The saved state belongs to a cache of another shape.");
    const std::byte* from = state.data() + headerBytes;
    overRows([&](const KvLayout& layout, SpotOf spotOf, std::byte* group, int lane) {
        overRow(layout, spotOf, lane, [&](std::size_t inGroup, std::size_t inState, std::size_t count) {
            std::memcpy(group + inGroup, from + inState, count);
        });
        from += rowBytes(layout);
    });
}

} // namespace kernels
