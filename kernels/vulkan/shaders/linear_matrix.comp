#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "weights.glsl"

// Products of a matrix with many tokens: a workgroup of 64 invocations makes a tile of 32 rows by 32 tokens, 4 x 4 of it each, from 32
// columns at a time that lie in shared memory.
const uint TILE = 32, PADDED = 33; // neighbours in different banks

layout(set = 0, binding = 2) readonly buffer In { float x[]; };
layout(set = 0, binding = 3) buffer Out { float result[]; };
layout(set = 0, binding = 4) readonly buffer Bias { float bias[]; };
layout(push_constant) uniform Push {
    uint rows, cols, chunksOfRow, xAt, outAt, outCols, firstRow;
    uint addToOutput, hasBias, biasAt, tokens;
};

shared float weightTile[TILE * PADDED];
shared float inputTile[TILE * PADDED];

void main() {
    const uint local = gl_LocalInvocationID.x, firstTileRow = gl_WorkGroupID.x * TILE, firstToken = gl_WorkGroupID.y * TILE;
    const uint line = local / 2, halfBit = local % 2; // which chunk this invocation brings
    const uint rowPart = local % 8, tokenPart = local / 8;
    float sums[4][4];
    for (uint i = 0; i < 4; ++i)
        for (uint j = 0; j < 4; ++j)
            sums[i][j] = 0.0;
    for (uint column = 0; column < chunksOfRow * CHUNK; column += TILE) {
        const uint chunk = column / CHUNK + halfBit;
        vec4 w[4] = vec4[4](vec4(0.0), vec4(0.0), vec4(0.0), vec4(0.0));
        vec2 scale = vec2(0.0);
        if (firstTileRow + line < rows && chunk < chunksOfRow) {
            const uint at = (firstTileRow + line) * chunksOfRow + chunk;
            loadChunk(at, w);
            scale = scaleOf(at);
        }
        barrier();
        const uint own = line * PADDED + halfBit * CHUNK;
        for (uint i = 0; i < CHUNK; ++i) {
            const uint from = chunk * CHUNK + i;
            weightTile[own + i] = w[i / 4][i % 4] * scale.x + scale.y;
            inputTile[own + i] =
                firstToken + line < tokens && from < cols ? AT(x, xAt + (firstToken + line) * cols + from) : 0.0;
        }
        barrier();
        for (uint k = 0; k < TILE; ++k)
            for (uint i = 0; i < 4; ++i)
                for (uint j = 0; j < 4; ++j)
                    sums[i][j] = fma(inputTile[(tokenPart * 4 + i) * PADDED + k], weightTile[(rowPart + 8 * j) * PADDED + k], sums[i][j]);
    }
    for (uint i = 0; i < 4; ++i)
        for (uint j = 0; j < 4; ++j) {
            const uint token = firstToken + tokenPart * 4 + i, partRow = firstTileRow + rowPart + 8 * j;
            if (token >= tokens || partRow >= rows)
                continue;
            const uint row = firstRow + partRow, at = outAt + token * outCols + row;
            float sum = sums[i][j];
            if (hasBias != 0)
                sum += AT(bias, biasAt + row);
            if (addToOutput != 0)
                sum += AT(result, at);
            AT(result, at) = sum;
        }
}
