#include "engine/step.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace engine {
namespace {

constexpr std::size_t MOST_RUNS = 3;

} // namespace

Step::Step(const ModelConfig& config, int cacheTokens, int maxTokens)
    : m_temperature(config.attention.temperature), m_temperatureLength(config.attention.temperatureLength) {
    const auto most = static_cast<std::size_t>(maxTokens);
    m_slots.reserve(most);
    for (const RopeConfig& rope : config.ropes) {
        m_tables.emplace_back(rope, cacheTokens);
        const std::size_t angles = most * static_cast<std::size_t>(m_tables.back().ropeDim());
        m_angles.push_back({std::vector<float>(angles), std::vector<float>(angles),
                            std::vector<float>(m_temperature > 0 ? angles : 0)});
    }
    m_angleSpans.resize(3 * m_tables.size());
    for (const LayerConfig& layer : config.layerConfigs) {
        const auto same = [&](const View& view) { return view.window == layer.window; };
        if (std::any_of(m_views.begin(), m_views.end(), same))
            continue;
        m_views.push_back({layer.window, {}, {}});
        m_views.back().runs.reserve(most * MOST_RUNS);
        m_views.back().firstRun.reserve(most + 1);
    }
    m_viewSpans.resize(m_views.size());
}

void Step::set(std::span<const TokenId> tokens, std::span<const Place> places,
               const kernels::KvShape& shape) {
    assert(tokens.size() == places.size() && tokens.size() <= m_slots.capacity());
    m_slots.clear();
    for (const Place& place : places)
        m_slots.push_back(place.slot);
    setAngles(places);
    setViews(places, shape);
    m_inputs = {tokens, m_slots, m_angleSpans, m_viewSpans};
}

void Step::setAngles(std::span<const Place> places) {
    m_oneRotation = std::all_of(places.begin(), places.end(),
                                [](const Place& place) { return place.position == place.sinkPosition; });
    m_isWarm = std::any_of(places.begin(), places.end(),
                           [&](const Place& place) { return temperatureAt(place.sinkPosition) != 1.0; });
    for (std::size_t rope = 0; rope < m_tables.size(); ++rope) {
        const RopeTable& table = m_tables[rope];
        const auto length = static_cast<std::size_t>(table.ropeDim());
        Angles& angles = m_angles[rope];
        for (std::size_t i = 0; i < places.size(); ++i) {
            const auto part = [&](std::vector<float>& all) {
                return std::span(all).subspan(i * length, length);
            };
            const double factor = temperatureAt(places[i].sinkPosition);
            table.fill(places[i].position, part(angles.stream));
            if (m_isWarm)
                table.fill(places[i].position, part(angles.query), factor);
            if (!m_oneRotation)
                table.fill(places[i].sinkPosition, part(angles.cache), factor);
        }
        const std::size_t all = places.size() * length;
        m_angleSpans[3 * rope] = std::span(angles.stream).first(all);
        m_angleSpans[3 * rope + 1] = std::span(angles.cache).first(m_oneRotation ? 0 : all);
        m_angleSpans[3 * rope + 2] = std::span(angles.query).first(m_isWarm ? all : 0);
    }
}

// 1 exactly up to the length of the first training.
double Step::temperatureAt(StreamPosition cachePosition) const {
    if (m_temperature == 0 || cachePosition < m_temperatureLength)
        return 1.0;
    return 1.0 + static_cast<double>(m_temperature) *
                     std::log(1.0 + static_cast<double>(cachePosition / m_temperatureLength));
}

void Step::setViews(std::span<const Place> places, const kernels::KvShape& shape) {
    for (std::size_t i = 0; i < m_views.size(); ++i) {
        View& view = m_views[i];
        view.runs.clear();
        view.firstRun.assign(1, 0);
        for (const Place& place : places) {
            appendRuns(place, shape, view.window, view.runs);
            view.firstRun.push_back(static_cast<std::int32_t>(view.runs.size()));
        }
        m_viewSpans[i] = {view.runs, view.firstRun};
    }
}

int Step::view(int window) const {
    const auto found =
        std::find_if(m_views.begin(), m_views.end(), [&](const View& view) { return view.window == window; });
    assert(found != m_views.end());
    return static_cast<int>(found - m_views.begin());
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
