#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_EXT_control_flow_attributes : require
#include "access.glsl"
#include "half_range.glsl"
#include "weights.glsl"

// Products of a matrix with many tokens on cooperative matrices: a workgroup of 128 invocations makes a tile of 64 rows by 64 tokens from 32
// columns at a time, which lie in shared memory; each subgroup makes a part of it.
// The matrices are of halves, which hold every quant exactly. Scales are not multiplied into them: products of columns under one scale are
// summed, and that sum meets the scale in float32, as offsets meet the sum of the activations. So weights are not rounded at all, and of
// activations there is what linear_halves.comp has left.
layout(constant_id = 6) const uint M = 16; // rows, tokens and columns of the device's matrices
layout(constant_id = 7) const uint N = 16;
layout(constant_id = 8) const uint K = 16;
layout(constant_id = 9) const uint PART_ROWS = 32; // of a subgroup
layout(constant_id = 10) const uint PART_TOKENS = 32;
layout(constant_id = 11) const uint TERMS = 2; // of an activation

layout(set = 0, binding = 2) readonly buffer Halves { uvec4 halves[]; };   // as in linear_halves.comp
layout(set = 0, binding = 3) buffer Out { float result[]; };
layout(set = 0, binding = 4) readonly buffer Bias { float bias[]; };
layout(set = 0, binding = 5) readonly buffer Numbers { float numbers[]; }; // as there
layout(push_constant) uniform Push {
    uint rows, cols, chunksOfRow, unused, outAt, outCols, firstRow;
    uint addToOutput, hasBias, biasAt, tokens;
};

const uint TILE = 64, STEP = 32;
const uint PADDED = STEP + 8; // halves of a line: neighbours in different banks
const uint BLOCKS_ROWS = PART_ROWS / M, BLOCKS_TOKENS = PART_TOKENS / N;
const uint PARTS_ROWS = TILE / PART_ROWS, PARTS = PARTS_ROWS * (TILE / PART_TOKENS);
const bool IS_SCALED = FORM >= 2;
const uint SCALED_COLUMNS = FORM == 2 || CHUNKS_SCALE == 1 ? CHUNK : STEP; // that share a scale

shared f16vec4 weightTile[TILE * PADDED / 4];
shared f16vec4 inputTile[TERMS * TILE * PADDED / 4];
shared float scaleTile[STEP / CHUNK * TILE]; // of chunks, then rows
shared float offsetTile[STEP / CHUNK * TILE];
shared float sumTile[STEP / CHUNK * TILE]; // of chunks, then tokens: activations under one scale
shared float resultTile[PARTS * M * N];

#define SUMS coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator>

// What this invocation brings of a step: a chunk of a row, and the same chunk of a token.
uint line, place;
f16vec4 ownWeights[CHUNK / 4];
vec2 ownScale;
uvec4 ownInputs[TERMS * 2];
float ownSum;

// Of the numbers of a chunk whose range is that of float32.
float scaleIntoHalves(inout vec4 w[4]) {
    float largest = 0.0;
    for (uint i = 0; i < 4; ++i) {
        const vec4 magnitudes = abs(w[i]);
        largest = max(largest, max(max(magnitudes.x, magnitudes.y), max(magnitudes.z, magnitudes.w)));
    }
    const int scaling = halfScaling(largest);
    for (uint i = 0; i < 4; ++i)
        w[i] *= twoTo(scaling);
    return twoTo(-scaling);
}

// Moves quants so that 0 means the weight next to 0: else a small weight that meets a large activation would be the difference of two
// large products.
vec2 centre(inout vec4 w[4], vec2 scale) {
    const float zero = scale.x != 0.0 ? clamp(roundEven(-scale.y / scale.x), -1024.0, 1024.0) : 0.0; // all are whole in half precision
    for (uint i = 0; i < 4; ++i)
        w[i] -= zero;
    return vec2(scale.x, fma(zero, scale.x, scale.y));
}

void fetchWeights(uint row, uint chunk) {
    vec4 w[4] = vec4[4](vec4(0.0), vec4(0.0), vec4(0.0), vec4(0.0));
    ownScale = vec2(0.0);
    if (row < rows && chunk < chunksOfRow) {
        loadChunk(row * chunksOfRow + chunk, w);
        ownScale = FORM == 2 ? vec2(scaleIntoHalves(w), 0.0) : scaleOf(row * chunksOfRow + chunk);
        if (AFFINE)
            ownScale = centre(w, ownScale);
    }
    for (uint i = 0; i < 4; ++i)
        ownWeights[i] = f16vec4(w[i]);
}

void fetchInputs(uint token, uint chunk) {
    const bool isThere = token < tokens && chunk < chunksOfRow;
    const uint at = token * chunksOfRow + chunk;
    for (uint i = 0; i < TERMS * 2; ++i)
        ownInputs[i] = isThere ? AT(halves, at * TERMS * 2 + i) : uvec4(0);
    if (!AFFINE)
        return;
    const uint numbersAt = token * (chunksOfRow + 1) + 1;
    ownSum = isThere ? AT(numbers, numbersAt + chunk) : 0.0;
    if (SCALED_COLUMNS > CHUNK && isThere && chunk + 1 < chunksOfRow) // the second chunk's own sum is not used then
        ownSum += AT(numbers, numbersAt + chunk + 1);
}

f16vec4 fourHalves(uvec2 pairs) {
    return f16vec4(unpackFloat2x16(pairs.x), unpackFloat2x16(pairs.y));
}

