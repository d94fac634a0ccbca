#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

// Rotates pairs by cosines and sines from the host; what lies behind ropeDim is copied. x and the output may be the same.
layout(constant_id = 1) const bool NEOX = false; // pairs (0, d/2) (1, d/2 + 1).. instead of (0, 1) (2, 3)..

layout(set = 0, binding = 0) readonly buffer In { float x[]; };
layout(set = 0, binding = 1) readonly buffer Inputs { float angles[]; };
layout(set = 0, binding = 2) buffer Out { float result[]; };
layout(push_constant) uniform Push { uint heads /* of all tokens */, headsOfToken, headDim, ropeDim, xAt, anglesAt, outAt; };

void main() {
    const uint pairs = ropeDim / 2, itemsOfHead = pairs + headDim - ropeDim;
    for (uint item = gl_GlobalInvocationID.x; item < heads * itemsOfHead; item += gl_NumWorkGroups.x * gl_WorkGroupSize.x) {
        const uint head = item / itemsOfHead, own = item % itemsOfHead, at = head * headDim;
        if (own >= pairs) {
            const uint i = at + ropeDim + own - pairs;
            AT(result, outAt + i) = AT(x, xAt + i);
            continue;
        }
        const uint first = NEOX ? at + own : at + 2 * own, second = NEOX ? first + pairs : first + 1;
        const uint angle = anglesAt + head / headsOfToken * ropeDim + 2 * own;
        const float c = AT(angles, angle), s = AT(angles, angle + 1), a = AT(x, xAt + first), b = AT(x, xAt + second);
        AT(result, outAt + first) = a * c - b * s;
        AT(result, outAt + second) = a * s + b * c;
    }
}
