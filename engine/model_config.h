#pragma once
#include "kernels/backend.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace engine {

class GgufFile;

enum class NormKind : std::uint8_t {
    Rms,
    Layer
}; // Layer: the mean is taken away first, and there may be a bias
enum class QueryKeyNorm : std::uint8_t {
    None,
    EachHead,
    OwnForEachHead, // each head has a gain of its own
    WholeRow
};
enum class BlockOrder : std::uint8_t {
    Sequential,      // x += attention(x), then x += feedForward(x)
    Parallel,        // x += attention(x) + feedForward(x), a norm for each
    ParallelOneNorm, // the same, both read the same normed rows
};

/// How a decoder block is put together, as data: the graph (engine/forward_pass.cpp) and the table of tensors (engine/model/tensor_table.h)
/// follow it. The same in all layers of a model; what differs from layer to layer is LayerConfig.
struct BlockConfig {
    NormKind norm = NormKind::Rms;
    bool normBefore = true; // of what a branch reads
    bool normAfter = false; // of what a branch adds
    bool normBias = false;  // of layer norms
    BlockOrder order = BlockOrder::Sequential;

    QueryKeyNorm queryKeyNorm = QueryKeyNorm::None;
    bool valueNorm = false; // values are normed without a gain
    float clampQkv = 0;     // > 0: queries, keys and values are cut to -c .. c
    bool qkvBias = false, outputBias = false;
    bool fusedQkv = false; // one tensor: rows of queries, then keys, then values

    kernels::Activation activation = kernels::Activation::Silu;
    bool gated = true;
    bool feedForwardBias = false;
    bool fusedGateUp = false; // one tensor: rows of the gate, then up
    bool layerScale = false;  // a layer's output is multiplied with a number (LayerConfig)

    // Names of the norms' tensors in a layer, without ".weight".
    const char* attentionNorm = "attn_norm";
    const char* feedForwardNorm = "ffn_norm";
    const char* attentionPostNorm = "post_attention_norm";
    const char* feedForwardPostNorm = "post_ffw_norm";
};

/// A mixture: of many feed-forwards a token goes through the few that a router chooses for it.
struct ExpertsConfig {
    int count = 0; // 0 = the model is no mixture
    int used = 0;  // by a token
    int ffnDim = 0;
    kernels::ExpertWeights weights = kernels::ExpertWeights::OfChosen;
    bool bias = false;        // of the router and of the experts
    bool fusedGateUp = false; // one tensor: for each expert rows of the gate, then up
    bool besideDense = false; // each layer has a feed-forward for all tokens, too (Gemma 4)
    bool shared = false;      // as that, but it reads what the experts read: an expert that all tokens share
    bool sharedGate = false;  // which counts for each token as much as a product of its row says (Qwen 2)
};

/// What attention does to scores, apart from positions (kernels::AttentionStyle).
struct AttentionConfig {
    float scale = 0;
    float softcap = 0;      // > 0: Gemma 2
    float maxAlibiBias = 0; // > 0: ALiBi instead of RoPE
    bool learnedSinks = false;
    /// > 0: a query at position p inside the cache is multiplied with 1 + temperature ln(1 + floor(p / temperatureLength)).
    float temperature = 0;
    int temperatureLength = 0;
};

/// One way of rotating queries and keys; a model has one, or one for each kind of layer (engine/rope_table.h has the arithmetic).
struct RopeConfig {
    struct Yarn { // Peng et al. 2023: slow pairs are stretched, fast ones are not, with a ramp between
        double factor = 1;
        int trainedLength = 0; // before it was stretched
        double betaFast = 32, betaSlow = 1;
        bool wholeBounds = true; // the ramp's ends are rounded to pairs
    };
    int dim = 0; // values of a head that are rotated, <= headDim of the layers that use it
    double base = 10000.0;
    double scale = 1.0;              // linear: positions are divided by this
    std::vector<float> factors = {}; // (dim / 2) frequencies are divided by these; empty = none
    /// Others take their place (Phi-3's LongRoPE) where a query may be told more than `shortLength` positions. The size of the cache
    /// decides, once for a stream: a key that is stored keeps its angle.
    std::vector<float> longFactors = {};
    int shortLength = 0;
    std::optional<Yarn> yarn = {};
    double magnitude = 1.0; // of cosines and sines, for queries and keys
};

constexpr int NoRope = -1;

struct LayerConfig {
    int rope = 0;   // index into ModelConfig::ropes, or NoRope
    int window = 0; // newest positions that the layer sees, its own included; 0 = all
    int kvHeads = 0;
    int headDim = 0;
    bool ownValues = true; // false: values are what keys were before their norm
    float outputScale = 1; // of the layer's output
};

/// Hyperparameters of a decoder-only transformer, checked against each other (heads divide, all >= 1, sane upper bounds).
struct ModelConfig {
    std::string architecture; // "llama"
    std::string displayName;  // see engine::displayName
    std::string quantisation; // of most of the weights, as people say it: "Q4_1", "Q4_K_M"
    int layers = 0;
    int dim = 0;
    int ffnDim = 0; // 0 in mixtures that have experts only; of the shared expert
    int heads = 0;
    int kvHeads = 0; // divides heads; the most of any layer, as the next
    int headDim = 0;
    int vocabulary = 0;
    int trainedLength = 0; // tokens
    float normEpsilon = 1e-5f;

    BlockConfig block;
    AttentionConfig attention;
    ExpertsConfig experts;
    std::vector<LayerConfig> layerConfigs; // (layers)

    // RoPE (source: the paper's section 3.2 for positions; engine/rope_table.h for the angles)
    kernels::RopePairing ropePairing = kernels::RopePairing::Norm;
    std::vector<RopeConfig> ropes;

    float embeddingScale = 1; // of the rows that the embedding gives
    float residualScale = 1;  // of what each branch adds
    float logitScale = 1;     // logits are multiplied with it
    float logitSoftcap = 0;   // > 0: c tanh(logit / c)
    bool tiedOutput = false;  // output matrix = embedding
    bool outputBias = false;

    /// Throws engine::Error: a family that cannot be run (with the reason), missing or absurd values, and all of checkTensors().
    static ModelConfig fromGguf(const GgufFile& file);
    const LayerConfig& layer(int index) const { return layerConfigs[static_cast<std::size_t>(index)]; }
    /// Positions of a cache whose size nobody chose: as many as the model was trained for, at most 4,096.
    int usualCacheTokens() const;
    /// How the model is put together, as (part, words).
    std::vector<std::pair<std::string, std::string>> inWords() const;
    /// Bytes of one token in the cache.
    std::size_t kvBytesPerToken(kernels::KvType type) const;
};

/// Every tensor the hyperparameters demand is there with exactly the shape they demand, and no tensor is there that the graph
/// would silently leave out. Throws engine::Error.
void checkTensors(const GgufFile& file, const ModelConfig& config);

// What can be told about any readable file, also one of an architecture that cannot be run.

/// The name a person would call the model by: general.name where it agrees with the file's name, else the file's name without the
/// kind of quantisation ("SmolLM2 135M Instruct"), presentable; general.name where the file's name says nothing (a hash, "model").
/// In capitals where it has small letters only.
std::string displayName(const GgufFile& file);
/// The type that holds most bytes of the layers' matrices ("Q4_1"), with its mixture where the file names it ("Q4_K_M").
std::string quantisationLabel(const GgufFile& file);

} // namespace engine
