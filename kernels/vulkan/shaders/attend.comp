#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "kv_rows.glsl"

// One tile: a piece of up to 256 keys of each of some neighbouring tokens that see nearly the same keys, for the query heads of one KV head
// (up to HEADS of them). Keys and values are read once for all of these rows. Leaves of each row the largest score, the sum of weights, what
// their entropy needs, and the weighted sum of the values. Scores are powers of 2. A row has the same bits in any tile.
layout(constant_id = 1) const uint HEADS = 8;
layout(constant_id = 2) const uint TOKENS = 1; // of a tile
const uint PIECE_KEYS = 256;
const uint ROWS = HEADS * TOKENS;
const uint TILE_KEYS = PIECE_KEYS + TOKENS - 1; // their pieces begin no further apart
const uint KEYS_OF_LANE = 4;                    // at a time, so that a number of a query is loaded once for all of them
const uint DIMENSIONS = 64;                     // of the queries, at a time; whole blocks of Q8_0
const uint NOBODY = 0xffffffff;

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
layout(set = 0, binding = 10) readonly buffer Tiles { uint tiles[]; }; // (tiles, TOKENS) pieces
layout(push_constant) uniform Push {
    uint piecesAt, heads, kvHeads, headDim;
    uint queryAt[4];
    uint sinkSlots, ringSlots, sinkType, ringType, sinkRowWords, ringRowWords;
    float scale, softcap;
    uint hasSlopes, capturedToken; // weights of that token's keys are kept; none: NOBODY
};

shared float scores[ROWS * TILE_KEYS];
shared float queries[ROWS * DIMENSIONS];

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

// Products of four keys' numbers with every row's, `d` counted from the first of the queries' that are at hand.
void addDimension(inout vec4 sums[ROWS], vec4 keys, uint d) {
    for (uint row = 0; row < ROWS; ++row)
        sums[row] = fma(keys, vec4(queries[row * DIMENSIONS + d]), sums[row]);
}
// The same of dimensions first .. first + count, of keys whose rows begin at `at`.
void addScores(inout vec4 sums[ROWS], bool isSink, uint type, uvec4 at, uint first, uint count) {
    if (type == KV_F32) {
        at += first;
        for (uint d = 0; d < count; ++d)
            addDimension(sums, uintBitsToFloat(uvec4(word(isSink, at.x + d), word(isSink, at.y + d), word(isSink, at.z + d),
                                                     word(isSink, at.w + d))), d);
    } else if (type == KV_F16) {
        at += first / 2;
        for (uint d = 0; d < count; d += 2) {
            const vec2 a = unpackHalf2x16(word(isSink, at.x + d / 2)), b = unpackHalf2x16(word(isSink, at.y + d / 2)),
                       c = unpackHalf2x16(word(isSink, at.z + d / 2)), e = unpackHalf2x16(word(isSink, at.w + d / 2));
            addDimension(sums, vec4(a.y, b.y, c.y, e.y), d + 1);
            addDimension(sums, vec4(a.x, b.x, c.x, e.x), d);
        }
    } else {
        const uint numbers = numberWords(type, headDim);
        vec4 blockScales;
        for (uint d = 0; d < count; d += 4) {
            if (d % 32 == 0)
                for (uint i = 0; i < KEYS_OF_LANE; ++i)
                    blockScales[i] = scaleOfBlock(isSink, at[i] + numbers, (first + d) / 32);
            mat4 keys; // a column for each key
            for (uint i = 0; i < KEYS_OF_LANE; ++i)
                keys[i] = bytesOf(word(isSink, at[i] + (first + d) / 4)) * blockScales[i];
            const mat4 dimensions = transpose(keys);
            for (uint i = 0; i < 4; ++i)
                if (d + i < count)
                    addDimension(sums, dimensions[i], d + i);
        }
    }
}

