#pragma once
#include "kernels/cuda/arguments.h"
#include "kernels/cuda/kernels/language.h"

// A mixture's choice and its sum; the products are LinearVector's.
namespace kernels::cuda {

/// Of each token the largest logits, the lower index first where two are equal: a warp a token. Each round finds the largest that comes
/// after the one before.
GPU_KERNEL(blockThreads) chooseExperts(ChooseArguments a) {
    const int token = blockX() * warpCount() + warpIndex(), lane = laneIndex();
    if (token >= a.tokens)
        return; // a whole warp
    const float* const logits = a.logits + static_cast<std::int64_t>(token) * a.count;
    std::int32_t* const experts = a.experts + static_cast<std::int64_t>(token) * a.used;
    float* const weights = a.weights + static_cast<std::int64_t>(token) * a.used;
    float last = 0.0f, largest = 0.0f, sum = 0.0f;
    int lastIndex = -1;
    for (int i = 0; i < a.used; ++i) {
        float best = lowest;
        int bestIndex = a.count;
        for (int expert = lane; expert < a.count; expert += warpSize32) {
            const float value = logits[expert];
            const bool isAfter = i == 0 || value < last || (value == last && expert > lastIndex);
            if (isAfter && (value > best || bestIndex == a.count)) {
                best = value;
                bestIndex = expert;
            }
        }
        for (int bit = warpSize32 / 2; bit > 0; bit /= 2) {
            const float other = ofPartner(best, bit);
            const int otherIndex =
                static_cast<int>(wordOfLane(static_cast<std::uint32_t>(bestIndex), lane ^ bit));
            if (otherIndex < a.count &&
                (bestIndex == a.count || other > best || (other == best && otherIndex < bestIndex))) {
                best = other;
                bestIndex = otherIndex;
            }
        }
        if (bestIndex == a.count) // logits that are no numbers
            bestIndex = 0;
        last = best;
        lastIndex = bestIndex;
        largest = i == 0 ? best : largest;
        const float power = powerOfE(best - largest);
        sum += power;
        if (lane == 0) {
            experts[i] = bestIndex;
            weights[i] = power;
        }
    }
    if (a.isOfAll) {
        sum = 0.0f;
        for (int expert = lane; expert < a.count; expert += warpSize32)
            sum += powerOfE(logits[expert] - largest);
        sum = sumOfLanes(sum);
    }
    if (lane == 0)
        for (int i = 0; i < a.used; ++i)
            weights[i] /= sum;
}

GPU_KERNEL(blockThreads) combineExperts(CombineArguments a) {
    const std::int64_t items = static_cast<std::int64_t>(a.tokens) * a.cols;
    for (std::int64_t item = itemIndex(); item < items; item += itemCount()) {
        const std::int64_t token = item / a.cols, column = item % a.cols;
        float sum = a.isAdded ? a.out[item] : 0.0f;
        for (int i = 0; i < a.used; ++i) {
            const std::int64_t place = token * a.used + i;
            const float weight = a.weights[place] * (a.scales ? a.scales[a.experts[place]] : 1.0f);
            sum = fused(weight, a.parts[place * a.cols + column], sum);
        }
        a.out[item] = sum;
    }
}

} // namespace kernels::cuda
