#pragma once
#include "engine/types.h"
#include "kernels/capture.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

namespace engine {

/// How much of attention is looked at. Each includes the ones before.
enum class CaptureLevel : std::uint8_t {
    Map,    // C0: the cache's layout only, free
    Shares, // C1: HeadStats of every head
    Mass,   // C2: + the mean weight of every slot
    Rows,   // C3: + all rows of one layer
    Record  // C4: + all rows of all layers
};

struct CaptureRequest {
    CaptureLevel level = CaptureLevel::Map;
    int rowLayer = 0; // for Rows
    bool operator==(const CaptureRequest&) const = default;
};

/// One picture of attention: what the newest token did. Latest wins; may be skipped. All vectors are preallocated.
struct AttentionFrame {
    std::uint64_t sequence = 0;
    CaptureLevel level = CaptureLevel::Map;
    StreamPosition position = 0; // of the query
    int layers = 0, heads = 0;
    int sinkSlots = 0, ringSlots = 0;
    int sinkCount = 0;               // visible sinks
    StreamPosition ringStart = 0;    // slot(t) = sinkSlots + (t - ringStart) mod ringSlots
    StreamPosition oldest = 0;       // oldest visible ring token
    StreamPosition sinkPosition = 0; // position inside the cache that the model is told
    int rowLayer = 0;
    std::vector<kernels::HeadStats> headStats; // (layers * heads)
    std::vector<float> slotMass;               // (slots) mean over layers and heads; sums to 1
    std::vector<float> rows; // (heads, slots) of rowLayer, or (layers, heads, slots) when level is Record
};

struct Place;
class Model;
class SinkCache;

/// Makes room for what `request` asks, so that capturing allocates nothing.
void prepareFrame(AttentionFrame& frame, const CaptureRequest& request, int layers, int heads, int slots);
bool isPrepared(const AttentionFrame& frame, const CaptureRequest& request, int layers, int heads, int slots);
/// Context's part: the layout before a forward pass (frame.level and rowLayer are the caller's), the mean over the heads after it.
void describeFrame(AttentionFrame& frame, const Model& model, const SinkCache& cache, const Place& place);
void finishFrame(AttentionFrame& frame);
/// What the views asked for (shown.level and rowLayer; memory prepared) out of a frame of level Record.
void copyForViews(const AttentionFrame& recorded, AttentionFrame& shown);

/// A mailbox where only the newest counts: one writer, one reader, nobody waits. The writer fills back() and publishes it.
template <class T>
class Latest {
public:
    T& back() { return m_items[m_write]; } // writer
    void publish() {
        m_write = m_middle.exchange(m_write | Fresh, std::memory_order_acq_rel) & Mask;
    } // writer
    /// Reader: true when front() is new since the last call.
    bool fetch() {
        if (!(m_middle.load(std::memory_order_relaxed) & Fresh))
            return false;
        m_read = m_middle.exchange(m_read, std::memory_order_acq_rel) & Mask;
        return true;
    }
    const T& front() const { return m_items[m_read]; } // reader

private:
    static constexpr std::uint32_t Fresh = 4, Mask = 3;
    std::array<T, 3> m_items{};
    alignas(64) std::atomic<std::uint32_t> m_middle{1};
    alignas(64) std::uint32_t m_write = 0;
    alignas(64) std::uint32_t m_read = 2;
};

} // namespace engine
