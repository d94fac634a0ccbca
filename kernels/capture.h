#pragma once
#include <span>

namespace kernels {

/// What one query head of one layer did with its attention, for the newest query of a batch. All shares are
/// of the whole softmax row (sum 1 over every key the query saw), per query head and never averaged over a
/// GQA group.
struct HeadStats {
    float slot0 = 0; // weight on slot 0 of the cache: the very first token, unless there are no sinks and the
                     // ring went round
    float sinks = 0; // weight on all sink slots
    float recent = 0;        // weight on the newest `recentKeys` ring slots, the query's own included
    float effectiveKeys = 0; // exp(entropy) of the row
    float outputNorm = 0;    // L2 norm of the head's output
    float learnedSink = 0;   // weight on the head's own sink logit, which no key holds (gpt-oss); else 0
};

/// Where attend() leaves its numbers for ONE layer. Preallocated by the caller; an empty span is not filled.
/// Nothing is allocated.
struct AttentionCapture {
    int recentKeys = 64;
    std::span<HeadStats> heads; // (nHeads)               level C1
    std::span<float> slotMass;  // (slots): += row summed over the heads of this layer   level C2
    std::span<float> rows;      // (nHeads, slots): weights, 0 where not visible         level C3
};

} // namespace kernels
