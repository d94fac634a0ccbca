#pragma once
#include "kernels/cuda/kernels/language.h"

// Tensor cores multiply small matrices of signed bytes for a whole warp: sums (16, 8) += a (16, k) times b (k, 8), whole numbers, so every
// card and the shim get the same bits. Who holds what is as PTX's mma.m16n8k32 has it; lane 4 g + t holds
//   of a: rows g and g + 8, columns 4 t to 4 t + 3, four in a word: a[0], a[1]; the same of columns 16 to 31: a[2], a[3]
//   of b: column g, rows 4 t to 4 t + 3: b[0]; the same of rows 16 to 31: b[1]
//   of the sums: row g, columns 2 t and 2 t + 1; row g + 8, the same columns
namespace kernels::cuda {

#ifdef __CUDACC__

/// k = 16: a[0], a[1] and one word of b.
GPU_FUNCTION void addProducts16(int* sums, const std::uint32_t* a, std::uint32_t b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(b));
#else // Turing: eight rows at a time, held by the same lanes
    for (int i = 0; i < 2; ++i)
        asm volatile("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};"
                     : "+r"(sums[2 * i]), "+r"(sums[2 * i + 1])
                     : "r"(a[i]), "r"(b));
#endif
}

/// k = 32.
GPU_FUNCTION void addProducts32(int* sums, const std::uint32_t* a, const std::uint32_t* b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile(
        "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    addProducts16(sums, a, b[0]);
    addProducts16(sums, a + 2, b[1]);
#endif
}

#else

inline void addProducts16(int* sums, const std::uint32_t* a, std::uint32_t b GPU_WHERE_PARAMETER) {
    const std::uint32_t own[] = {a[0], a[1], b};
    const std::uint32_t* const all = shim::gather(own, 3, where);
    const int group = threadIndex() % warpSize32 / 4, inGroup = threadIndex() % 4;
    for (int i = 0; i < 4; ++i)
        for (int lane = 0; lane < 4; ++lane)
            sums[i] = dotOfBytes(all[3 * (4 * group + lane) + i / 2],
                                 all[3 * (4 * (2 * inGroup + i % 2) + lane) + 2], sums[i]);
}

inline void addProducts32(int* sums, const std::uint32_t* a, const std::uint32_t* b GPU_WHERE_PARAMETER) {
    addProducts16(sums, a, b[0] GPU_WHERE);
    addProducts16(sums, a + 2, b[1] GPU_WHERE);
}

#endif

} // namespace kernels::cuda