void main() {
    const uint local = gl_LocalInvocationID.x, size = gl_WorkGroupSize.x;
    const uint kvHead = gl_WorkGroupID.y, group = heads / kvHeads, firstOfGroup = gl_WorkGroupID.z * HEADS;
    const uint headsHere = min(HEADS, group - firstOfGroup), firstHead = kvHead * group + firstOfGroup;
    uint piece[TOKENS], token[TOKENS], firstSlot[TOKENS], count[TOKENS];
    int distance[TOKENS];
    uint low = NOBODY, end = 0, which = 0; // slots of all of them
    for (uint i = 0; i < TOKENS; ++i) {
        piece[i] = AT(tiles, gl_WorkGroupID.x * TOKENS + i);
        token[i] = firstSlot[i] = count[i] = 0;
        distance[i] = 0;
        if (piece[i] == NOBODY)
            continue;
        const uint at = piecesAt + 5 * piece[i];
        token[i] = uint(AT(inputs, at));
        firstSlot[i] = uint(AT(inputs, at + 1));
        count[i] = uint(AT(inputs, at + 2));
        which = uint(AT(inputs, at + 3));
        distance[i] = AT(inputs, at + 4);
        low = min(low, firstSlot[i]);
        end = max(end, firstSlot[i] + count[i]);
    }
    const uint keys = end - low;
    const bool isSink = low < sinkSlots;
    const uint slots = isSink ? sinkSlots : ringSlots, type = isSink ? sinkType : ringType;
    const uint rowWords = isSink ? sinkRowWords : ringRowWords, numbers = numberWords(type, headDim);
    const uint inPart = isSink ? low : low - sinkSlots;
    const uint keyRow = kvHead * slots + inPart, valueRow = (kvHeads + kvHead) * slots + inPart;

    // Rows of which there is no query are computed from whatever is there, and nobody looks at them.
    for (uint key = 0; key < keys; key += KEYS_OF_LANE * size) {
        vec4 sums[ROWS];
        for (uint row = 0; row < ROWS; ++row)
            sums[row] = vec4(0.0);
        const uvec4 own = key + local + size * uvec4(0, 1, 2, 3);
        for (uint first = 0; first < headDim; first += DIMENSIONS) {
            const uint dimensions = min(DIMENSIONS, headDim - first);
            barrier();
            for (uint i = 0; i < TOKENS; ++i)
                for (uint h = 0; count[i] > 0 && h < headsHere; ++h)
                    for (uint d = local; d < dimensions; d += size)
                        queries[(i * HEADS + h) * DIMENSIONS + d] =
                            query(which, (token[i] * heads + firstHead + h) * headDim + first + d);
            barrier();
            addScores(sums, isSink, type, (keyRow + min(own, uvec4(keys - 1))) * rowWords, first, dimensions);
        }
        for (uint i = 0; i < TOKENS; ++i)
            for (uint h = 0; h < HEADS; ++h)
                for (uint n = 0; n < KEYS_OF_LANE; ++n) {
                    if (h >= headsHere || own[n] >= keys)
                        continue;
                    float score = sums[i * HEADS + h][n] * scale;
                    if (softcap > 0.0)
                        score = softcapped(score, softcap);
                    if (hasSlopes != 0)
                        score -= AT(slopes, firstHead + h) * float(distance[i] - int(low + own[n] - firstSlot[i]));
                    scores[(i * HEADS + h) * TILE_KEYS + own[n]] = score * LOG2_E;
                }
    }
    barrier();
    const uint partFloats = 4 + headDim;
    for (uint i = 0; i < TOKENS; ++i) {
        if (count[i] == 0)
            continue;
        const uint skipped = firstSlot[i] - low;
        for (uint h = gl_SubgroupID; h < headsHere; h += gl_NumSubgroups) {
            const uint from = (i * HEADS + h) * TILE_KEYS + skipped;
            float largest = LOWEST, sum = 0.0, entropy = 0.0;
            for (uint key = gl_SubgroupInvocationID; key < count[i]; key += gl_SubgroupSize)
                largest = max(largest, scores[from + key]);
            largest = subgroupMax(largest);
            for (uint key = gl_SubgroupInvocationID; key < count[i]; key += gl_SubgroupSize) {
                const float below = scores[from + key] - largest, weight = powerOf2(below);
                scores[from + key] = weight;
                sum += weight;
                entropy = fma(weight, max(below, -150.0), entropy);
                if (token[i] == capturedToken)
                    AT(weights, (firstHead + h) * (sinkSlots + ringSlots) + firstSlot[i] + key) = weight;
            }
            sum = subgroupAdd(sum);
            entropy = subgroupAdd(entropy);
            if (subgroupElect()) {
                const uint to = (piece[i] * heads + firstHead + h) * partFloats;
                AT(parts, to) = largest;
                AT(parts, to + 1) = sum;
                AT(parts, to + 2) = entropy;
            }
        }
    }
    barrier();
    for (uint d = 2 * local; d < headDim; d += 2 * size) {
        vec2 sums[ROWS];
        for (uint row = 0; row < ROWS; ++row)
            sums[row] = vec2(0.0);
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
            for (uint i = 0; i < TOKENS; ++i)
                if (low + key >= firstSlot[i] && low + key - firstSlot[i] < count[i]) // the others are not this token's to see
                    for (uint h = 0; h < HEADS; ++h)
                        sums[i * HEADS + h] =
                            fma(vec2(scores[(i * HEADS + h) * TILE_KEYS + key]), v, sums[i * HEADS + h]);
        }
        for (uint i = 0; i < TOKENS; ++i)
            for (uint h = 0; h < HEADS; ++h) {
                if (count[i] == 0 || h >= headsHere)
                    continue;
                const uint to = (piece[i] * heads + firstHead + h) * partFloats + 4 + d;
                AT(parts, to) = sums[i * HEADS + h].x;
                AT(parts, to + 1) = sums[i * HEADS + h].y;
            }
    }
}
