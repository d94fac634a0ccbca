#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

// The weighted sum of what a token's experts made.
layout(set = 0, binding = 0) readonly buffer Parts { float parts[]; }; // (tokens * used, cols)
layout(set = 0, binding = 1) readonly buffer Chosen { uint chosen[]; };
layout(set = 0, binding = 2) readonly buffer Weights { float weights[]; };
layout(set = 0, binding = 3) readonly buffer Scales { float scales[]; }; // of experts
layout(set = 0, binding = 4) buffer Out { float result[]; };
layout(push_constant) uniform Push { uint tokens, cols, used, partsAt, outAt, hasScales, scalesAt, addToOutput, firstToken; };

void main() {
    for (uint item = gl_GlobalInvocationID.x; item < tokens * cols; item += gl_NumWorkGroups.x * gl_WorkGroupSize.x) {
        const uint token = item / cols, column = item % cols;
        float sum = addToOutput != 0 ? AT(result, outAt + item) : 0.0;
        for (uint i = 0; i < used; ++i) {
            const uint choice = (firstToken + token) * used + i;
            float weight = AT(weights, choice);
            if (hasScales != 0)
                weight *= AT(scales, scalesAt + AT(chosen, choice));
            sum = fma(weight, AT(parts, partsAt + (token * used + i) * cols + column), sum);
        }
        AT(result, outAt + item) = sum;
    }
}
