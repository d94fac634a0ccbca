#include "kernels/vulkan/kv_store.h"

#include "kernels/cpu/half.h"
#include "kernels/kv_state.h"

#include <algorithm>
#include <cstring>

namespace kernels::vulkan {
namespace {

constexpr int block = 32; // numbers of Q8_0 that share a scale

std::size_t elementBytes(KvType type) {
    return type == KvType::F32 ? 4 : type == KvType::F16 ? 2 : 1;
}

std::size_t storedBytes(const RowLayout& layout) {
    const int blocks = (layout.headDim + block - 1) / block;
    return static_cast<std::size_t>(layout.headDim) * elementBytes(layout.type) +
           (layout.type == KvType::Q8_0 ? static_cast<std::size_t>(blocks) * 2 : 0);
}

/// Calls copy(byte of the row, byte of the state, count) in the state's order.
template <class Copy>
void overRow(const RowLayout& layout, const Copy& copy) {
    if (layout.type != KvType::Q8_0)
        return copy(std::size_t{0}, std::size_t{0}, storedBytes(layout));
    const std::size_t scales = static_cast<std::size_t>(layout.numberWords()) * 4;
    std::size_t at = 0;
    for (int d = 0; d < layout.headDim; d += block) {
        const auto count = static_cast<std::size_t>(std::min(block, layout.headDim - d));
        copy(scales + static_cast<std::size_t>(d / block) * 2, at, std::size_t{2});
        copy(static_cast<std::size_t>(d), at + 2, count);
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

int RowLayout::rowWords() const {
    const int blocks = (headDim + block - 1) / block;
    return numberWords() + (type == KvType::Q8_0 ? (blocks + 1) / 2 : 0);
}

VkDeviceSize RowLayout::bytes(int kvHeads) const {
    return VkDeviceSize{8} * static_cast<VkDeviceSize>(kvHeads) * static_cast<VkDeviceSize>(slots) *
           static_cast<VkDeviceSize>(rowWords());
}

VulkanKvCache::VulkanKvCache(Gpu& gpu, const KvShape& shape) : m_gpu(gpu), m_shape(shape) {
    for (int layer = 0; layer < static_cast<int>(shape.layers.size()); ++layer) {
        const int kvHeads = shape.layer(layer).kvHeads;
        assert(kvHeads > 0 && shape.layer(layer).headDim % 2 == 0);
        const VkDeviceSize sinkBytes = sinkLayout(layer).bytes(kvHeads),
                           ringBytes = ringLayout(layer).bytes(kvHeads);
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

std::vector<std::byte> VulkanKvCache::stored(int layer, Row row, int kvHead, int slot) const {
    const bool isSink = slot < m_shape.sinkSlots;
    const RowLayout layout = isSink ? sinkLayout(layer) : ringLayout(layer);
    const int inPart = isSink ? slot : slot - m_shape.sinkSlots;
    const std::int64_t head = (row == Row::Key ? 0 : m_shape.layer(layer).kvHeads) + kvHead;
    std::vector<std::byte> words(static_cast<std::size_t>(layout.rowWords()) * 4), state(storedBytes(layout));
    m_gpu.recorder.read(isSink ? sinks(layer) : ring(layer),
                        static_cast<VkDeviceSize>(head * layout.slots + inPart) * words.size(), words);
    overRow(layout, [&](std::size_t inRow, std::size_t inState, std::size_t count) {
        std::memcpy(state.data() + inState, words.data() + inRow, count);
    });
    return state;
}

void VulkanKvCache::readRow(int layer, Row row, int kvHead, int slot, std::span<float> out) const {
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

void VulkanKvCache::readKey(int layer, int kvHead, int slot, std::span<float> out) const {
    readRow(layer, Row::Key, kvHead, slot, out);
}
void VulkanKvCache::readValue(int layer, int kvHead, int slot, std::span<float> out) const {
    readRow(layer, Row::Value, kvHead, slot, out);
}

std::uint64_t VulkanKvCache::slotHash(int layer, int slot) const {
    std::uint64_t hash = 0xCBF29CE484222325u;
    for (int head = 0; head < m_shape.layer(layer).kvHeads; ++head)
        for (const Row row : {Row::Key, Row::Value})
            hashBytes(hash, stored(layer, row, head, slot));
    return hash;
}

/// Calls visit(0 for sinks, 1 for the ring; where the row begins in the bytes of that part) in the order of a saved state.
template <class Visit>
void VulkanKvCache::visitRows(int layer, const Visit& visit) const {
    const RowLayout layouts[] = {sinkLayout(layer), ringLayout(layer)};
    const int kvHeads = m_shape.layer(layer).kvHeads;
    for (int head = 0; head < kvHeads; ++head)
        for (int slot = 0; slot < m_shape.slots(); ++slot) {
            const std::size_t part = slot < m_shape.sinkSlots ? 0 : 1;
            const int inPart = part == 0 ? slot : slot - m_shape.sinkSlots;
            for (const int row : {head, kvHeads + head})
                visit(part, static_cast<std::size_t>(row * layouts[part].slots + inPart) *
                                static_cast<std::size_t>(layouts[part].rowWords()) * 4);
        }
}

std::vector<std::byte> VulkanKvCache::save() const {
    const auto header = kvStateHeader(m_shape);
    std::vector<std::byte> state(header.size() * sizeof header[0]);
    std::memcpy(state.data(), header.data(), state.size());
    std::vector<std::byte> parts[2];
    for (int layer = 0; layer < static_cast<int>(m_layers.size()); ++layer) {
        const Slice* const slices[] = {&sinks(layer), &ring(layer)};
        const RowLayout layouts[] = {sinkLayout(layer), ringLayout(layer)};
        const int kvHeads = m_shape.layer(layer).kvHeads;
        for (std::size_t part = 0; part < 2; ++part) {
            parts[part].resize(layouts[part].bytes(kvHeads));
            m_gpu.recorder.read(*slices[part], 0, parts[part]);
        }
        visitRows(layer, [&](std::size_t part, std::size_t from) {
            const std::size_t to = state.size();
            state.resize(to + storedBytes(layouts[part]));
            overRow(layouts[part], [&](std::size_t inRow, std::size_t inState, std::size_t count) {
                std::memcpy(state.data() + to + inState, parts[part].data() + from + inRow, count);
            });
        });
    }
    return state;
}

void VulkanKvCache::restore(std::span<const std::byte> state) {
    const auto header = kvStateHeader(m_shape);
    const std::size_t headerBytes = header.size() * sizeof header[0];
    std::size_t size = headerBytes;
    for (int layer = 0; layer < static_cast<int>(m_layers.size()); ++layer)
        size += 2 * static_cast<std::size_t>(m_shape.layer(layer).kvHeads) *
                (static_cast<std::size_t>(m_shape.sinkSlots) * storedBytes(sinkLayout(layer)) +
                 static_cast<std::size_t>(m_shape.ringSlots) * storedBytes(ringLayout(layer)));
    if (state.size() != size || std::memcmp(state.data(), header.data(), headerBytes) != 0)
        throw std::runtime_error("The saved state belongs to a cache of another shape.");
    const std::byte* from = state.data() + headerBytes;
    for (int layer = 0; layer < static_cast<int>(m_layers.size()); ++layer) {
        const RowLayout layouts[] = {sinkLayout(layer), ringLayout(layer)};
        const int kvHeads = m_shape.layer(layer).kvHeads;
        std::vector<std::byte> parts[] = {std::vector<std::byte>(layouts[0].bytes(kvHeads)),
                                          std::vector<std::byte>(layouts[1].bytes(kvHeads))};
        visitRows(layer, [&](std::size_t part, std::size_t to) {
            overRow(layouts[part], [&](std::size_t inRow, std::size_t inState, std::size_t count) {
                std::memcpy(parts[part].data() + to + inRow, from + inState, count);
            });
            from += storedBytes(layouts[part]);
        });
        m_gpu.recorder.write(sinks(layer), 0, parts[0]);
        m_gpu.recorder.write(ring(layer), 0, parts[1]);
    }
}

} // namespace kernels::vulkan
