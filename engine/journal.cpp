#include "engine/journal.h"

#include <cassert>

namespace engine {

Journal::Journal(std::size_t capacity) : m_items(new JournalEvent[capacity]), m_mask(capacity - 1) {
    assert(capacity > 0 && (capacity & m_mask) == 0);
}

namespace {

bool changesTheStream(const JournalEvent& event) {
    using Type = JournalEvent::Type;
    return event.type == Type::Reset || event.type == Type::Rewind || event.type == Type::Turn;
}

} // namespace

void Journal::push(const JournalEvent& event) {
    const std::uint64_t head = m_head.load(std::memory_order_relaxed);
    const std::uint64_t capacity = m_mask + 1;
    const std::uint64_t usable = changesTheStream(event) ? capacity : capacity - capacity / 16;
    if (head - m_tail.load(std::memory_order_acquire) >= usable) {
        m_lost.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    m_items[head & m_mask] = event;
    m_head.store(head + 1, std::memory_order_release);
}

void Journal::take(std::vector<JournalEvent>& out, std::uint64_t& lost) {
    lost = m_lost.exchange(0, std::memory_order_relaxed);
    const std::uint64_t head = m_head.load(std::memory_order_acquire);
    std::uint64_t tail = m_tail.load(std::memory_order_relaxed);
    out.reserve(out.size() + static_cast<std::size_t>(head - tail));
    for (; tail != head; ++tail)
        out.push_back(m_items[tail & m_mask]);
    m_tail.store(tail, std::memory_order_release);
}

} // namespace engine
