#pragma once
#include "kernels/backend.h"

#include <cstdint>
#include <string>
#include <vector>

namespace engine {

class GgufFile;

/// Hyperparameters of a decoder-only transformer, checked against each other (heads divide, all >= 1, sane upper bounds).
struct ModelConfig {
    std::string architecture; // "llama"
    std::string displayName;  // see engine::displayName
    std::string quantisation; // of most of the weights, as people say it: "Q4_1", "Q4_K_M"
    int layers = 0;
    int dim = 0;
    int ffnDim = 0;
    int heads = 0;
    int kvHeads = 0; // divides heads
    int headDim = 0;
    int vocabulary = 0;
    int trainedLength = 0; // tokens
    float normEpsilon = 1e-5f;

    // RoPE (source: the paper's section 3.2 for positions; engine/rope_table.h for the angles)
    int ropeDim = 0; // <= headDim
    kernels::RopePairing ropePairing = kernels::RopePairing::Norm;
    double ropeBase = 10000.0;
    double ropeScale = 1.0; // linear scaling: positions are divided by this
    std::vector<float>
        ropeFrequencyFactors; // (ropeDim / 2) Llama 3; empty = none; frequencies are divided by these

    kernels::Activation activation = kernels::Activation::Silu;
    bool tiedOutput = false; // output matrix = embedding
    bool hasQkvBias = false; // Qwen 2
    bool hasQkNorm = false;  // Qwen 3

    /// Throws engine::Error: unknown architecture (names the supported ones), missing or absurd values, and all of checkTensors().
    static ModelConfig fromGguf(const GgufFile& file);
    /// Bytes of one token in the cache.
    std::size_t kvBytesPerToken(kernels::KvType type) const;
};

/// Every tensor the hyperparameters demand is there with exactly the shape they demand, and no tensor is there that the graph
/// would silently leave out. Throws engine::Error.
void checkTensors(const GgufFile& file, const ModelConfig& config);

// What can be told about any readable file, also one of an architecture that cannot be run.

/// The name a person would call the model by: general.name where it agrees with the file's name, else the file's name without the
/// kind of quantisation ("SmolLM2 135M Instruct"); general.name where the file's name says nothing (a hash, "model").
std::string displayName(const GgufFile& file);
/// The type that holds most bytes of the layers' matrices ("Q4_1"), with its mixture where the file names it ("Q4_K_M").
std::string quantisationLabel(const GgufFile& file);

} // namespace engine
