#pragma once
#include "kernels/top_logits.h"

#include <cstdint>

namespace kernels::gpu {

// Logits are put into an order of 56 bits, the value before the id, whose smallest wanted member is found digit by digit.
constexpr std::uint32_t logitBins = 256, logitDigits = 7;
constexpr std::int64_t mostLogits = 1 << 24; // ids are three digits

/// Words that a device leaves of a row of logits: how many of the largest were found; what is listed; of each group of threads its largest
/// logit and the sum of e to the power of all others, less that one; then (id, bits) of each of the largest, in no order.
struct FoundLogits {
    std::uint32_t groups = 0, sumsAt = 0, entriesAt = 0, words = 0;

    FoundLogits(std::uint32_t listed, std::uint32_t threadGroups, std::uint32_t wanted)
        : groups(threadGroups), sumsAt(1 + listed), entriesAt(sumsAt + 2 * groups),
          words(entriesAt + 2 * wanted) {}
    void fill(const std::uint32_t* found, TopLogits& top) const;
};

} // namespace kernels::gpu
