#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "kv_rows.glsl"

// One piece of up to 256 keys that one token sees, for the query heads of one KV head (up to HEADS of them): keys and values are read once.
// Leaves the largest score, the sum of weights, what their entropy needs, and the weighted sum of the values. Scores are powers of 2.
layout(constant_id = 1) const uint HEADS = 8;
const uint PIECE_KEYS = 256;

layout(set = 0, binding = 0) readonly buffer Query0 { float query0[]; };
layout(set = 0, binding = 1) readonly buffer Query1 { float query1[]; };
layout(set = 0, binding = 2) readonly buffer Query2 { float query2[]; };
layout(set = 0, binding = 3) readonly buffer Query3 { float query3[]; };
layout(set = 0, binding = 4) readonly buffer Sinks { uint sinks[]; };
layout(set = 0, binding = 5) readonly buffer Ring { uint ring[]; };
layout(set = 0, binding = 6) readonly buffer Inputs { int inputs[]; };
layout(set = 0, binding = 7) buffer Parts { float parts[]; };
layout(set = 0, binding = 8) readonly buffer Slopes { float slopes[]; };
layout(set = 0, binding = 9) buffer Weights { float weights[]; };
layout(push_constant) uniform Push {
    uint piecesAt, heads, kvHeads, headDim;
    uint queryAt[4];
    uint sinkSlots, ringSlots, sinkType, ringType, sinkRowWords, ringRowWords;
    float scale, softcap;
    uint hasSlopes, capturedToken; // weights of that token's keys are kept; none: 0xffffffff
};

shared float scores[HEADS * PIECE_KEYS];

uint word(bool isSink, uint at) {
    return isSink ? AT(sinks, at) : AT(ring, at);
}
float query(uint which, uint at) {
    return which == 0 ? AT(query0, queryAt[0] + at)
         : which == 1 ? AT(query1, queryAt[1] + at)
         : which == 2 ? AT(query2, queryAt[2] + at)
                      : AT(query3, queryAt[3] + at);
}
float scaleOfBlock(bool isSink, uint scalesAt, uint block) {
    const vec2 pair = unpackHalf2x16(word(isSink, scalesAt + block / 2));
    return block % 2 == 0 ? pair.x : pair.y;
}
vec4 bytesOf(uint bits) {
    return vec4(ivec4(bits << 24, bits << 16, bits << 8, bits) >> 24);
}

