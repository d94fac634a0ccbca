#include "kernels/gpu/row_cache.h"

#include "kernels/half.h"
#include "kernels/kv_state.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <stdexcept>

namespace kernels::gpu {
namespace {

constexpr int block = 32; // numbers of Q8_0 that share a scale

int blocksOf(const RowLayout& layout) {
    return layout.type == KvType::Q8_0 ? (layout.headDim + block - 1) / block : 0;
}

std::size_t elementBytes(KvType type) {
    return type == KvType::F32 ? 4 : type == KvType::F16 ? 2 : 1;
}

/// Calls copy(byte of the part, byte of the row in a state, count) for a row of the part, in the state's order.
template <class Copy>
void overRow(const RowLayout& layout, std::size_t row, const Copy& copy) {
    const std::size_t numbers = layout.numbersAt(row);
    if (layout.type != KvType::Q8_0)
        return copy(numbers, std::size_t{0}, layout.storedBytes());
    const std::size_t scales = layout.scalesAt(row);
    std::size_t at = 0;
    for (int d = 0; d < layout.headDim; d += block) {
        const auto count = static_cast<std::size_t>(std::min(block, layout.headDim - d));
        copy(scales + static_cast<std::size_t>(d / block) * 2, at, std::size_t{2});
        copy(numbers + static_cast<std::size_t>(d), at + 2, count);
        at += 2 + count;
    }
}

// FNV-1a
void hashBytes(std::uint64_t& hash, std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes)
        hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001B3u;
}

} // namespace

int RowLayout::numberWords() const {
    return type == KvType::F32 ? headDim : type == KvType::F16 ? headDim / 2 : (headDim + 3) / 4;
}

int RowLayout::scaleWords() const {
    return (blocksOf(*this) + 1) / 2;
}

std::size_t RowLayout::bytes() const {
    return rows() * static_cast<std::size_t>(rowWords()) * 4;
}

std::size_t RowLayout::numbersAt(std::size_t row) const {
    return row * static_cast<std::size_t>(areScalesApart ? numberWords() : rowWords()) * 4;
}

std::size_t RowLayout::scalesAt(std::size_t row) const {
    const auto numberBytes = static_cast<std::size_t>(numberWords()) * 4;
    return areScalesApart ? rows() * numberBytes + row * static_cast<std::size_t>(scaleWords()) * 4
                          : numbersAt(row) + numberBytes;
}

std::size_t RowLayout::storedBytes() const {
    return static_cast<std::size_t>(headDim) * elementBytes(type) +
           static_cast<std::size_t>(blocksOf(*this)) * 2;
}

RowCache::RowCache(const KvShape& shape, bool areScalesApart)
    : m_shape(shape), m_areScalesApart(areScalesApart) {
    for ([[maybe_unused]] const KvLayer& layer : shape.layers)
        assert(layer.kvHeads > 0 && layer.headDim % 2 == 0);
}

RowLayout RowCache::layoutOf(int layer, Part part) const {
    const auto [kvHeads, headDim] = m_shape.layer(layer);
    return part == Part::Sinks
               ? RowLayout{m_shape.sinkType, m_shape.sinkSlots, kvHeads, headDim, m_areScalesApart}
               : RowLayout{m_shape.ringType, m_shape.ringSlots, kvHeads, headDim, m_areScalesApart};
}

std::vector<std::byte> RowCache::stored(int layer, Row row, int kvHead, int slot) const {
    const Part part = slot < m_shape.sinkSlots ? Part::Sinks : Part::Ring;
    const RowLayout layout = layoutOf(layer, part);
    const int inPart = part == Part::Sinks ? slot : slot - m_shape.sinkSlots;
    const int head = (row == Row::Key ? 0 : layout.kvHeads) + kvHead;
    const auto inMemory = static_cast<std::size_t>(head * layout.slots + inPart);
    const auto numberBytes = static_cast<std::size_t>(layout.numberWords()) * 4;
    std::vector<std::byte> bytes(static_cast<std::size_t>(layout.rowWords()) * 4),
        state(layout.storedBytes());
    readPart(layer, part, layout.numbersAt(inMemory), std::span(bytes).first(numberBytes));
    if (bytes.size() > numberBytes)
        readPart(layer, part, layout.scalesAt(inMemory), std::span(bytes).subspan(numberBytes));
    RowLayout alone = layout; // one row, its scales behind it
    alone.areScalesApart = false;
    overRow(alone, 0, [&](std::size_t from, std::size_t inState, std::size_t count) {
        std::memcpy(state.data() + inState, bytes.data() + from, count);
    });
    return state;
}

