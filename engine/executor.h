#pragma once
#include "engine/attention_frame.h"
#include "engine/forward_pass.h"

#include <memory>
#include <stop_token>
#include <vector>

namespace engine {

/// Runs steps of one model on its device, or on two: the graph and the scratch memory that it needs. Made once for a model and shared by
/// all its contexts, one call at a time; between two calls it holds nothing of theirs. Engine thread; owned by Model.
class Executor {
public:
    /// `other` is what the layers before Weights::firstLayerOfDevice are on; null where there are none.
    Executor(const ModelConfig& config, const Weights& weights, kernels::Backend& device,
             kernels::Backend* other = nullptr);

    /// Room for steps of this many tokens; shorter ones use a part of it. By every context when it is made, so that
    /// what does not fit fails then. Throws where memory is short; then there is no room at all until the next run() makes it.
    void reserve(int tokens);
    /// Numbers of scratch memory for each token.
    static std::int64_t scratchCols(const ModelConfig& config);
    /// Each layer's keys and values are where the layer is. As kernels::Backend::makeKvCache().
    std::unique_ptr<kernels::KvCache> makeKvCache(const kernels::KvShape& shape) const;

    struct Batch {
        const Step& step;
        kernels::KvCache& cache; // from makeKvCache()
        LogitsWanted wanted = LogitsWanted::Last;
        kernels::Tensor logits;            // (1 or nTokens, vocabulary), the context's; not for None
        kernels::TopLogits* top = nullptr; // of the last token's logits; null: not looked for
        AttentionFrame* capture = nullptr; // sized by prepareFrame(); null costs nothing
    };
    /// One whole step: when it returns, logits and capture are there. False when it stopped between two layers: then the cache may hold a
    /// part of the batch (or, where operations are recorded, nothing of it), and the caller takes it back.
    bool run(const Batch& batch, const std::stop_token& stop);

private:
    struct Scratch { // as ForwardPass::Rows
        std::unique_ptr<kernels::Buffer> x, normed, second, query, cacheQuery, attended, key, value, gate, up,
            router, gates, parts;
        std::unique_ptr<kernels::ExpertChoice> choice, gateShare, gateWinner;
    };
    struct ScratchPart {
        std::unique_ptr<kernels::Buffer> Scratch::*buffer;
        std::int64_t cols;
    };
    /// The layers of one backend.
    struct Part {
        kernels::Backend& backend;
        LayerRange range;
        ForwardPass forward;
        Scratch scratch;
        bool isBegun = false; // a step that did not come to its end
    };
    static std::vector<ScratchPart> scratchParts(const ModelConfig& config);
    /// `x` is what the part before has left, and then what this one has.
    bool runPart(Part& part, const Batch& batch, kernels::Tensor& x, const std::stop_token& stop);
    kernels::KvCache& layersOf(const Part& part, kernels::KvCache& cache) const;
    ForwardPass::Rows rows(const Scratch& scratch, std::int64_t tokens) const;

    const ModelConfig& m_config;
    std::vector<Part> m_parts;                         // one or two, in the order of the graph
    int m_tokens = 0;                                  // that there is room for
    std::vector<kernels::AttentionCapture> m_captures; // (layers): they live until the step is done
};

} // namespace engine
