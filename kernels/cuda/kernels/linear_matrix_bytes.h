#pragma once
#include "kernels/cuda/kernels/linear_matrix.h"
#include "kernels/cuda/kernels/linear_vector.h"
#include "kernels/cuda/kernels/tensor_cores.h"

// Products of quantised weights with many rows of x: the arithmetic of linearVectorBytes on tensor cores. A block makes a tile of 128 rows by
// 64 tokens, a warp 32 by 32 of it, from two units of 32 columns at a time that lie in shared memory. While these are multiplied, each
// thread already waits for its share of the next two.
namespace kernels::cuda {

constexpr int unitsAtOnce = 2;
constexpr int warpTile = 32; // rows and tokens
// Words of a row in shared memory. Four more than it holds, so that a warp's loads meet no bank twice.
constexpr int weightWords = 8 * unitsAtOnce + 4, inputWords = 16 * unitsAtOnce + 4;

/// In shared memory. Of a unit of inputs: eight words of high bytes, eight of low ones.
struct ByteTiles {
    Words4* weights;        // (byteTileRows, weightWords / 4)
    Words4* inputs;         // (byteTileTokens, inputWords / 4)
    ScaleAndOffset* ofRows; // (2 * unitsAtOnce, byteTileRows): of half a unit each
    float*
        ofTokens; // (3 * unitsAtOnce, byteTileTokens): scale; scale * sum of the inputs that the first and second scale meet
};

/// A thread's share of two units: one unit of a row, half a unit of a token.
struct Share {
    std::uint32_t quants[8] = {};
    ScaleAndOffset scales[2] = {};
    Words4 inputs[2] = {}, rest = {}; // rest: scale and sums, in every other thread
};

// Which one: by the thread's number.
GPU_FUNCTION int rowOfShare() {
    return threadIndex() / unitsAtOnce;
}
GPU_FUNCTION int unitOfRow() {
    return threadIndex() % unitsAtOnce;
}
GPU_FUNCTION int tokenOfShare() {
    return threadIndex() / (2 * unitsAtOnce);
}
GPU_FUNCTION int unitOfToken() {
    return threadIndex() / 2 % unitsAtOnce;
}
GPU_FUNCTION int halfOfToken() {
    return threadIndex() % 2;
}

/// Four bytes of 0 to 15, less the zero point (15 at most): no byte borrows from its neighbour.
GPU_FUNCTION std::uint32_t lessZeroPoint(std::uint32_t bytes, int zeroPoint) {
    return ((bytes | 0x80808080u) - static_cast<std::uint32_t>(zeroPoint) * 0x01010101u) ^ 0x80808080u;
}

template <Form FORM>
GPU_FUNCTION Share fetchShare(const LinearArguments& a, int firstUnit) {
    const WeightView& weight = a.weight;
    const int units = weight.cols / unitColumns;
    Share own;
    const int row = blockX() * byteTileRows + rowOfShare(), unit = firstUnit + unitOfRow();
    if (row < a.rows && unit < units) {
        const std::int64_t at = static_cast<std::int64_t>(row) * units + unit;
        quantsOfChunk<FORM>(weight, 2 * at, own.quants);
        quantsOfChunk<FORM>(weight, 2 * at + 1, own.quants + 4);
        if constexpr (FORM == Form::Four) {
            GPU_UNROLL
            for (int i = 0; i < 8; ++i)
                own.quants[i] = lessZeroPoint(own.quants[i], weight.zeroPoint);
        }
        const bool isSplit = weight.chunksOfScale == 1;
        own.scales[0] = scaleOfBlock(weight, isSplit ? 2 * at : at);
        own.scales[1] = isSplit ? scaleOfBlock(weight, 2 * at + 1) : ScaleAndOffset{0.0f, 0.0f};
    }
    const int token = blockY() * byteTileTokens + tokenOfShare(), inputUnit = firstUnit + unitOfToken();
    if (token < a.tokens && inputUnit < units) {
        const InputUnit* const from = a.units + static_cast<std::int64_t>(token) * units + inputUnit;
        own.inputs[0] = *elementsAt<Words4>(from, 2 * halfOfToken());
        own.inputs[1] = *elementsAt<Words4>(from, 2 * halfOfToken() + 1);
        own.rest = *elementsAt<Words4>(from, 4);
    }
    return own;
}

GPU_FUNCTION void placeShare(const ByteTiles& tiles, const Share& own, bool isSplit) {
    Words4* const weights = tiles.weights + (rowOfShare() * weightWords + 8 * unitOfRow()) / 4;
    weights[0] = {own.quants[0], own.quants[1], own.quants[2], own.quants[3]};
    weights[1] = {own.quants[4], own.quants[5], own.quants[6], own.quants[7]};
    ScaleAndOffset* const scales = tiles.ofRows + 2 * unitOfRow() * byteTileRows + rowOfShare();
    scales[0] = own.scales[0];
    scales[byteTileRows] = own.scales[1];
    Words4* const inputs =
        tiles.inputs + (tokenOfShare() * inputWords + 16 * unitOfToken() + 8 * halfOfToken()) / 4;
    inputs[0] = own.inputs[0];
    inputs[1] = own.inputs[1];
    if (halfOfToken() != 0)
        return;
    float* const ofToken = tiles.ofTokens + 3 * unitOfToken() * byteTileTokens + tokenOfShare();
    const float scale = asFloat(own.rest.x);
    const int first = static_cast<int>(own.rest.y), second = static_cast<int>(own.rest.z);
    ofToken[0] = scale;
    ofToken[byteTileTokens] = scale * static_cast<float>(isSplit ? first : first + second);
    ofToken[2 * byteTileTokens] = scale * static_cast<float>(second);
}

// Whole numbers below 2^22 that are added to these bits are added to the float that they mean: 3 * 2^22. So sums of bytes become floats by
// one subtraction. At most they are 32 * 128 * 127, below 2^19.
constexpr int noSum = 0x4b400000;
constexpr float noSumAsFloat = 12582912.0f;

/// What the bytes of (half) a unit make of a lane's four sums. `row` and `token` count in the block's tile.
GPU_FUNCTION void addUnit(const ByteTiles& tiles, int unit, int half, int row, int token, const int* high,
                          const int* low, float* sums) {
    const ScaleAndOffset* const ofRow = tiles.ofRows + (2 * unit + half) * byteTileRows + row;
    const float* const ofToken = tiles.ofTokens + 3 * unit * byteTileTokens + token;
    GPU_UNROLL
    for (int i = 0; i < 4; ++i) {
        const ScaleAndOffset scale = ofRow[8 * (i / 2)];
        const float scaleOfToken = ofToken[i % 2], inputs = ofToken[(1 + half) * byteTileTokens + i % 2];
        const float product = fused(256.0f, asFloat(static_cast<std::uint32_t>(high[i])) - noSumAsFloat,
                                    asFloat(static_cast<std::uint32_t>(low[i])) - noSumAsFloat);
        sums[i] = fused(scale.scale * scaleOfToken, product, fused(scale.offset, inputs, sums[i]));
    }
}

/// One unit of columns for the warp's rows and tokens.
GPU_FUNCTION void multiplyUnit(const ByteTiles& tiles, int unit, bool isSplit, int firstRow, int firstToken,
                               float (*sums)[4][4]) {
    const int group = laneIndex() / 4, inGroup = laneIndex() % 4; // as tensor_cores.h numbers lanes
    const auto* const weights = reinterpret_cast<const std::uint32_t*>(tiles.weights) +
                                (firstRow + group) * weightWords + 8 * unit + inGroup;
    const auto* const inputs = reinterpret_cast<const std::uint32_t*>(tiles.inputs) +
                               (firstToken + group) * inputWords + 16 * unit + inGroup;
    std::uint32_t w[2][4];
    GPU_UNROLL
    for (int i = 0; i < 2; ++i) {
        const std::uint32_t* const row = weights + 16 * i * weightWords;
        w[i][0] = row[0];
        w[i][1] = row[8 * weightWords];
        w[i][2] = row[4];
        w[i][3] = row[8 * weightWords + 4];
    }
    GPU_UNROLL
    for (int j = 0; j < 4; ++j) {
        const std::uint32_t* const x = inputs + 8 * j * inputWords;
        const std::uint32_t highs[] = {x[0], x[4]}, lows[] = {x[8], x[12]};
        GPU_UNROLL
        for (int i = 0; i < 2; ++i) {
            const int row = firstRow + 16 * i + group, token = firstToken + 8 * j + 2 * inGroup;
            int high[] = {noSum, noSum, noSum, noSum}, low[] = {noSum, noSum, noSum, noSum};
            if (isSplit) {
                addProducts16(high, w[i], highs[0]);
                addProducts16(low, w[i], lows[0]);
                addUnit(tiles, unit, 0, row, token, high, low, sums[i][j]);
                int highOfSecond[] = {noSum, noSum, noSum, noSum},
                    lowOfSecond[] = {noSum, noSum, noSum, noSum};
                addProducts16(highOfSecond, w[i] + 2, highs[1]);
                addProducts16(lowOfSecond, w[i] + 2, lows[1]);
                addUnit(tiles, unit, 1, row, token, highOfSecond, lowOfSecond, sums[i][j]);
            } else {
                addProducts32(high, w[i], highs);
                addProducts32(low, w[i], lows);
                addUnit(tiles, unit, 0, row, token, high, low, sums[i][j]);
            }
        }
    }
}

template <Form FORM>
GPU_KERNEL(byteTileThreads)
linearMatrixBytes(LinearArguments a) {
    GPU_SHARED(Words4, weights, byteTileRows * weightWords / 4);
    GPU_SHARED(Words4, inputs, byteTileTokens * inputWords / 4);
    GPU_SHARED(ScaleAndOffset, ofRows, 2 * unitsAtOnce * byteTileRows);
    GPU_SHARED(float, ofTokens, 3 * unitsAtOnce * byteTileTokens);
    static_assert(byteTileThreads == byteTileRows * unitsAtOnce &&
                  byteTileThreads == byteTileTokens * unitsAtOnce * 2);
    static_assert(byteTileThreads / warpSize32 == byteTileRows / warpTile * (byteTileTokens / warpTile));
    const ByteTiles tiles{weights, inputs, ofRows, ofTokens};
    const int units = a.weight.cols / unitColumns;
    const bool isSplit = a.weight.chunksOfScale == 1;
    constexpr int warpsOfRows = byteTileRows / warpTile;
    const int firstRow = warpIndex() % warpsOfRows * warpTile,
              firstToken = warpIndex() / warpsOfRows * warpTile;
    const int rows = a.rows - blockX() * byteTileRows, tokens = a.tokens - blockY() * byteTileTokens;
    float sums[2][4][4] = {};
    Share next = fetchShare<FORM>(a, 0);
    for (int unit = 0; unit < units; unit += unitsAtOnce) {
        syncBlock(); // the units before these have been read
        placeShare(tiles, next, isSplit);
        syncBlock();
        next = fetchShare<FORM>(a, unit + unitsAtOnce);
        if (firstRow < rows && firstToken < tokens) // for the whole warp
            for (int i = 0; i < unitsAtOnce; ++i)
                multiplyUnit(tiles, i, isSplit, firstRow, firstToken, sums);
    }
    GPU_UNROLL
    for (int i = 0; i < 2; ++i)
        GPU_UNROLL
    for (int j = 0; j < 4; ++j)
        GPU_UNROLL
    for (int k = 0; k < 4; ++k)
        storeInTile(a, blockX() * byteTileRows + firstRow + 16 * i + laneIndex() / 4 + 8 * (k / 2),
                    blockY() * byteTileTokens + firstToken + 8 * j + 2 * (laneIndex() % 4) + k % 2,
                    sums[i][j][k]);
}

} // namespace kernels::cuda
