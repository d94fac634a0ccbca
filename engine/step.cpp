#include "engine/step.h"

#include <algorithm>
#include <cassert>

namespace engine {
namespace {

constexpr std::size_t MOST_RUNS = 3;

} // namespace

Step::Step(const ModelConfig& config, int cacheTokens, int maxTokens) : m_ropeDim(config.ropeDim) {
    const auto most = static_cast<std::size_t>(maxTokens);
    m_slots.reserve(most);
    for (const RopeConfig& rope : config.ropes) {
        m_tables.emplace_back(rope, config.ropeDim, cacheTokens);
        m_angles.push_back(
            {std::vector<float>(most * index(m_ropeDim)), std::vector<float>(most * index(m_ropeDim))});
    }
    for (const LayerConfig& layer : config.layerConfigs) {
        const auto same = [&](const Views& views) { return views.window == layer.window; };
        if (std::any_of(m_views.begin(), m_views.end(), same))
            continue;
        m_views.push_back({layer.window, {}, {}});
        m_views.back().runs.reserve(most * MOST_RUNS);
        m_views.back().spans.reserve(most);
    }
}

void Step::set(std::span<const TokenId> tokens, std::span<const Place> places,
               const kernels::KvShape& shape) {
    assert(tokens.size() == places.size() && tokens.size() <= m_slots.capacity());
    m_tokens = tokens;
    m_slots.clear();
    for (const Place& place : places)
        m_slots.push_back(place.slot);
    fillAngles(places);
    for (Views& views : m_views) {
        views.runs.clear();
        views.spans.clear();
        for (const Place& place : places) {
            const std::size_t first = views.runs.size();
            appendRuns(place, shape, views.window, views.runs);
            views.spans.push_back({views.runs.data() + first, views.runs.size() - first});
        }
    }
}

void Step::fillAngles(std::span<const Place> places) {
    const std::size_t length = index(m_ropeDim);
    m_oneRotation = std::all_of(places.begin(), places.end(),
                                [](const Place& place) { return place.position == place.sinkPosition; });
    for (std::size_t table = 0; table < m_tables.size(); ++table)
        for (std::size_t i = 0; i < places.size(); ++i) {
            const auto part = [&](std::vector<float>& all) {
                return std::span(all).subspan(i * length, length);
            };
            m_tables[table].fill(places[i].position, part(m_angles[table].stream));
            if (!m_oneRotation)
                m_tables[table].fill(places[i].sinkPosition, part(m_angles[table].cache));
        }
}

std::span<const std::span<const kernels::KeyRun>> Step::runs(int window) const {
    const auto found = std::find_if(m_views.begin(), m_views.end(),
                                    [&](const Views& views) { return views.window == window; });
    assert(found != m_views.end());
    return found->spans;
}

void appendRuns(const Place& place, const kernels::KvShape& shape, int window,
                std::vector<kernels::KeyRun>& runs) {
    const VisibleKeys& view = place.view;
    const StreamPosition own = place.sinkPosition; // inside the cache
    const int firstSink =
        window > 0 ? static_cast<int>(std::clamp<StreamPosition>(own - window + 1, 0, view.sinkCount)) : 0;
    if (firstSink < view.sinkCount)
        runs.push_back({firstSink, view.sinkCount - firstSink, InCache, own - firstSink});
    const int count = window > 0 ? std::min(window, view.ringCount) : view.ringCount;
    if (count == 0)
        return;
    const int first = (view.ringFirst + view.ringCount - count) % shape.ringSlots;
    const int unbroken = std::min(count, shape.ringSlots - first);
    runs.push_back({shape.sinkSlots + first, unbroken, InStream, count - 1});
    if (unbroken < count)
        runs.push_back({shape.sinkSlots, count - unbroken, InStream, count - unbroken - 1});
}

} // namespace engine
