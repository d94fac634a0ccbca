#pragma once
#include "kernels/cpu/attend_kernels.h"

#include <cstddef>
#include <cstdint>

// Scores, weighted sums and panels over Vec16. Included after one of the vec16_*.h; internal linkage throughout.
namespace kernels {
namespace {

#define UNROLL _Pragma("GCC unroll 8")

constexpr int LANES = 16;
constexpr int PART_LANES = LANES / PARTS;

// Rows and vectors of keys or values that are taken together fill the registers: the sums, and what addProducts() needs. One
// sum more would lie in memory and make every multiply-add wait for the store before it, which halves the speed. Panels of
// float32 are near: three rows of two vectors need the fewest loads. What has to be converted is better taken once.
template <KvType TYPE>
constexpr int MAX_ROWS = PART_REGISTERS < 16 || (PART_REGISTERS == 16 && TYPE == KvType::F32) ? 3 : 6;

constexpr int vectorsFor(int rows) {
    for (int vectors : {4, 2})
        if (rows * vectors * PARTS + rows + 1 <= PART_REGISTERS)
            return vectors;
    return 1;
}

// Two groups of stored halves at a time are two streams of memory. Where the registers hold no more, that costs what it
// saves, unless the sums of one group are too few to keep the processor busy.
template <KvType TYPE>
constexpr int keyVectorsFor(int rows) {
    return TYPE == KvType::F16 && PARTS > 1 ? (rows < 3 ? 2 : 1) : vectorsFor(rows);
}

template <KvType TYPE>
constexpr std::size_t STORED_BYTES = TYPE == KvType::F32 ? 4 : 2;

// A part of sixteen stored keys of dimension d (one for each slot), or of sixteen stored values of one slot.
template <KvType TYPE>
VEC16 Part loadStored(const std::byte* from, std::size_t index) {
    if constexpr (TYPE == KvType::F32)
        return loadPart(reinterpret_cast<const float*>(from) + index);
    else
        return loadHalfPart(from + index * 2);
}

// Asks for the lines of STEP bytes at `at`, each once when steps follow one another. Into the second-level cache: a split is
// too large for the first. Panels of float32 are in the cache already.
template <KvType TYPE, std::size_t STEP>
VEC16 void fetchAhead(const std::byte* from, std::size_t at) {
    constexpr std::size_t LINE = 64;
    if (TYPE != KvType::F32 && (STEP >= LINE || at % LINE == 0))
        for (std::size_t line = 0; line < STEP; line += LINE)
            __builtin_prefetch(from + at + line, 0, 2);
}

// sums[row][i] += factor(row) x part(i). Of one vector all parts are kept and factors come one by one; of more it is the
// other way round.
template <int ROWS, int COUNT, class PartOf, class FactorOf>
VEC16 void addProducts(Part (&sums)[ROWS][COUNT], const PartOf& part, const FactorOf& factor) {
    if constexpr (COUNT == PARTS) {
        Part parts[COUNT];
        UNROLL for (int i = 0; i < COUNT; ++i) parts[i] = part(i);
        UNROLL for (int row = 0; row < ROWS; ++row) {
            const Part own = factor(row);
            UNROLL for (int i = 0; i < COUNT; ++i) sums[row][i] = fmaPart(own, parts[i], sums[row][i]);
        }
    } else {
        Part factors[ROWS];
        UNROLL for (int row = 0; row < ROWS; ++row) factors[row] = factor(row);
        UNROLL for (int i = 0; i < COUNT; ++i) {
            const Part own = part(i);
            UNROLL for (int row = 0; row < ROWS; ++row) sums[row][i] =
                fmaPart(factors[row], own, sums[row][i]);
        }
    }
}

template <KvType TYPE, int ROWS, int GROUPS>
void scoreBlock(const KvRun& run, int firstGroup, const float* queries, std::ptrdiff_t queryStride,
                float scale, float* scores) {
    constexpr int COUNT = GROUPS * PARTS;
    constexpr std::size_t STEP = GROUPS * LANES * STORED_BYTES<TYPE>;
    const std::size_t groupBytes = run.keyGroupBytes;
    const std::byte* keys = run.keys + static_cast<std::size_t>(firstGroup) * groupBytes;
    const std::byte* values = run.values + static_cast<std::size_t>(firstGroup) * run.valueGroupBytes;
    Part sums[ROWS][COUNT];
    UNROLL for (int row = 0; row < ROWS; ++row) UNROLL for (int i = 0; i < COUNT; ++i) sums[row][i] =
        zeroPart();
    _Pragma("GCC unroll 2") for (int d = 0; d < run.headDim; ++d) {
        fetchAhead<TYPE, STEP>(values, static_cast<std::size_t>(d) * STEP);
        const auto key = [&](int i) {
            return loadStored<TYPE>(keys + static_cast<std::size_t>(i / PARTS) * groupBytes,
                                    static_cast<std::size_t>(d * LANES + i % PARTS * PART_LANES));
        };
        addProducts(sums, key, [&](int row) { return broadcastPart(queries[row * queryStride + d]); });
    }
    UNROLL for (int row = 0; row < ROWS; ++row) UNROLL for (int i = 0; i < COUNT; ++i)
        storePart(scores + row * SPLIT_SLOTS + i * PART_LANES, mulPart(sums[row][i], broadcastPart(scale)));
}

template <KvType TYPE, int ROWS>
void scoreRows(const KvRun& run, int firstGroup, int groups, const float* queries, std::ptrdiff_t queryStride,
               float scale, float* scores) {
    constexpr int WIDE = keyVectorsFor<TYPE>(ROWS);
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
    constexpr int COUNT = VECTORS * PARTS;
    constexpr std::size_t STEP = VECTORS * LANES * STORED_BYTES<TYPE>;
    // Every call for other dimensions asks for its share of what comes next.
    const std::byte* next =
        run.nextKeys + static_cast<std::size_t>(groups * LANES * firstDim) * STORED_BYTES<TYPE>;
    Part sums[ROWS][COUNT];
    UNROLL for (int row = 0; row < ROWS; ++row) UNROLL for (int i = 0; i < COUNT; ++i) sums[row][i] =
        write == Write::Add ? loadPart(out + row * run.paddedDim + firstDim + i * PART_LANES) : zeroPart();
    for (int group = 0; group < groups; ++group) {
        const unsigned mask = masks[group];
        if (mask == 0)
            continue;
        const std::byte* values =
            run.values + static_cast<std::size_t>(firstGroup + group) * run.valueGroupBytes;
        const int end = 32 - __builtin_clz(mask);
        for (int slot = __builtin_ctz(mask); slot < end; ++slot) {
            const std::byte* stored =
                values + static_cast<std::size_t>(slot * run.paddedDim + firstDim) * STORED_BYTES<TYPE>;
            fetchAhead<TYPE, STEP>(next, static_cast<std::size_t>(group * LANES + slot) * STEP);
            const auto value = [&](int i) {
                return loadStored<TYPE>(stored, static_cast<std::size_t>(i * PART_LANES));
            };
            addProducts(sums, value, [&](int row) {
                return broadcastPart(weights[row * SPLIT_SLOTS + group * LANES + slot]);
            });
        }
    }
    UNROLL for (int row = 0; row < ROWS; ++row) UNROLL for (int i = 0; i < COUNT; ++i)
        storePart(out + row * run.paddedDim + firstDim + i * PART_LANES, sums[row][i]);
}

template <KvType TYPE, int ROWS>
void sumRows(const KvRun& run, int firstGroup, const std::uint16_t* masks, int groups, const float* weights,
             float* out, Write write) {
    constexpr int WIDE = vectorsFor(ROWS);
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
    inRowBlocks<MAX_ROWS<TYPE>>(rows, [&]<int ROWS>(int row) {
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
void expandOf(const std::byte* stored, int count, float* out) {
    for (int i = 0; i < count; i += PART_LANES)
        storePart(out + i, loadStored<TYPE>(stored, static_cast<std::size_t>(i)));
}

} // namespace
} // namespace kernels
