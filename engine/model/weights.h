#pragma once
#include "engine/model_config.h"
#include "kernels/backend.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace engine {

struct Norm {
    std::unique_ptr<kernels::Buffer> gain; // (1, n)
    std::unique_ptr<kernels::Buffer> bias; // (1, n) or null
    explicit operator bool() const { return gain != nullptr; }
};

struct Projection {
    std::unique_ptr<kernels::Weight> weight; // (outputs, inputs)
    std::unique_ptr<kernels::Buffer> bias;   // (1, outputs) or null
};

/// One of the matrices that each expert has.
struct MixtureProjection {
    std::unique_ptr<kernels::Experts> weights;
    std::unique_ptr<kernels::Buffer> bias; // (experts, outputs) or null
};

/// What a block lacks is null.
struct LayerWeights {
    Norm attentionNorm, attentionPostNorm, feedForwardNorm, feedForwardPostNorm; // n = dim
    Norm queryNorm, keyNorm;                                                     // n = headDim or a whole row
    Projection query, key, value;                // (heads|kvHeads * headDim, dim)
    Projection attentionOut;                     // (dim, heads * headDim)
    Projection gate, up, down;                   // (ffnDim, dim), (dim, ffnDim)
    std::unique_ptr<kernels::Buffer> sinkLogits; // (1, heads)

    // Computed, not read
    Norm valueNorm;                               // gains of 1
    std::unique_ptr<kernels::Buffer> alibiSlopes; // (1, heads)
    /// Factors of what is chosen and of all, see ForwardPass::addShared(); (1, 2), constant.
    std::unique_ptr<kernels::Buffer> gateShares, gateRests;

    // Mixtures
    Projection router; // (experts, dim)
    MixtureProjection gateExperts, upExperts, downExperts;
    // Those beside a feed-forward for all tokens
    Norm routerNorm, expertsNorm, densePostNorm, expertsPostNorm; // n = dim
    std::unique_ptr<kernels::Buffer> expertScales;                // (1, experts)
    // Those with an expert that all tokens share, each to another degree
    std::unique_ptr<kernels::Weight> sharedGate; // (2, dim), the second row is 0
};

/// The weights of a model on one backend or two, which have to outlive them. Immutable after loading; engine thread.
struct Weights {
    std::unique_ptr<kernels::Weight> embedding; // (vocabulary, dim)
    Norm outputNorm;
    Projection output; // (vocabulary, dim); no weight when tied
    std::vector<LayerWeights> layers;
    std::uint64_t bytes = 0; // in the backends' memory
    /// Layers before this one, and the embedding, are on a backend of their own, apart from all others and what makes logits.
    int firstLayerOfDevice = 0;

    /// What makes logits of the last layer's output: often the embedding.
    const kernels::Weight& outputWeight() const { return output.weight ? *output.weight : *embedding; }

    /// All of it on one backend. Throws engine::Error, and Stopped by the file's token. `progress` gets 0..1 on the calling thread.
    void load(const GgufFile& file, const ModelConfig& config, kernels::Backend& backend,
              const std::function<void(float)>& progress);

    /// What of a model is to be on a device that may be too small for all of it.
    struct Share {
        int mostLayers = 0;                       // 0: as many as fit
        bool mayBeLess = true;                    // than mostLayers; else the device's error is thrown
        int cacheTokens = 0;                      // for which the device keeps room
        std::function<kernels::Backend&()> other; // what the rest is on; asked for when there is a rest
    };
    /// As load(), from the end of the model: what makes logits and the last layers on `device`, as many as fit beside what a chat needs.
    /// Throws what the device does when it has no room for one layer.
    void loadFromTheEnd(const GgufFile& file, const ModelConfig& config, kernels::Backend& device,
                        const Share& share, const std::function<void(float)>& progress);
};

/// ALiBi (Press et al. 2022, section 3): a geometric row of slopes; heads beyond a power of two take those between.
std::vector<float> alibiSlopes(int heads, float maxBias);

} // namespace engine
