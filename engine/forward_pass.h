#pragma once
#include "engine/attention_frame.h"
#include "engine/context.h"
#include "engine/model.h"
#include "engine/step.h"

#include <initializer_list>
#include <memory>
#include <span>
#include <stop_token>

namespace engine {

/// The model graph, written once over kernels::Backend and following ModelConfig::block, and its scratch memory. Engine thread; owned by
/// Context.
class ForwardPass {
public:
    ForwardPass(const Model& model, int maxChunk);

    struct Batch {
        const Step& step;
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
    void block(int layer, const Rows& rows, const Batch& batch);
    void attention(int layer, kernels::Tensor input, const Rows& rows, const Batch& batch);
    void rotate(int rope, const Rows& rows, const Step& step);
    void feedForward(int layer, kernels::Tensor input, const Rows& rows);
    void norm(kernels::Tensor x, const Norm& norm, kernels::Tensor out);
    void addBranch(const Projection& projection, kernels::Tensor input, const Norm& after, const Rows& rows);
    void expect(kernels::Tensor x, std::initializer_list<const kernels::Weight*> weights);
    void expectLayer(kernels::Tensor x, int layer);
    void project(kernels::Tensor x, LogitsWanted wanted);

    const Model& m_model;
    const ModelConfig& m_config;
    kernels::Backend& m_backend;
    int m_maxChunk;
    std::unique_ptr<kernels::Buffer> m_x, m_normed; // (maxChunk, dim)
    std::unique_ptr<kernels::Buffer> m_second;      // (maxChunk, dim): parallel blocks with two norms
    std::unique_ptr<kernels::Buffer> m_query, m_cacheQuery, m_attended; // (maxChunk, heads * headDim)
    std::unique_ptr<kernels::Buffer> m_key, m_value;                    // (maxChunk, kvHeads * headDim)
    std::unique_ptr<kernels::Buffer> m_gate, m_up;                      // (maxChunk, ffnDim)
    std::unique_ptr<kernels::Buffer> m_lastLogits;                      // (1, vocabulary)
    std::unique_ptr<kernels::Buffer> m_allLogits; // (maxChunk, vocabulary), made when first wanted
    kernels::Tensor m_logits;
};

} // namespace engine
