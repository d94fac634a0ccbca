#include "app/inspector_feed.h"

#include "engine/tokenizer.h"

#include <algorithm>

namespace app {

using engine::JournalEvent;
using engine::StreamPosition;

namespace {
constexpr int RepaintMs = 33;
constexpr float AverageOver = 8.0f; // tokens
} // namespace

int InspectorSnapshot::slotOf(StreamPosition tokenPosition) const {
    if (tokenPosition >= 0 && tokenPosition < sinkCount)
        return static_cast<int>(tokenPosition);
    if (tokenPosition < oldest || tokenPosition > position || ringSlots == 0)
        return -1;
    return sinkSlots + static_cast<int>((tokenPosition - ringStart) % ringSlots);
}

float InspectorSnapshot::meanSinkShare() const {
    float sum = 0;
    for (const auto& head : headStats)
        sum += head.sinks;
    return headStats.empty() ? 0 : sum / static_cast<float>(headStats.size());
}

double InspectorSnapshot::uniformShare() const {
    return keys() > 0 ? static_cast<double>(sinkCount) / keys() : 0;
}

InspectorFeed::InspectorFeed(EnginePort& engine, QObject* parent) : QObject(parent), m_engine(engine) {
    m_repaint.setSingleShot(true);
    m_repaint.setInterval(RepaintMs);
    connect(&m_repaint, &QTimer::timeout, this, [this] {
        takeFrame();
        rebuildLive();
        Q_EMIT changed();
    });
    // The engine's signals are the only clock: nothing runs while nothing happens.
    connect(&engine, &EnginePort::textGenerated, this,
            [this](engine::RequestId, const QString&, int, const engine::CacheStatus& status) {
                note(status, Moment::Busy);
            });
    connect(&engine, &EnginePort::readProgress, this,
            [this](engine::RequestId, int, int, const engine::CacheStatus& status) {
                note(status, Moment::Busy);
            });
    connect(&engine, &EnginePort::finished, this,
            [this](engine::RequestId, const engine::GenerationResult&, const engine::CacheStatus& status) {
                note(status, Moment::AtRest);
            });
    connect(&engine, &EnginePort::modelLoaded, this,
            [this](engine::RequestId, const engine::ModelInfo& info) {
                m_tokenizer = info.tokenizer;
                drain();
            });
}

InspectorFeed::~InspectorFeed() = default;

void InspectorFeed::setWanted(engine::CaptureRequest request) {
    if (request == m_wanted)
        return;
    m_wanted = request;
    m_engine.setCapture(request);
}

engine::CaptureRequest InspectorFeed::wanted() const {
    return m_wanted;
}
const InspectorSnapshot& InspectorFeed::live() const {
    return m_live;
}
const InspectorHistory& InspectorFeed::history() const {
    return m_history;
}
const engine::CacheStatus& InspectorFeed::status() const {
    return m_status;
}
quint64 InspectorFeed::sequence() const {
    return m_sequence;
}

QString InspectorFeed::tokenText(engine::TokenId token) const {
    return m_tokenizer ? QString::fromStdString(m_tokenizer->displayText(token)) : QString();
}

void InspectorFeed::catchUp(std::shared_ptr<const engine::Tokenizer> tokenizer,
                            const engine::CacheStatus& status) {
    m_tokenizer = std::move(tokenizer);
    note(status, Moment::AtRest);
    if (m_repaint.isActive()) { // at once: the views are about to be seen
        m_repaint.stop();
        takeFrame();
        rebuildLive();
        Q_EMIT changed();
    }
}

void InspectorFeed::note(const engine::CacheStatus& status, Moment moment) {
    const bool countsAnew = status.visible != m_status.visible || status.forgotten != m_status.forgotten;
    m_status = status;
    drain();
    if (countsAnew && !m_repaint.isActive()) // the end of an answer is no event of the journal
        m_repaint.start();
    // While tokens come the journal may be some of them ahead of the status.
    const qint64 leftOut = status.forgotten - forgottenAfter(m_history.next() - 1, m_history.oldest());
    m_leftOut = std::max<qint64>(leftOut, moment == Moment::AtRest ? 0 : m_leftOut);
}

/// Of the tokens read into this stream what the token behind `position` will not see. `oldest`: of the ring tokens
/// that the one at `position` saw; a full window leaves out one more for the next.
qint64 InspectorFeed::forgottenAfter(StreamPosition position, StreamPosition oldest) const {
    const StreamPosition seenNext =
        m_status.window > 0 ? std::max(oldest, position + 1 - m_status.window) : oldest;
    return seenNext - m_history.ringStart();
}

void InspectorFeed::drain() {
    engine::Journal* journal = m_engine.journal();
    if (!journal)
        return;
    m_events.clear();
    std::uint64_t lost = 0;
    journal->take(m_events, lost);
    for (const JournalEvent& event : m_events)
        apply(event);
    m_history.noteLost(lost); // after a reset among the events, which begins a new count
    if (!m_events.empty() && !m_repaint.isActive())
        m_repaint.start();
}

void InspectorFeed::apply(const JournalEvent& event) {
    switch (event.type) {
    case JournalEvent::Type::Append:
        m_history.append(event);
        break;
    case JournalEvent::Type::Evict:
        m_history.evict(event.position, event.count);
        break;
    case JournalEvent::Type::Rewind:
        m_history.rewind(event.position);
        if (m_history.forgotten() == 0)
            m_leftOut = 0; // it may be another chat
        break;
    case JournalEvent::Type::Scalars:
        m_history.setScalars(event.position, event.values);
        break;
    case JournalEvent::Type::Turn:
        m_history.markTurn(event);
        break;
    case JournalEvent::Type::Reset:
        m_history.reset(event.slot, event.count, event.position);
        m_live = InspectorSnapshot();
        m_leftOut = 0;
        m_averagedUpTo = -1;
        Q_EMIT wasReset();
        break;
    case JournalEvent::Type::PrefillBegin:
    case JournalEvent::Type::PrefillEnd:
        break;
    }
}

void InspectorFeed::takeFrame() {
    auto* frames = m_engine.frames();
    if (!frames || !frames->fetch())
        return;
    const engine::AttentionFrame& frame = frames->front();
    // A picture of a stream that has been left meanwhile says nothing about this one.
    if (frame.sinkSlots != m_history.sinkSlots() || frame.ringSlots != m_history.ringSlots() ||
        frame.position >= m_history.next())
        return;
    m_history.record(frame);
    m_live.layers = frame.layers;
    m_live.heads = frame.heads;
    m_live.sinkPosition = frame.sinkPosition;
    m_live.position = frame.position;
    m_live.oldest = frame.oldest;
    m_live.ringStart = frame.ringStart;
    m_live.sinkCount = frame.sinkCount;
    m_live.hasAttention = frame.level >= engine::CaptureLevel::Shares;
    m_live.headStats = frame.headStats;
    m_live.slotMass = frame.level >= engine::CaptureLevel::Mass ? frame.slotMass : std::vector<float>();
    m_live.rowLayer = frame.level == engine::CaptureLevel::Rows ? frame.rowLayer : -1;
    m_live.rows = frame.level == engine::CaptureLevel::Rows ? frame.rows : std::vector<float>();
    auto& average = m_live.averageMass;
    if (average.size() != m_live.slotMass.size() || m_averagedUpTo < 0)
        average = m_live.slotMass;
    for (std::size_t slot = 0; slot < average.size(); ++slot)
        average[slot] += (m_live.slotMass[slot] - average[slot]) / AverageOver;
    // A slot that has been written anew starts its average anew.
    for (StreamPosition position = std::max(m_averagedUpTo + 1, frame.oldest); position <= frame.position;
         ++position) {
        if (const int slot = m_live.slotOf(position);
            slot >= 0 && static_cast<std::size_t>(slot) < average.size())
            average[static_cast<std::size_t>(slot)] = m_live.slotMass[static_cast<std::size_t>(slot)];
    }
    m_averagedUpTo = frame.position;
}

void InspectorFeed::rebuildLive() {
    ++m_sequence;
    const bool frameIsCurrent = m_live.hasAttention && m_live.position < m_history.next();
    if (!frameIsCurrent || m_wanted.level == engine::CaptureLevel::Map) {
        m_live.hasAttention = false;
        m_live.position = std::max<StreamPosition>(0, m_history.next() - 1);
        m_live.oldest = m_history.oldest();
        m_live.ringStart = m_history.ringStart();
        m_live.sinkCount = static_cast<int>(m_history.sinks().size());
        m_live.sinkPosition = m_live.sinkCount + (m_live.position - m_live.oldest);
    }
    m_live.sinkSlots = m_history.sinkSlots();
    m_live.ringSlots = m_history.ringSlots();
    m_live.window = m_status.window;
    m_live.forgotten = m_status.forgotten; // also of tokens read since that picture
    m_live.forgottenIsAbout = m_status.forgottenIsAbout;
    m_live.hasLayout = !m_history.empty();
    m_live.slots.assign(static_cast<std::size_t>(m_live.sinkSlots + m_live.ringSlots), InspectedToken());
    for (int slot = 0; slot < m_live.sinkCount; ++slot)
        m_live.slots[static_cast<std::size_t>(slot)] = m_history.sinks()[static_cast<std::size_t>(slot)];
    for (StreamPosition position = m_live.oldest; position <= m_live.position; ++position) {
        const InspectedToken* token = m_history.token(position);
        if (const int slot = m_live.slotOf(position); token && slot >= 0)
            m_live.slots[static_cast<std::size_t>(slot)] = *token;
    }
}

InspectorSnapshot InspectorFeed::at(StreamPosition position) const {
    if (position == m_live.position)
        return m_live;
    InspectorSnapshot shot;
    shot.hasLayout = position >= 0 && position < m_history.next();
    shot.quantised = true;
    shot.position = position;
    shot.oldest = m_history.oldestAt(position);
    shot.ringStart = m_history.ringStart();
    shot.sinkSlots = m_history.sinkSlots();
    shot.ringSlots = m_history.ringSlots();
    shot.window = m_status.window;
    shot.forgotten = m_leftOut + forgottenAfter(position, shot.oldest);
    shot.forgottenIsAbout = m_status.forgottenIsAbout;
    shot.sinkCount = static_cast<int>(std::min<StreamPosition>(position + 1, shot.sinkSlots));
    shot.sinkPosition = shot.sinkCount + std::max<StreamPosition>(0, position - shot.oldest);
    shot.slots.resize(static_cast<std::size_t>(shot.sinkSlots + shot.ringSlots));
    for (int slot = 0; slot < shot.sinkCount; ++slot)
        shot.slots[static_cast<std::size_t>(slot)] = *m_history.token(slot);
    for (StreamPosition inView = shot.oldest; inView <= position; ++inView) {
        const InspectedToken* token = m_history.token(inView);
        if (const int slot = shot.slotOf(inView); token && slot >= 0)
            shot.slots[static_cast<std::size_t>(slot)] = *token;
    }
    const InspectorHistory::Frame* frame = m_history.frame(position);
    if (!frame)
        return shot;
    shot.hasAttention = true;
    shot.layers = frame->layers;
    shot.heads = frame->heads;
    shot.sinkPosition = frame->sinkPosition;
    shot.headStats.resize(frame->keys.size());
    for (std::size_t head = 0; head < frame->keys.size(); ++head) {
        auto& stats = shot.headStats[head];
        stats.slot0 = static_cast<float>(frame->shares[head * 3]) / 255.0f;
        stats.sinks = static_cast<float>(frame->shares[head * 3 + 1]) / 255.0f;
        stats.recent = static_cast<float>(frame->shares[head * 3 + 2]) / 255.0f;
        stats.effectiveKeys = static_cast<float>(frame->keys[head]) / 8.0f;
    }
    for (const std::uint8_t byte : frame->mass)
        shot.slotMass.push_back(fromLogByte(byte));
    return shot;
}

} // namespace app
