#pragma once
#include "kernels/cuda/kernels/kv_rows.h"

namespace kernels::cuda {

/// To nearest, ties to even, and saturated.
GPU_FUNCTION std::uint32_t halfBits(float value) {
    return toHalf(smaller(larger(value, -65504.0f), 65504.0f));
}

/// Writes keys and values of the step's tokens into their slots: eight lanes a block of 32 numbers, four each.
GPU_KERNEL(blockThreads) kvStore(KvStoreArguments a) {
    constexpr int lanes = 8;
    const int blocks = (a.headDim + scaleBlock - 1) / scaleBlock, lane = threadIndex() % lanes;
    const std::int64_t items = static_cast<std::int64_t>(2) * a.tokens * a.kvHeads * blocks;
    // As many rounds for every lane of a warp, for they exchange what is largest.
    for (std::int64_t first = (itemIndex() - laneIndex()) / lanes; first < items;
         first += itemCount() / lanes) {
        const std::int64_t item = first + laneIndex() / lanes;
        const bool isReal = item < items;
        const std::int64_t own = isReal ? item : 0;
        const int block = static_cast<int>(own % blocks), head = static_cast<int>(own / blocks % a.kvHeads);
        const int token = static_cast<int>(own / blocks / a.kvHeads % a.tokens);
        const bool isKey = own / blocks / a.kvHeads / a.tokens == 0;
        const int slot = a.slots[token];
        const bool isSink = slot < a.sinks.slots;
        const CachePart part = chosenPart(a.sinks, a.ring, isSink);
        const std::int64_t row = static_cast<std::int64_t>((isKey ? 0 : a.kvHeads) + head) * part.slots +
                                 (isSink ? slot : slot - a.sinks.slots);
        const int d = block * scaleBlock + 4 * lane;
        const float* const from =
            (isKey ? a.keys : a.values) + (static_cast<std::int64_t>(token) * a.kvHeads + head) * a.headDim;
        float x[4];
        float largest = 0.0f;
        for (int i = 0; i < 4; ++i) {
            x[i] = isReal && d + i < a.headDim ? from[d + i] : 0.0f;
            largest = larger(largest, magnitude(x[i]));
        }
        largest = largestOfLanes<lanes>(largest);
        if (!isReal)
            continue;
        std::uint32_t* const words = part.numbers + row * part.numberWords;
        if (part.type == static_cast<int>(KvType::F32)) {
            for (int i = 0; i < 4; ++i)
                if (d + i < a.headDim)
                    words[d + i] = asWord(x[i]);
        } else if (part.type == static_cast<int>(KvType::F16)) {
            for (int i = 0; i < 4; i += 2)
                if (d + i < a.headDim)
                    words[(d + i) / 2] = halfBits(x[i]) | halfBits(x[i + 1]) << 16;
        } else {
            const std::uint32_t scale = halfBits(largest / 127.0f);
            const float step = fromHalf(scale), perStep = step > 0.0f ? 1.0f / step : 0.0f;
            std::uint32_t word = 0;
            for (int i = 0; i < 4; ++i) {
                const float q = smaller(larger(rounded(x[i] * perStep), -127.0f), 127.0f);
                word |= (static_cast<std::uint32_t>(static_cast<int>(q)) & 255u) << (8 * i);
            }
            if (d < a.headDim)
                words[d / 4] = word;
            if (lane == 0)
                part.scales[row * part.scaleHalves + block] = static_cast<std::uint16_t>(scale);
        }
    }
}

} // namespace kernels::cuda
