#include "app/inspector_history.h"

#include <algorithm>
#include <cmath>

namespace app {

using engine::StreamPosition;

std::uint8_t toLogByte(float weight) {
    if (!(weight > 0))
        return 0;
    const float place = (std::log10(weight) + 6.0f) / 6.0f; // 1e-6 .. 1
    return static_cast<std::uint8_t>(1 + std::lround(std::clamp(place, 0.0f, 1.0f) * 254.0f));
}

float fromLogByte(std::uint8_t byte) {
    return byte == 0 ? 0.0f : std::pow(10.0f, static_cast<float>(byte - 1) / 254.0f * 6.0f - 6.0f);
}

void InspectorHistory::reset(int sinkSlots, int ringSlots, StreamPosition ringStart) {
    *this = InspectorHistory();
    m_sinkSlots = sinkSlots;
    m_ringSlots = ringSlots;
    m_begin = m_ringStart = m_oldest = std::max<StreamPosition>(sinkSlots, ringStart);
}

InspectorHistory::Past* InspectorHistory::past(StreamPosition position) {
    return const_cast<Past*>(static_cast<const InspectorHistory*>(this)->past(position));
}

const InspectorHistory::Past* InspectorHistory::past(StreamPosition position) const {
    if (position < 0)
        return nullptr;
    if (position < static_cast<StreamPosition>(m_sinkPast.size()))
        return &m_sinkPast[static_cast<std::size_t>(position)];
    if (position < m_begin || position >= m_begin + static_cast<StreamPosition>(m_ring.size()))
        return nullptr;
    return &m_ring[static_cast<std::size_t>(position - m_begin)];
}

void InspectorHistory::append(const engine::JournalEvent& event) {
    Past past;
    past.token = {event.position, event.token, event.source, 0};
    past.oldest = m_oldest;
    m_next = event.position + 1;
    // Sinks that got lost have a place, too.
    while (static_cast<StreamPosition>(m_sinkPast.size()) <
           std::min<StreamPosition>(event.position, m_sinkSlots)) {
        m_sinks.emplace_back();
        m_sinkPast.emplace_back();
    }
    if (event.slot < m_sinkSlots) {
        m_sinks.push_back(past.token);
        m_sinkPast.push_back(past);
        return;
    }
    bridgeGap(event.position);
    m_ring.push_back(past);
    if (static_cast<int>(m_ring.size()) > MaxTokens) {
        m_ring.pop_front();
        ++m_begin;
    }
}

// After events were lost: the missing tokens have a place, so that those after them keep theirs, but no text.
void InspectorHistory::bridgeGap(StreamPosition next) {
    StreamPosition end = m_begin + static_cast<StreamPosition>(m_ring.size());
    if (next - end > MaxTokens) {
        m_ring.clear();
        m_begin = end = next - MaxTokens;
    }
    for (; end < next; ++end) {
        Past unknown;
        unknown.oldest = m_oldest;
        m_ring.push_back(unknown);
    }
    while (static_cast<int>(m_ring.size()) > MaxTokens) {
        m_ring.pop_front();
        ++m_begin;
    }
}

void InspectorHistory::evict(StreamPosition first, int count) {
    Eviction eviction{QDateTime::currentDateTime(), first, m_next, count, 0, count > 1};
    for (StreamPosition position = first; position < first + count; ++position) {
        if (const Past* gone = past(position))
            eviction.received += gone->token.received;
    }
    m_oldest = std::max(m_oldest, first + count);
    const bool continuesRun = !m_evictions.empty() && !m_evictions.back().atOnce &&
                              m_evictions.back().first + m_evictions.back().count == first && count == 1 &&
                              m_evictions.back().at + m_evictions.back().count >= m_next - 64 &&
                              m_evictions.back().count < 64;
    if (continuesRun) { // one by one: kept as one line of the list
        m_evictions.back().count += count;
        m_evictions.back().received += eviction.received;
        return;
    }
    m_evictions.push_back(eviction);
    if (m_evictions.size() > 4096)
        m_evictions.pop_front();
}

void InspectorHistory::rewind(StreamPosition next) {
    if (!m_ring.empty())
        bridgeGap(next);
    while (!m_ring.empty() && m_ring.back().token.position >= next)
        m_ring.pop_back();
    while (!m_sinkPast.empty() && m_sinkPast.back().token.position >= next) {
        m_sinkPast.pop_back();
        m_sinks.pop_back();
    }
    while (!m_frames.empty() && m_frames.back().position >= next)
        m_frames.pop_back();
    while (!m_turns.empty() && m_turns.back().position >= next)
        m_turns.pop_back();
    m_next = next;
    m_oldest = std::min(m_oldest, std::max(next, m_ringStart));
}

void InspectorHistory::setScalars(StreamPosition position, const float values[4]) {
    if (Past* token = past(position))
        token->scalars = {values[0] >= 0, values[0], values[1], values[2], values[3]};
}

void InspectorHistory::markTurn(const engine::JournalEvent& event) {
    m_turns.push_back({event.position, event.source});
    if (m_turns.size() > 4096)
        m_turns.pop_front();
}

void InspectorHistory::record(const engine::AttentionFrame& picture) {
    if (picture.level < engine::CaptureLevel::Shares)
        return;
    Frame frame;
    frame.position = picture.position;
    frame.layers = picture.layers;
    frame.heads = picture.heads;
    frame.sinkPosition = picture.sinkPosition;
    const auto share = [](float value) {
        return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0f, 1.0f) * 255.0f));
    };
    for (const auto& head : picture.headStats) {
        frame.shares.push_back(share(head.slot0));
        frame.shares.push_back(share(head.sinks));
        frame.shares.push_back(share(head.recent));
        frame.keys.push_back(
            static_cast<std::uint16_t>(std::clamp(head.effectiveKeys * 8.0f, 0.0f, 65535.0f)));
    }
    if (picture.level >= engine::CaptureLevel::Mass) {
        frame.mass.reserve(picture.slotMass.size());
        for (const float weight : picture.slotMass)
            frame.mass.push_back(toLogByte(weight));
        for (int slot = 0; slot < picture.sinkCount && slot < static_cast<int>(m_sinks.size()); ++slot) {
            m_sinks[static_cast<std::size_t>(slot)].received +=
                picture.slotMass[static_cast<std::size_t>(slot)];
        }
        for (StreamPosition position = picture.oldest; position <= picture.position; ++position) {
            const auto slot =
                picture.sinkSlots + (position - picture.ringStart) % std::max(1, picture.ringSlots);
            if (Past* token = past(position); token && position >= m_begin)
                token->token.received += picture.slotMass[static_cast<std::size_t>(slot)];
        }
    }
    m_frames.push_back(std::move(frame));
    if (static_cast<int>(m_frames.size()) > MaxFrames)
        m_frames.pop_front();
}

const InspectedToken* InspectorHistory::token(StreamPosition position) const {
    if (position >= 0 && position < static_cast<StreamPosition>(m_sinks.size()))
        return &m_sinks[static_cast<std::size_t>(position)];
    const Past* found = past(position);
    return found ? &found->token : nullptr;
}

TokenScalars InspectorHistory::scalars(StreamPosition position) const {
    const Past* found = past(position);
    return found ? found->scalars : TokenScalars();
}

StreamPosition InspectorHistory::oldestAt(StreamPosition position) const {
    const Past* found = past(position);
    return found ? found->oldest : m_oldest;
}

const InspectorHistory::Frame* InspectorHistory::frame(StreamPosition position) const {
    const auto found =
        std::lower_bound(m_frames.begin(), m_frames.end(), position,
                         [](const Frame& frame, StreamPosition value) { return frame.position < value; });
    return found != m_frames.end() && found->position == position ? &*found : nullptr;
}

} // namespace app
