#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "attend_total.glsl"

// What one head of the captured token did: turns the weights that its pieces kept into shares of the whole and adds up what is asked for.
layout(set = 0, binding = 3) readonly buffer Out { float attended[]; };
layout(set = 0, binding = 4) buffer Weights { float weights[]; }; // (heads, slots)
layout(set = 0, binding = 5) buffer Stats { float stats[]; };     // (heads, 8)
layout(set = 0, binding = 6) readonly buffer Recent { int recentSlots[]; };
layout(push_constant) uniform Push {
    uint piecesAt, firstPiece, endPiece, heads, headDim, hasSinkLogits, attendedAt, slots, sinkSlots, recent;
};

void main() {
    const uint head = gl_WorkGroupID.x, local = gl_LocalInvocationID.x, size = gl_WorkGroupSize.x, row = head * slots;
    const Total total = totalOf(firstPiece, endPiece, head, heads, headDim, hasSinkLogits != 0);
    for (uint piece = firstPiece; piece < endPiece; ++piece) {
        const uint firstSlot = uint(AT(inputs, piecesAt + 5 * piece + 1)), keys = uint(AT(inputs, piecesAt + 5 * piece + 2));
        const float share = powerOf2(AT(parts, partAt(piece, head, heads, headDim)) - total.largest) / total.sum;
        for (uint key = local; key < keys; key += size)
            AT(weights, row + firstSlot + key) *= share;
    }
    memoryBarrierBuffer();
    barrier();
    float sinkSum = 0.0, recentSum = 0.0, squares = 0.0;
    for (uint slot = local; slot < sinkSlots; slot += size)
        sinkSum += AT(weights, row + slot);
    for (uint i = local; i < recent; i += size)
        recentSum += AT(weights, row + uint(AT(recentSlots, i)));
    for (uint d = local; d < headDim; d += size) {
        const float value = AT(attended, attendedAt + head * headDim + d);
        squares = fma(value, value, squares);
    }
    sinkSum = workgroupSum(sinkSum);
    recentSum = workgroupSum(recentSum);
    squares = workgroupSum(squares);
    if (local == 0) {
        const uint to = 8 * head;
        AT(stats, to) = AT(weights, row);
        AT(stats, to + 1) = sinkSum;
        AT(stats, to + 2) = recentSum;
        AT(stats, to + 3) = squares;
        AT(stats, to + 4) = hasSinkLogits != 0 ? powerOf2(LOG2_E * AT(sinkLogits, head) - total.largest) / total.sum : 0.0;
        AT(stats, to + 5) = total.sum;
        AT(stats, to + 6) = total.entropy;
    }
}
