#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "attend_total.glsl"

// Joins the pieces of one token and head, in their order.
layout(set = 0, binding = 3) buffer Out { float result[]; };
layout(push_constant) uniform Push { uint firstPieceAt, basePiece, heads, headDim, hasSinkLogits, outAt, firstToken; };

void main() {
    const uint head = gl_WorkGroupID.x, token = firstToken + gl_WorkGroupID.y;
    const uint first = uint(AT(inputs, firstPieceAt + token)) - basePiece, end = uint(AT(inputs, firstPieceAt + token + 1)) - basePiece;
    const Total total = totalOf(first, end, head, heads, headDim, hasSinkLogits != 0);
    for (uint d = gl_LocalInvocationID.x; d < headDim; d += gl_WorkGroupSize.x) {
        float sum = 0.0;
        for (uint piece = first; piece < end; ++piece) {
            const uint at = partAt(piece, head, heads, headDim);
            sum = fma(powerOf2(AT(parts, at) - total.largest), AT(parts, at + 4 + d), sum);
        }
        AT(result, outAt + (token * heads + head) * headDim + d) = total.sum > 0.0 ? sum / total.sum : 0.0;
    }
}
