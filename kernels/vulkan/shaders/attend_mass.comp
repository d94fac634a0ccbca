#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

// The weight on each slot, summed over the heads of a layer.
layout(set = 0, binding = 0) readonly buffer Weights { float weights[]; }; // (heads, slots)
layout(set = 0, binding = 1) buffer Mass { float mass[]; };
layout(push_constant) uniform Push { uint heads, slots; };

void main() {
    for (uint slot = gl_GlobalInvocationID.x; slot < slots; slot += gl_NumWorkGroups.x * gl_WorkGroupSize.x) {
        float sum = 0.0;
        for (uint head = 0; head < heads; ++head)
            sum += AT(weights, head * slots + slot);
        AT(mass, slot) = sum;
    }
}
