#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "half_range.glsl"

// Activations for linear_cooperative.comp, a token a workgroup, scaled into the range of half precision. Each becomes one half, or two whose
// sum has 22 bits. Sums of chunks, of what the halves mean, are for the offsets of weights.
layout(constant_id = 1) const uint TERMS = 2;

const uint CHUNK = 16;
const uint INFINITE = 0x7f800000u;

layout(set = 0, binding = 0) readonly buffer In { float x[]; };
layout(set = 0, binding = 1) buffer Halves { uvec4 halves[]; };   // of each chunk of a token: eight pairs for each term
layout(set = 0, binding = 2) buffer Numbers { float numbers[]; }; // of each token: what its results are multiplied by; sums of chunks
layout(push_constant) uniform Push { uint tokens, cols, chunksOfRow, xAt; };

// To nearest, ties to even, not left to the driver. What is not finite becomes NaN.
uint halfPair(vec2 values) {
    const uvec2 bits = floatBitsToUint(values);
    uint pair = packHalf2x16(uintBitsToFloat((bits + 0xfffu + (bits >> 13 & 1u)) & 0xffffe000u));
    if ((bits.x & INFINITE) == INFINITE)
        pair = pair & 0xffff0000u | 0x7e00u;
    if ((bits.y & INFINITE) == INFINITE)
        pair = pair & 0xffffu | 0x7e000000u;
    return pair;
}

float activation(uint token, uint column) {
    return column < cols ? AT(x, xAt + token * cols + column) : 0.0;
}

float largestFinite(uint token) {
    float largest = 0.0;
    for (uint column = gl_LocalInvocationID.x; column < cols; column += gl_WorkGroupSize.x) {
        const float magnitude = abs(activation(token, column));
        if ((floatBitsToUint(magnitude) & INFINITE) != INFINITE)
            largest = max(largest, magnitude);
    }
    return workgroupMax(largest);
}

void main() {
    for (uint token = gl_WorkGroupID.x; token < tokens; token += gl_NumWorkGroups.x) {
        const int scaling = halfScaling(largestFinite(token));
        const uint numbersAt = token * (chunksOfRow + 1);
        if (gl_LocalInvocationID.x == 0)
            AT(numbers, numbersAt) = twoTo(-scaling);
        for (uint chunk = gl_LocalInvocationID.x; chunk < chunksOfRow; chunk += gl_WorkGroupSize.x) {
            float sum = 0.0;
            for (uint i = 0; i < 2; ++i) {
                uvec4 terms[TERMS];
                for (uint j = 0; j < 4; ++j) {
                    const uint column = chunk * CHUNK + 8 * i + 2 * j;
                    vec2 rest = twoTo(scaling) * vec2(activation(token, column), activation(token, column + 1));
                    for (uint term = 0; term < TERMS; ++term) {
                        terms[term][j] = halfPair(rest);
                        const vec2 kept = unpackHalf2x16(terms[term][j]);
                        sum += kept.x + kept.y;
                        rest -= kept;
                    }
                }
                for (uint term = 0; term < TERMS; ++term)
                    AT(halves, ((token * chunksOfRow + chunk) * TERMS + term) * 2 + i) = terms[term];
            }
            AT(numbers, numbersAt + 1 + chunk) = sum;
        }
    }
}
