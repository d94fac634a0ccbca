#pragma once
#include "kernels/cpu/attend_kernels.h"

#include <cstddef>
#include <cstdint>

// Scores, weighted sums and panels over Vec16. Included after one of the vec16_*.h; internal linkage throughout.
namespace kernels {
namespace {

#define UNROLL _Pragma("GCC unroll 8")

constexpr int LANES = 16;
constexpr int Q8_BLOCK = 32;

// How many rows to take together, and how many vectors of keys or values, so that the sums stay in registers: one sum
// in memory makes every multiply-add wait for the store before it, which halves the speed. Keys and values of a float32 panel are
// operands read from memory; those that are turned into float32 here need registers of their own. Three rows of two
// vectors need fewer loads than six of one.
template <KvType TYPE>
constexpr int MAX_ROWS = VEC16_REGISTERS < 8 || (VEC16_REGISTERS == 8 && TYPE == KvType::F32) ? 3 : 6;

// The scales of quantised keys take a register each.
template <KvType TYPE>
constexpr int MAX_SCORE_ROWS = VEC16_REGISTERS == 8 && TYPE == KvType::Q8_0 ? 4 : MAX_ROWS<TYPE>;

template <KvType TYPE>
constexpr int vectorsFor(int rows) {
    for (int vectors : {4, 2})
        if (TYPE == KvType::F32 ? rows * vectors + 2 <= VEC16_REGISTERS
                                : (rows + 1) * vectors < VEC16_REGISTERS)
            return vectors;
    return 1;
}

// Sixteen stored keys of dimension d (one for each slot), or sixteen stored values of one slot.
template <KvType TYPE>
VEC16 Vec16 loadStored(const std::byte* from, std::size_t index) {
    if constexpr (TYPE == KvType::F32)
        return load16(reinterpret_cast<const float*>(from) + index);
    else if constexpr (TYPE == KvType::F16)
        return loadHalf16(from + index * 2);
    else
        return loadInt8x16(from + index);
}

template <KvType TYPE>
constexpr std::size_t STORED_BYTES = TYPE == KvType::F32   ? 4
                                     : TYPE == KvType::F16 ? 2
                                                           : 1;

// Calls body(first, end, keys) for each run of dimensions with one scale: all of them, or blocks of 32 with
// their scales first.
template <KvType TYPE, class Body>
VEC16 void eachKeyBlock(int headDim, const std::byte* group, const Body& body) {
    if constexpr (TYPE != KvType::Q8_0) {
        body(0, headDim, static_cast<std::size_t>(0));
    } else {
        std::size_t offset = 0;
        for (int first = 0; first < headDim; first += Q8_BLOCK) {
            const int end = first + Q8_BLOCK < headDim ? first + Q8_BLOCK : headDim;
            body(first, end, offset);
            offset += static_cast<std::size_t>(2 + end - first) * LANES;
        }
    }
}

// Dimensions whose keys of 16 slots fill a cache line.
template <KvType TYPE>
constexpr int LINE_STEP = static_cast<int>(64 / (LANES * STORED_BYTES<TYPE>));

// Into the second-level cache: a split is too large for the first.
VEC16 void prefetch(const std::byte* line) {
    __builtin_prefetch(line, 0, 2);
}

template <KvType TYPE, int ROWS, int GROUPS>
void scoreBlock(const KvRun& run, int firstGroup, const float* queries, std::ptrdiff_t queryStride,
                float scale, float* scores) {
    const std::size_t groupBytes = run.keyGroupBytes;
    const std::byte* keys = run.keys + static_cast<std::size_t>(firstGroup) * groupBytes;
    const std::byte* values = run.values + static_cast<std::size_t>(firstGroup) * run.valueGroupBytes;
    Vec16 sums[ROWS][GROUPS];
    UNROLL for (int row = 0; row < ROWS; ++row) UNROLL for (int group = 0; group < GROUPS; ++group)
        sums[row][group] = zero16();
    eachKeyBlock<TYPE>(run.headDim, keys, [&](int first, int end, std::size_t offset) {
        Vec16 scales[GROUPS];
        const std::byte* block[GROUPS];
        UNROLL for (int group = 0; group < GROUPS; ++group) {
            block[group] = keys + static_cast<std::size_t>(group) * groupBytes + offset;
            if constexpr (TYPE == KvType::Q8_0) {
                scales[group] = loadHalf16(block[group]);
                block[group] += 2 * LANES;
            }
        }
        for (int d = first; d < end; ++d) {
            if constexpr (TYPE != KvType::F32)
                if (d % LINE_STEP<TYPE> == 0)
                    UNROLL for (int group = 0; group < GROUPS; ++group)
                        prefetch(values + static_cast<std::size_t>(group) * run.valueGroupBytes + offset +
                                 static_cast<std::size_t>(d - first) * LANES * STORED_BYTES<TYPE>);
            Vec16 key[GROUPS];
            UNROLL for (int group = 0; group < GROUPS; ++group) {
                key[group] = loadStored<TYPE>(block[group], static_cast<std::size_t>(d - first) * LANES);
                if constexpr (TYPE == KvType::Q8_0)
                    key[group] = mul16(key[group], scales[group]);
            }
            UNROLL for (int row = 0; row < ROWS; ++row) {
                const Vec16 query = broadcast16(queries[row * queryStride + d]);
                UNROLL for (int group = 0; group < GROUPS; ++group) sums[row][group] =
                    fma16(query, key[group], sums[row][group]);
            }
        }
    });
    UNROLL for (int row = 0; row < ROWS; ++row) UNROLL for (int group = 0; group < GROUPS; ++group)
        store16(scores + row * SPLIT_SLOTS + group * LANES, mul16(sums[row][group], broadcast16(scale)));
}

template <KvType TYPE, int ROWS>
void scoreRows(const KvRun& run, int firstGroup, int groups, const float* queries, std::ptrdiff_t queryStride,
               float scale, float* scores) {
    constexpr int WIDE = vectorsFor<TYPE>(ROWS);
    int group = 0;
    for (; group + WIDE <= groups; group += WIDE)
        scoreBlock<TYPE, ROWS, WIDE>(run, firstGroup + group, queries, queryStride, scale,
                                     scores + group * LANES);
    for (; group < groups; ++group)
        scoreBlock<TYPE, ROWS, 1>(run, firstGroup + group, queries, queryStride, scale,
                                  scores + group * LANES);
}

template <KvType TYPE, int ROWS, int VECTORS>
void sumBlock(const KvRun& run, int firstGroup, const std::uint16_t* masks, int groups, const float* weights,
              int firstDim, float* out, Write write) {
    const std::byte* next = run.nextKeys;
    Vec16 sums[ROWS][VECTORS];
    UNROLL for (int row = 0; row < ROWS; ++row) UNROLL for (int vector = 0; vector < VECTORS; ++vector)
        sums[row][vector] =
            write == Write::Add ? load16(out + row * run.paddedDim + firstDim + vector * LANES) : zero16();
    for (int group = 0; group < groups; ++group) {
        const unsigned mask = masks[group];
        if (mask == 0)
            continue;
        const std::byte* values =
            run.values + static_cast<std::size_t>(firstGroup + group) * run.valueGroupBytes;
        float scales[VECTORS][LANES]; // of the block that each vector belongs to
        if constexpr (TYPE == KvType::Q8_0) {
            UNROLL for (int vector = 0; vector < VECTORS; ++vector) {
                const int block = (firstDim + vector * LANES) / Q8_BLOCK;
                store16(scales[vector], loadHalf16(values + static_cast<std::size_t>(block) * 2 * LANES));
            }
            values += static_cast<std::size_t>(run.blocks) * 2 * LANES;
        }
        const int end = 32 - __builtin_clz(mask);
        for (int slot = __builtin_ctz(mask); slot < end; ++slot) {
            const std::byte* row16 =
                values + static_cast<std::size_t>(slot * run.paddedDim + firstDim) * STORED_BYTES<TYPE>;
            if constexpr (TYPE != KvType::F32)
                for (int line = 0; line < VECTORS * LANES * static_cast<int>(STORED_BYTES<TYPE>); line += 64)
                    prefetch(next +
                             static_cast<std::size_t>((group * LANES + slot) * run.paddedDim + firstDim) *
                                 STORED_BYTES<TYPE> +
                             line);
            Vec16 value[VECTORS];
            UNROLL for (int vector = 0; vector < VECTORS; ++vector) {
                value[vector] = loadStored<TYPE>(row16, static_cast<std::size_t>(vector * LANES));
                if constexpr (TYPE == KvType::Q8_0)
                    value[vector] = mul16(value[vector], broadcast16(scales[vector][slot]));
            }
            UNROLL for (int row = 0; row < ROWS; ++row) {
                const Vec16 weight = broadcast16(weights[row * SPLIT_SLOTS + group * LANES + slot]);
                UNROLL for (int vector = 0; vector < VECTORS; ++vector) sums[row][vector] =
                    fma16(weight, value[vector], sums[row][vector]);
            }
        }
    }
    UNROLL for (int row = 0; row < ROWS; ++row) UNROLL for (int vector = 0; vector < VECTORS; ++vector)
        store16(out + row * run.paddedDim + firstDim + vector * LANES, sums[row][vector]);
}

template <KvType TYPE, int ROWS>
void sumRows(const KvRun& run, int firstGroup, const std::uint16_t* masks, int groups, const float* weights,
             float* out, Write write) {
    constexpr int WIDE = vectorsFor<TYPE>(ROWS);
    int dim = 0;
    for (; dim + WIDE * LANES <= run.paddedDim; dim += WIDE * LANES)
        sumBlock<TYPE, ROWS, WIDE>(run, firstGroup, masks, groups, weights, dim, out, write);
    for (; dim < run.paddedDim; dim += LANES)
        sumBlock<TYPE, ROWS, 1>(run, firstGroup, masks, groups, weights, dim, out, write);
}

// Calls body.template operator()<ROWS>(firstRow) for runs of at most MOST rows, the last two of about the same
// length.
template <int MOST, class Body>
VEC16 void inRowBlocks(int rows, const Body& body) {
    for (int row = 0; row < rows;) {
        const int left = rows - row;
        const int take = left <= MOST ? left : left >= 2 * MOST ? MOST : (left + 1) / 2;
        if constexpr (MOST > 3) {
            if (take == 6)
                body.template operator()<6>(row);
            if (take == 5)
                body.template operator()<5>(row);
            if (take == 4)
                body.template operator()<4>(row);
        }
        if (take == 3)
            body.template operator()<3>(row);
        if (take == 2)
            body.template operator()<2>(row);
        if (take == 1)
            body.template operator()<1>(row);
        row += take;
    }
}

template <KvType TYPE>
void scoresOf(const KvRun& run, int firstGroup, int groups, const float* queries, std::ptrdiff_t queryStride,
              int rows, float scale, float* scores) {
    inRowBlocks<MAX_SCORE_ROWS<TYPE>>(rows, [&]<int ROWS>(int row) {
        scoreRows<TYPE, ROWS>(run, firstGroup, groups, queries + row * queryStride, queryStride, scale,
                              scores + row * SPLIT_SLOTS);
    });
}

template <KvType TYPE>
void weightedSumOf(const KvRun& run, int firstGroup, const std::uint16_t* masks, int groups,
                   const float* weights, int rows, float* out, Write write) {
    inRowBlocks<MAX_ROWS<TYPE>>(rows, [&]<int ROWS>(int row) {
        sumRows<TYPE, ROWS>(run, firstGroup, masks, groups, weights + row * SPLIT_SLOTS,
                            out + row * run.paddedDim, write);
    });
}

template <KvType TYPE>
void expandKeysOf(const KvRun& run, int firstGroup, int groups, float* out) {
    for (int group = 0; group < groups; ++group) {
        const std::byte* keys = run.keys + static_cast<std::size_t>(firstGroup + group) * run.keyGroupBytes;
        float* to = out + static_cast<std::ptrdiff_t>(group) * run.headDim * LANES;
        eachKeyBlock<TYPE>(run.headDim, keys, [&](int first, int end, std::size_t offset) {
            const std::byte* block = keys + offset;
            Vec16 scales = broadcast16(1.0f);
            if constexpr (TYPE == KvType::Q8_0) {
                scales = loadHalf16(block);
                block += 2 * LANES;
            }
            for (int d = first; d < end; ++d) {
                const Vec16 key = loadStored<TYPE>(block, static_cast<std::size_t>(d - first) * LANES);
                store16(to + d * LANES, TYPE == KvType::Q8_0 ? mul16(key, scales) : key);
            }
        });
    }
}

template <KvType TYPE>
void expandValuesOf(const KvRun& run, int firstGroup, int groups, float* out) {
    for (int group = 0; group < groups; ++group) {
        const std::byte* stored =
            run.values + static_cast<std::size_t>(firstGroup + group) * run.valueGroupBytes;
        float* to = out + static_cast<std::ptrdiff_t>(group) * run.paddedDim * LANES;
        const std::byte* values =
            TYPE == KvType::Q8_0 ? stored + static_cast<std::size_t>(run.blocks) * 2 * LANES : stored;
        for (int dim = 0; dim < run.paddedDim; dim += LANES) {
            float scales[LANES];
            if constexpr (TYPE == KvType::Q8_0)
                store16(scales, loadHalf16(stored + static_cast<std::size_t>(dim / Q8_BLOCK) * 2 * LANES));
            for (int slot = 0; slot < LANES; ++slot) {
                Vec16 value = loadStored<TYPE>(values, static_cast<std::size_t>(slot * run.paddedDim + dim));
                if constexpr (TYPE == KvType::Q8_0)
                    value = mul16(value, broadcast16(scales[slot]));
                store16(to + slot * run.paddedDim + dim, value);
            }
        }
    }
}

} // namespace
} // namespace kernels
