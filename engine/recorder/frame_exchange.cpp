#include "engine/recorder/frame_exchange.h"

#include <cassert>
#include <chrono>
#include <thread>

namespace engine {

void FrameExchange::Ring::push(Slot* slot) {
    const std::size_t head = m_head.load(std::memory_order_relaxed);
    m_items[head % MostSlots] = slot;
    m_head.store(head + 1, std::memory_order_release);
}

FrameExchange::Slot* FrameExchange::Ring::pop() {
    const std::size_t tail = m_tail.load(std::memory_order_relaxed);
    if (tail == m_head.load(std::memory_order_acquire))
        return nullptr;
    Slot* slot = m_items[tail % MostSlots];
    m_tail.store(tail + 1, std::memory_order_release);
    return slot;
}

void FrameExchange::tell() {
    m_news.fetch_add(1);
    m_news.notify_one();
}

void FrameExchange::open() {
    assert(isOff());
    m_dropped = 0;
    m_shapeChanged = false;
    m_state.store(State::Opening);
}

void FrameExchange::close() {
    State state = m_state.load();
    while (state != State::Off && state != State::Closing &&
           !m_state.compare_exchange_weak(state, State::Closing)) {
    }
    tell();
}

bool FrameExchange::isOn() const {
    const State state = m_state.load(std::memory_order_relaxed);
    return state != State::Off && state != State::Closing;
}

AttentionFrame* FrameExchange::take(const RecordShape& shape, WhenBehind behind) {
    m_holding.store(true);
    State state = m_state.load();
    if (state == State::Opening) {
        m_shape = shape;
        m_number = 0;
        m_spare = nullptr;
        m_state.compare_exchange_strong(state, State::Shaped);
        tell();
    } else if (state == State::Ready && shape != m_shape) {
        m_shapeChanged = true;
        close();
    } else if (state == State::Ready) {
        m_held = m_spare != nullptr ? m_spare : m_empty.pop();
        m_spare = nullptr;
        if (m_held != nullptr || behind == WhenBehind::Drop)
            ++m_number;
        if (m_held != nullptr)
            return &m_held->frame;
        if (behind == WhenBehind::Drop)
            m_dropped.fetch_add(1, std::memory_order_relaxed);
    }
    m_holding.store(false);
    return nullptr;
}

void FrameExchange::put(TokenId token) {
    m_held->token = token;
    m_held->number = m_number - 1;
    m_full.push(m_held);
    m_held = nullptr;
    m_holding.store(false);
    tell();
}

void FrameExchange::giveBack() {
    if (m_held == nullptr)
        return;
    m_spare = m_held;
    m_held = nullptr;
    --m_number;
    m_holding.store(false);
}

bool FrameExchange::waitForShape() {
    for (int seen = m_news.load(); m_state.load() == State::Opening; seen = m_news.load())
        m_news.wait(seen);
    return m_state.load() == State::Shaped;
}

bool FrameExchange::begin(std::span<Slot* const> slots) {
    assert(slots.size() <= MostSlots);
    m_empty.clear();
    m_full.clear();
    for (Slot* slot : slots)
        m_empty.push(slot);
    State shaped = State::Shaped;
    return m_state.compare_exchange_strong(shaped, State::Ready);
}

FrameExchange::Slot* FrameExchange::next() {
    for (;;) {
        const int seen = m_news.load();
        if (Slot* slot = m_full.pop())
            return slot;
        if (m_state.load() != State::Ready)
            break;
        m_news.wait(seen);
    }
    waitUntilLoopHoldsNothing();
    return m_full.pop();
}

void FrameExchange::handBack(Slot* slot) {
    m_empty.push(slot);
}

void FrameExchange::leave() {
    m_state.store(State::Closing);
    waitUntilLoopHoldsNothing();
    m_state.store(State::Off);
}

void FrameExchange::waitUntilLoopHoldsNothing() const {
    while (m_holding.load()) // for the rest of one forward pass at most
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

} // namespace engine
