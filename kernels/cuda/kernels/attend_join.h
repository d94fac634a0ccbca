#pragma once
#include "kernels/cuda/kernels/attend.h"

// What follows the pieces: their join, and what a capture asks for.
namespace kernels::cuda {

/// The softmax over all pieces of a head: its largest score, the sum of weights and what their entropy needs.
struct Total {
    float largest, sum, entropy;
};

GPU_FUNCTION Total totalOf(const AttendArguments& a, int first, int end, int head) {
    Total total = {a.sinkLogits ? log2OfE * a.sinkLogits[head] : lowest, a.sinkLogits ? 1.0f : 0.0f, 0.0f};
    for (int piece = first; piece < end; ++piece) {
        const float* const part = partOf(a, piece, head);
        const float largest = larger(total.largest, part[0]);
        const float before = total.sum > 0.0f ? larger(total.largest - largest, -150.0f) : 0.0f;
        const float now = larger(part[0] - largest, -150.0f);
        const float keptShare = powerOf2(before), ownShare = powerOf2(now);
        total.entropy =
            keptShare * (total.entropy + total.sum * before) + ownShare * (part[2] + part[1] * now);
        total.sum = keptShare * total.sum + ownShare * part[1];
        total.largest = largest;
    }
    return total;
}

/// Joins the pieces of one token and head, in their order. Blocks: (heads, tokens).
GPU_KERNEL(blockThreads) attendJoin(AttendArguments a) {
    const int head = blockX(), token = a.firstToken + blockY();
    const int first = a.firstPiece[token] - a.basePiece, end = a.firstPiece[token + 1] - a.basePiece;
    const Total total = totalOf(a, first, end, head);
    float* const out = a.out + (static_cast<std::int64_t>(token) * a.heads + head) * a.headDim;
    for (int d = threadIndex(); d < a.headDim; d += threadCount()) {
        float sum = 0.0f;
        for (int piece = first; piece < end; ++piece) {
            const float* const part = partOf(a, piece, head);
            sum = fused(powerOf2(part[0] - total.largest), part[partNumbers + d], sum);
        }
        out[d] = total.sum > 0.0f ? sum / total.sum : 0.0f;
    }
}

/// What one head of the captured token did: turns the weights that its pieces kept into shares of the whole and adds up what is asked for.
GPU_KERNEL(blockThreads) attendCapture(CaptureArguments c) {
    const AttendArguments& a = c.attend;
    const int head = blockX(), thread = threadIndex(), step = threadCount();
    const int first = a.firstPiece[a.capturedToken] - a.basePiece,
              end = a.firstPiece[a.capturedToken + 1] - a.basePiece;
    const Total total = totalOf(a, first, end, head);
    float* const row = a.weights + static_cast<std::int64_t>(head) * c.slots;
    for (int number = first; number < end; ++number) {
        const Piece piece = pieceOf(a, number);
        const float share = powerOf2(partOf(a, number, head)[0] - total.largest) / total.sum;
        for (int key = thread; key < piece.keys; key += step)
            row[piece.firstSlot + key] *= share;
    }
    syncBlock();
    float sinks = 0.0f, recent = 0.0f, squares = 0.0f;
    for (int slot = thread; slot < a.sinks.slots; slot += step)
        sinks += row[slot];
    int left = c.recentKeys; // the newest of the ring stand in the last pieces
    for (int number = end - 1; number >= first && left > 0; --number) {
        const Piece piece = pieceOf(a, number);
        if (piece.firstSlot < a.sinks.slots)
            continue;
        const int count = left < piece.keys ? left : piece.keys;
        for (int i = thread; i < count; i += step)
            recent += row[piece.firstSlot + piece.keys - count + i];
        left -= count;
    }
    const float* const out =
        a.out + (static_cast<std::int64_t>(a.capturedToken) * a.heads + head) * a.headDim;
    for (int d = thread; d < a.headDim; d += step)
        squares = fused(out[d], out[d], squares);
    sinks = sumOfBlock(sinks);
    recent = sumOfBlock(recent);
    squares = sumOfBlock(squares);
    if (thread == 0) {
        float* const to = c.stats + static_cast<std::int64_t>(head) * gpu::statNumbers;
        to[0] = row[0];
        to[1] = sinks;
        to[2] = recent;
        to[3] = squares;
        to[4] = a.sinkLogits ? powerOf2(log2OfE * a.sinkLogits[head] - total.largest) / total.sum : 0.0f;
        to[5] = total.sum;
        to[6] = total.entropy;
        to[7] = 0.0f;
    }
}

/// The weight on each slot, summed over the heads of a layer.
GPU_KERNEL(blockThreads) attendMass(MassArguments a) {
    for (std::int64_t slot = itemIndex(); slot < a.slots; slot += itemCount()) {
        float sum = 0.0f;
        for (int head = 0; head < a.heads; ++head)
            sum += a.weights[static_cast<std::int64_t>(head) * a.slots + slot];
        a.mass[slot] = sum;
    }
}

} // namespace kernels::cuda
