#pragma once
#include "kernels/cuda/kernels/weights.h"

namespace kernels::cuda {

/// Rows of the step's tokens out of a table: a thread a chunk.
template <Form FORM>
GPU_KERNEL(blockThreads)
embed(EmbedArguments a) {
    const std::int64_t items = static_cast<std::int64_t>(a.count) * a.table.chunksOfRow;
    for (std::int64_t item = itemIndex(); item < items; item += itemCount()) {
        const auto token = static_cast<int>(item / a.table.chunksOfRow),
                   column = static_cast<int>(item % a.table.chunksOfRow);
        const std::int64_t chunk = static_cast<std::int64_t>(a.tokens[token]) * a.table.chunksOfRow + column;
        float w[chunkOfWeights];
        loadChunk<FORM>(a.table, chunk, w);
        const ScaleAndOffset scale = scaleOfChunk<FORM>(a.table, chunk);
        const int first = column * chunkOfWeights;
        float* const to = a.out + static_cast<std::int64_t>(token) * a.table.cols + first;
        for (int i = 0; i < chunkOfWeights; ++i)
            if (first + i < a.table.cols)
                to[i] = fused(w[i], scale.scale, scale.offset);
    }
}

} // namespace kernels::cuda
