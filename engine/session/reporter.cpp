#include "engine/session/reporter.h"

#include <algorithm>
#include <numeric>

namespace engine {
namespace {

bool fits(const AttentionFrame& frame, const CaptureRequest& request, const Context& context) {
    const ModelConfig& c = context.model().config;
    return isPrepared(frame, request, c.layers, c.heads, context.cache().slots());
}

void makeRoom(AttentionFrame& frame, const CaptureRequest& request, const Context& context) {
    const ModelConfig& c = context.model().config;
    prepareFrame(frame, request, c.layers, c.heads, context.cache().slots());
}

} // namespace

void Reporter::prepare(const Context& context, std::uint64_t seed) {
    if (m_probes.recorder != nullptr)
        m_probes.recorder->describe({context.model().info.name, context.model().info.quantisation, seed});
    poll();
    if (m_probes.frames != nullptr)
        for (AttentionFrame& spare : m_spares)
            if (!fits(spare, m_request, context))
                makeRoom(spare, m_request, context);
    const ModelConfig& c = context.model().config;
    m_shares.resize(static_cast<std::size_t>(c.layers) * static_cast<std::size_t>(c.heads));
}

void Reporter::poll() {
    m_request = m_probes.capture ? m_probes.capture() : CaptureRequest{};
}

void Reporter::pollForToken() {
    poll();
    const bool recording = isRecording();
    const CaptureRequest now =
        m_governor.next(recording ? CaptureRequest{CaptureLevel::Record, m_request.rowLayer} : m_request);
    if (!recording)
        m_request = now;
}

AttentionFrame* Reporter::frame(const Context& context) {
    m_shown = nullptr;
    if (m_probes.frames == nullptr)
        return nullptr;
    AttentionFrame& back = m_probes.frames->back();
    if (!fits(back, m_request, context)) {
        const auto spare =
            std::find_if(m_spares.begin(), m_spares.end(), [&](const AttentionFrame& candidate) {
                return fits(candidate, m_request, context);
            });
        if (spare != m_spares.end())
            std::swap(back, *spare);
        else
            makeRoom(back, m_request, context); // Record was switched on in mid-answer
    }
    back.level = m_request.level;
    back.rowLayer = std::clamp(m_request.rowLayer, 0, context.model().config.layers - 1);
    m_shown = &back;
    return m_shown;
}

void Reporter::publish() {
    if (m_shown == nullptr)
        return;
    m_shown->sequence = ++m_sequence;
    m_probes.frames->publish();
    m_shown = nullptr;
}

AttentionFrame* Reporter::tokenFrame(const Context& context) {
    frame(context);
    m_recorded = m_probes.recorder != nullptr ? m_probes.recorder->take(context) : nullptr;
    if (m_recorded == nullptr)
        return m_shown;
    m_recorded->level = CaptureLevel::Record;
    m_recorded->rowLayer = 0;
    return m_recorded;
}

void Reporter::publishToken(TokenId token) {
    if (m_recorded != nullptr && m_shown != nullptr)
        copyForViews(*m_recorded, *m_shown);
    publish();
    if (m_recorded != nullptr)
        m_probes.recorder->put(token);
    m_recorded = nullptr;
}

void Reporter::release() {
    if (m_recorded != nullptr)
        m_probes.recorder->giveBack();
    m_shown = m_recorded = nullptr;
}

void Reporter::reset(const Context& context) {
    m_evictedBefore = context.cache().shape().ringStart;
    push({.type = JournalEvent::Type::Reset,
          .position = context.cache().shape().ringStart,
          .slot = context.cache().shape().sinks,
          .count = context.cache().ringSlots()});
}

void Reporter::rewound(StreamPosition next, StreamPosition oldest) {
    m_evictedBefore = std::min(m_evictedBefore, oldest);
    push({.type = JournalEvent::Type::Rewind, .position = next});
}

void Reporter::forgot(const Context& context) {
    evictBefore(context.cache().oldest());
}

void Reporter::prefill(JournalEvent::Type beginOrEnd, StreamPosition position, int tokens) {
    push({.type = beginOrEnd, .position = position, .count = tokens});
}

void Reporter::turn(StreamPosition position, std::int64_t messageId, Role role) {
    push({.type = JournalEvent::Type::Turn,
          .position = position,
          .source = {.messageId = messageId, .role = role}});
}

void Reporter::appended(const Context& context, const Ledger& ledger, StreamPosition first, int count) {
    if (m_probes.journal == nullptr)
        return;
    const SinkCache& cache = context.cache();
    const SinkCache::Shape& shape = cache.shape();
    StreamPosition position = first;
    for (int i = 0; i < count; ++i) {
        // An eviction is told with the token that no longer sees the old one, as in the frame of that token.
        if (!shape.dense && position >= shape.ringStart)
            evictBefore(position - shape.window);
        const Ledger::Token& token = ledger.at(position);
        push({.type = JournalEvent::Type::Append,
              .position = position,
              .slot = cache.slotOf(position),
              .count = 1,
              .token = token.id,
              .source = token.source});
        position = position + 1 == shape.sinks ? shape.ringStart : position + 1;
    }
}

void Reporter::evictBefore(StreamPosition oldest) {
    if (oldest <= m_evictedBefore)
        return;
    push({.type = JournalEvent::Type::Evict,
          .position = m_evictedBefore,
          .count = static_cast<std::int32_t>(oldest - m_evictedBefore)});
    m_evictedBefore = oldest;
}

void Reporter::scalars(StreamPosition position, float negativeLogLikelihood) {
    const AttentionFrame* filled = m_recorded != nullptr ? m_recorded : m_shown;
    if (filled == nullptr || !wantsScalars())
        return;
    const auto& heads = filled->headStats;
    std::transform(heads.begin(), heads.end(), m_shares.begin(),
                   [](const kernels::HeadStats& h) { return h.sinks; });
    const float mean =
        std::accumulate(m_shares.begin(), m_shares.end(), 0.0f) / static_cast<float>(m_shares.size());
    const auto percentile = [this](std::size_t percent) {
        const auto at = m_shares.begin() + static_cast<std::ptrdiff_t>((m_shares.size() - 1) * percent / 100);
        std::nth_element(m_shares.begin(), at, m_shares.end());
        return *at;
    };
    JournalEvent event{.type = JournalEvent::Type::Scalars, .position = position};
    event.values[0] = mean;
    event.values[1] = percentile(10);
    event.values[2] = percentile(90);
    event.values[3] = negativeLogLikelihood;
    push(event);
}

void Reporter::push(const JournalEvent& event) {
    if (m_probes.journal != nullptr)
        m_probes.journal->push(event);
}

} // namespace engine
