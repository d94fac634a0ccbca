#pragma once
#include "kernels/cuda/kernels/quantise.h"
#include "kernels/cuda/kernels/weights.h"

// Products of a matrix with few rows of x: eight lanes a row of weights, so that a warp's loads fill whole lines of 128 bytes, and three
// exchanges end it. No shared memory.
namespace kernels::cuda {

/// The rows of one product that a thread has a hand in.
struct RowOfProduct {
    std::int32_t row = 0; // of the result
    std::int64_t weightRow =
        0; // of the weights: 0 where there is none, so that no lane is missing at an exchange
    std::int64_t inputRow = 0, biasAt = 0;
    bool isReal = false;
};

GPU_FUNCTION RowOfProduct rowOfProduct(const LinearArguments& a) {
    RowOfProduct own;
    own.row = blockX() * rowsOfBlock + threadIndex() / rowLanes;
    own.isReal = own.row < a.rows;
    const std::int64_t firstRow =
        a.experts ? static_cast<std::int64_t>(a.experts[blockY()]) * a.rows : std::int64_t{0};
    own.weightRow = firstRow + (own.isReal ? own.row : 0);
    own.biasAt = own.weightRow;
    own.inputRow = blockY() / a.rowsOfInput;
    return own;
}

GPU_FUNCTION void storeProduct(const LinearArguments& a, const RowOfProduct& own, float sum) {
    if (!own.isReal || threadIndex() % rowLanes != 0)
        return;
    float* const to = a.out + static_cast<std::int64_t>(blockY()) * a.rows + own.row;
    if (a.bias)
        sum += a.bias[own.biasAt];
    *to = a.isAdded ? *to + sum : sum;
}

/// Activations as they are: a chunk of 16 columns a lane.
template <Form FORM>
GPU_KERNEL(blockThreads)
linearVector(LinearArguments a) {
    const RowOfProduct own = rowOfProduct(a);
    const WeightView& weight = a.weight;
    const float* const x = a.x + own.inputRow * weight.cols;
    const std::int64_t firstChunk = own.weightRow * weight.chunksOfRow;
    float sum = 0.0f;
    for (int chunk = threadIndex() % rowLanes; chunk < weight.chunksOfRow; chunk += rowLanes) {
        float w[chunkOfWeights];
        loadChunk<FORM>(weight, firstChunk + chunk, w);
        const int first = chunk * chunkOfWeights;
        float products = 0.0f, total = 0.0f;
        GPU_UNROLL
        for (int i = 0; i < chunkOfWeights; ++i) {
            const float value = first + i < weight.cols ? x[first + i] : 0.0f;
            products = fused(w[i], value, products);
            total += value;
        }
        const ScaleAndOffset scale = scaleOfChunk<FORM>(weight, firstChunk + chunk);
        sum += scale.scale * products + scale.offset * total;
    }
    storeProduct(a, own, sumOfLanes<rowLanes>(sum));
}

/// Columns 0-15 or 16-31 of a unit: quants times words of 16 bits.
GPU_FUNCTION int productOfHalf(const std::uint32_t* quants, const std::uint32_t* high,
                               const std::uint32_t* low) {
    int ofHigh = 0, ofLow = 0;
    GPU_UNROLL
    for (int i = 0; i < 4; ++i) {
        ofHigh = dotOfBytes(quants[i], high[i], ofHigh);
        ofLow = dotOfBytes(quants[i], low[i], ofLow);
    }
    return 256 * ofHigh + ofLow;
}

/// The quants of half a unit as signed bytes, four in a word.
template <Form FORM>
GPU_FUNCTION void quantsOfChunk(const WeightView& weight, std::int64_t chunk, std::uint32_t* quants) {
    if constexpr (FORM == Form::Eight) {
        const Words4 words = *elementsAt<Words4>(weight.quants, chunk);
        quants[0] = words.x;
        quants[1] = words.y;
        quants[2] = words.z;
        quants[3] = words.w;
    } else {
        const Words2 words = *elementsAt<Words2>(weight.quants, chunk);
        spreadNibbles(words.x, quants);
        spreadNibbles(words.y, quants + 2);
    }
}

/// Activations as words of 16 bits, a unit of 32 columns a lane: two products of bytes for each weight, and all sums are whole numbers.
template <Form FORM>
GPU_KERNEL(blockThreads)
linearVectorBytes(LinearArguments a) {
    const RowOfProduct own = rowOfProduct(a);
    const WeightView& weight = a.weight;
    const int units = weight.cols / unitColumns;
    const InputUnit* const x = a.units + own.inputRow * units;
    const std::int64_t firstUnit = own.weightRow * units;
    const int zeroPoint = FORM == Form::Four ? weight.zeroPoint : 0;
    float sum = 0.0f;
    for (int unit = threadIndex() % rowLanes; unit < units; unit += rowLanes) {
        std::uint32_t quants[8];
        quantsOfChunk<FORM>(weight, 2 * (firstUnit + unit), quants);
        quantsOfChunk<FORM>(weight, 2 * (firstUnit + unit) + 1, quants + 4);
        const InputUnit in = x[unit];
        const int first = productOfHalf(quants, in.high, in.low) - zeroPoint * in.sums[0],
                  second = productOfHalf(quants + 4, in.high + 4, in.low + 4) - zeroPoint * in.sums[1];
        float ofUnit = 0.0f;
        if (weight.chunksOfScale == 2) {
            const ScaleAndOffset scale = scaleOfBlock(weight, firstUnit + unit);
            ofUnit = scale.scale * static_cast<float>(first + second) +
                     scale.offset * static_cast<float>(in.sums[0] + in.sums[1]);
        } else {
            const ScaleAndOffset one = scaleOfBlock(weight, 2 * (firstUnit + unit)),
                                 two = scaleOfBlock(weight, 2 * (firstUnit + unit) + 1);
            ofUnit = one.scale * static_cast<float>(first) + one.offset * static_cast<float>(in.sums[0]) +
                     two.scale * static_cast<float>(second) + two.offset * static_cast<float>(in.sums[1]);
        }
        sum = fused(in.scale, ofUnit, sum);
    }
    storeProduct(a, own, sumOfLanes<rowLanes>(sum));
}

} // namespace kernels::cuda