void putIntoTiles() {
    const uint at = (line * PADDED + place * CHUNK) / 4;
    for (uint i = 0; i < CHUNK / 4; ++i)
        weightTile[at + i] = ownWeights[i];
    for (uint term = 0; term < TERMS; ++term)
        for (uint i = 0; i < 2; ++i) {
            const uvec4 pairs = ownInputs[term * 2 + i];
            inputTile[term * (TILE * PADDED / 4) + at + 2 * i] = fourHalves(pairs.xy);
            inputTile[term * (TILE * PADDED / 4) + at + 2 * i + 1] = fourHalves(pairs.zw);
        }
    if (IS_SCALED)
        scaleTile[place * TILE + line] = ownScale.x;
    if (AFFINE) {
        offsetTile[place * TILE + line] = ownScale.y;
        sumTile[place * TILE + line] = ownSum;
    }
}

void writeBlock(SUMS sums, uint tileRow, uint tileToken) {
    const uint own = gl_SubgroupID * M * N;
    barrier(); // the block before it has been read
    coopMatStore(sums, resultTile, own, M, gl_CooperativeMatrixLayoutColumnMajor);
    barrier();
    for (uint i = gl_SubgroupInvocationID; i < M * N; i += gl_SubgroupSize) {
        const uint token = tileToken + i / M, partRow = tileRow + i % M;
        if (token >= tokens || partRow >= rows)
            continue;
        const uint row = firstRow + partRow, at = outAt + token * outCols + row;
        float sum = resultTile[own + i] * AT(numbers, token * (chunksOfRow + 1));
        if (hasBias != 0)
            sum += AT(bias, biasAt + row);
        if (addToOutput != 0)
            sum += AT(result, at);
        AT(result, at) = sum;
    }
}

void main() {
    line = gl_LocalInvocationID.x / 2;
    place = gl_LocalInvocationID.x % 2;
    const uint tileRow = gl_WorkGroupID.x * TILE, tileToken = gl_WorkGroupID.y * TILE;
    const uint partRow = gl_SubgroupID % PARTS_ROWS * PART_ROWS, partToken = gl_SubgroupID / PARTS_ROWS * PART_TOKENS;
    SUMS sums[BLOCKS_ROWS * BLOCKS_TOKENS];
    [[unroll]] for (uint i = 0; i < BLOCKS_ROWS * BLOCKS_TOKENS; ++i)
        sums[i] = SUMS(0.0);
    fetchWeights(tileRow + line, place);
    fetchInputs(tileToken + line, place);
    for (uint chunk = 0; chunk < chunksOfRow; chunk += STEP / CHUNK) {
        barrier(); // the tiles of the step before have been read
        putIntoTiles();
        barrier();
        if (chunk + STEP / CHUNK < chunksOfRow) { // it comes while the device multiplies
            fetchWeights(tileRow + line, chunk + STEP / CHUNK + place);
            fetchInputs(tileToken + line, chunk + STEP / CHUNK + place);
        }
        for (uint first = 0; first < STEP; first += SCALED_COLUMNS) {
            SUMS products[BLOCKS_ROWS * BLOCKS_TOKENS];
            [[unroll]] for (uint i = 0; i < BLOCKS_ROWS * BLOCKS_TOKENS; ++i)
                products[i] = SUMS(0.0);
            for (uint column = first; column < first + SCALED_COLUMNS; column += K) {
                coopmat<float16_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA> weights[BLOCKS_ROWS];
                [[unroll]] for (uint i = 0; i < BLOCKS_ROWS; ++i)
                    coopMatLoad(weights[i], weightTile, ((partRow + i * M) * PADDED + column) / 4, PADDED / 4,
                                gl_CooperativeMatrixLayoutRowMajor);
                [[unroll]] for (uint j = 0; j < BLOCKS_TOKENS; ++j)
                    [[unroll]] for (uint term = 0; term < TERMS; ++term) {
                        coopmat<float16_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB> inputs;
                        coopMatLoad(inputs, inputTile, ((term * TILE + partToken + j * N) * PADDED + column) / 4, PADDED / 4,
                                    gl_CooperativeMatrixLayoutColumnMajor);
                        [[unroll]] for (uint i = 0; i < BLOCKS_ROWS; ++i)
                            products[j * BLOCKS_ROWS + i] = coopMatMulAdd(weights[i], inputs, products[j * BLOCKS_ROWS + i]);
                    }
            }
            // With stride 0 every token gets its row's scale, and every row its token's sum.
            const uint of = first / CHUNK * TILE;
            [[unroll]] for (uint j = 0; j < BLOCKS_TOKENS; ++j)
                [[unroll]] for (uint i = 0; i < BLOCKS_ROWS; ++i) {
                    SUMS product = products[j * BLOCKS_ROWS + i], scales, offsets, inputSums;
                    if (IS_SCALED) {
                        coopMatLoad(scales, scaleTile, of + partRow + i * M, 0, gl_CooperativeMatrixLayoutColumnMajor);
                        product = product * scales;
                    }
                    if (AFFINE) {
                        coopMatLoad(offsets, offsetTile, of + partRow + i * M, 0, gl_CooperativeMatrixLayoutColumnMajor);
                        coopMatLoad(inputSums, sumTile, of + partToken + j * N, 0, gl_CooperativeMatrixLayoutRowMajor);
                        product = product + offsets * inputSums;
                    }
                    sums[j * BLOCKS_ROWS + i] = sums[j * BLOCKS_ROWS + i] + product;
                }
        }
    }
    [[unroll]] for (uint j = 0; j < BLOCKS_TOKENS; ++j)
        [[unroll]] for (uint i = 0; i < BLOCKS_ROWS; ++i)
            writeBlock(sums[j * BLOCKS_ROWS + i], tileRow + partRow + i * M, tileToken + partToken + j * N);
}
