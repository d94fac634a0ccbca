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
/// by and the runs of keys they see. The graph itself is the same for every step and names what it needs of them by number. Engine thread;
/// owned by Context.
class Step {
public:
    /// `cacheTokens`: the most positions a query is ever told, itself included.
    Step(const ModelConfig& config, int cacheTokens, int maxTokens);
    Step(const Step&) = delete; // the inputs point into it
    Step& operator=(const Step&) = delete;

    /// At most maxTokens; both spans are only read here, but `tokens` is kept until the next call. Not while the backend is at the step
    /// before.
    void set(std::span<const TokenId> tokens, std::span<const Place> places, const kernels::KvShape& shape);

    /// StepInputs::listed of the step that was set; kept until the next set().
    void list(std::span<const TokenId> tokens) { m_inputs.listed = tokens; }

    const kernels::StepInputs& inputs() const { return m_inputs; }
    std::int64_t tokens() const { return static_cast<std::int64_t>(m_inputs.tokens.size()); }
    /// p(t) == t for all of the step: nothing is forgotten yet, and one rotation serves both.
    bool oneRotation() const { return m_oneRotation; }
    /// The tables of the inputs' angles for one of ModelConfig::ropes: at the place in the stream, and at the place inside the cache,
    /// which is empty while that is the same. Queries have tables of their own while their family multiplies them by a temperature.
    int streamAngles(int rope) const { return 3 * rope; }
    int cacheAngles(int rope) const { return 3 * rope + 1; }
    int queryAngles(int rope) const { return m_isWarm ? 3 * rope + 2 : 3 * rope; }
    /// The inputs' view of layers with this window.
    int view(int window) const;

private:
    struct Angles {                              // (maxTokens, ropeDim) cos, sin pairs
        std::vector<float> stream, cache, query; // query: as stream, times the temperature
    };
    struct View { // of all layers that share a window
        int window;
        std::vector<kernels::KeyRun> runs;
        std::vector<std::int32_t> firstRun;
    };
    void setAngles(std::span<const Place> places);
    double temperatureAt(StreamPosition cachePosition) const;
    void setViews(std::span<const Place> places, const kernels::KvShape& shape);

    std::vector<RopeTable> m_tables;
    std::vector<Angles> m_angles; // one for each table
    std::vector<View> m_views;
    std::vector<std::int32_t> m_slots;
    bool m_oneRotation = true;
    float m_temperature;
    int m_temperatureLength;
    bool m_isWarm = false; // whether a query of the step is multiplied

    std::vector<std::span<const float>> m_angleSpans;
    std::vector<kernels::KeyView> m_viewSpans;
    kernels::StepInputs m_inputs;
};

/// Runs of what `place` sees in a layer that looks back at most `window` positions (0 = all): sinks, and the ring in one or two pieces.
/// A sink s is visible iff p(t) - s < window, as if the cache were the text. At most three.
void appendRuns(const Place& place, const kernels::KvShape& shape, int window,
                std::vector<kernels::KeyRun>& runs);

} // namespace engine