void main() {
    const uint local = gl_LocalInvocationID.x, size = gl_WorkGroupSize.x;
    const uint piece = gl_WorkGroupID.x, kvHead = gl_WorkGroupID.y, group = heads / kvHeads;
    const uint firstRow = gl_WorkGroupID.z * HEADS, rows = min(HEADS, group - firstRow), firstHead = kvHead * group + firstRow;
    const uint at = piecesAt + 5 * piece;
    const uint token = uint(AT(inputs, at)), firstSlot = uint(AT(inputs, at + 1)), keys = uint(AT(inputs, at + 2));
    const uint which = uint(AT(inputs, at + 3));
    const int distance = AT(inputs, at + 4);
    const bool isSink = firstSlot < sinkSlots;
    const uint slots = isSink ? sinkSlots : ringSlots, type = isSink ? sinkType : ringType;
    const uint rowWords = isSink ? sinkRowWords : ringRowWords, numbers = numberWords(type, headDim);
    const uint inPart = isSink ? firstSlot : firstSlot - sinkSlots;
    const uint keyRow = kvHead * slots + inPart, valueRow = (kvHeads + kvHead) * slots + inPart;
    const uint queryRow = (token * heads + firstHead) * headDim;

    for (uint key = local; key < keys; key += size) {
        const uint row = (keyRow + key) * rowWords;
        float sums[HEADS];
        for (uint h = 0; h < HEADS; ++h)
            sums[h] = 0.0;
        if (type == KV_F32) {
            for (uint d = 0; d < headDim; ++d) {
                const float k = uintBitsToFloat(word(isSink, row + d));
                for (uint h = 0; h < rows; ++h)
                    sums[h] = fma(k, query(which, queryRow + h * headDim + d), sums[h]);
            }
        } else if (type == KV_F16) {
            for (uint d = 0; d < headDim; d += 2) {
                const vec2 k = unpackHalf2x16(word(isSink, row + d / 2));
                for (uint h = 0; h < rows; ++h) {
                    const uint from = queryRow + h * headDim + d;
                    sums[h] = fma(k.x, query(which, from), fma(k.y, query(which, from + 1), sums[h]));
                }
            }
        } else {
            for (uint d = 0; d < headDim; d += 4) {
                const vec4 k = bytesOf(word(isSink, row + d / 4)) * scaleOfBlock(isSink, row + numbers, d / 32);
                for (uint h = 0; h < rows; ++h)
                    for (uint i = 0; i < min(4, headDim - d); ++i)
                        sums[h] = fma(k[i], query(which, queryRow + h * headDim + d + i), sums[h]);
            }
        }
        for (uint h = 0; h < rows; ++h) {
            float score = sums[h] * scale;
            if (softcap > 0.0)
                score = softcapped(score, softcap);
            if (hasSlopes != 0)
                score -= AT(slopes, firstHead + h) * float(distance - int(key));
            scores[h * PIECE_KEYS + key] = score * LOG2_E;
        }
    }
    barrier();
    const uint partFloats = 4 + headDim;
    for (uint h = gl_SubgroupID; h < rows; h += gl_NumSubgroups) {
        float largest = LOWEST, sum = 0.0, entropy = 0.0;
        for (uint key = gl_SubgroupInvocationID; key < keys; key += gl_SubgroupSize)
            largest = max(largest, scores[h * PIECE_KEYS + key]);
        largest = subgroupMax(largest);
        for (uint key = gl_SubgroupInvocationID; key < keys; key += gl_SubgroupSize) {
            const float below = scores[h * PIECE_KEYS + key] - largest, weight = powerOf2(below);
            scores[h * PIECE_KEYS + key] = weight;
            sum += weight;
            entropy = fma(weight, max(below, -150.0), entropy);
            if (token == capturedToken)
                AT(weights, (firstHead + h) * (sinkSlots + ringSlots) + firstSlot + key) = weight;
        }
        sum = subgroupAdd(sum);
        entropy = subgroupAdd(entropy);
        if (subgroupElect()) {
            const uint to = (piece * heads + firstHead + h) * partFloats;
            AT(parts, to) = largest;
            AT(parts, to + 1) = sum;
            AT(parts, to + 2) = entropy;
        }
    }
    barrier();
    for (uint d = 2 * local; d < headDim; d += 2 * size) {
        vec2 sums[HEADS];
        for (uint h = 0; h < HEADS; ++h)
            sums[h] = vec2(0.0);
        for (uint key = 0; key < keys; ++key) {
            const uint row = (valueRow + key) * rowWords;
            vec2 v;
            if (type == KV_F32) {
                v = uintBitsToFloat(uvec2(word(isSink, row + d), word(isSink, row + d + 1)));
            } else if (type == KV_F16) {
                v = unpackHalf2x16(word(isSink, row + d / 2));
            } else {
                const vec4 all = bytesOf(word(isSink, row + d / 4)) * scaleOfBlock(isSink, row + numbers, d / 32);
                v = d % 4 == 0 ? all.xy : all.zw;
            }
            for (uint h = 0; h < rows; ++h)
                sums[h] = fma(vec2(scores[h * PIECE_KEYS + key]), v, sums[h]);
        }
        for (uint h = 0; h < rows; ++h) {
            const uint to = (piece * heads + firstHead + h) * partFloats + 4 + d;
            AT(parts, to) = sums[h].x;
            AT(parts, to + 1) = sums[h].y;
        }
    }
}
