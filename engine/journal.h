#pragma once
#include "engine/types.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace engine {

/// What happened to the cache, in order and without loss: from it the slot table at any moment can be rebuilt.
struct JournalEvent {
    enum class Type : std::uint8_t {
        Append, // one token: position, slot, token, source
        Evict, // `count` tokens from `position` on are no longer visible; comes before the Append of the first token
               // that does not see them
        Rewind, // the stream goes back: `position` is the next one; what was evicted stays so
        Scalars, // of the token at `position`: values = mean sink share, p10, p90 over heads (-1: not captured), -log p of it
        PrefillBegin, // `count` tokens will be read
        PrefillEnd,
        Turn, // a message starts at `position`; source.messageId
        Reset // a new, empty cache: slot = sink slots, count = ring slots, position = of the first ring token
    };
    Type type = Type::Append;
    StreamPosition position = 0;
    std::int32_t slot = 0;
    std::int32_t count = 0;
    TokenId token = 0;
    TokenSource source = {};
    float values[4] = {0, 0, 0, 0};
};

/// Single producer (engine thread), single consumer (main thread), fixed memory. A full ring drops events, counts them and tells the
/// reader once (gap); the writer never waits. A sixteenth of it is kept for Reset, Rewind and Turn, without which what follows the gap
/// would be misunderstood: Append and Evict name their place in the stream by themselves.
class Journal {
public:
    explicit Journal(std::size_t capacity = 65536); // a power of two
    void push(const JournalEvent& event);           // engine thread
    /// Main thread: everything since the last call, in order. `lost` = events dropped before them.
    void take(std::vector<JournalEvent>& out, std::uint64_t& lost);

private:
    std::unique_ptr<JournalEvent[]> m_items;
    std::size_t m_mask;
    alignas(64) std::atomic<std::uint64_t> m_head{0}; // writer
    alignas(64) std::atomic<std::uint64_t> m_tail{0}; // reader
    alignas(64) std::atomic<std::uint64_t> m_lost{0};
};

} // namespace engine
