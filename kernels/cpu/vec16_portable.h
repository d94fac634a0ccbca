#pragma once
#include "kernels/half.h"

#include <cstddef>
#include <cstdint>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

// Sixteen floats as four vectors of four in the compiler's own vector language, which every 64-bit processor
// has registers for: see vec16_avx512.h for what the functions mean.
namespace kernels {
namespace {

#define VEC16 [[gnu::always_inline]] inline

typedef float Vec4 __attribute__((vector_size(16)));
typedef std::int32_t Int4 __attribute__((vector_size(16)));
typedef std::int16_t Short8 __attribute__((vector_size(16)));
typedef std::int8_t Byte8 __attribute__((vector_size(8)));
typedef std::int8_t Byte16 __attribute__((vector_size(16)));

struct Vec16 {
    Vec4 a, b, c, d;
};

template <class Function>
VEC16 Vec16 each4(Vec16 x, Vec16 y, Function function) {
    return {function(x.a, y.a), function(x.b, y.b), function(x.c, y.c), function(x.d, y.d)};
}
VEC16 Vec4 splat4(float x) {
    return Vec4{x, x, x, x};
}
VEC16 Vec4 choose4(Int4 condition, Vec4 yes, Vec4 no) {
    return reinterpret_cast<Vec4>((condition & reinterpret_cast<Int4>(yes)) |
                                  (~condition & reinterpret_cast<Int4>(no)));
}
VEC16 Vec4 load4(const float* from) {
    Vec4 x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

VEC16 Vec16 broadcast16(float x) {
    return {splat4(x), splat4(x), splat4(x), splat4(x)};
}
VEC16 Vec16 zero16() {
    return broadcast16(0.0f);
}
VEC16 Vec16 load16(const float* from) {
    return {load4(from), load4(from + 4), load4(from + 8), load4(from + 12)};
}
VEC16 void store16(float* to, Vec16 x) {
    __builtin_memcpy(to, &x, sizeof x);
}
VEC16 Vec16 add16(Vec16 x, Vec16 y) {
    return {x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d};
}
VEC16 Vec16 sub16(Vec16 x, Vec16 y) {
    return {x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d};
}
VEC16 Vec16 mul16(Vec16 x, Vec16 y) {
    return {x.a * y.a, x.b * y.b, x.c * y.c, x.d * y.d};
}
VEC16 Vec16 div16(Vec16 x, Vec16 y) {
    return {x.a / y.a, x.b / y.b, x.c / y.c, x.d / y.d};
}
VEC16 Vec16 max16(Vec16 x, Vec16 y) {
    return each4(x, y, [](Vec4 p, Vec4 q) { return choose4(p > q, p, q); });
}
VEC16 Vec16 min16(Vec16 x, Vec16 y) {
    return each4(x, y, [](Vec4 p, Vec4 q) { return choose4(p < q, p, q); });
}
VEC16 Vec16 abs16(Vec16 x) {
    return each4(x, x,
                 [](Vec4 p, Vec4) { return reinterpret_cast<Vec4>(reinterpret_cast<Int4>(p) & 0x7FFFFFFF); });
}
VEC16 Vec16 fma16(Vec16 x, Vec16 y, Vec16 z) {
    return add16(mul16(x, y), z);
}
VEC16 Vec16 round16(Vec16 x) { // for magnitudes below 2^22: the sum has no room for a fraction
    const Vec16 shift = broadcast16(12582912.0f);
    return sub16(add16(x, shift), shift);
}
VEC16 float sum16(Vec16 x) {
    const Vec4 four = (x.a + x.b) + (x.c + x.d);
    return (four[0] + four[2]) + (four[1] + four[3]);
}
VEC16 float largest16(Vec16 x) {
    const Vec4 ab = choose4(x.a > x.b, x.a, x.b), cd = choose4(x.c > x.d, x.c, x.d);
    const Vec4 four = choose4(ab > cd, ab, cd);
    const float even = four[0] > four[2] ? four[0] : four[2], odd = four[1] > four[3] ? four[1] : four[3];
    return even > odd ? even : odd;
}

VEC16 Vec4 scaleOrZero4(Vec4 x, Vec4 n, Vec4 test, float limit) {
    const Int4 exponent = (__builtin_convertvector(n, Int4) + 127) << 23;
    return choose4(test >= splat4(limit), x * reinterpret_cast<Vec4>(exponent), splat4(0.0f));
}
VEC16 Vec16 scaleOrZero16(Vec16 x, Vec16 n, Vec16 test, float limit) {
    return {scaleOrZero4(x.a, n.a, test.a, limit), scaleOrZero4(x.b, n.b, test.b, limit),
            scaleOrZero4(x.c, n.c, test.c, limit), scaleOrZero4(x.d, n.d, test.d, limit)};
}
VEC16 Vec16 addToExponent16(Vec16 x, Vec16 bits) {
    return each4(x, bits, [](Vec4 p, Vec4 q) {
        typedef std::uint32_t Word4 __attribute__((vector_size(16))); // its sums wrap round
        return reinterpret_cast<Vec4>(reinterpret_cast<Word4>(p) + (reinterpret_cast<Word4>(q) << 23));
    });
}
VEC16 Vec4 keep4(Vec4 x, std::uint32_t bits, float other) {
    const Int4 lane{1, 2, 4, 8};
    const std::int32_t some = static_cast<std::int32_t>(bits & 15u);
    return choose4((Int4{some, some, some, some} & lane) == lane, x, splat4(other));
}
VEC16 Vec16 keep16(Vec16 x, std::uint32_t bits, float other) {
    return {keep4(x.a, bits, other), keep4(x.b, bits >> 4, other), keep4(x.c, bits >> 8, other),
            keep4(x.d, bits >> 12, other)};
}

VEC16 Vec16 loadHalf16(const void* from) {
    std::uint16_t halves[16];
    float values[16];
    __builtin_memcpy(halves, from, sizeof halves);
    for (int i = 0; i < 16; ++i)
        values[i] = halfToFloat(halves[i]);
    return load16(values);
}
VEC16 void storeHalf16(void* to, Vec16 x) {
    std::uint16_t halves[16];
    float values[16];
    store16(values, x);
    for (int i = 0; i < 16; ++i)
        halves[i] = floatToHalf(values[i]);
    __builtin_memcpy(to, halves, sizeof halves);
}
VEC16 void storeWords16(std::int16_t* to, Vec16 x) {
    float values[16];
    store16(values, max16(min16(round16(x), broadcast16(32767.0f)), broadcast16(-32767.0f)));
    for (int i = 0; i < 16; ++i)
        to[i] = static_cast<std::int16_t>(values[i]);
}
VEC16 void storeInt8x16(void* to, Vec16 x) {
    std::int8_t bytes[16];
    float values[16];
    store16(values, x);
    for (int i = 0; i < 16; ++i)
        bytes[i] = static_cast<std::int8_t>(values[i]);
    __builtin_memcpy(to, bytes, sizeof bytes);
}

VEC16 Vec16 swapPairs16(Vec16 x) {
    return each4(x, x, [](Vec4 p, Vec4) { return Vec4{p[1], p[0], p[3], p[2]}; });
}
VEC16 Vec16 evenTwice16(Vec16 x) {
    return each4(x, x, [](Vec4 p, Vec4) { return Vec4{p[0], p[0], p[2], p[2]}; });
}
VEC16 Vec16 oddTwice16(Vec16 x) {
    return each4(x, x, [](Vec4 p, Vec4) { return Vec4{p[1], p[1], p[3], p[3]}; });
}
VEC16 Vec16 fmaSubAdd16(Vec16 x, Vec16 y, Vec16 z) {
    const Vec16 signs = each4(z, z, [](Vec4 p, Vec4) { return p * Vec4{-1.0f, 1.0f, -1.0f, 1.0f}; });
    return fma16(x, y, signs);
}

constexpr int PART_REGISTERS = 4;

struct Ints {
    Int4 a, b, c, d;
};
struct Pairs {
    Short8 a, b, c, d;
};

VEC16 Ints zeroInts() {
    return {Int4{}, Int4{}, Int4{}, Int4{}};
}
VEC16 Short8 widen8(const std::byte* from) {
    Byte8 x;
    __builtin_memcpy(&x, from, sizeof x);
    const Byte16 twice = __builtin_shufflevector(x, x, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    return reinterpret_cast<Short8>(twice) >> 8; // the upper one of two takes its sign along
}
VEC16 Pairs loadInt8Pairs(const std::byte* from) {
    return {widen8(from), widen8(from + 8), widen8(from + 16), widen8(from + 24)};
}
VEC16 Pairs broadcastPair(std::int32_t pair) {
    const Short8 x = reinterpret_cast<Short8>(Int4{pair, pair, pair, pair});
    return {x, x, x, x};
}
VEC16 Int4 addPairProducts4(Short8 x, Short8 y, Int4 sum) {
#ifdef __SSE2__ // which has no other product of so many bits
    sum += reinterpret_cast<Int4>(_mm_madd_epi16(reinterpret_cast<__m128i>(x), reinterpret_cast<__m128i>(y)));
    __asm__("" : "+x"(sum));
    return sum;
#else
    const Int4 left = reinterpret_cast<Int4>(x), right = reinterpret_cast<Int4>(y);
    return sum + (left >> 16) * (right >> 16) + (left << 16 >> 16) * (right << 16 >> 16);
#endif
}
VEC16 Ints addPairProducts(Pairs x, Pairs y, Ints sum) {
    return {addPairProducts4(x.a, y.a, sum.a), addPairProducts4(x.b, y.b, sum.b),
            addPairProducts4(x.c, y.c, sum.c), addPairProducts4(x.d, y.d, sum.d)};
}
VEC16 Vec16 toFloats(Ints x) {
    return {__builtin_convertvector(x.a, Vec4), __builtin_convertvector(x.b, Vec4),
            __builtin_convertvector(x.c, Vec4), __builtin_convertvector(x.d, Vec4)};
}

} // namespace
} // namespace kernels

#include "kernels/cpu/vec16_whole.h"
