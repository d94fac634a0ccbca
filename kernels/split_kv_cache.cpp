#include "kernels/split_kv_cache.h"

#include "kernels/kv_state.h"

#include <algorithm>
#include <cassert>
#include <stdexcept>

namespace kernels {
namespace {

std::vector<std::byte> headerOf(const KvShape& shape) {
    const std::vector<std::int32_t> header = kvStateHeader(shape);
    const auto bytes = std::as_bytes(std::span(header));
    return {bytes.begin(), bytes.end()};
}

} // namespace

SplitKvCache::SplitKvCache(std::vector<std::unique_ptr<KvCache>> parts)
    : m_parts(std::move(parts)), m_shape(m_parts.front()->shape()) {
    m_shape.layers.clear();
    for (const auto& part : m_parts) {
        const KvShape& own = part->shape();
        assert(own.sinkSlots == m_shape.sinkSlots && own.ringSlots == m_shape.ringSlots);
        m_shape.layers.insert(m_shape.layers.end(), own.layers.begin(), own.layers.end());
    }
}

std::size_t SplitKvCache::bytes() const {
    std::size_t bytes = 0;
    for (const auto& part : m_parts)
        bytes += part->bytes();
    return bytes;
}

SplitKvCache::LayerOfPart SplitKvCache::find(int layer) const {
    std::size_t part = 0;
    for (; layer >= static_cast<int>(m_parts[part]->shape().layers.size()); ++part)
        layer -= static_cast<int>(m_parts[part]->shape().layers.size());
    return {*m_parts[part], layer};
}

void SplitKvCache::readKey(int layer, int kvHead, int slot, std::span<float> out) const {
    const LayerOfPart at = find(layer);
    at.cache.readKey(at.layer, kvHead, slot, out);
}

void SplitKvCache::readValue(int layer, int kvHead, int slot, std::span<float> out) const {
    const LayerOfPart at = find(layer);
    at.cache.readValue(at.layer, kvHead, slot, out);
}

std::uint64_t SplitKvCache::slotHash(int layer, int slot) const {
    const LayerOfPart at = find(layer);
    return at.cache.slotHash(at.layer, slot);
}

// A state is a header and then layer by layer, so what the parts save behind their own headers is put together.
std::vector<std::byte> SplitKvCache::save() const {
    std::vector<std::byte> state = headerOf(m_shape);
    for (const auto& part : m_parts) {
        const std::vector<std::byte> own = part->save();
        state.insert(state.end(), own.begin() + static_cast<std::ptrdiff_t>(headerOf(part->shape()).size()),
                     own.end());
    }
    return state;
}

void SplitKvCache::restore(std::span<const std::byte> state) {
    const std::vector<std::byte> header = headerOf(m_shape);
    std::size_t layerBytes = 0;
    for (const auto& part : m_parts)
        layerBytes += kvStateBytes(part->shape());
    if (state.size() != header.size() + layerBytes ||
        !std::equal(header.begin(), header.end(), state.begin()))
        throw std::runtime_error("The saved state belongs to a cache of another shape.");
    state = state.subspan(header.size());
    for (const auto& part : m_parts) {
        std::vector<std::byte> own = headerOf(part->shape());
        const std::size_t bytes = kvStateBytes(part->shape());
        own.insert(own.end(), state.begin(), state.begin() + static_cast<std::ptrdiff_t>(bytes));
        part->restore(own);
        state = state.subspan(bytes);
    }
}

} // namespace kernels
