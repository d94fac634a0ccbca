#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "weights.glsl"

// Rows of the step's tokens out of one part of a table.
layout(set = 0, binding = 2) readonly buffer Inputs { int inputs[]; };
layout(set = 0, binding = 3) buffer Out { float result[]; };
layout(push_constant) uniform Push { uint tokensAt, tokens, cols, chunksOfRow, firstRow, rows, outAt; };

void main() {
    for (uint item = gl_GlobalInvocationID.x; item < tokens * chunksOfRow; item += gl_NumWorkGroups.x * gl_WorkGroupSize.x) {
        const uint token = item / chunksOfRow, chunk = item % chunksOfRow;
        const uint row = uint(AT(inputs, tokensAt + token)) - firstRow;
        if (row >= rows)
            continue;
        vec4 w[4];
        loadChunk(row * chunksOfRow + chunk, w);
        const vec2 scale = scaleOf(row * chunksOfRow + chunk);
        const uint end = min(CHUNK, cols - chunk * CHUNK);
        for (uint i = 0; i < end; ++i)
            AT(result, outAt + token * cols + chunk * CHUNK + i) = w[i / 4][i % 4] * scale.x + scale.y;
    }
}
