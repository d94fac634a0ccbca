#pragma once
#include "engine/attention_frame.h"
#include "engine/model.h"
#include "engine/rope_table.h"
#include "engine/sink_cache.h"
#include "engine/stream.h"

#include <initializer_list>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

namespace engine {

/// The model graph, written once over kernels::Backend, and its scratch memory. Engine thread; owned by
/// Stream.
class ForwardPass {
public:
    ForwardPass(const Model& model, int maxChunk);

    struct Batch {
        std::span<const TokenId> tokens; // at most maxChunk
        std::span<const Place> places;   // one per token
        kernels::KvCache* cache = nullptr;
        LogitsWanted wanted = LogitsWanted::Last;
        AttentionFrame* capture = nullptr; // sized by prepareFrame(); null costs nothing
    };
    /// False when it stopped between two layers: then the cache holds a part of the batch and the caller
    /// takes it back.
    bool run(const Batch& batch, const std::stop_token& stop);
    /// (1 or nTokens, vocabulary) of the last run; valid until the backend's next operation.
    std::span<const float> logits() const;

private:
    struct Rows; // scratch cut to the batch
    void rotate(const Rows& rows, const Batch& batch);
    void attention(int layer, const Rows& rows, const Batch& batch);
    void feedForward(int layer, kernels::Tensor x, const Rows& rows);
    void expect(kernels::Tensor x, std::initializer_list<const kernels::Weight*> weights);
    void expectLayer(kernels::Tensor x, int layer);
    void project(kernels::Tensor x, LogitsWanted wanted);

    const Model& m_model;
    RopeTable m_rope;
    int m_maxChunk;
    std::unique_ptr<kernels::Buffer> m_x, m_normed;                    // (maxChunk, dim)
    std::unique_ptr<kernels::Buffer> m_query, m_sinkQuery, m_attended; // (maxChunk, heads * headDim)
    std::unique_ptr<kernels::Buffer> m_key, m_value;                   // (maxChunk, kvHeads * headDim)
    std::unique_ptr<kernels::Buffer> m_gate, m_up;                     // (maxChunk, ffnDim)
    std::unique_ptr<kernels::Buffer> m_lastLogits;                     // (1, vocabulary)
    std::unique_ptr<kernels::Buffer> m_allLogits; // (maxChunk, vocabulary), made when first wanted
    kernels::Tensor m_logits;
    std::vector<float> m_ringAngles, m_sinkAngles; // (maxChunk, ropeDim) cos, sin pairs
    bool m_oneRotation = true;                     // p(t) == t for the whole batch: nothing is forgotten yet
    std::vector<kernels::QueryView> m_views;
    std::vector<std::int32_t> m_slots;
};

} // namespace engine
