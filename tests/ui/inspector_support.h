#pragma once
#include "app/inspector_feed.h"
#include "engine/tokenizer.h"
#include "tests/support/patience.h"

#include <QSignalSpy>

#include <deque>
#include <random>

namespace test {

/// An engine that only shows: a journal, pictures, and the signals that make the feed look. Plays
/// StreamingLLM by the book, with plain loops, so that it can serve as the oracle for what the Inspector
/// shows.
class ShowEngine : public app::EnginePort {
    Q_OBJECT
public:
    ShowEngine(int sinkCount, int windowTokens, int layerCount = 2, int headCount = 3)
        : sinks(sinkCount), window(windowTokens), ringSlots(windowTokens + 9), layers(layerCount),
          heads(headCount) {}

    engine::Reply load(const QString&, const engine::LoadOptions&) override { return engine::Reply(1); }
    engine::Reply chat(engine::ChatRequest) override { return engine::Reply(2); }
    engine::Reply compare(engine::CompareRequest request) override {
        compares.push_back(std::move(request));
        return engine::Reply(3);
    }
    void setCapture(engine::CaptureRequest request) override { captures.push_back(request); }
    void setPaused(bool value) override { writingPaused = value; }
    engine::Latest<engine::AttentionFrame>* frames() override { return &m_frames; }
    engine::Journal* journal() override { return &m_journal; }

    void reset() {
        engine::JournalEvent event;
        event.type = engine::JournalEvent::Type::Reset;
        event.position = sinks; // where the ring begins
        event.slot = sinks;
        event.count = ringSlots;
        m_journal.push(event);
        next = 0;
        visible.clear();
    }

    int slotOf(engine::StreamPosition position) const {
        return position < sinks ? static_cast<int>(position)
                                : sinks + static_cast<int>((position - sinks) % ringSlots);
    }

    /// One token: when the window is full its oldest one leaves, then this one is written to its slot.
    void token(engine::TokenId id, engine::TokenSource source = {}) {
        if (next >= sinks && static_cast<int>(visible.size()) > window)
            evict(1);
        engine::JournalEvent event;
        event.type = engine::JournalEvent::Type::Append;
        event.position = next;
        event.slot = slotOf(next);
        event.token = id;
        event.source = source;
        m_journal.push(event);
        if (next >= sinks)
            visible.push_back(next);
        ++next;
    }

    void evict(int count) {
        engine::JournalEvent event;
        event.type = engine::JournalEvent::Type::Evict;
        event.position = visible.front();
        event.count = count;
        m_journal.push(event);
        visible.erase(visible.begin(), visible.begin() + count);
    }

    engine::AttentionFrame& frame() {
        engine::AttentionFrame& frame = m_frames.back();
        frame.level = engine::CaptureLevel::Mass;
        frame.position = next - 1;
        frame.layers = layers;
        frame.heads = heads;
        frame.sinkSlots = sinks;
        frame.ringSlots = ringSlots;
        frame.sinkCount = static_cast<int>(std::min<engine::StreamPosition>(next, sinks));
        frame.ringStart = sinks;
        frame.oldest = visible.empty() ? sinks : visible.front();
        frame.sinkPosition = frame.sinkCount + (next - 1 - frame.oldest);
        frame.headStats.assign(static_cast<std::size_t>(layers * heads), kernels::HeadStats{});
        frame.slotMass.assign(static_cast<std::size_t>(sinks + ringSlots), 0.0f);
        frame.rowLayer = -1;
        frame.rows.clear();
        return frame;
    }
    void publish() { m_frames.publish(); }

    /// Lets the feed look; returns when it has told the views.
    void show(app::InspectorFeed& feed) {
        QSignalSpy changed(&feed, &app::InspectorFeed::changed);
        engine::CacheStatus status;
        const int filledSinks = static_cast<int>(std::min<engine::StreamPosition>(next, sinks));
        const int ring =
            std::min(static_cast<int>(visible.size()), window); // without the next token's own key
        status.window = window;
        status.sinks = sinks;
        status.capacity = sinks + window;
        status.visible = filledSinks + ring;
        status.forgotten = leftOut + next - status.visible;
        Q_EMIT textGenerated(2, QString(), 1, status);
        if (changed.isEmpty())
            changed.wait(test::PatienceMs);
    }

    const int sinks, window, ringSlots, layers, heads;
    engine::StreamPosition next = 0;
    std::deque<engine::StreamPosition> visible; // ring tokens in view, oldest first
    std::int64_t leftOut = 0;                   // tokens of the chat that were not read
    std::vector<engine::CaptureRequest> captures;
    std::vector<engine::CompareRequest> compares;
    bool writingPaused = false;

private:
    engine::Journal m_journal;
    engine::Latest<engine::AttentionFrame> m_frames;
};

} // namespace test
