#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "weights.glsl"

// Products of a matrix with few tokens: ROWS rows a subgroup, each lane takes whole chunks of 16 columns and one sum across the lanes ends
// it. No shared memory and no barrier; the activations are loaded once for all rows.
layout(constant_id = 6) const uint ROWS = 4;
layout(constant_id = 7) const bool OF_EXPERTS = false; // each row of the output with the matrix of its own expert, of those stacked in one

layout(set = 0, binding = 2) readonly buffer In { float x[]; };
layout(set = 0, binding = 3) buffer Out { float result[]; };
layout(set = 0, binding = 4) readonly buffer Bias { float bias[]; };
layout(set = 0, binding = 5) readonly buffer Chosen { uint chosen[]; }; // experts, by row of the output
layout(push_constant) uniform Push {
    uint rows, cols, chunksOfRow, xAt, outAt, outCols, firstRow; // of this part of the matrix in the output, or in the stack
    uint addToOutput, hasBias, biasAt;
    uint partRows, firstPlace, placesOfInput; // of experts: rows of this part; the first row of the output; how many share a row of x
};

void loadInputs(uint at, uint count, out vec4 values[4]) {
    if (count >= CHUNK) {
        for (uint i = 0; i < 4; ++i)
            values[i] = vec4(AT(x, at + 4 * i), AT(x, at + 4 * i + 1), AT(x, at + 4 * i + 2), AT(x, at + 4 * i + 3));
        return;
    }
    for (uint i = 0; i < 4; ++i)
        for (uint j = 0; j < 4; ++j)
            values[i][j] = 4 * i + j < count ? AT(x, at + 4 * i + j) : 0.0;
}

void main() {
    const uint place = gl_WorkGroupID.y, token = OF_EXPERTS ? place / placesOfInput : place;
    // Rows of the matrix, of the bias and of the output are counted from different ones.
    const uint stacked = OF_EXPERTS ? AT(chosen, firstPlace + place) * rows : 0, biasRow = OF_EXPERTS ? stacked : firstRow;
    const uint outRow = OF_EXPERTS ? 0 : firstRow, before = OF_EXPERTS ? firstRow : 0;
    const uint step = gl_NumWorkGroups.x * gl_NumSubgroups * ROWS;
    for (uint first = (gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID) * ROWS; first < rows; first += step) {
        float sums[ROWS];
        for (uint r = 0; r < ROWS; ++r)
            sums[r] = 0.0;
        for (uint chunk = gl_SubgroupInvocationID; chunk < chunksOfRow; chunk += gl_SubgroupSize) {
            vec4 v[4];
            loadInputs(xAt + token * cols + chunk * CHUNK, cols - chunk * CHUNK, v);
            float total = 0.0;
            if (AFFINE)
                total = dot(v[0] + v[1] + v[2] + v[3], vec4(1.0));
            for (uint r = 0; r < ROWS; ++r) {
                const uint weightRow = stacked + min(first + r, rows - 1) - before;
                if (OF_EXPERTS && weightRow >= partRows) // another part has it
                    continue;
                const uint at = weightRow * chunksOfRow + chunk;
                vec4 w[4];
                loadChunk(at, w);
                const vec2 scale = scaleOf(at);
                const float sum = dot(w[0], v[0]) + dot(w[1], v[1]) + dot(w[2], v[2]) + dot(w[3], v[3]);
                sums[r] += scale.x * sum;
                if (AFFINE)
                    sums[r] += scale.y * total;
            }
        }
        for (uint r = 0; r < ROWS; ++r) {
            float sum = subgroupAdd(sums[r]);
            if (subgroupElect() && first + r < rows && (!OF_EXPERTS || stacked + first + r - before < partRows)) {
                const uint at = outAt + place * outCols + outRow + first + r;
                if (hasBias != 0)
                    sum += AT(bias, biasAt + biasRow + first + r);
                if (addToOutput != 0)
                    sum += AT(result, at);
                AT(result, at) = sum;
            }
        }
    }
}
