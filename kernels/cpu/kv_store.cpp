#include "kernels/cpu/kv_store.h"

#include "kernels/cpu/half.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <stdexcept>

namespace kernels {
namespace {

std::size_t roundUp(std::size_t value, std::size_t unit) {
    return (value + unit - 1) / unit * unit;
}

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

std::array<std::int32_t, 8> stamp(const KvShape& shape) {
    return {0x53'4B'56'32,
            shape.layers,
            shape.kvHeads,
            shape.headDim,
            shape.sinkSlots,
            shape.ringSlots,
            static_cast<std::int32_t>(shape.sinkType),
            static_cast<std::int32_t>(shape.ringType)};
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

CpuKvCache::CpuKvCache(const KvShape& shape)
    : m_shape(shape), m_sinks(shape.sinkType, shape.sinkSlots, shape.headDim),
      m_ring(shape.ringType, shape.ringSlots, shape.headDim),
      m_layerBytes(static_cast<std::size_t>(shape.kvHeads) * (m_sinks.headBytes() + m_ring.headBytes())),
      m_memory(static_cast<std::size_t>(shape.layers) * m_layerBytes) {
    assert(shape.layers > 0 && shape.kvHeads > 0 && shape.headDim > 0 && shape.headDim % 2 == 0);
    assert(shape.sinkSlots >= 0 && shape.ringSlots >= 0);
}

std::byte* CpuKvCache::keys(int layer, KvPart part, int kvHead) const {
    std::byte* base = m_memory.data() + static_cast<std::size_t>(layer) * m_layerBytes;
    const std::size_t head = static_cast<std::size_t>(kvHead);
    if (part == KvPart::Sinks)
        return base + head * m_sinks.headBytes();
    return base + static_cast<std::size_t>(m_shape.kvHeads) * m_sinks.headBytes() + head * m_ring.headBytes();
}

std::byte* CpuKvCache::values(int layer, KvPart part, int kvHead) const {
    return keys(layer, part, kvHead) + layout(part).keyBytes();
}

void CpuKvCache::touch(ThreadPool& pool, int slots) {
    const std::size_t groups =
        static_cast<std::size_t>((std::min(slots, m_ring.slots) + KV_GROUP - 1) / KV_GROUP);
    const auto touchBytes = [](std::byte* first, std::size_t bytes) {
        constexpr std::size_t page = 4096;
        for (std::size_t at = 0; at < bytes; at += page)
            *static_cast<volatile std::byte*>(first + at) = std::byte{0};
        if (bytes > 0) // it may begin inside a page and end in one more
            *static_cast<volatile std::byte*>(first + bytes - 1) = std::byte{0};
    };
    pool.run(m_shape.layers, [&](int layer, int) {
        for (int head = 0; head < m_shape.kvHeads; ++head) {
            touchBytes(keys(layer, KvPart::Ring, head), groups * m_ring.keyGroupBytes);
            touchBytes(values(layer, KvPart::Ring, head), groups * m_ring.valueGroupBytes);
        }
    });
}

CpuKvCache::Place CpuKvCache::place(int layer, int kvHead, int slot) const {
    assert(layer >= 0 && layer < m_shape.layers && kvHead >= 0 && kvHead < m_shape.kvHeads);
    assert(slot >= 0 && slot < m_shape.slots());
    const KvPart part = slot < m_shape.sinkSlots ? KvPart::Sinks : KvPart::Ring;
    const int inPart = part == KvPart::Sinks ? slot : slot - m_shape.sinkSlots;
    const KvLayout& used = layout(part);
    const std::size_t group = static_cast<std::size_t>(inPart / KV_GROUP);
    return {&used, keys(layer, part, kvHead) + group * used.keyGroupBytes,
            values(layer, part, kvHead) + group * used.valueGroupBytes, inPart % KV_GROUP};
}

void CpuKvCache::readKey(int layer, int kvHead, int slot, std::span<float> out) const {
    assert(out.size() == static_cast<std::size_t>(m_shape.headDim));
    const Place at = place(layer, kvHead, slot);
    readRow(*at.layout, keySpot, at.keyGroup, at.lane, out);
}

void CpuKvCache::readValue(int layer, int kvHead, int slot, std::span<float> out) const {
    assert(out.size() == static_cast<std::size_t>(m_shape.headDim));
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
    for (int head = 0; head < m_shape.kvHeads; ++head) {
        const Place at = place(layer, head, slot);
        hashRow(hash, *at.layout, keySpot, at.keyGroup, at.lane);
        hashRow(hash, *at.layout, valueSpot, at.valueGroup, at.lane);
    }
    return hash;
}

std::vector<std::byte> CpuKvCache::save() const {
    const auto header = stamp(m_shape);
    std::vector<std::byte> state(sizeof header + m_memory.size());
    std::memcpy(state.data(), header.data(), sizeof header);
    if (m_memory.size() > 0)
        std::memcpy(state.data() + sizeof header, m_memory.data(), m_memory.size());
    return state;
}

void CpuKvCache::restore(std::span<const std::byte> state) {
    const auto header = stamp(m_shape);
    if (state.size() != sizeof header + m_memory.size() ||
        std::memcmp(state.data(), header.data(), sizeof header) != 0)
        throw std::runtime_error("The saved state belongs to a cache of another shape.");
    if (m_memory.size() > 0)
        std::memcpy(m_memory.data(), state.data() + sizeof header, m_memory.size());
}

} // namespace kernels
