#pragma once
#include "engine/types.h"

#include <cstdint>
#include <vector>

namespace engine {

/// A run of cached tokens that share one offset between stream and cache positions. Two today (sinks, ring); more when recalled
/// text comes back.
struct Segment {
    int firstSlot;              // its first token's slot
    int count;                  // tokens visible
    StreamPosition streamStart; // its first token's position in the stream
    int cacheOffset;            // its first token's position inside the cache
};

/// Which cached keys a token may see: sink slots [0, sinkCount) and ring slots ringFirst, ringFirst + 1, ... modulo the ring's length,
/// ringCount of them, the newest last.
struct VisibleKeys {
    std::int32_t sinkCount = 0;
    std::int32_t ringFirst = 0; // 0 .. ringSlots-1
    std::int32_t ringCount = 0;
};

/// Where one new token goes and what it may see.
struct Place {
    StreamPosition position;     // in the stream; the key and the ring query are rotated here
    StreamPosition sinkPosition; // p(t) = S + (t - lo(t)): the sink query is rotated here
    int slot;                    // in the KvCache
    VisibleKeys view;            // includes the token itself
};

/// The book-keeping of StreamingLLM with rotate-once keys: integers only, no tensors (Xiao et al., section 3.2).
/// Stream positions 0 .. sinks-1 are the sinks; ring tokens start at ringStart >= sinks. slot(t) = S + (t - ringStart) mod R, with
/// R = window + maxChunk so that a chunk never overwrites what its own first token may still see.
/// C = sinks + window past tokens are visible; the token itself comes on top. Engine thread; owned by Context.
class SinkCache {
public:
    struct Shape {
        int sinks = 0;
        int window = 0;     // past ring tokens visible
        int maxChunk = 1;   // tokens in flight
        bool dense = false; // no eviction; full at `window` tokens
        StreamPosition ringStart =
            0; // 0 means = sinks; larger starts the ring's stream positions there (tests, measurements)
    };
    explicit SinkCache(const Shape& shape);

    int ringSlots() const;
    int slots() const;
    const Shape& shape() const;

    /// Places for the next n <= maxChunk tokens; advances the stream. Pure arithmetic, no allocation beyond `out`.
    void append(int n, std::vector<Place>& out);
    /// The window's edge moves forward to `position` (a message start): turn-aligned eviction. Never backward.
    void forgetBefore(StreamPosition position);
    /// The reference's evict_for_space(n): edge so that window - n past tokens remain (floor 0).
    void evictForSpace(int comingTokens);
    /// Takes back the newest tokens so that `position` is the next one. What was forgotten stays forgotten: false when less is visible
    /// now than a fresh read up to here would show. Sinks before `position` stay.
    bool rewind(StreamPosition position);

    /// Back to a saved state of a cache with the same shape.
    void restore(StreamPosition next, StreamPosition oldest);

    StreamPosition next() const; // position of the next token
    StreamPosition
    read() const;     // tokens in the stream so far; differs from next() by the gap before a late ringStart
    int room() const; // tokens that still fit (dense; otherwise no limit)
    StreamPosition oldest() const;    // lo: oldest ring token that the next query will see
    int sinkCount() const;            // sinks that are filled
    int visible() const;              // tokens the next query will see, without itself
    StreamPosition forgotten() const; // tokens no longer visible
    bool full() const;                // dense only: no room
    std::vector<Segment> segments() const;
    /// The stream position visible in a slot, or -1.
    StreamPosition positionOf(int slot) const;
    int slotOf(StreamPosition position) const;

private:
    Shape m_shape;
    StreamPosition m_next = 0;
    StreamPosition m_oldest = 0;
};

} // namespace engine
