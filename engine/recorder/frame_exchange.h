#pragma once
#include "engine/attention_frame.h"
#include "engine/recorder.h"
#include "engine/recorder/record_file.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

namespace engine {

/// Frames go from the decode loop, which fills them, to the thread that writes them, and back.
///
///     Off -- open() --> Opening -- take() --> Shaped -- begin() --> Ready -- close() --> Closing -- leave() --> Off
///           (main)             (the loop tells        (the writer                                (the writer)
///                               what it will fill)     has brought frames)
///     close(), by anybody, also leads from Opening and Shaped to Closing.
///
/// The loop never allocates, locks or waits here. One main thread, one decode loop, one writer.
class FrameExchange {
public:
    struct Slot {
        AttentionFrame frame;
        TokenId token = 0;
        std::uint64_t number = 0; // of the token, dropped ones counted
    };
    static constexpr std::size_t MostSlots = 16;

    void open();  // main thread, while it is Off
    void close(); // any thread; does nothing when it is closed

    // Decode loop:
    bool isOn() const;
    /// A frame to fill for the next token; null: none now. A shape other than the one told first closes the exchange.
    AttentionFrame* take(const RecordShape& shape, WhenBehind behind);
    bool isOff() const { return m_state.load(std::memory_order_relaxed) == State::Off; }
    bool holds() const { return m_held != nullptr; }
    void put(TokenId token); // it was filled
    void giveBack();         // it was not; nothing happens without one

    // Writer:
    bool waitForShape(); // false: closed before the loop told it
    const RecordShape& shape() const { return m_shape; }
    /// At most MostSlots, which live until leave() has returned. False: closed meanwhile.
    bool begin(std::span<Slot* const> slots);
    Slot*
    next(); // the next filled one; sleeps until there is one. Null: closed, and all have been handed out
    void handBack(Slot* slot);                                  // may be filled again
    bool shapeChanged() const { return m_shapeChanged.load(); } // that is why it closed
    void leave(); // from now on the loop holds nothing; closes if need be

    std::uint64_t dropped() const { return m_dropped.load(std::memory_order_relaxed); } // any thread

private:
    enum class State : int { Off, Opening, Shaped, Ready, Closing };

    /// Slots from one thread to one other, in order. As large as there are slots, so it is never full.
    class Ring {
    public:
        void push(Slot* slot);
        Slot* pop();
        void clear() { m_head = m_tail = 0; } // while neither side uses it

    private:
        std::array<Slot*, MostSlots> m_items{};
        std::atomic<std::size_t> m_head{0}, m_tail{0};
    };
    void tell();
    void waitUntilLoopHoldsNothing() const;

    std::atomic<State> m_state{State::Off};
    std::atomic<int> m_news{0}; // counts what the writer should look at
    // `m_holding` and `m_state` are sequentially consistent: either the loop sees that the exchange closes, or the writer sees that
    // the loop still has a frame.
    std::atomic<bool> m_holding{false};
    std::atomic<bool> m_shapeChanged{false};
    std::atomic<std::uint64_t> m_dropped{0};
    Ring m_empty, m_full; // writer -> decode loop, decode loop -> writer

    RecordShape m_shape; // written by the loop while Opening, constant afterwards
    Slot* m_held = nullptr;
    Slot* m_spare = nullptr; // was taken and given back unfilled
    std::uint64_t m_number = 0;
};

} // namespace engine
