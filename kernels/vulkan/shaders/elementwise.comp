#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

// Operations on each number by itself. The output may be one of the inputs.
layout(constant_id = 1) const uint OPERATION = 0;  // 0 gated, 1 activation, 2 clamp, 3 softcap, 4 add, 5 scale
layout(constant_id = 2) const uint ACTIVATION = 0; // 0 SiLU, 1 GELU by tanh, 2 GELU by erf, 3 clamped SiLU

layout(set = 0, binding = 0) readonly buffer In { float x[]; };
layout(set = 0, binding = 1) readonly buffer Second { float y[]; };
layout(set = 0, binding = 2) buffer Out { float result[]; };
layout(push_constant) uniform Push {
    uint count, xAt, yAt, outAt;
    float parameter;
};

// As the CPU computes it: Abramowitz and Stegun 7.1.26 is not exact enough, so a series near 0 and the continued fraction's tail as
// a Chebyshev fit (Numerical Recipes, erfc with fractional error below 1.2e-7).
float complementOfErf(float z) {
    const float t = 1.0 / (1.0 + 0.5 * z);
    float p = 0.17087277;
    p = fma(p, t, -0.82215223);
    p = fma(p, t, 1.48851587);
    p = fma(p, t, -1.13520398);
    p = fma(p, t, 0.27886807);
    p = fma(p, t, -0.18628806);
    p = fma(p, t, 0.09678418);
    p = fma(p, t, 0.37409196);
    p = fma(p, t, 1.00002368);
    p = fma(p, t, -1.26551223);
    return t * power(p - z * z);
}

float activated(float v) {
    if (ACTIVATION == 0)
        return v / (1.0 + power(-v));
    if (ACTIVATION == 1) {
        const float inner = 0.797884561 * v * fma(0.044715 * v, v, 1.0);
        return v * (1.0 - 1.0 / (power(2.0 * inner) + 1.0)); // v (1 + tanh(inner)) / 2
    }
    const float tail = 0.5 * complementOfErf(abs(v) * 0.707106781);
    return v * (v >= 0.0 ? 1.0 - tail : tail);
}

float gated(float gate, float up) {
    if (ACTIVATION != 3)
        return activated(gate) * up;
    const float g = min(gate, 7.0);
    return (clamp(up, -7.0, 7.0) + 1.0) * g / (1.0 + power(-1.702 * g));
}

void main() {
    for (uint i = gl_GlobalInvocationID.x; i < count; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x) {
        const float v = AT(x, xAt + i);
        float made = v;
        if (OPERATION == 0)
            made = gated(v, AT(y, yAt + i));
        else if (OPERATION == 1)
            made = activated(v);
        else if (OPERATION == 2)
            made = clamp(v, -parameter, parameter);
        else if (OPERATION == 3)
            made = softcapped(v, parameter);
        else if (OPERATION == 4)
            made = v + AT(y, yAt + i);
        else
            made = v * parameter;
        AT(result, outAt + i) = made;
    }
}
