#include "engine/sink_cache.h"

#include <algorithm>
#include <cassert>

namespace engine {

SinkCache::SinkCache(const Shape& shape) : m_shape(shape) {
    assert(shape.sinks >= 0 && shape.window >= 0 && shape.maxChunk >= 1);
    if (m_shape.ringStart == 0)
        m_shape.ringStart = shape.sinks;
    assert(m_shape.ringStart >= shape.sinks);
    m_next = m_shape.sinks > 0 ? 0 : m_shape.ringStart;
    m_oldest = m_shape.ringStart;
    m_written = m_next;
}

// The first token of a chunk of n still sees `window` tokens before it while the chunk's last one has been
// written: window + n slots.
int SinkCache::ringSlots() const {
    return m_shape.dense ? std::max(1, m_shape.window) : m_shape.window + m_shape.maxChunk;
}

int SinkCache::slots() const {
    return m_shape.sinks + ringSlots();
}

const SinkCache::Shape& SinkCache::shape() const {
    return m_shape;
}

void SinkCache::append(int n, std::vector<Place>& out) {
    assert(n >= 0 && n <= m_shape.maxChunk);
    out.clear();
    for (int i = 0; i < n; ++i) {
        const StreamPosition t = m_next;
        if (t < m_shape.sinks) {
            const VisibleKeys view{.sinkCount = static_cast<std::int32_t>(t + 1)};
            out.push_back({.position = t, .sinkPosition = t, .slot = static_cast<int>(t), .view = view});
            m_next = t + 1 == m_shape.sinks ? m_shape.ringStart : t + 1;
            continue;
        }
        assert(!full());
        m_oldest = oldest();
        const VisibleKeys view{.sinkCount = m_shape.sinks,
                               .ringFirst = slotOf(m_oldest) - m_shape.sinks,
                               .ringCount = static_cast<std::int32_t>(t - m_oldest + 1)};
        out.push_back(
            {.position = t, .sinkPosition = m_shape.sinks + (t - m_oldest), .slot = slotOf(t), .view = view});
        m_next = t + 1;
    }
    m_written = std::max(m_written, m_next);
}

void SinkCache::forgetBefore(StreamPosition position) {
    assert(position <= m_next);
    m_oldest = std::max(oldest(), position);
}

bool SinkCache::rewind(StreamPosition position) {
    assert(position >= 0 && position <= m_next);
    assert(position <= m_shape.sinks || position >= m_shape.ringStart);
    m_oldest = oldest();
    m_next = position == m_shape.sinks ? m_shape.ringStart : position;
    if (m_next < m_shape.sinks)
        m_oldest = m_shape.ringStart;
    m_oldest = std::min(m_oldest, std::max(m_next, m_shape.ringStart));
    return m_oldest <= std::max(m_shape.ringStart, m_next - m_shape.window);
}

bool SinkCache::rollBack(const Mark& mark) {
    assert(mark.next <= m_written);
    if (mark.next > mark.oldest && mark.oldest < oldestIntact())
        return false;
    goTo(mark.next, mark.oldest);
    return true;
}

void SinkCache::goTo(StreamPosition next, StreamPosition oldest) {
    m_next = next;
    m_oldest = oldest;
}

StreamPosition SinkCache::oldestIntact() const {
    return m_shape.dense ? m_shape.ringStart : std::max(m_shape.ringStart, m_written - ringSlots());
}

void SinkCache::forgetMarks() {
    m_written = m_next;
}

void SinkCache::restore(StreamPosition next, StreamPosition oldest) {
    goTo(next, oldest);
    forgetMarks();
}

StreamPosition SinkCache::next() const {
    return m_next;
}

StreamPosition SinkCache::oldest() const {
    return m_shape.dense ? m_oldest : std::max(m_oldest, m_next - m_shape.window);
}

int SinkCache::sinkCount() const {
    return static_cast<int>(std::min<StreamPosition>(m_next, m_shape.sinks));
}

int SinkCache::visible() const {
    return sinkCount() + static_cast<int>(std::max<StreamPosition>(0, m_next - oldest()));
}

StreamPosition SinkCache::forgotten() const {
    return oldest() - m_shape.ringStart;
}

StreamPosition SinkCache::length() const {
    return m_next < m_shape.sinks ? m_next : m_shape.sinks + (m_next - m_shape.ringStart);
}

bool SinkCache::full() const {
    return m_shape.dense && m_next - m_shape.ringStart >= m_shape.window;
}

int SinkCache::room() const {
    if (!m_shape.dense)
        return INT32_MAX;
    return m_shape.sinks + m_shape.window - static_cast<int>(length());
}

StreamPosition SinkCache::positionOf(int slot) const {
    assert(slot >= 0 && slot < slots());
    if (slot < m_shape.sinks)
        return slot < m_next ? slot : -1;
    const StreamPosition first = oldest();
    const int ring = ringSlots();
    const int behind = (slot - slotOf(first) + ring) % ring;
    return first + behind < m_next ? first + behind : -1;
}

int SinkCache::slotOf(StreamPosition position) const {
    if (position < m_shape.sinks)
        return static_cast<int>(position);
    return m_shape.sinks + static_cast<int>((position - m_shape.ringStart) % ringSlots());
}

} // namespace engine
