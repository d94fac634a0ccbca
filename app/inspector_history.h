#pragma once
#include "engine/attention_frame.h"
#include "engine/journal.h"

#include <QDateTime>
#include <QList>

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace app {

struct InspectedToken {
    engine::StreamPosition position = -1;
    engine::TokenId token = 0;
    engine::TokenSource source;
    float received =
        0; // attention received so far, summed over the frames that were seen (mean over heads, per query)
};

/// Scalars of one token, lossless through the journal.
struct TokenScalars {
    bool known = false;
    float sinkShare = 0, p10 = 0, p90 = 0; // mean and spread over heads
    float surprise = 0;                    // -log p of the token, nats
};

struct Eviction {
    QDateTime time;
    engine::StreamPosition first = 0, at = 0; // first token that went; position of the stream then
    int count = 0;
    float received = 0;  // attention its tokens had received
    bool atOnce = false; // in one go, to make room; else one after the other as tokens came
};

struct TurnMark {
    engine::StreamPosition position = 0;
    engine::TokenSource source;
};

/// The past of one stream: every token that was read (a bounded number of the newest), the window's edge at
/// each, its scalars, and for tokens whose attention was looked at a quantised copy of it. Main thread; plain
/// data.
class InspectorHistory {
public:
    static constexpr int MaxTokens =
        8192 + 4096; // tokens remembered: the scrubbing range and a window before it
    static constexpr int MaxFrames = 8192;

    void reset(int sinkSlots, int ringSlots, engine::StreamPosition ringStart);
    void append(const engine::JournalEvent& event);
    void evict(engine::StreamPosition first, int count);
    void rewind(engine::StreamPosition next);
    void setScalars(engine::StreamPosition position, const float values[4]);
    void markTurn(const engine::JournalEvent& event);
    void record(const engine::AttentionFrame& frame); // quantises; adds received attention to the tokens

    bool empty() const { return m_next == 0; }
    engine::StreamPosition next() const { return m_next; }
    engine::StreamPosition begin() const { return m_begin; } // oldest ring token remembered
    engine::StreamPosition ringStart() const { return m_ringStart; }
    engine::StreamPosition oldest() const { return m_oldest; } // visible now
    int sinkSlots() const { return m_sinkSlots; }
    int ringSlots() const { return m_ringSlots; }
    const std::vector<InspectedToken>& sinks() const { return m_sinks; }
    const InspectedToken* token(engine::StreamPosition position) const; // null: forgotten by the history too
    TokenScalars scalars(engine::StreamPosition position) const;
    /// The oldest ring token that was visible to the token at `position`.
    engine::StreamPosition oldestAt(engine::StreamPosition position) const;
    const std::deque<Eviction>& evictions() const { return m_evictions; }
    const std::deque<TurnMark>& turns() const { return m_turns; }
    std::uint64_t lostEvents() const { return m_lost; }
    void noteLost(std::uint64_t count) { m_lost += count; }
    engine::StreamPosition forgotten() const { return m_oldest - m_ringStart; }

    /// The quantised attention of a token: head shares to 1/255, slot weights logarithmic (at most 2.8 %
    /// off).
    struct Frame {
        engine::StreamPosition position = 0;
        int layers = 0, heads = 0;
        engine::StreamPosition sinkPosition = 0;
        std::vector<std::uint8_t> shares; // (layers * heads) x slot0, sinks, recent
        std::vector<std::uint16_t> keys;  // (layers * heads) effective keys x 8
        std::vector<std::uint8_t> mass;   // (slots)
    };
    const Frame* frame(engine::StreamPosition position) const;

private:
    struct Past {
        InspectedToken token;
        TokenScalars scalars;
        engine::StreamPosition oldest = 0;
    };
    Past* past(engine::StreamPosition position);
    void bridgeGap(engine::StreamPosition next);
    const Past* past(engine::StreamPosition position) const;

    int m_sinkSlots = 0, m_ringSlots = 0;
    engine::StreamPosition m_next = 0, m_begin = 0, m_ringStart = 0, m_oldest = 0;
    std::vector<InspectedToken> m_sinks;
    std::vector<Past> m_sinkPast;
    std::deque<Past> m_ring; // positions m_begin ..
    std::deque<Eviction> m_evictions;
    std::deque<TurnMark> m_turns;
    std::deque<Frame> m_frames;
    std::uint64_t m_lost = 0;
};

/// 0, or 1e-6 .. 1 on a logarithmic scale of 254 steps.
std::uint8_t toLogByte(float weight);
float fromLogByte(std::uint8_t byte);

} // namespace app
