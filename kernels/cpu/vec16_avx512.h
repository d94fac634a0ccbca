#pragma once
#include <cstddef>
#include <cstdint>

// GCC 12 takes the deliberately undefined operand inside many AVX-512 intrinsics for a mistake.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

// Sixteen floats on AVX-512. The three vec16_*.h offer the same functions; kernels written over them are
// compiled once with each. Everything has internal linkage, so that no copy of it serves the rest of the
// program.
//
// A Part is what a register holds of a Vec16, PARTS of them make one: for loops that fill all PART_REGISTERS registers
// and have to say in which order what comes into them. Sums of fmaPart() are taken in the order of the program.
namespace kernels {
namespace {

#define VEC16 [[gnu::always_inline]] inline

struct Vec16 {
    __m512 v;
};

VEC16 Vec16 zero16() {
    return {_mm512_setzero_ps()};
}
VEC16 Vec16 broadcast16(float x) {
    return {_mm512_set1_ps(x)};
}
VEC16 Vec16 load16(const float* from) {
    return {_mm512_loadu_ps(from)};
}
VEC16 void store16(float* to, Vec16 x) {
    _mm512_storeu_ps(to, x.v);
}
VEC16 Vec16 add16(Vec16 a, Vec16 b) {
    return {_mm512_add_ps(a.v, b.v)};
}
VEC16 Vec16 sub16(Vec16 a, Vec16 b) {
    return {_mm512_sub_ps(a.v, b.v)};
}
VEC16 Vec16 mul16(Vec16 a, Vec16 b) {
    return {_mm512_mul_ps(a.v, b.v)};
}
VEC16 Vec16 div16(Vec16 a, Vec16 b) {
    return {_mm512_div_ps(a.v, b.v)};
}
VEC16 Vec16 max16(Vec16 a, Vec16 b) {
    return {_mm512_max_ps(a.v, b.v)};
}
VEC16 Vec16 min16(Vec16 a, Vec16 b) {
    return {_mm512_min_ps(a.v, b.v)};
}
VEC16 Vec16 abs16(Vec16 a) {
    return {_mm512_abs_ps(a.v)};
}
/// a b + c, rounded once where the processor can
VEC16 Vec16 fma16(Vec16 a, Vec16 b, Vec16 c) {
    return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
VEC16 Vec16 round16(Vec16 a) {
    return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
VEC16 float sum16(Vec16 a) {
    return _mm512_reduce_add_ps(a.v);
}
VEC16 float largest16(Vec16 a) {
    return _mm512_reduce_max_ps(a.v);
}

/// x * 2^n in the lanes where test >= limit, 0 in the others. n is integral, -126 .. 127.
VEC16 Vec16 scaleOrZero16(Vec16 x, Vec16 n, Vec16 test, float limit) {
    return {_mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(test.v, _mm512_set1_ps(limit), _CMP_GE_OQ), x.v, n.v)};
}
/// Adds the lowest nine bits of the other number, taken as an integer, to x's sign and exponent.
VEC16 Vec16 addToExponent16(Vec16 x, Vec16 bits) {
    const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(bits.v), 23);
    return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x.v), exponent))};
}
/// Lanes whose bit is 0 become `other`.
VEC16 Vec16 keep16(Vec16 x, std::uint32_t bits, float other) {
    return {_mm512_mask_mov_ps(_mm512_set1_ps(other), static_cast<__mmask16>(bits), x.v)};
}

VEC16 Vec16 loadHalf16(const void* from) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(from)))};
}
VEC16 void storeHalf16(void* to, Vec16 x) {
    _mm256_storeu_si256(static_cast<__m256i*>(to),
                        _mm512_cvtps_ph(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
/// Rounded to the nearest integer; |x| <= 32767, or anything for what is not finite.
VEC16 void storeWords16(std::int16_t* to, Vec16 x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(x.v)));
}
/// x is integral, -127 .. 127.
VEC16 void storeInt8x16(void* to, Vec16 x) {
    _mm_storeu_si128(static_cast<__m128i*>(to), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(x.v)));
}

VEC16 Vec16 swapPairs16(Vec16 x) {
    return {_mm512_permute_ps(x.v, 0xB1)};
} // b a d c ..
VEC16 Vec16 evenTwice16(Vec16 x) {
    return {_mm512_moveldup_ps(x.v)};
} // a a c c ..
VEC16 Vec16 oddTwice16(Vec16 x) {
    return {_mm512_movehdup_ps(x.v)};
} // b b d d ..
/// Even lanes a b - c, odd lanes a b + c.
VEC16 Vec16 fmaSubAdd16(Vec16 a, Vec16 b, Vec16 c) {
    return {_mm512_fmaddsub_ps(a.v, b.v, c.v)};
}

constexpr int PART_REGISTERS = 32;

/// In each lane of a Part an integer of 32 bits; a pair of 16 bits.
using Ints = __m512i;
using Pairs = __m512i;

VEC16 Ints zeroInts() {
    return _mm512_setzero_si512();
}
VEC16 Pairs loadInt8Pairs(const std::byte* from) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
VEC16 Pairs broadcastPair(std::int32_t pair) {
    return _mm512_set1_epi32(pair);
}
/// In each lane: sum + the products of two pairs.
VEC16 Ints addPairProducts(Pairs a, Pairs b, Ints sum) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
}
VEC16 Vec16 toFloats(Ints x) {
    return {_mm512_cvtepi32_ps(x)};
}

} // namespace
} // namespace kernels

#include "kernels/cpu/vec16_whole.h"