void RowCache::readRow(int layer, Row row, int kvHead, int slot, std::span<float> out) const {
    assert(out.size() == static_cast<std::size_t>(m_shape.layer(layer).headDim));
    const KvType type = slot < m_shape.sinkSlots ? m_shape.sinkType : m_shape.ringType;
    const std::vector<std::byte> state = stored(layer, row, kvHead, slot);
    const std::byte* at = state.data();
    float scale = 0;
    const auto half = [&] {
        std::uint16_t bits = 0;
        std::memcpy(&bits, at, 2);
        at += 2;
        return halfToFloat(bits);
    };
    for (std::size_t d = 0; d < out.size(); ++d) {
        if (type == KvType::F32) {
            std::memcpy(&out[d], at, 4);
            at += 4;
        } else if (type == KvType::F16) {
            out[d] = half();
        } else {
            if (d % block == 0)
                scale = half();
            out[d] = static_cast<float>(static_cast<std::int8_t>(*at++)) * scale;
        }
    }
}

void RowCache::readKey(int layer, int kvHead, int slot, std::span<float> out) const {
    readRow(layer, Row::Key, kvHead, slot, out);
}
void RowCache::readValue(int layer, int kvHead, int slot, std::span<float> out) const {
    readRow(layer, Row::Value, kvHead, slot, out);
}

std::uint64_t RowCache::slotHash(int layer, int slot) const {
    std::uint64_t hash = 0xCBF29CE484222325u;
    for (int head = 0; head < m_shape.layer(layer).kvHeads; ++head)
        for (const Row row : {Row::Key, Row::Value})
            hashBytes(hash, stored(layer, row, head, slot));
    return hash;
}

/// Calls visit(part, row counted through it) in the order of a saved state.
template <class Visit>
void RowCache::visitRows(int layer, const Visit& visit) const {
    const int kvHeads = m_shape.layer(layer).kvHeads;
    for (int head = 0; head < kvHeads; ++head)
        for (int slot = 0; slot < m_shape.slots(); ++slot) {
            const Part part = slot < m_shape.sinkSlots ? Part::Sinks : Part::Ring;
            const int slots = part == Part::Sinks ? m_shape.sinkSlots : m_shape.ringSlots;
            const int inPart = part == Part::Sinks ? slot : slot - m_shape.sinkSlots;
            for (const int row : {head, kvHeads + head})
                visit(part, static_cast<std::size_t>(row * slots + inPart));
        }
}

std::vector<std::byte> RowCache::save() const {
    const auto header = kvStateHeader(m_shape);
    std::vector<std::byte> state(header.size() * sizeof header[0]);
    std::memcpy(state.data(), header.data(), state.size());
    std::vector<std::byte> parts[2];
    for (int layer = 0; layer < static_cast<int>(m_shape.layers.size()); ++layer) {
        const RowLayout layouts[] = {sinkLayout(layer), ringLayout(layer)};
        for (const Part part : {Part::Sinks, Part::Ring}) {
            std::vector<std::byte>& bytes = parts[static_cast<std::size_t>(part)];
            bytes.resize(layouts[static_cast<std::size_t>(part)].bytes());
            readPart(layer, part, 0, bytes);
        }
        visitRows(layer, [&](Part part, std::size_t row) {
            const auto index = static_cast<std::size_t>(part);
            const std::size_t to = state.size();
            state.resize(to + layouts[index].storedBytes());
            overRow(layouts[index], row, [&](std::size_t from, std::size_t inState, std::size_t count) {
                std::memcpy(state.data() + to + inState, parts[index].data() + from, count);
            });
        });
    }
    return state;
}

void RowCache::restore(std::span<const std::byte> state) {
    const auto header = kvStateHeader(m_shape);
    const std::size_t headerBytes = header.size() * sizeof header[0];
    if (state.size() != headerBytes + kvStateBytes(m_shape) ||
        std::memcmp(state.data(), header.data(), headerBytes) != 0)
        throw std::runtime_error("The saved state belongs to a cache of another shape.");
    const std::byte* from = state.data() + headerBytes;
    for (int layer = 0; layer < static_cast<int>(m_shape.layers.size()); ++layer) {
        const RowLayout layouts[] = {sinkLayout(layer), ringLayout(layer)};
        std::vector<std::byte> parts[] = {std::vector<std::byte>(layouts[0].bytes()),
                                          std::vector<std::byte>(layouts[1].bytes())};
        visitRows(layer, [&](Part part, std::size_t row) {
            const auto index = static_cast<std::size_t>(part);
            overRow(layouts[index], row, [&](std::size_t to, std::size_t inState, std::size_t count) {
                std::memcpy(parts[index].data() + to, from + inState, count);
            });
            from += layouts[index].storedBytes();
        });
        writePart(layer, Part::Sinks, 0, parts[0]);
        writePart(layer, Part::Ring, 0, parts[1]);
    }
}

} // namespace kernels::gpu
