#pragma once
#include "engine/capture_governor.h"
#include "engine/context.h"
#include "engine/journal.h"
#include "engine/session.h"
#include "engine/session/ledger.h"

#include <array>
#include <vector>

namespace engine {

/// Tells the observer what happens to the cache: journal events, attention frames, per-token numbers. Engine
/// thread; owned by Session. After prepare() it neither allocates, locks nor waits.
class Reporter {
public:
    void watch(Probes probes) { m_probes = std::move(probes); }
    /// Before a run: the spare frames are made here, so that none is needed later.
    void prepare(const Context& context, std::uint64_t seed);

    /// Asks for the level wanted now; while an answer is written the governor may lower it.
    void poll();
    void pollForToken();
    void tokenDone(double seconds) { m_governor.tokenDone(seconds); }
    /// The frame to hand to Context::feed, or null.
    AttentionFrame* frame(const Context& context);
    /// The frame has been filled: the reader may have it.
    void publish();
    /// The same for a decoded token. While it is recorded the recorder's frame is filled, and what the views asked for is copied
    /// out of it. What was not published by then, an error or a stop having come between, is given back by release().
    AttentionFrame* tokenFrame(const Context& context);
    void publishToken(TokenId token);
    void release();

    void reset(const Context& context);
    /// The stream goes back to `next`; its view begins at `oldest`, or later.
    void rewound(StreamPosition next, StreamPosition oldest);
    void forgot(const Context& context); // the window's edge was moved
    void prefill(JournalEvent::Type beginOrEnd, StreamPosition position, int tokens);
    void turn(StreamPosition position, std::int64_t messageId, Role role);
    void appended(const Context& context, const Ledger& ledger, StreamPosition first, int count);
    /// Of the generated token at `position`, from the frame just filled.
    void scalars(StreamPosition position, float negativeLogLikelihood);
    const CaptureGovernor& governor() const { return m_governor; }
    bool wantsScalars() const {
        return m_probes.journal != nullptr && m_request.level >= CaptureLevel::Shares;
    }
    /// Each token has to be read by itself, because its attention is asked for.
    bool looksAtTokens() const { return m_request.level > CaptureLevel::Map || isRecording(); }

private:
    void push(const JournalEvent& event);
    void evictBefore(StreamPosition oldest);
    bool isRecording() const { return m_probes.recorder != nullptr && m_probes.recorder->isOn(); }

    Probes m_probes;
    CaptureRequest m_request; // of the next forward pass
    CaptureGovernor m_governor;
    std::array<AttentionFrame, 3> m_spares; // swapped in where a frame of the mailbox is too small
    std::vector<float> m_shares;            // scratch, (layers * heads)
    AttentionFrame* m_shown = nullptr;      // of the mailbox: goes to the views next
    AttentionFrame* m_recorded = nullptr;   // of the recorder: is filled in its place
    StreamPosition m_evictedBefore = 0;     // what the journal has been told
    std::uint64_t m_sequence = 0;
};

} // namespace engine
