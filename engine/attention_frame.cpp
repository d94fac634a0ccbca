#include "engine/attention_frame.h"

#include "engine/model.h"
#include "engine/sink_cache.h"

#include <algorithm>

namespace engine {

void prepareFrame(AttentionFrame& frame, const CaptureRequest& request, int layers, int heads, int slots) {
    const auto headCount = static_cast<std::size_t>(layers) * static_cast<std::size_t>(heads);
    const auto slotCount = static_cast<std::size_t>(slots);
    frame.headStats.resize(headCount);
    frame.slotMass.resize(slotCount);
    // Room for one layer's rows always: turning a row on in mid-answer costs no allocation.
    const std::size_t rows =
        request.level == CaptureLevel::Record ? headCount : static_cast<std::size_t>(heads);
    frame.rows.resize(rows * slotCount);
}

bool isPrepared(const AttentionFrame& frame, const CaptureRequest& request, int layers, int heads,
                int slots) {
    const auto headCount = static_cast<std::size_t>(layers) * static_cast<std::size_t>(heads);
    const auto slotCount = static_cast<std::size_t>(slots);
    const std::size_t rows =
        request.level == CaptureLevel::Record ? headCount : static_cast<std::size_t>(heads);
    return frame.headStats.size() == headCount && frame.slotMass.size() == slotCount &&
           frame.rows.size() == rows * slotCount;
}

void describeFrame(AttentionFrame& frame, const Model& model, const SinkCache& cache, const Place& place) {
    frame.position = place.position;
    frame.layers = model.config.layers;
    frame.heads = model.config.heads;
    frame.sinkSlots = cache.shape().sinks;
    frame.ringSlots = cache.ringSlots();
    frame.sinkCount = place.view.sinkCount;
    frame.ringStart = cache.shape().ringStart;
    frame.oldest = place.view.ringCount > 0 ? place.position - place.view.ringCount + 1 : frame.ringStart;
    frame.sinkPosition = place.sinkPosition;
    if (frame.level >= CaptureLevel::Mass)
        std::fill(frame.slotMass.begin(), frame.slotMass.end(), 0.0f);
}

void copyForViews(const AttentionFrame& recorded, AttentionFrame& shown) {
    shown.position = recorded.position;
    shown.layers = recorded.layers;
    shown.heads = recorded.heads;
    shown.sinkSlots = recorded.sinkSlots;
    shown.ringSlots = recorded.ringSlots;
    shown.sinkCount = recorded.sinkCount;
    shown.ringStart = recorded.ringStart;
    shown.oldest = recorded.oldest;
    shown.sinkPosition = recorded.sinkPosition;
    std::copy(recorded.headStats.begin(), recorded.headStats.end(), shown.headStats.begin());
    std::copy(recorded.slotMass.begin(), recorded.slotMass.end(), shown.slotMass.begin());
    const auto layerRows =
        static_cast<std::ptrdiff_t>(recorded.heads) * static_cast<std::ptrdiff_t>(recorded.slotMass.size());
    const auto first =
        recorded.rows.begin() + (shown.level == CaptureLevel::Record ? 0 : shown.rowLayer * layerRows);
    std::copy_n(first, shown.rows.size(), shown.rows.begin());
}

void finishFrame(AttentionFrame& frame) {
    if (frame.level < CaptureLevel::Mass)
        return;
    const float share = 1.0f / static_cast<float>(frame.layers * frame.heads);
    for (float& mass : frame.slotMass)
        mass *= share;
}

} // namespace engine
