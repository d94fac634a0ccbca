#pragma once
#include "kernels/cuda/arguments.h"
#include "kernels/cuda/kernels/language.h"

namespace kernels::cuda {

/// Root-mean-square norm or layer norm, a block a row. x and the output may be the same.
GPU_KERNEL(normThreads) norm(NormArguments a) {
    for (std::int64_t row = blockX(); row < a.rows; row += blocksX()) {
        const float* const x = a.x + row * a.cols;
        float mean = 0.0f;
        if (a.isCentred) {
            float sum = 0.0f;
            for (int i = threadIndex(); i < a.cols; i += threadCount())
                sum += x[i];
            mean = sumOfBlock(sum) / static_cast<float>(a.cols);
        }
        float squares = 0.0f;
        for (int i = threadIndex(); i < a.cols; i += threadCount())
            squares = fused(x[i] - mean, x[i] - mean, squares);
        const float factor = 1.0f / squareRoot(sumOfBlock(squares) / static_cast<float>(a.cols) + a.epsilon);
        const float* const gain = a.gain + row % a.gainRows * a.cols;
        for (int i = threadIndex(); i < a.cols; i += threadCount())
            a.out[row * a.cols + i] = (x[i] - mean) * factor * gain[i] + (a.bias ? a.bias[i] : 0.0f);
    }
}

} // namespace kernels::cuda
