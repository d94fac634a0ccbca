#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

// Of each token's logits the largest, a workgroup a token: an expert's place is how many go before it.
layout(constant_id = 1) const bool OF_ALL = false; // shares of the softmax over all, not over the chosen ones

layout(set = 0, binding = 0) readonly buffer Logits { float logits[]; };
layout(set = 0, binding = 1) buffer Chosen { uint chosen[]; };
layout(set = 0, binding = 2) coherent buffer Weights { float weights[]; };
layout(push_constant) uniform Push { uint tokens, experts, used, logitsAt; };

bool goesBefore(float a, uint indexOfA, float b, uint indexOfB) {
    return a > b || a == b && indexOfA < indexOfB;
}
// What is no number counts least.
float logit(uint token, uint expert) {
    const float value = AT(logits, logitsAt + token * experts + expert);
    return (floatBitsToUint(value) & 0x7fffffffu) > 0x7f800000u ? LOWEST : clamp(value, LOWEST, -LOWEST);
}

void main() {
    const uint local = gl_LocalInvocationID.x, size = gl_WorkGroupSize.x;
    for (uint token = gl_WorkGroupID.x; token < tokens; token += gl_NumWorkGroups.x) {
        float largest = LOWEST;
        for (uint expert = local; expert < experts; expert += size)
            largest = max(largest, logit(token, expert));
        largest = workgroupMax(largest);
        float sum = 0.0;
        for (uint expert = local; expert < experts; expert += size) {
            const float own = logit(token, expert), weight = power(own - largest);
            uint place = 0;
            for (uint other = 0; other < experts; ++other)
                place += uint(goesBefore(logit(token, other), other, own, expert));
            if (place < used) {
                AT(chosen, token * used + place) = expert;
                AT(weights, token * used + place) = weight;
            }
            if (OF_ALL || place < used)
                sum += weight;
        }
        memoryBarrierBuffer();
        sum = workgroupSum(sum);
        for (uint i = local; i < used; i += size)
            AT(weights, token * used + i) /= sum;
    }
}
