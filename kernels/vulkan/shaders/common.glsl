#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require

#include "access.glsl"

// What shaders share. A subgroup may have any number of lanes.
const float LOWEST = -3.0e38;
const float LOG2_E = 1.44269504;

// Drivers may approximate exp and tanh; these are as exact on every device. The polynomial is that of kernels/cpu/vec16_math.h.
// 2^x, exactly 1 at 0; 0 below -126.
float powerOf2(float x) {
    const float bounded = clamp(x, -127.0, 127.0);
    const float n = roundEven(bounded);
    const float r = bounded - n;
    float p = 1.55946778e-4;
    p = fma(p, r, 1.34066434e-3);
    p = fma(p, r, 9.61769279e-3);
    p = fma(p, r, 5.55031039e-2);
    p = fma(p, r, 2.40226522e-1);
    p = fma(p, r, 6.93147242e-1);
    p = fma(p, r, 1.0);
    return x < -126.0 ? 0.0 : p * uintBitsToFloat(uint(int(n) + 127) << 23);
}

// e^x; as exp16 there.
float power(float x) {
    const float bounded = clamp(x, -87.33, 88.37);
    const float n = roundEven(bounded * LOG2_E);
    float r = fma(n, -0.693359375, bounded);
    r = fma(n, 2.12194440e-4, r);
    float p = 1.9875691500e-4;
    p = fma(p, r, 1.3981999507e-3);
    p = fma(p, r, 8.3334519073e-3);
    p = fma(p, r, 4.1665795894e-2);
    p = fma(p, r, 1.6666665459e-1);
    p = fma(p, r, 5.0000001201e-1);
    p = fma(p, r * r, r) + 1.0;
    return x < -87.33 ? 0.0 : p * uintBitsToFloat(uint(int(n) + 127) << 23);
}

float softcapped(float x, float cap) {
    return cap * (1.0 - 2.0 / (power(x * (2.0 / cap)) + 1.0));
}
