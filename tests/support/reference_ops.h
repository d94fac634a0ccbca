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
    double slot0 = 0, sinks = 0, recent = 0, effectiveKeys = 0, outputNorm = 0;
};

struct ReferenceAttention {
    std::vector<double> out;           // (nHeads * headDim)
    std::vector<double> rows;          // (nHeads, slots): weights, 0 where not visible
    std::vector<ReferenceStats> heads; // (nHeads)
};

/// One query over what the cache really stores. Nothing visible gives zeros.
ReferenceAttention attend(const kernels::KvCache& cache, int layer, std::span<const float> ringQuery,
                          std::span<const float> sinkQuery, const kernels::QueryView& view, double scale,
                          int recentKeys);

bool isVisible(const kernels::KvShape& shape, const kernels::QueryView& view, int slot);

/// The statistics of one row of weights.
ReferenceStats headStats(std::span<const double> row, const kernels::KvShape& shape,
                         const kernels::QueryView& view, int recentKeys);

std::vector<double> rmsNorm(std::span<const float> x, std::span<const float> gain, double epsilon);
/// x: (nTokens, nHeads * headDim), cosSin: (nTokens, ropeDim).
std::vector<double> rope(std::span<const float> x, int tokens, int headDim, int ropeDim,
                         kernels::RopePairing pairing, std::span<const float> cosSin);
double gated(kernels::Activation activation, double gate, double up);

} // namespace test
