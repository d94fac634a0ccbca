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
    std::string displayName;  // general.name, or the file's stem
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
    double ropeScale = 1.0;                 // linear scaling: positions are divided by this
    std::vector<float> ropeFrequencyFactors; // (ropeDim / 2) Llama 3; empty = none; frequencies are divided by these

    kernels::Activation activation = kernels::Activation::Silu;
    bool tiedOutput = false; // output matrix = embedding
    bool hasQkvBias = false; // Qwen 2
    bool hasQkNorm = false;  // Qwen 3

    /// Throws engine::Error: unknown architecture (names the supported ones), missing or absurd values.
    static ModelConfig fromGguf(const GgufFile& file);
    /// Bytes of one token in the cache.
    std::size_t kvBytesPerToken(kernels::KvType type) const;
};

} // namespace engine
