#pragma once
#include "kernels/cuda/arguments.h"
#include "kernels/cuda/kernels/language.h"

namespace kernels::cuda {

/// Rotates pairs by cosines and sines from the host; what lies behind ropeDim is copied. x and the output may be the same.
GPU_KERNEL(blockThreads) rope(RopeArguments a) {
    const int pairs = a.ropeDim / 2, itemsOfHead = pairs + a.headDim - a.ropeDim;
    for (std::int64_t item = itemIndex(); item < a.heads * itemsOfHead; item += itemCount()) {
        const std::int64_t head = item / itemsOfHead;
        const int own = static_cast<int>(item % itemsOfHead);
        const float* const x = a.x + head * a.headDim;
        float* const out = a.out + head * a.headDim;
        if (own >= pairs) {
            const int i = a.ropeDim + own - pairs;
            out[i] = x[i];
            continue;
        }
        const int first = a.isNeox ? own : 2 * own, second = a.isNeox ? own + pairs : first + 1;
        const float* const angle = a.angles + head / a.headsOfToken * a.ropeDim + 2 * own;
        const float c = angle[0], s = angle[1], p = x[first], q = x[second];
        out[first] = p * c - q * s;
        out[second] = p * s + q * c;
    }
}

} // namespace kernels::cuda
