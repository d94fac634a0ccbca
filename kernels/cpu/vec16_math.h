#pragma once

// Included after one of the vec16_*.h.
namespace kernels {
namespace {

/// e^x, about one unit in the last place; exactly 1 at 0; 0 below -87.33 (no subnormals), e^88.37
/// above 88.37.
VEC16 Vec16 exp16(Vec16 x) {
    const Vec16 bounded = min16(max16(x, broadcast16(-87.33f)), broadcast16(88.37f));
    const Vec16 n = round16(mul16(bounded, broadcast16(1.44269504f)));
    // ln 2 in two parts: n times the first is exact.
    Vec16 r = fma16(n, broadcast16(-0.693359375f), bounded);
    r = fma16(n, broadcast16(2.12194440e-4f), r);
    Vec16 p = broadcast16(1.9875691500e-4f); // minimax polynomial of (e^r - 1 - r) / r^2 on |r| <= ln 2 / 2
    p = fma16(p, r, broadcast16(1.3981999507e-3f));
    p = fma16(p, r, broadcast16(8.3334519073e-3f));
    p = fma16(p, r, broadcast16(4.1665795894e-2f));
    p = fma16(p, r, broadcast16(1.6666665459e-1f));
    p = fma16(p, r, broadcast16(5.0000001201e-1f));
    p = add16(fma16(p, mul16(r, r), r), broadcast16(1.0f));
    return scaleOrZero16(p, n, x, -87.33f);
}

/// cap * tanh(x / cap): 1 - 2 / (e^2y + 1), whose absolute error is that of a number near 1.
[[maybe_unused]] VEC16 Vec16 softcap16(Vec16 x, float cap) {
    const Vec16 one = broadcast16(1.0f), two = broadcast16(2.0f);
    const Vec16 power = exp16(mul16(x, broadcast16(2.0f / cap)));
    return mul16(sub16(one, div16(two, add16(power, one))), broadcast16(cap));
}

constexpr float SMALLEST_POWER = -127.0f;

/// 2^x for x from SMALLEST_POWER to 0, about one unit in the last place; exactly 1 at 0 and exactly 0 at SMALLEST_POWER.
/// Between it and -126 the result is a subnormal number of about the right size. Half the work of e^x; step by step over
/// several vectors, because one alone is a chain of instructions too long to overlap with the next.
template <int COUNT>
VEC16 void powersOf2(const Vec16 (&x)[COUNT], Vec16 (&powers)[COUNT]) {
    constexpr float POLYNOMIAL[] = {1.34066434e-3f, 9.61769279e-3f, 5.55031039e-2f,
                                    2.40226522e-1f, 6.93147242e-1f, 1.0f}; // minimax on |r| <= 1/2
    const Vec16 shift =
        broadcast16(12582912.0f); // a sum with it has no room for a fraction: its lowest bits are x, rounded
    Vec16 shifted[COUNT], r[COUNT];
    for (int i = 0; i < COUNT; ++i) {
        shifted[i] = add16(x[i], shift);
        r[i] = sub16(x[i], sub16(shifted[i], shift));
        powers[i] = broadcast16(1.55946778e-4f);
    }
    for (const float coefficient : POLYNOMIAL)
        for (int i = 0; i < COUNT; ++i)
            powers[i] = fma16(powers[i], r[i], broadcast16(coefficient));
    for (int i = 0; i < COUNT; ++i)
        powers[i] = addToExponent16(powers[i], shifted[i]);
}

/// The same function for one number; 0 below SMALLEST_POWER.
[[maybe_unused]] float powerOf2(float x) {
    const Vec16 bounded[1] = {broadcast16(x > SMALLEST_POWER ? x : SMALLEST_POWER)};
    Vec16 power[1];
    powersOf2(bounded, power);
    float lanes[16];
    store16(lanes, power[0]);
    return lanes[0];
}

} // namespace
} // namespace kernels
