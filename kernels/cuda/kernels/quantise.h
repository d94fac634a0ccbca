#pragma once
#include "kernels/cuda/arguments.h"
#include "kernels/cuda/kernels/language.h"

namespace kernels::cuda {

constexpr int unitColumns = 32;

/// Activations as words of 16 bits in blocks of 32, as the CPU's Careful products see them: the largest of a block becomes 127 in the high
/// byte. Eight lanes make a unit, four columns each.
GPU_KERNEL(blockThreads) quantiseInputs(QuantiseArguments a) {
    constexpr int lanes = 8;
    const std::int64_t step = itemCount() / lanes, own = itemIndex() / lanes;
    const int lane = threadIndex() % lanes;
    // As many rounds for every lane of a warp, for they exchange sums.
    for (std::int64_t first = own - laneIndex() / lanes; first < a.units; first += step) {
        const std::int64_t unit = first + laneIndex() / lanes;
        const bool isReal = unit < a.units;
        float x[4];
        float largest = 0.0f;
        GPU_UNROLL
        for (int i = 0; i < 4; ++i) {
            x[i] = isReal ? a.x[unit * unitColumns + 4 * lane + i] : 0.0f;
            largest = larger(largest, magnitude(x[i]));
        }
        largest = largestOfLanes<lanes>(largest);
        const float inverse = largest > 0.0f ? 127.0f / largest : 0.0f;
        std::uint32_t high = 0, low = 0;
        int sum = 0;
        GPU_UNROLL
        for (int i = 0; i < 4; ++i) {
            const float scaled = x[i] * inverse;
            const float h = rounded(scaled);
            const float l = smaller(larger(rounded((scaled - h) * 256.0f), -127.0f), 127.0f);
            high |= (static_cast<std::uint32_t>(static_cast<int>(h)) & 255u) << (8 * i);
            low |= (static_cast<std::uint32_t>(static_cast<int>(l)) & 255u) << (8 * i);
            sum += 256 * static_cast<int>(h) + static_cast<int>(l);
        }
        // Of each half of the unit; whole numbers below 2^24, so exact as floats.
        const int half = static_cast<int>(sumOfLanes<lanes / 2>(static_cast<float>(sum)));
        if (!isReal)
            continue;
        InputUnit& to = a.out[unit];
        to.high[lane] = high;
        to.low[lane] = low;
        if (lane % (lanes / 2) == 0)
            to.sums[lane / (lanes / 2)] = half;
        if (lane == 0) {
            to.scale = largest / (127.0f * 256.0f);
            to.unused = 0; // it is read along with the others
        }
    }
}

} // namespace kernels::cuda
