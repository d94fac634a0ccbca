#pragma once
#include "kernels/cuda/kernels/elementwise.h"
#include "kernels/cuda/kernels/kv_rows.h"
#include "kernels/gpu/key_pieces.h"

namespace kernels::cuda {

/// A piece of keys of one token, as the step's inputs tell it, and its number among those whose parts are kept.
struct Piece {
    int token, firstSlot, keys, query, distance, number;
};

GPU_FUNCTION Piece pieceOf(const AttendArguments& a, int number) {
    const std::int32_t* const words = a.pieces + number * static_cast<int>(gpu::pieceWords);
    return {words[0], words[1], words[2], words[3], words[4], number};
}

GPU_FUNCTION float* partOf(const AttendArguments& a, int piece, int head) {
    return a.parts + (static_cast<std::int64_t>(piece) * a.heads + head) * (partNumbers + a.headDim);
}

/// Pieces of neighbouring tokens that see nearly the same keys: these are read once for all.
struct Tile {
    const Piece* pieces; // shared; begin .. end - 1 are its own
    int begin, end;
    int firstSlot, keys; // of all of them
    int firstHead, heads;

    GPU_FUNCTION bool has(int token) const { return token >= begin && token < end; }
    /// Where a token's keys begin among those of all.
    GPU_FUNCTION int skippedBy(int token) const { return pieces[token].firstSlot - firstSlot; }
    GPU_FUNCTION bool sees(int token, int key) const {
        const int own = key - skippedBy(token);
        return has(token) && own >= 0 && own < pieces[token].keys;
    }
};

/// How a tile's numbers lie in shared memory.
template <int HEADS, int TOKENS>
struct TileShape {
    static constexpr int rows = HEADS * TOKENS;              // row: token * HEADS + head
    static constexpr int keys = gpu::pieceKeys + TOKENS - 1; // the tokens' pieces begin no further apart
    static constexpr int headDim = TOKENS == 1 ? mostHeadDim : mostSharedHeadDim;
};

/// The rows of keys and values that a block reads.
struct PieceRows {
    CachePart part;
    std::int64_t keyRow, valueRow;
};

GPU_FUNCTION PieceRows rowsOf(const AttendArguments& a, int firstSlot, int kvHead) {
    const bool isSink = firstSlot < a.sinks.slots;
    const CachePart part = chosenPart(a.sinks, a.ring, isSink);
    const int inPart = isSink ? firstSlot : firstSlot - a.sinks.slots;
    return {part, static_cast<std::int64_t>(kvHead) * part.slots + inPart,
            static_cast<std::int64_t>(a.kvHeads + kvHead) * part.slots + inPart};
}

/// Scores of one key, as powers of 2, for all rows of a tile.
template <int HEADS, int TOKENS>
GPU_FUNCTION void scoreKey(const AttendArguments& a, const Tile& tile, const PieceRows& rows, int key,
                           const float* queries, int padded, float* scores) {
    using Shape = TileShape<HEADS, TOKENS>;
    float sums[Shape::rows] = {};
    for (int d = 0; d < padded; d += 8) {
        float k[8];
        loadEight(rows.part, rows.keyRow + key, d, k);
        GPU_UNROLL
        for (int row = 0; row < Shape::rows; ++row)
            GPU_UNROLL
        for (int i = 0; i < 8; ++i)
            sums[row] = fused(k[i], queries[row * padded + d + i], sums[row]);
    }
    GPU_UNROLL
    for (int token = 0; token < TOKENS; ++token) {
        if (!tile.sees(token, key))
            continue;
        const int distance = tile.pieces[token].distance - (key - tile.skippedBy(token));
        GPU_UNROLL
        for (int h = 0; h < HEADS; ++h) {
            if (h >= tile.heads)
                break;
            float score = sums[token * HEADS + h] * a.scale;
            if (a.softcap > 0.0f)
                score = softcapped(score, a.softcap);
            if (a.slopes)
                score -= a.slopes[tile.firstHead + h] * static_cast<float>(distance);
            scores[(token * HEADS + h) * Shape::keys + key] = score * log2OfE;
        }
    }
}

/// A warp a row: turns scores into weights and leaves what the join needs.
GPU_FUNCTION void weighKeys(const AttendArguments& a, const Piece& piece, int head, float* scores) {
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
        float* const to = partOf(a, piece.number, head);
        to[0] = largest;
        to[1] = sum;
        to[2] = entropy;
    }
}

