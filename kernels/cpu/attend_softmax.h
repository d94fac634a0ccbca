#pragma once
#include "kernels/cpu/attend_kernels.h"
#include "kernels/cpu/vec16_math.h"

#include <cstdint>

// Softmax over Vec16, in powers of 2. Included after one of the vec16_*.h; internal linkage throughout.
namespace kernels {
namespace {

enum class Entropy { No, Yes };

constexpr int GROUP = 16;
constexpr float NO_SCORE = -__builtin_inff(); // of a slot that a query may not see: its weight is exactly 0

struct Weighing {
    Vec16 shift; // the largest score
    Vec16 total = zero16(), entropy = zero16();
};

// Several groups of scores become weights; sums go group by group, however many are taken together.
template <Entropy ENTROPY, int GROUPS>
VEC16 void weigh(float* at, Weighing& sums) {
    Vec16 distance[GROUPS], weight[GROUPS];
    for (int group = 0; group < GROUPS; ++group)
        distance[group] = max16(sub16(load16(at + group * GROUP), sums.shift), broadcast16(SMALLEST_POWER));
    powersOf2(distance, weight);
    for (int group = 0; group < GROUPS; ++group) {
        store16(at + group * GROUP, weight[group]);
        sums.total = add16(sums.total, weight[group]);
        if constexpr (ENTROPY == Entropy::Yes)
            sums.entropy = fma16(weight[group], distance[group], sums.entropy);
    }
}

template <Entropy ENTROPY>
RowSums softmaxOf(float* row, const std::uint16_t* masks, int groups) {
    Vec16 largest = broadcast16(NO_SCORE);
    for (int group = 0; group < groups; ++group) {
        float* at = row + group * GROUP;
        Vec16 score = load16(at);
        if (masks[group] != 0xFFFF) {
            score = keep16(score, masks[group], NO_SCORE);
            store16(at, score);
        }
        largest = max16(largest, score);
    }
    const float top = largest16(largest);
    if (top == NO_SCORE) {
        for (int group = 0; group < groups; ++group)
            store16(row + group * GROUP, zero16());
        return {NO_SCORE, 0.0f, 0.0f};
    }
    Weighing sums{broadcast16(top)};
    int group = 0;
    for (; group + 2 <= groups; group += 2)
        weigh<ENTROPY, 2>(row + group * GROUP, sums);
    if (group < groups)
        weigh<ENTROPY, 1>(row + group * GROUP, sums);
    return {top, sum16(sums.total), sum16(sums.entropy)};
}

void mergeRows(RowSums& total, float* out, const RowSums& more, const float* moreOut, int paddedDim) {
    if (more.largest == NO_SCORE)
        return;
    const float largest = total.largest > more.largest ? total.largest : more.largest;
    const float keep = powerOf2(total.largest - largest);
    const float take = powerOf2(more.largest - largest);
    for (int i = 0; i < paddedDim; i += GROUP) {
        const Vec16 taken = mul16(load16(moreOut + i), broadcast16(take));
        store16(out + i, fma16(load16(out + i), broadcast16(keep), taken));
    }
    // The entropy of what is kept is re-based on the new largest score; nothing was kept before the first
    // split.
    const float moved =
        total.largest == NO_SCORE ? 0.0f : total.entropy + (total.largest - largest) * total.sum;
    total.entropy = keep * moved + take * (more.entropy + (more.largest - largest) * more.sum);
    total.sum = keep * total.sum + take * more.sum;
    total.largest = largest;
}

} // namespace
} // namespace kernels
