#pragma once

// Included after one of the vec16_*.h.
namespace kernels {
namespace {

constexpr float NO_SCORE = -__builtin_inff(); // of a slot that a query may not see; exp16 makes it 0

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

/// The same function for one number.
VEC16 float expScalar(float x) {
    float lanes[16];
    store16(lanes, exp16(broadcast16(x)));
    return lanes[0];
}

} // namespace
} // namespace kernels
