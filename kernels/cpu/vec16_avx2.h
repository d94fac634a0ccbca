#pragma once
#include <cstddef>
#include <cstdint>
#include <immintrin.h>

// Sixteen floats on AVX2 with FMA and F16C: see vec16_avx512.h for what the functions mean.
namespace kernels {
namespace {

#define VEC16 [[gnu::always_inline]] inline

struct Vec16 {
    __m256 low, high;
};

using Part = __m256;
constexpr int PARTS = 2, PART_REGISTERS = 16;

VEC16 Part zeroPart() {
    return _mm256_setzero_ps();
}
VEC16 Part broadcastPart(float x) {
    return _mm256_set1_ps(x);
}
VEC16 Part loadPart(const float* from) {
    return _mm256_loadu_ps(from);
}
VEC16 Part loadHalfPart(const void* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(from)));
}
VEC16 void storePart(float* to, Part x) {
    _mm256_storeu_ps(to, x);
}
VEC16 Part mulPart(Part a, Part b) {
    return _mm256_mul_ps(a, b);
}
VEC16 Part fmaPart(Part a, Part b, Part c) {
    Part sum = _mm256_fmadd_ps(a, b, c);
    __asm__("" : "+x"(sum));
    return sum;
}

using Ints = __m256i;
using Pairs = __m256i;

VEC16 Ints zeroInts() {
    return _mm256_setzero_si256();
}
VEC16 Pairs loadInt8Pairs(const std::byte* from) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
VEC16 Pairs broadcastPair(std::int32_t pair) {
    return _mm256_set1_epi32(pair);
}
VEC16 Ints addPairProducts(Pairs a, Pairs b, Ints sum) {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
    __asm__("" : "+x"(sum));
    return sum;
}
VEC16 Part toFloats(Ints x) {
    return _mm256_cvtepi32_ps(x);
}

VEC16 Vec16 zero16() {
    return {_mm256_setzero_ps(), _mm256_setzero_ps()};
}
VEC16 Vec16 broadcast16(float x) {
    return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
VEC16 Vec16 load16(const float* from) {
    return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
}
VEC16 void store16(float* to, Vec16 x) {
    _mm256_storeu_ps(to, x.low);
    _mm256_storeu_ps(to + 8, x.high);
}
VEC16 Vec16 add16(Vec16 a, Vec16 b) {
    return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
VEC16 Vec16 sub16(Vec16 a, Vec16 b) {
    return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
VEC16 Vec16 mul16(Vec16 a, Vec16 b) {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
VEC16 Vec16 div16(Vec16 a, Vec16 b) {
    return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
}
VEC16 Vec16 max16(Vec16 a, Vec16 b) {
    return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
}
VEC16 Vec16 min16(Vec16 a, Vec16 b) {
    return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
}
VEC16 Vec16 abs16(Vec16 a) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
}
VEC16 Vec16 fma16(Vec16 a, Vec16 b, Vec16 c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
VEC16 Vec16 round16(Vec16 a) {
    return {_mm256_round_ps(a.low, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
            _mm256_round_ps(a.high, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
VEC16 float sum16(Vec16 a) {
    const __m256 eight = _mm256_add_ps(a.low, a.high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
VEC16 float largest16(Vec16 a) {
    const __m256 eight = _mm256_max_ps(a.low, a.high);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

VEC16 __m256 scaleOrZero8(__m256 x, __m256 n, __m256 test, __m256 limit) {
    const __m256i exponent =
        _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    const __m256 scaled = _mm256_mul_ps(x, _mm256_castsi256_ps(exponent));
    return _mm256_and_ps(scaled, _mm256_cmp_ps(test, limit, _CMP_GE_OQ));
}
VEC16 Vec16 scaleOrZero16(Vec16 x, Vec16 n, Vec16 test, float limit) {
    const __m256 limits = _mm256_set1_ps(limit);
    return {scaleOrZero8(x.low, n.low, test.low, limits), scaleOrZero8(x.high, n.high, test.high, limits)};
}
VEC16 __m256 addToExponent8(__m256 x, __m256 bits) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(bits), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), exponent));
}
VEC16 Vec16 addToExponent16(Vec16 x, Vec16 bits) {
    return {addToExponent8(x.low, bits.low), addToExponent8(x.high, bits.high)};
}
VEC16 __m256 keep8(__m256 x, std::uint32_t bits, __m256 other) {
    const __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i set = _mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits)), lane);
    return _mm256_blendv_ps(other, x, _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, lane)));
}
VEC16 Vec16 keep16(Vec16 x, std::uint32_t bits, float other) {
    const __m256 others = _mm256_set1_ps(other);
    return {keep8(x.low, bits & 0xFF, others), keep8(x.high, bits >> 8, others)};
}

VEC16 Vec16 loadHalf16(const void* from) {
    return {loadHalfPart(from), loadHalfPart(static_cast<const std::byte*>(from) + 16)};
}
VEC16 void storeHalf16(void* to, Vec16 x) {
    __m128i* halves = static_cast<__m128i*>(to);
    _mm_storeu_si128(halves, _mm256_cvtps_ph(x.low, _MM_FROUND_TO_NEAREST_INT));
    _mm_storeu_si128(halves + 1, _mm256_cvtps_ph(x.high, _MM_FROUND_TO_NEAREST_INT));
}
VEC16 __m256i words16(Vec16 x) { // packing works within 128-bit halves
    const __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(x.low), _mm256_cvtps_epi32(x.high));
    return _mm256_permute4x64_epi64(words, 0xD8);
}
VEC16 void storeWords16(std::int16_t* to, Vec16 x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), words16(x));
}
VEC16 void storeInt8x16(void* to, Vec16 x) {
    const __m256i words = words16(x);
    const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128(static_cast<__m128i*>(to), bytes);
}

VEC16 Vec16 swapPairs16(Vec16 x) {
    return {_mm256_permute_ps(x.low, 0xB1), _mm256_permute_ps(x.high, 0xB1)};
}
VEC16 Vec16 evenTwice16(Vec16 x) {
    return {_mm256_moveldup_ps(x.low), _mm256_moveldup_ps(x.high)};
}
VEC16 Vec16 oddTwice16(Vec16 x) {
    return {_mm256_movehdup_ps(x.low), _mm256_movehdup_ps(x.high)};
}
VEC16 Vec16 fmaSubAdd16(Vec16 a, Vec16 b, Vec16 c) {
    return {_mm256_fmaddsub_ps(a.low, b.low, c.low), _mm256_fmaddsub_ps(a.high, b.high, c.high)};
}

} // namespace
} // namespace kernels
