#pragma once
#include "kernels/backend.h"
#include "kernels/cpu/isa.h"
#include "kernels/kv_cache.h"

#include <cstddef>
#include <cstdint>

// The inner loops of attention, one table of them for each instruction set. Rows are (token, query head)
// pairs that share a KV head.
//
// Softmax runs over splits: SPLIT_SLOTS neighbouring slots of one part of the cache, at fixed places. A row's
// sums inside a split run in slot order, and splits are merged in order, so that the result depends on
// neither the number of threads nor on how many rows are worked on together: a token alone and the same token
// inside a chunk get the same bits.
namespace kernels {

constexpr int SPLIT_GROUPS = 16;
constexpr int SPLIT_SLOTS = SPLIT_GROUPS * 16;

/// The keys and values of one KV head in one part of the cache: see KvLayout for what the bytes mean.
struct KvRun {
    KvType type;
    int headDim;
    int paddedDim;         // a multiple of 16
    int blocks;            // of 32 in headDim
    const std::byte* keys; // first group
    const std::byte* values;
    std::size_t keyGroupBytes;
    std::size_t valueGroupBytes;
    const std::byte* nextKeys; // what will be read after the values: fetched ahead while they are read
};

/// Scores are multiplied with this beside the scale: weights are powers of 2, which are cheaper than those of e.
constexpr float LOG2_E = 1.44269504f;

/// What softmax leaves of one row over one split: weights are 2^(score - largest).
struct RowSums {
    float largest; // -infinity when nothing was visible
    float sum;     // of the weights
    float entropy; // sum of weight * (score - largest); only from softmaxWithEntropy
};

struct AttendKernels {
    /// scores[row * SPLIT_SLOTS + i] = scale * dot(queries + row * queryStride, key of slot firstGroup * 16 +
    /// i)
    void (*scores)(const KvRun& run, int firstGroup, int groups, const float* queries,
                   std::ptrdiff_t queryStride, int rows, float scale, float* scores);
    /// x[i] = cap * tanh(x[i] / cap) for a multiple of 16 values
    void (*softcap)(float* x, float cap, int count);
    /// Turns the scores of one row into weights, 0 where the mask's bit is 0. masks: one for each group, bit
    /// = slot.
    RowSums (*softmax)(float* row, const std::uint16_t* masks, int groups);
    RowSums (*softmaxWithEntropy)(float* row, const std::uint16_t* masks, int groups);
    /// out (rows, paddedDim) = or += weights (rows, SPLIT_SLOTS) * values. Slots outside of `masks` have
    /// weight 0 in every row and are not read. Q8_0 takes whole splits only (weights are rounded over a split): Replace.
    void (*weightedSum)(const KvRun& run, int firstGroup, const std::uint16_t* masks, int groups,
                        const float* weights, int rows, float* out, Write write);
    /// Keys or values of whole groups as those of an F32 layout: a multiple of 16 numbers of F32 or F16.
    void (*expand)(KvType type, const std::byte* stored, int count, float* out);
    /// Takes one more split into a row: total and out (paddedDim) of the splits so far, more and moreOut of
    /// the new one.
    void (*merge)(RowSums& total, float* out, const RowSums& more, const float* moreOut, int paddedDim);
    /// Sum of the weights of one row whose bits are set.
    float (*maskedSum)(const float* row, const std::uint16_t* masks, int groups);
    /// Sum of squares of a multiple of 16 values.
    float (*squares)(const float* x, int count);
    /// x[i] *= factor for a multiple of 16 values
    void (*scaleRow)(float* x, float factor, int count);
    /// to[i] += factor * from[i]
    void (*addScaled)(float* to, const float* from, float factor, int count);
    /// to[i] += sum over the rows of factors[row] * from[row * stride + i], in the order of the rows; fetches rows of the same shape at
    /// `next` ahead.
    void (*addScaledRows)(float* to, const float* from, std::ptrdiff_t stride, const float* factors, int rows,
                          int count, const float* next);
};

const AttendKernels& attendKernels(Isa isa);

} // namespace kernels
