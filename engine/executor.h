#pragma once
#include "engine/attention_frame.h"
#include "engine/forward_pass.h"

#include <memory>
#include <stop_token>
#include <vector>

namespace engine {

/// Runs steps of one model on its device: the graph and the scratch memory that it needs. Made once for a model and shared by all its
/// contexts, one call at a time; between two calls it holds nothing of theirs. Engine thread; owned by Model.
class Executor {
public:
    Executor(const ModelConfig& config, const Weights& weights, kernels::Backend& backend);

    /// Room for steps of this many tokens; shorter ones use a part of it. By every context when it is made, so that
    /// what does not fit fails then. Throws where memory is short; then there is no room at all until the next run() makes it.
    void reserve(int tokens);

    struct Batch {
        const Step& step;
        kernels::KvCache& cache;
        LogitsWanted wanted = LogitsWanted::Last;
        kernels::Tensor logits;            // (1 or nTokens, vocabulary), the context's; not for None
        kernels::TopLogits* top = nullptr; // of the last token's logits; null: not looked for
        AttentionFrame* capture = nullptr; // sized by prepareFrame(); null costs nothing
    };
    /// One whole step: when it returns, logits and capture are there. False when it stopped between two layers: then the cache may hold a
    /// part of the batch (or, where operations are recorded, nothing of it), and the caller takes it back.
    bool run(const Batch& batch, const std::stop_token& stop);

private:
    ForwardPass::Rows rows(std::int64_t tokens);

    const ModelConfig& m_config;
    kernels::Backend& m_backend;
    ForwardPass m_forward;
    int m_tokens = 0; // that there is room for
    struct Scratch {  // as ForwardPass::Rows
        std::unique_ptr<kernels::Buffer> x, normed, second, query, cacheQuery, attended, key, value, gate, up,
            router, gates, parts;
        std::unique_ptr<kernels::ExpertChoice> choice, gateShare, gateWinner;
    } m_scratch;
    std::vector<kernels::AttentionCapture> m_captures; // (layers): they live until the step is done
};

} // namespace engine
