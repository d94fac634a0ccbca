#pragma once
#include "kernels/cuda/kernels/elementwise.h"
#include "kernels/cuda/kernels/kv_rows.h"
#include "kernels/gpu/key_pieces.h"

namespace kernels::cuda {

/// A piece of keys of one token, as the step's inputs tell it.
struct Piece {
    int token, firstSlot, keys, query, distance;
};

GPU_FUNCTION Piece pieceOf(const AttendArguments& a, int number) {
    const std::int32_t* const words = a.pieces + number * static_cast<int>(gpu::pieceWords);
    return {words[0], words[1], words[2], words[3], words[4]};
}

GPU_FUNCTION float* partOf(const AttendArguments& a, int piece, int head) {
    return a.parts + (static_cast<std::int64_t>(piece) * a.heads + head) * (partNumbers + a.headDim);
}

/// The rows of keys and values that a block reads.
struct PieceRows {
    CachePart part;
    std::int64_t keyRow, valueRow;
};

GPU_FUNCTION PieceRows rowsOf(const AttendArguments& a, const Piece& piece, int kvHead) {
    const bool isSink = piece.firstSlot < a.sinks.slots;
    const CachePart part = chosenPart(a.sinks, a.ring, isSink);
    const int inPart = isSink ? piece.firstSlot : piece.firstSlot - a.sinks.slots;
    return {part, static_cast<std::int64_t>(kvHead) * part.slots + inPart,
            static_cast<std::int64_t>(a.kvHeads + kvHead) * part.slots + inPart};
}

/// Scores of one key, as powers of 2, for all heads of a block.
template <int HEADS>
GPU_FUNCTION void scoreKey(const AttendArguments& a, const Piece& piece, const PieceRows& rows, int key,
                           const float* query, int padded, int firstHead, int heads, float* scores) {
    float sums[HEADS] = {};
    for (int d = 0; d < padded; d += 8) {
        float k[8];
        loadEight(rows.part, rows.keyRow + key, d, k);
        GPU_UNROLL
        for (int h = 0; h < HEADS; ++h)
            GPU_UNROLL
        for (int i = 0; i < 8; ++i)
            sums[h] = fused(k[i], query[h * padded + d + i], sums[h]);
    }
    GPU_UNROLL
    for (int h = 0; h < HEADS; ++h) {
        if (h >= heads)
            break;
        float score = sums[h] * a.scale;
        if (a.softcap > 0.0f)
            score = softcapped(score, a.softcap);
        if (a.slopes)
            score -= a.slopes[firstHead + h] * static_cast<float>(piece.distance - key);
        scores[h * gpu::pieceKeys + key] = score * log2OfE;
    }
}

/// A warp a head: turns scores into weights and leaves what the join needs.
GPU_FUNCTION void weighKeys(const AttendArguments& a, const Piece& piece, int number, int head,
                            float* scores) {
    float largest = lowest, sum = 0.0f, entropy = 0.0f;
    for (int key = laneIndex(); key < piece.keys; key += warpSize32)
        largest = larger(largest, scores[key]);
    largest = largestOfLanes(largest);
    const bool isCaptured = a.weights && piece.token == a.capturedToken;
    float* const kept = a.weights + static_cast<std::int64_t>(head) * (a.sinks.slots + a.ring.slots);
    for (int key = laneIndex(); key < piece.keys; key += warpSize32) {
        const float below = scores[key] - largest, weight = powerOf2(below);
        scores[key] = weight;
        sum += weight;
        entropy = fused(weight, larger(below, -150.0f), entropy);
        if (isCaptured)
            kept[piece.firstSlot + key] = weight;
    }
    sum = sumOfLanes(sum);
    entropy = sumOfLanes(entropy);
    if (laneIndex() == 0) {
        float* const to = partOf(a, number, head);
        to[0] = largest;
        to[1] = sum;
        to[2] = entropy;
    }
}

/// Weighted sums of values: a thread two dimensions of every groups-th key, then the groups are added in their order.
template <int HEADS>
GPU_FUNCTION void sumValues(const AttendArguments& a, const Piece& piece, const PieceRows& rows, int number,
                            int firstHead, int heads, const float* weights, float* scratch) {
    const int pairs = a.headDim / 2, lanes = pairs < threadCount() ? pairs : threadCount();
    const int groups = threadCount() / lanes, group = threadIndex() / lanes;
    if (group < groups)
        for (int pair = threadIndex() % lanes; pair < pairs; pair += lanes) {
            float sums[HEADS][2] = {};
            for (int key = group; key < piece.keys; key += groups) {
                float v[2];
                loadTwo(rows.part, rows.valueRow + key, 2 * pair, v);
                GPU_UNROLL
                for (int h = 0; h < HEADS; ++h) {
                    if (h >= heads)
                        break;
                    const float weight = weights[h * gpu::pieceKeys + key];
                    sums[h][0] = fused(weight, v[0], sums[h][0]);
                    sums[h][1] = fused(weight, v[1], sums[h][1]);
                }
            }
            GPU_UNROLL
            for (int h = 0; h < HEADS; ++h) {
                scratch[(group * HEADS + h) * a.headDim + 2 * pair] = sums[h][0];
                scratch[(group * HEADS + h) * a.headDim + 2 * pair + 1] = sums[h][1];
            }
        }
    syncBlock();
    for (int item = threadIndex(); item < heads * a.headDim; item += threadCount()) {
        const int head = item / a.headDim, d = item % a.headDim;
        float sum = 0.0f;
        for (int g = 0; g < groups; ++g)
            sum += scratch[(g * HEADS + head) * a.headDim + d];
        partOf(a, number, firstHead + head)[partNumbers + d] = sum;
    }
}

/// One piece of up to 256 keys that one token sees, for up to HEADS query heads of a KV head: keys and values are read once. Blocks:
/// (pieces, KV heads, groups of heads); those behind the last piece do nothing, so that a recorded step serves a growing cache.
template <int HEADS>
GPU_KERNEL(blockThreads)
attend(AttendArguments a) {
    GPU_SHARED(float, scores, HEADS* gpu::pieceKeys);
    GPU_SHARED(float, numbers, HEADS* mostHeadDim); // queries, later sums of values
    const int number = blockX();
    if (number >= a.firstPiece[a.endToken] - a.basePiece)
        return;
    const Piece piece = pieceOf(a, number);
    const int group = a.heads / a.kvHeads, firstRow = blockZ() * HEADS;
    const int heads = group - firstRow < HEADS ? group - firstRow : HEADS;
    const int firstHead = blockY() * group + firstRow;
    const PieceRows rows = rowsOf(a, piece, blockY());
    const int padded = (a.headDim + 7) / 8 * 8;
    const float* const query =
        a.queries[piece.query] + (static_cast<std::int64_t>(piece.token) * a.heads + firstHead) * a.headDim;
    for (int i = threadIndex(); i < HEADS * padded; i += threadCount()) {
        const int head = i / padded, d = i % padded;
        numbers[i] = head < heads && d < a.headDim ? query[head * a.headDim + d] : 0.0f;
    }
    syncBlock();
    for (int key = threadIndex(); key < piece.keys; key += threadCount())
        scoreKey<HEADS>(a, piece, rows, key, numbers, padded, firstHead, heads, scores);
    syncBlock();
    for (int head = warpIndex(); head < heads; head += warpCount())
        weighKeys(a, piece, number, firstHead + head, scores + head * gpu::pieceKeys);
    syncBlock();
    sumValues<HEADS>(a, piece, rows, number, firstHead, heads, scores, numbers);
}

} // namespace kernels::cuda
