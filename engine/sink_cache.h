#pragma once
#include "engine/types.h"

#include <cstdint>
#include <vector>

namespace engine {

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
    /// What was in view at some moment. Valid while the stream only grows behind it or goes back to it: what is written in the
    /// place of tokens in front of the mark's end kills it.
    struct Mark {
        StreamPosition next = 0;   // position of the next token
        StreamPosition oldest = 0; // of the view
    };
    explicit SinkCache(const Shape& shape);

    int ringSlots() const;
    int slots() const;
    const Shape& shape() const;

    /// Places for the next n <= maxChunk tokens; advances the stream. Pure arithmetic, no allocation beyond `out`.
    void append(int n, std::vector<Place>& out);
    /// The window's edge moves forward to `position` (a message start): turn-aligned eviction. Never backward.
    void forgetBefore(StreamPosition position);
    /// Takes back the newest tokens so that `position` is the next one. What was forgotten stays forgotten: false when less is visible
    /// now than a fresh read up to here would show. Sinks before `position` stay.
    bool rewind(StreamPosition position);

    Mark mark() const { return {next(), oldest()}; }
    /// Exactly the same in view as at the mark, what was forgotten since included. False when slots of that have been written again
    /// since, which takes more than maxChunk tokens in a full ring; then nothing happens.
    bool rollBack(const Mark& mark);
    /// The stream ends at `next` and its view begins at `oldest`, which is not before oldestIntact().
    void goTo(StreamPosition next, StreamPosition oldest);
    /// The first ring token whose slot does not hold a newer one by now, in view or not.
    StreamPosition oldestIntact() const;
    /// What was behind the end will never be asked for again: all marks are dead, and what is in view is intact.
    void forgetMarks();

    /// Back to a saved state of a cache with the same shape.
    void restore(StreamPosition next, StreamPosition oldest);

    StreamPosition next() const; // position of the next token
    StreamPosition
    length() const;   // tokens in the stream; differs from next() by the gap before a late ringStart
    int room() const; // tokens that still fit (dense; otherwise no limit)
    StreamPosition oldest() const;    // lo: oldest ring token that the next query will see
    int sinkCount() const;            // sinks that are filled
    int visible() const;              // tokens the next query will see, without itself
    StreamPosition forgotten() const; // tokens no longer visible
    bool full() const;                // dense only: no room
    /// The stream position visible in a slot, or -1.
    StreamPosition positionOf(int slot) const;
    int slotOf(StreamPosition position) const;

private:
    Shape m_shape;
    StreamPosition m_next = 0;
    StreamPosition m_oldest = 0;
    StreamPosition m_written = 0; // up to here slots have been written, taken back or not
};

} // namespace engine
