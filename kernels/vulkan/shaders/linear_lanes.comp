#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "common.glsl"
#include "weights.glsl"

// Products of a matrix where every load of a lane costs as much as many products (devices on the processor): each lane keeps 16 columns of
// ROWS rows in registers, and the lanes of a subgroup load one activation each and hand it to each other. A token has the same bits alone
// and among others.
layout(constant_id = 6) const uint LANES = 8;  // of every subgroup
layout(constant_id = 7) const uint TOKENS = 8; // that go through the registers together
const uint ROWS = 4;

layout(set = 0, binding = 2) readonly buffer In { float x[]; };
layout(set = 0, binding = 3) buffer Out { float result[]; };
layout(set = 0, binding = 4) readonly buffer Bias { float bias[]; };
layout(push_constant) uniform Push {
    uint rows, cols, chunksOfRow, xAt, outAt, outCols, firstRow; // of this part of the matrix in the output
    uint addToOutput, hasBias, biasAt, tokens;
};

// Of ROWS rows; those behind the last one are that one again.
void loadRows(uint first, uint chunk, out vec4 w[CHUNK]) {
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        const uint at = min(first + r * LANES, rows - 1) * chunksOfRow + chunk;
        vec4 quants[4];
        loadChunk(at, quants);
        const vec2 scale = scaleOf(at);
        [[unroll]] for (uint i = 0; i < CHUNK; ++i)
            w[i][r] = quants[i / 4][i % 4] * scale.x + scale.y;
    }
}

void main() {
    const uint lane = gl_SubgroupInvocationID, firstToken = gl_WorkGroupID.y * TOKENS;
    const uint first = (gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID) * LANES * ROWS + lane;
    if (first - lane >= rows)
        return;
    vec4 sums[TOKENS];
    [[unroll]] for (uint t = 0; t < TOKENS; ++t)
        sums[t] = vec4(0.0);
    [[dont_unroll]] for (uint chunk = 0; chunk < chunksOfRow; ++chunk) {
        vec4 w[CHUNK];
        loadRows(first, chunk, w);
        [[unroll]] for (uint t = 0; t < TOKENS; ++t) {
            const uint from = xAt + min(firstToken + t, tokens - 1) * cols;
            [[unroll]] for (uint k = 0; k < CHUNK; k += LANES) {
                const uint column = chunk * CHUNK + k + lane;
                float value = 0.0;
                if (column < cols && lane < CHUNK)
                    value = AT(x, from + column);
                [[unroll]] for (uint j = 0; j < min(LANES, CHUNK); ++j)
                    sums[t] = fma(w[k + j], vec4(subgroupBroadcast(value, j)), sums[t]);
            }
        }
    }
    [[unroll]] for (uint t = 0; t < TOKENS; ++t)
        [[unroll]] for (uint r = 0; r < ROWS; ++r) {
            const uint token = firstToken + t, partRow = first + r * LANES;
            if (token >= tokens || partRow >= rows)
                continue;
            const uint row = firstRow + partRow, at = outAt + token * outCols + row;
            float sum = sums[t][r];
            if (hasBias != 0)
                sum += AT(bias, biasAt + row);
            if (addToOutput != 0)
                sum += AT(result, at);
            AT(result, at) = sum;
        }
}
