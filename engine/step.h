#pragma once
#include "engine/model_config.h"
#include "engine/rope_table.h"
#include "engine/sink_cache.h"
#include "engine/types.h"
#include "kernels/backend.h"

#include <span>
#include <vector>

namespace engine {

/// The ways in which a query meets keys: kernels::KeyRun::query.
enum QueryRotation : std::int32_t { InStream = 0, InCache = 1 };

/// Everything of a forward pass that changes from step to step, as numbers of the host: where the tokens go, the angles they are rotated
/// by and the runs of keys they see. The graph itself is the same for every step. Engine thread; owned by Context.
class Step {
public:
    struct Angles {                // (maxTokens, ropeDim) cos, sin pairs
        std::vector<float> stream; // at the place in the stream
        std::vector<float> cache;  // at the place inside the cache; empty while it is the same
    };

    /// `cacheTokens`: the most positions a query is ever told, itself included.
    Step(const ModelConfig& config, int cacheTokens, int maxTokens);

    /// At most maxTokens; both spans are only read here, but `tokens` is kept until the next call.
    void set(std::span<const TokenId> tokens, std::span<const Place> places, const kernels::KvShape& shape);

    std::span<const TokenId> tokens() const { return m_tokens; }
    std::span<const std::int32_t> slots() const { return m_slots; }
    /// p(t) == t for all of the step: nothing is forgotten yet, and one rotation serves both.
    bool oneRotation() const { return m_oneRotation; }
    std::span<const float> streamAngles(int rope) const { return anglesOf(m_angles[index(rope)].stream); }
    std::span<const float> cacheAngles(int rope) const { return anglesOf(m_angles[index(rope)].cache); }
    /// What each token sees in layers of this window, oldest first.
    std::span<const std::span<const kernels::KeyRun>> runs(int window) const;

private:
    struct Views { // of all layers that share a window
        int window;
        std::vector<kernels::KeyRun> runs;
        std::vector<std::span<const kernels::KeyRun>> spans;
    };
    static std::size_t index(int i) { return static_cast<std::size_t>(i); }
    std::span<const float> anglesOf(const std::vector<float>& all) const {
        return std::span(all).first(m_tokens.size() * index(m_ropeDim));
    }
    void fillAngles(std::span<const Place> places);

    int m_ropeDim;
    std::vector<RopeTable> m_tables;
    std::vector<Angles> m_angles; // one for each table
    std::vector<Views> m_views;   // one for each window
    std::span<const TokenId> m_tokens;
    std::vector<std::int32_t> m_slots;
    bool m_oneRotation = true;
};

/// Runs of what `place` sees in a layer that looks back at most `window` positions (0 = all): sinks, and the ring in one or two pieces.
/// A sink s is visible iff p(t) - s < window, as if the cache were the text. At most three.
void appendRuns(const Place& place, const kernels::KvShape& shape, int window,
                std::vector<kernels::KeyRun>& runs);

} // namespace engine
