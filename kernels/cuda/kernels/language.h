#pragma once
#include <cstddef>
#include <cstdint>

#ifdef __CUDACC__
#include <cuda_fp16.h>
#else
#include "kernels/cuda/shim/fibers.h"
#include "kernels/half.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>
#endif

// What kernels are written in: the same words mean CUDA for nvcc and the shim's fibers for every other compiler. A kernel's threads are
// one-dimensional. Names are our own, so that none is taken by a system's header.
#ifdef __CUDACC__
// One block on a multiprocessor is enough: to make room for more, ptxas would rather spill a register (attend<4> on sm_80).
#define GPU_KERNEL(threads) __global__ void __launch_bounds__(threads, 1)
#define GPU_FUNCTION __device__ __forceinline__
#define GPU_SHARED(type, name, count) __shared__ type name[count]
#define GPU_UNROLL _Pragma("unroll")
#define GPU_WHERE_PARAMETER
#define GPU_WHERE
#else
#define GPU_KERNEL(threads) inline void
#define GPU_FUNCTION inline
#define GPU_SHARED(type, name, count)                                                                        \
    type* const name = static_cast<type*>(                                                                   \
        ::kernels::cuda::shim::sharedMemory(sizeof(type) * (count), std::source_location::current()))
#define GPU_UNROLL
// Helpers hand on where they were called, so that waiting at two calls of one helper is seen as divergence.
#define GPU_WHERE_PARAMETER , std::source_location where = std::source_location::current()
#define GPU_WHERE , where
#endif

