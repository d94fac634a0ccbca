#pragma once
#include "kernels/cuda/kernels/weights.h"

namespace kernels::cuda {

/// One number of a product with many rows of x. Tiles reach over the edges of the result.
GPU_FUNCTION void storeInTile(const LinearArguments& a, int row, int token, float sum) {
    if (row >= a.rows || token >= a.tokens)
        return;
    float* const to = a.out + static_cast<std::int64_t>(token) * a.rows + row;
    if (a.bias)
        sum += a.bias[row];
    *to = a.isAdded ? *to + sum : sum;
}

/// Products of a matrix with many rows of x in float32: a block makes a tile of 64 rows by 64 tokens, 4 x 4 of it a thread, from 32 columns
/// at a time that lie in shared memory.
template <Form FORM>
GPU_KERNEL(matrixThreads)
linearMatrix(LinearArguments a) {
    constexpr int depth = 32, padded = depth + 1; // neighbours in different banks
    constexpr int lines = 2 * matrixTile;         // half the threads bring weights, half inputs, a chunk each
    GPU_SHARED(float, weights, matrixTile* padded);
    GPU_SHARED(float, inputs, matrixTile* padded);
    const WeightView& weight = a.weight;
    const int thread = threadIndex();
    const int firstRow = blockX() * matrixTile, firstToken = blockY() * matrixTile;
    const int line = thread % lines / 2, halfOfDepth = thread % 2;
    const bool bringsWeights = thread < lines;
    const int rowPart = thread % 16, tokenPart = thread / 16;
    float sums[4][4] = {};
    for (int column = 0; column < weight.chunksOfRow * chunkOfWeights; column += depth) {
        const int chunk = column / chunkOfWeights + halfOfDepth;
        float w[chunkOfWeights] = {};
        if (bringsWeights && firstRow + line < a.rows && chunk < weight.chunksOfRow) {
            const std::int64_t at = static_cast<std::int64_t>(firstRow + line) * weight.chunksOfRow + chunk;
            loadChunk<FORM>(weight, at, w);
            const ScaleAndOffset scale = scaleOfChunk<FORM>(weight, at);
            for (int i = 0; i < chunkOfWeights; ++i)
                w[i] = fused(w[i], scale.scale, scale.offset);
        } else if (!bringsWeights && firstToken + line < a.tokens) {
            const float* const x = a.x + static_cast<std::int64_t>(firstToken + line) * weight.cols;
            for (int i = 0; i < chunkOfWeights; ++i)
                if (chunk * chunkOfWeights + i < weight.cols)
                    w[i] = x[chunk * chunkOfWeights + i];
        }
        syncBlock(); // the columns before these have been read
        float* const to = (bringsWeights ? weights : inputs) + line * padded + halfOfDepth * chunkOfWeights;
        GPU_UNROLL
        for (int i = 0; i < chunkOfWeights; ++i)
            to[i] = w[i];
        syncBlock();
        for (int k = 0; k < depth; ++k) {
            float ofRows[4], ofTokens[4];
            GPU_UNROLL
            for (int i = 0; i < 4; ++i) {
                ofRows[i] = weights[(rowPart + 16 * i) * padded + k];
                ofTokens[i] = inputs[(tokenPart + 16 * i) * padded + k];
            }
            GPU_UNROLL
            for (int i = 0; i < 4; ++i)
                GPU_UNROLL
            for (int j = 0; j < 4; ++j)
                sums[i][j] = fused(ofTokens[i], ofRows[j], sums[i][j]);
        }
    }
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j)
            storeInTile(a, firstRow + rowPart + 16 * j, firstToken + tokenPart + 16 * i, sums[i][j]);
}

} // namespace kernels::cuda
