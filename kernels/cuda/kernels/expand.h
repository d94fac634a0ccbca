#pragma once
#include "kernels/cuda/kernels/weights.h"

// What cuBLAS is given: weights and activations as plain numbers.
namespace kernels::cuda {

GPU_FUNCTION void putNumber(void* out, std::int64_t at, float value, bool isHalf) {
    if (isHalf)
        static_cast<std::uint16_t*>(out)[at] =
            static_cast<std::uint16_t>(toHalf(smaller(larger(value, -65504.0f), 65504.0f)));
    else
        static_cast<float*>(out)[at] = value;
}

/// Rows of a matrix: a thread a chunk.
template <Form FORM>
GPU_KERNEL(blockThreads)
expandRows(ExpandArguments a) {
    const WeightView& weight = a.weight;
    const std::int64_t items = static_cast<std::int64_t>(a.rows) * weight.chunksOfRow;
    for (std::int64_t item = itemIndex(); item < items; item += itemCount()) {
        const std::int64_t row = item / weight.chunksOfRow, chunk = item + a.firstRow * weight.chunksOfRow;
        const int first = static_cast<int>(item % weight.chunksOfRow) * chunkOfWeights;
        float w[chunkOfWeights];
        loadChunk<FORM>(weight, chunk, w);
        const ScaleAndOffset scale = scaleOfChunk<FORM>(weight, chunk);
        GPU_UNROLL
        for (int i = 0; i < chunkOfWeights; ++i)
            if (first + i < weight.cols)
                putNumber(a.out, row * weight.cols + first + i, fused(w[i], scale.scale, scale.offset),
                          a.isHalf != 0);
    }
}

GPU_KERNEL(blockThreads) toHalves(HalvesArguments a) {
    for (std::int64_t i = itemIndex(); i < a.count; i += itemCount())
        putNumber(a.out, i, a.x[i], true);
}

/// What a product is added to: a bias in every row, and what is there already if that stays.
GPU_KERNEL(blockThreads) placeBias(BiasArguments a) {
    for (std::int64_t i = itemIndex(); i < a.rows * a.cols; i += itemCount())
        a.out[i] = a.bias[i % a.cols] + (a.isAdded ? a.out[i] : 0.0f);
}

} // namespace kernels::cuda