namespace kernels::cuda {

constexpr int warpSize32 = 32;
constexpr float lowest = -3.0e38f;
constexpr float log2OfE = 1.44269504f;

struct alignas(16) Words4 {
    std::uint32_t x, y, z, w;
};
struct alignas(8) Words2 {
    std::uint32_t x, y;
};

#ifdef __CUDACC__

GPU_FUNCTION int threadIndex() {
    return static_cast<int>(threadIdx.x);
}
GPU_FUNCTION int threadCount() {
    return static_cast<int>(blockDim.x);
}
GPU_FUNCTION int blockX() {
    return static_cast<int>(blockIdx.x);
}
GPU_FUNCTION int blockY() {
    return static_cast<int>(blockIdx.y);
}
GPU_FUNCTION int blockZ() {
    return static_cast<int>(blockIdx.z);
}
GPU_FUNCTION int blocksX() {
    return static_cast<int>(gridDim.x);
}
GPU_FUNCTION void syncBlock() {
    __syncthreads();
}
GPU_FUNCTION std::uint32_t wordOfLane(std::uint32_t value, int lane) {
    return __shfl_sync(0xffffffffu, value, lane);
}
/// Give what was there before.
GPU_FUNCTION std::uint32_t addAtOnce(std::uint32_t* to, std::uint32_t value) {
    return atomicAdd(to, value);
}
GPU_FUNCTION std::uint32_t orAtOnce(std::uint32_t* to, std::uint32_t bits) {
    return atomicOr(to, bits);
}
GPU_FUNCTION float asFloat(std::uint32_t bits) {
    return __uint_as_float(bits);
}
GPU_FUNCTION std::uint32_t asWord(float value) {
    return __float_as_uint(value);
}
GPU_FUNCTION float fromHalf(std::uint32_t bits) {
    return __half2float(__ushort_as_half(static_cast<unsigned short>(bits)));
}
GPU_FUNCTION std::uint32_t toHalf(float value) {
    return __half_as_ushort(__float2half_rn(value));
}
/// Four products of signed bytes, added to `sum`.
GPU_FUNCTION int dotOfBytes(std::uint32_t a, std::uint32_t b, int sum) {
    return __dp4a(static_cast<int>(a), static_cast<int>(b), sum);
}
/// Eight nibbles become eight bytes, in their order.
GPU_FUNCTION void spreadNibbles(std::uint32_t word, std::uint32_t* bytes) {
    const std::uint32_t even = word & 0x0f0f0f0fu, odd = word >> 4 & 0x0f0f0f0fu;
    bytes[0] = __byte_perm(even, odd, 0x5140);
    bytes[1] = __byte_perm(even, odd, 0x7362);
}
GPU_FUNCTION float fused(float a, float b, float c) {
    return fmaf(a, b, c);
}
GPU_FUNCTION float powerOf2(float x) {
    return exp2f(x);
}
GPU_FUNCTION float powerOfE(float x) {
    return expf(x);
}
GPU_FUNCTION float tangentH(float x) {
    return tanhf(x);
}
GPU_FUNCTION float complementOfErf(float x) {
    return erfcf(x);
}
GPU_FUNCTION float rounded(float x) {
    return rintf(x);
}
GPU_FUNCTION float larger(float a, float b) {
    return fmaxf(a, b);
}
GPU_FUNCTION float smaller(float a, float b) {
    return fminf(a, b);
}
GPU_FUNCTION float magnitude(float x) {
    return fabsf(x);
}
GPU_FUNCTION float squareRoot(float x) {
    return sqrtf(x);
}

#else

inline int threadIndex() {
    return static_cast<int>(shim::place().thread);
}
inline int threadCount() {
    return static_cast<int>(shim::place().threads);
}
inline int blockX() {
    return static_cast<int>(shim::place().block.x);
}
inline int blockY() {
    return static_cast<int>(shim::place().block.y);
}
inline int blockZ() {
    return static_cast<int>(shim::place().block.z);
}
inline int blocksX() {
    return static_cast<int>(shim::place().grid.x);
}
inline void syncBlock(std::source_location where = std::source_location::current()) {
    shim::syncThreads(where);
}
inline std::uint32_t wordOfLane(std::uint32_t value, int lane GPU_WHERE_PARAMETER) {
    return shim::gather(&value, 1, where)[lane % warpSize32];
}
inline std::uint32_t addAtOnce(std::uint32_t* to, std::uint32_t value) {
    return std::exchange(*to, *to + value);
}
inline std::uint32_t orAtOnce(std::uint32_t* to, std::uint32_t bits) {
    return std::exchange(*to, *to | bits);
}
inline float asFloat(std::uint32_t bits) {
    return std::bit_cast<float>(bits);
}
inline std::uint32_t asWord(float value) {
    return std::bit_cast<std::uint32_t>(value);
}
inline float fromHalf(std::uint32_t bits) {
    return halfToFloat(static_cast<std::uint16_t>(bits));
}
inline std::uint32_t toHalf(float value) {
    return floatToHalf(value);
}
inline int dotOfBytes(std::uint32_t a, std::uint32_t b, int sum) {
    for (unsigned shift = 0; shift < 32; shift += 8)
        sum += static_cast<std::int8_t>(a >> shift & 255) * static_cast<std::int8_t>(b >> shift & 255);
    return sum;
}
inline void spreadNibbles(std::uint32_t word, std::uint32_t* bytes) {
    bytes[0] = bytes[1] = 0;
    for (unsigned i = 0; i < 8; ++i)
        bytes[i / 4] |= (word >> (4 * i) & 15) << (8 * (i % 4));
}
inline float fused(float a, float b, float c) {
    return a * b + c;
}
inline float powerOf2(float x) {
    return std::exp2(x);
}
inline float powerOfE(float x) {
    return std::exp(x);
}
inline float tangentH(float x) {
    return std::tanh(x);
}
inline float complementOfErf(float x) {
    return std::erfc(x);
}
inline float rounded(float x) {
    return std::nearbyint(x);
}
inline float larger(float a, float b) {
    return std::max(a, b);
}
inline float smaller(float a, float b) {
    return std::min(a, b);
}
inline float magnitude(float x) {
    return std::fabs(x);
}
inline float squareRoot(float x) {
    return std::sqrt(x);
}

#endif

GPU_FUNCTION int laneIndex() {
    return threadIndex() % warpSize32;
}
GPU_FUNCTION int warpIndex() {
    return threadIndex() / warpSize32;
}
GPU_FUNCTION int warpCount() {
    return threadCount() / warpSize32;
}
/// This thread's number in a row of blocks, and how many there are.
GPU_FUNCTION std::int64_t itemIndex() {
    return static_cast<std::int64_t>(blockX()) * threadCount() + threadIndex();
}
GPU_FUNCTION std::int64_t itemCount() {
    return static_cast<std::int64_t>(blocksX()) * threadCount();
}

/// What the lane that differs by `bit` has.
GPU_FUNCTION float ofPartner(float value, int bit GPU_WHERE_PARAMETER) {
    return asFloat(wordOfLane(asWord(value), laneIndex() ^ bit GPU_WHERE));
}

/// Over neighbouring lanes, `LANES` of them (a power of two), in every one of them.
template <int LANES = warpSize32>
GPU_FUNCTION float sumOfLanes(float value GPU_WHERE_PARAMETER) {
    for (int bit = LANES / 2; bit > 0; bit /= 2)
        value += ofPartner(value, bit GPU_WHERE);
    return value;
}
template <int LANES = warpSize32>
GPU_FUNCTION float largestOfLanes(float value GPU_WHERE_PARAMETER) {
    for (int bit = LANES / 2; bit > 0; bit /= 2)
        value = larger(value, ofPartner(value, bit GPU_WHERE));
    return value;
}

/// The sum over a block, in every thread: a word a warp, two barriers.
GPU_FUNCTION float sumOfBlock(float value) {
    GPU_SHARED(float, sums, 32);
    const float own = sumOfLanes(value);
    syncBlock(); // the words of the sum before this one have been read
    if (laneIndex() == 0)
        sums[warpIndex()] = own;
    syncBlock();
    float sum = 0.0f;
    for (int i = 0; i < warpCount(); ++i)
        sum += sums[i];
    return sum;
}

GPU_FUNCTION float largestOfBlock(float value) {
    GPU_SHARED(float, numbers, 32);
    const float own = largestOfLanes(value);
    syncBlock(); // as there
    if (laneIndex() == 0)
        numbers[warpIndex()] = own;
    syncBlock();
    float largest = numbers[0];
    for (int i = 1; i < warpCount(); ++i)
        largest = larger(largest, numbers[i]);
    return largest;
}

} // namespace kernels::cuda
