#pragma once
#include "kernels/backend.h"

#include <cstdint>
#include <span>
#include <vector>

// The plain double-precision meaning of every operation of kernels::Backend that is not a matrix product: the
// oracle that each backend is tested against. Written to be read, not to be fast.
namespace test {

/// What one query head did, in double; the fields of kernels::HeadStats.
struct ReferenceStats {
    double slot0 = 0, sinks = 0, recent = 0, learnedSink = 0, effectiveKeys = 0, outputNorm = 0;
};

/// The usual runs: pinned slots [0, sinkCount), and ring slots ringFirst, ringFirst + 1, ... modulo the ring's length, ringCount of them.
struct QueryView {
    std::int32_t sinkCount = 0;
    std::int32_t ringFirst = 0; // 0 .. ringSlots-1
    std::int32_t ringCount = 0;
};

/// Sinks meet query 1 and the ring query 0; distances are those of a cache that is a text of its own.
std::vector<kernels::KeyRun> runsOf(const kernels::KvShape& shape, const QueryView& view);

/// Runs of several queries, one list after the other, as a step takes them.
struct ListedRuns {
    explicit ListedRuns(const std::vector<std::vector<kernels::KeyRun>>& queries);
    kernels::KeyView view() const { return {runs, firstRun}; }

    std::vector<kernels::KeyRun> runs;
    std::vector<std::int32_t> firstRun{0};
};

/// AttentionStyle with numbers of the host.
struct ReferenceStyle {
    double scale = 1, softcap = 0;
    std::vector<float> slopes = {}, sinkLogits = {}; // (nHeads) or empty
};

struct ReferenceAttention {
    std::vector<double> out;           // (nHeads * headDim)
    std::vector<double> rows;          // (nHeads, slots): weights, 0 where not visible
    std::vector<ReferenceStats> heads; // (nHeads)
};

/// One query over what the cache really stores. Nothing visible gives zeros.
ReferenceAttention attend(const kernels::KvCache& cache, int layer,
                          const std::vector<std::span<const float>>& queries,
                          std::span<const kernels::KeyRun> runs, const ReferenceStyle& style, int recentKeys);

bool isVisible(std::span<const kernels::KeyRun> runs, int slot);

/// The statistics of one row of weights.
ReferenceStats headStats(std::span<const double> row, const kernels::KvShape& shape,
                         std::span<const kernels::KeyRun> runs, int recentKeys);

std::vector<double> rmsNorm(std::span<const float> x, std::span<const float> gain, double epsilon);
/// `bias` may be empty.
std::vector<double> layerNorm(std::span<const float> x, std::span<const float> gain,
                              std::span<const float> bias, double epsilon);
/// x: (nTokens, nHeads * headDim), cosSin: (nTokens, ropeDim).
std::vector<double> rope(std::span<const float> x, int tokens, int headDim, int ropeDim,
                         kernels::RopePairing pairing, std::span<const float> cosSin);
double activation(kernels::Activation activation, double x);
double gated(kernels::Activation activation, double gate, double up);

} // namespace test
