#pragma once
#include "engine/model/weights.h"
#include "engine/model_config.h"
#include "engine/step.h"

#include <cstdint>
#include <span>
#include <stop_token>

namespace engine {

enum class LogitsWanted : std::uint8_t { None, Last, All };

/// Layers that run on one backend, one after another: all of a model, or a part of it.
struct LayerRange {
    int first = 0, end = 0;
};

/// The model graph, written once over kernels::Backend and following ModelConfig::block. Has no memory of its own. The embedding is in front
/// of layer 0 and logits come behind the last layer. Engine thread; owned by Executor.
class ForwardPass {
public:
    ForwardPass(const ModelConfig& config, const Weights& weights, kernels::Backend& backend,
                LayerRange range)
        : m_config(config), m_weights(weights), m_backend(backend), m_range(range) {}

    /// Scratch memory, as many rows as the step has tokens.
    struct Rows {
        kernels::Tensor x, normed; // (nTokens, dim)
        kernels::Tensor second;    // (nTokens, dim): a second branch, where it needs rows of its own
        kernels::Tensor query, cacheQuery, attended; // (nTokens, heads * headDim), of the widest layer
        kernels::Tensor key, value;                  // (nTokens, kvHeads * headDim), of the widest layer
        kernels::Tensor gate, up;                    // (nTokens, ffnDim), or as large as mixtures need
        kernels::Tensor router;                      // (nTokens, experts)
        kernels::Tensor gates;                       // (nTokens, 2): a shared expert's, and 0
        kernels::Tensor parts;                       // (nTokens * experts used, dim)
        kernels::ExpertChoice* choice = nullptr;     // mixtures
        /// Of a gate and 0 the larger: its share of both, and itself.
        kernels::ExpertChoice *gateShare = nullptr, *gateWinner = nullptr;
    };
    struct Batch {
        const Step& step;
        kernels::KvCache& cache; // of the range's layers
        Rows rows;
        LogitsWanted wanted = LogitsWanted::Last;
        kernels::Tensor logits;                        // (1 or nTokens, vocabulary); not for None
        kernels::TopLogits* top = nullptr;             // of them, or null; then wanted is Last
        std::span<kernels::AttentionCapture> captures; // (all layers), or none
    };
    /// The operations of a step, between begin() and submit(). False when it stopped between two layers.
    bool run(const Batch& batch, const std::stop_token& stop);

private:
    void embed(kernels::Tensor x);
    void block(int layer, const Batch& batch);
    void attention(int layer, kernels::Tensor input, const Batch& batch);
    void rotate(const LayerConfig& own, const Rows& rows, const Step& step);
    void feedForward(int layer, kernels::Tensor input, const Rows& rows);
    void dense(const LayerWeights& w, kernels::Tensor input, const Rows& rows);
    void mixture(const LayerWeights& w, kernels::Tensor input, const Rows& rows);
    void chooseGate(const LayerWeights& w, kernels::Tensor input, const Rows& rows);
    void addShared(const LayerWeights& w, const Rows& rows, kernels::Tensor sum);
    void denseAndMixture(const LayerWeights& w, kernels::Tensor input, const Rows& rows);
    void norm(kernels::Tensor x, const Norm& norm, kernels::Tensor out);
    void addBranch(const Projection& projection, kernels::Tensor input, const Norm& after, const Rows& rows);
    void addBranch(kernels::Tensor branch, const Norm& after, const Rows& rows);
    void project(const Batch& batch);
    const LayerWeights& weightsOf(int layer) const {
        return m_weights.layers[static_cast<std::size_t>(layer)];
    }

    const ModelConfig& m_config;
    const Weights& m_weights;
    kernels::Backend& m_backend;
    LayerRange m_range;
};

} // namespace engine
