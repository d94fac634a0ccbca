#pragma once
#include "app/engine_port.h"
#include "app/inspector_history.h"

#include <QObject>
#include <QTimer>

#include <memory>
#include <vector>

namespace app {

/// One moment of the cache and of attention, ready to be drawn. A value: views keep a copy and never look
/// back.
struct InspectorSnapshot {
    bool hasLayout = false;    // there is a cache with tokens
    bool hasAttention = false; // headStats and slotMass are filled
    bool quantised = false;    // from the history (u8), not the live numbers
    engine::CacheMode mode = engine::CacheMode::Streaming;
    engine::StreamPosition position = 0; // of the token whose attention this is
    engine::StreamPosition oldest = 0;   // oldest visible ring token
    engine::StreamPosition ringStart = 0;
    engine::StreamPosition sinkPosition = 0; // the position inside the cache that the model is told
    int layers = 0, heads = 0;
    int sinkSlots = 0, ringSlots = 0, sinkCount = 0;
    int window = 0;       // ring tokens in view when full
    qint64 forgotten = 0; // tokens of the chat, as engine::CacheStatus counts them
    bool forgottenIsAbout = false;
    std::vector<InspectedToken> slots; // (sinkSlots + ringSlots); position -1 = free or no longer visible
    std::vector<kernels::HeadStats> headStats; // (layers * heads)
    std::vector<float> slotMass;               // (slots), sums to 1
    std::vector<float> averageMass;            // (slots), moving average over 8 tokens (live only)
    int rowLayer = -1;                         // rows are of this layer; -1: none
    std::vector<float> rows;                   // (heads, slots), live only

    /// Keys that the token at `position` looked at, its own included: in a full window one more than the tokens
    /// in view, which are what the next token finds (engine::CacheStatus::visible).
    int keys() const { return sinkCount + static_cast<int>(position < oldest ? 0 : position - oldest + 1); }
    int slotOf(engine::StreamPosition tokenPosition) const; // -1: not in view
    float meanSinkShare() const;
    double uniformShare() const; // sinks / keys(): the baseline a sink share is read against
};

/// What the Inspector knows: drains the engine's journal (lossless) and newest picture, keeps the slot table,
/// the history, evictions and turns. Main thread only; owned by ChatController's owner; painting nothing,
/// deciding nothing.
class InspectorFeed : public QObject {
    Q_OBJECT
public:
    explicit InspectorFeed(EnginePort& engine, QObject* parent = nullptr);
    ~InspectorFeed() override;

    /// What the views need; hidden means CaptureLevel::Map.
    void setWanted(engine::CaptureRequest request);
    engine::CaptureRequest wanted() const;

    /// What happened before this feed existed or while nobody listened: everything that waits in the journal.
    void catchUp(std::shared_ptr<const engine::Tokenizer> tokenizer, const engine::CacheStatus& status);

    /// Newest moment; cheap when nothing has changed (same sequence number).
    const InspectorSnapshot& live() const;
    /// Rebuilt from the history; position must be within history(). Attention is quantised; not recorded:
    /// hasAttention is false.
    InspectorSnapshot at(engine::StreamPosition position) const;
    const InspectorHistory& history() const;
    /// The engine's newest count of what is in view and forgotten: the one that the status line shows.
    const engine::CacheStatus& status() const;
    /// The token's text for people ("\n", " boat"); empty without a model.
    QString tokenText(engine::TokenId token) const;
    quint64 sequence() const; // grows with every change of live()

Q_SIGNALS:
    void changed(); // at most every 33 ms while tokens come
    void wasReset();

private:
    void drain();
    enum class Moment { Busy, AtRest };
    void note(const engine::CacheStatus& status, Moment moment);
    qint64 forgottenAfter(engine::StreamPosition position, engine::StreamPosition oldest) const;
    void takeFrame();
    void apply(const engine::JournalEvent& event);
    void rebuildLive();

    EnginePort& m_engine;
    engine::CaptureRequest m_wanted;
    InspectorHistory m_history;
    InspectorSnapshot m_live;
    std::shared_ptr<const engine::Tokenizer> m_tokenizer;
    std::vector<engine::JournalEvent> m_events; // reused
    QTimer m_repaint;
    quint64 m_sequence = 0;
    engine::CacheStatus m_status;
    qint64 m_leftOut = 0; // tokens of the chat that were never read into this stream, and are forgotten, too
    engine::StreamPosition m_averagedUpTo = -1;
};

} // namespace app