/// Weighted sums of values: a thread two dimensions of every groups-th slot, then the groups are added in their order. Slots decide, so that
/// a row has the same bits in any tile.
template <int HEADS, int TOKENS>
GPU_FUNCTION void sumValues(const AttendArguments& a, const Tile& tile, const PieceRows& rows,
                            const float* weights, float* scratch) {
    using Shape = TileShape<HEADS, TOKENS>;
    const int pairs = a.headDim / 2, lanes = pairs < threadCount() ? pairs : threadCount();
    const int groups = threadCount() / lanes, group = threadIndex() / lanes;
    if (group < groups)
        for (int pair = threadIndex() % lanes; pair < pairs; pair += lanes) {
            float sums[Shape::rows][2] = {};
            for (int key = (group + groups - tile.firstSlot % groups) % groups; key < tile.keys;
                 key += groups) {
                float v[2];
                loadTwo(rows.part, rows.valueRow + key, 2 * pair, v);
                GPU_UNROLL
                for (int token = 0; token < TOKENS; ++token) {
                    if (!tile.sees(token, key))
                        continue;
                    GPU_UNROLL
                    for (int h = 0; h < HEADS; ++h) {
                        if (h >= tile.heads)
                            break;
                        const int row = token * HEADS + h;
                        const float weight = weights[row * Shape::keys + key];
                        sums[row][0] = fused(weight, v[0], sums[row][0]);
                        sums[row][1] = fused(weight, v[1], sums[row][1]);
                    }
                }
            }
            GPU_UNROLL
            for (int row = 0; row < Shape::rows; ++row) {
                scratch[(group * Shape::rows + row) * a.headDim + 2 * pair] = sums[row][0];
                scratch[(group * Shape::rows + row) * a.headDim + 2 * pair + 1] = sums[row][1];
            }
        }
    syncBlock();
    for (int item = threadIndex(); item < (tile.end - tile.begin) * tile.heads * a.headDim;
         item += threadCount()) {
        const int d = item % a.headDim, head = item / a.headDim % tile.heads;
        const int token = tile.begin + item / a.headDim / tile.heads;
        float sum = 0.0f;
        for (int g = 0; g < groups; ++g)
            sum += scratch[(g * Shape::rows + token * HEADS + head) * a.headDim + d];
        partOf(a, tile.pieces[token].number, tile.firstHead + head)[partNumbers + d] = sum;
    }
}

template <int HEADS, int TOKENS>
GPU_FUNCTION void attendTile(const AttendArguments& a, const Tile& tile, float* scores, float* numbers) {
    using Shape = TileShape<HEADS, TOKENS>;
    const PieceRows rows = rowsOf(a, tile.firstSlot, blockY());
    const int padded = (a.headDim + 7) / 8 * 8;
    for (int i = threadIndex(); i < Shape::rows * padded; i += threadCount()) {
        const int row = i / padded, d = i % padded, token = row / HEADS, head = row % HEADS;
        float number = 0.0f;
        if (tile.has(token) && head < tile.heads && d < a.headDim) {
            const Piece& piece = tile.pieces[token];
            const std::int64_t at = static_cast<std::int64_t>(piece.token) * a.heads + tile.firstHead + head;
            number = a.queries[piece.query][at * a.headDim + d];
        }
        numbers[i] = number;
    }
    syncBlock();
    for (int key = threadIndex(); key < tile.keys; key += threadCount())
        scoreKey<HEADS, TOKENS>(a, tile, rows, key, numbers, padded, scores);
    syncBlock();
    for (int i = warpIndex(); i < (tile.end - tile.begin) * tile.heads; i += warpCount()) {
        const int token = tile.begin + i / tile.heads, head = i % tile.heads;
        weighKeys(a, tile.pieces[token], tile.firstHead + head,
                  scores + (token * HEADS + head) * Shape::keys + tile.skippedBy(token));
    }
    syncBlock();
    sumValues<HEADS, TOKENS>(a, tile, rows, scores, numbers);
}

/// Whether the keys of a neighbour's piece begin where those of `first` do, or a few slots behind.
template <int TOKENS>
GPU_FUNCTION bool isNear(const AttendArguments& a, const Piece& first, const Piece& other) {
    const int ahead = other.firstSlot - first.firstSlot;
    return other.keys > 0 && other.query == first.query && ahead >= 0 && ahead < TOKENS &&
           (other.firstSlot < a.sinks.slots) == (first.firstSlot < a.sinks.slots);
}

/// A piece, of up to 256 keys, of each of up to TOKENS neighbouring tokens, for up to HEADS query heads of a KV head. Blocks: (tiles of
/// tokens * pieces of a token, KV heads, groups of heads); those behind the last piece do nothing, so that a recorded step serves a growing
/// cache.
template <int HEADS, int TOKENS>
GPU_KERNEL(blockThreads)
attend(AttendArguments a) {
    using Shape = TileShape<HEADS, TOKENS>;
    GPU_SHARED(float, scores, Shape::rows* Shape::keys);
    GPU_SHARED(float, numbers, Shape::rows* Shape::headDim); // queries, later sums of values
    GPU_SHARED(Piece, pieces, TOKENS);
    if (threadIndex() < TOKENS) {
        const int token = a.firstToken + blockX() / a.piecesOfToken * TOKENS + threadIndex();
        Piece piece = {};
        if (token < a.endToken) {
            const int number = a.firstPiece[token] - a.basePiece + blockX() % a.piecesOfToken;
            if (number < a.firstPiece[token + 1] - a.basePiece)
                piece = pieceOf(a, number);
        }
        pieces[threadIndex()] = piece;
    }
    syncBlock();
    const int group = a.heads / a.kvHeads, firstRow = blockZ() * HEADS;
    const int heads = group - firstRow < HEADS ? group - firstRow : HEADS;
    for (int begin = 0; begin < TOKENS;) {
        const Piece first = pieces[begin];
        int end = begin + 1, keys = first.keys;
        for (; end < TOKENS && isNear<TOKENS>(a, first, pieces[end]); ++end) {
            const int reached = pieces[end].firstSlot + pieces[end].keys - first.firstSlot;
            keys = reached > keys ? reached : keys;
        }
        if (keys > 0)
            attendTile<HEADS, TOKENS>(
                a, {pieces, begin, end, first.firstSlot, keys, blockY() * group + firstRow, heads}, scores,
                numbers);
        begin = end;
        if (begin < TOKENS)
            syncBlock(); // the next ones take the same shared memory
    }
}

} // namespace kernels::cuda
