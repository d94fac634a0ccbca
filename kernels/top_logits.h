#pragma once
#include <cstdint>
#include <limits>
#include <span>

namespace kernels {

struct Logit {
    std::int32_t id = -1; // column
    float value = -std::numeric_limits<float>::infinity();
};

/// The order of TopLogits::largest; total, so that equal logits come out alike on every device.
inline bool isLarger(const Logit& a, const Logit& b) {
    return a.value != b.value ? a.value > b.value : a.id < b.id;
}

/// What topLogits() leaves of a row: what a sampler needs instead of all of it. Sized by the caller; nothing is allocated. What is not a
/// number (NaN) is in none of it but `listed`.
struct TopLogits {
    std::span<Logit>
        largest; // of the columns that StepInputs::listed does not name; where these are fewer, the rest has id -1
    std::span<float> listed; // the logits of StepInputs::listed, in its order
    double logSumExp = 0;    // of the whole row
};

} // namespace kernels
