#pragma once
#include "kernels/cpu/attend_products.h"

// Scores and weighted sums of stored 8-bit numbers, as integers. Included after one of the vec16_*.h; internal linkage
// throughout.
//
// What they are multiplied with is rounded to words of 16 bits: queries in the blocks of their keys' scales, weights times the
// scales of their values over a whole split. Sums of products are exact then, so no order of slots or rows changes a bit; a
// word's error, 2^-16 of the largest in its block, is less than a hundredth of that of the numbers stored.
namespace kernels {
namespace {

constexpr int Q8_BLOCK = 32;
constexpr int BLOCKS_AT_ONCE = 8; // of a head: so large a part of the queries is kept as words
constexpr float LARGEST_WORD = 32767.0f;

// Words are 0 where the largest number is too small to divide by.
VEC16 Vec16 wordsPerUnit(float largest) {
    return broadcast16(largest > 1e-30f ? LARGEST_WORD / largest : 0.0f);
}

// Lines that come next, asked for one by one. Rows after the first have nothing to ask for.
class Ahead {
public:
    VEC16 Ahead(const std::byte* from, bool isFirstRow) : m_at(from), m_line(isFirstRow ? 64 : 0) {}
    VEC16 void line() {
        __builtin_prefetch(m_at, 0, 2);
        m_at += m_line;
    }

private:
    const std::byte* m_at;
    std::ptrdiff_t m_line;
};

// At most 32 numbers become 32 words, the rest of them 0. Returns what a word stands for.
VEC16 float toWords(const float* x, int count, std::int16_t* words) {
    float block[Q8_BLOCK] = {};
    __builtin_memcpy(block, x, static_cast<std::size_t>(count) * sizeof(float));
    const Vec16 low = load16(block), high = load16(block + LANES);
    const float largest = largest16(max16(abs16(low), abs16(high)));
    const Vec16 factor = wordsPerUnit(largest);
    storeWords16(words, mul16(low, factor));
    storeWords16(words + LANES, mul16(high, factor));
    return largest / LARGEST_WORD;
}

VEC16 std::int32_t pairAt(const std::int16_t* words) {
    std::int32_t pair;
    __builtin_memcpy(&pair, words, sizeof pair);
    return pair;
}

// sums[row] += pairs of what is stored x pairs of the row's words
template <int ROWS, class WordsOf>
VEC16 void addPairs(const std::byte* stored, const WordsOf& wordsOf, Ints (&sums)[ROWS][PARTS]) {
    Pairs pairs[PARTS];
    UNROLL for (int part = 0; part < PARTS; ++part) pairs[part] =
        loadInt8Pairs(stored + part * 2 * PART_LANES);
    UNROLL for (int row = 0; row < ROWS; ++row) {
        const Pairs own = broadcastPair(pairAt(wordsOf(row)));
        UNROLL for (int part = 0; part < PARTS; ++part) sums[row][part] =
            addPairProducts(own, pairs[part], sums[row][part]);
    }
}

template <int ROWS>
VEC16 void clear(Ints (&sums)[ROWS][PARTS]) {
    UNROLL for (int row = 0; row < ROWS; ++row) UNROLL for (int part = 0; part < PARTS; ++part)
        sums[row][part] = zeroInts();
}

// Of blocks firstBlock .. firstBlock + blocks - 1: their scores, or what they add to them.
template <int ROWS>
void scoreWords(const KvRun& run, int firstGroup, int groups, const float* queries,
                std::ptrdiff_t queryStride, float scale, int firstBlock, int blocks, bool isFirstRow,
                float* scores) {
    std::int16_t words[ROWS][BLOCKS_AT_ONCE * Q8_BLOCK];
    float steps[ROWS][BLOCKS_AT_ONCE];
    const auto dimsOf = [&](int block) {
        const int left = run.headDim - (firstBlock + block) * Q8_BLOCK;
        return left < Q8_BLOCK ? left : Q8_BLOCK;
    };
    for (int row = 0; row < ROWS; ++row)
        for (int block = 0; block < blocks; ++block)
            steps[row][block] = scale * toWords(queries + row * queryStride + (firstBlock + block) * Q8_BLOCK,
                                                dimsOf(block), words[row] + block * Q8_BLOCK);
    constexpr std::size_t blockBytes = (2 + Q8_BLOCK) * LANES;
    for (int group = 0; group < groups; ++group) {
        const std::size_t index = static_cast<std::size_t>(firstGroup + group);
        const std::byte* scales =
            run.keys + index * run.keyGroupBytes + static_cast<std::size_t>(firstBlock) * blockBytes;
        Ahead values(run.values + index * run.valueGroupBytes, isFirstRow);
        for (int block = 0; block < blocks; ++block) {
            const std::byte* keys = scales + 2 * LANES;
            const int dims = dimsOf(block);
            Ints sums[ROWS][PARTS];
            clear(sums);
            const auto add = [&](int d) {
                addPairs(
                    keys + d * LANES, [&](int row) { return words[row] + block * Q8_BLOCK + d; }, sums);
            };
            values.line();
            if (dims == Q8_BLOCK) {
                UNROLL for (int d = 0; d < Q8_BLOCK; d += 4) {
                    values.line();
                    add(d);
                    add(d + 2);
                }
            } else {
                for (int d = 0; d < dims; d += 2)
                    add(d);
            }
            const bool isFirst = firstBlock + block == 0;
            UNROLL for (int row = 0; row < ROWS; ++row) UNROLL for (int part = 0; part < PARTS; ++part) {
                const int lane = part * PART_LANES;
                float* at = scores + row * SPLIT_SLOTS + group * LANES + lane;
                const Part scaled = mulPart(toFloats(sums[row][part]), loadHalfPart(scales + 2 * lane));
                storePart(at, fmaPart(scaled, broadcastPart(steps[row][block]),
                                      isFirst ? zeroPart() : loadPart(at)));
            }
            scales = keys + dims * LANES;
        }
    }
}

void scoresOfWords(const KvRun& run, int firstGroup, int groups, const float* queries,
                   std::ptrdiff_t queryStride, int rows, float scale, float* scores) {
    inRowBlocks<MAX_ROWS<KvType::Q8_0>>(rows, [&]<int ROWS>(int row) {
        for (int block = 0; block < run.blocks; block += BLOCKS_AT_ONCE) {
            const int left = run.blocks - block;
            scoreWords<ROWS>(run, firstGroup, groups, queries + row * queryStride, queryStride, scale, block,
                             left < BLOCKS_AT_ONCE ? left : BLOCKS_AT_ONCE, row == 0,
                             scores + row * SPLIT_SLOTS);
        }
    });
}

// Weights times the scales of a block of values, as words.
template <int ROWS>
struct WeightWords {
    std::int16_t words[ROWS][SPLIT_SLOTS];
    float steps[ROWS];

    VEC16 void round(const KvRun& run, int firstGroup, const std::uint16_t* masks, int groups,
                     const float* weights, int block, Ahead& next) {
        float scaled[ROWS][SPLIT_SLOTS];
        Vec16 largest[ROWS];
        for (int row = 0; row < ROWS; ++row)
            largest[row] = zero16();
        for (int group = 0; group < groups; ++group) {
            if (masks[group] == 0)
                continue;
            const Vec16 scales =
                loadHalf16(run.values + static_cast<std::size_t>(firstGroup + group) * run.valueGroupBytes +
                           block * 2 * LANES);
            next.line();
            for (int row = 0; row < ROWS; ++row) {
                const Vec16 own = mul16(load16(weights + row * SPLIT_SLOTS + group * LANES), scales);
                largest[row] = max16(largest[row], own);
                store16(scaled[row] + group * LANES, own);
            }
        }
        for (int row = 0; row < ROWS; ++row) {
            const float top = largest16(largest[row]);
            const Vec16 factor = wordsPerUnit(top);
            steps[row] = top / LARGEST_WORD;
            for (int group = 0; group < groups; ++group)
                if (masks[group] != 0)
                    storeWords16(words[row] + group * LANES,
                                 mul16(load16(scaled[row] + group * LANES), factor));
        }
    }
};

template <int ROWS>
void sumWords(const KvRun& run, int firstGroup, const std::uint16_t* masks, int groups, const float* weights,
              bool isFirstRow, float* out) {
    WeightWords<ROWS> rounded;
    const int passes = run.paddedDim / LANES, pairBytes = 2 * run.paddedDim;
    Ahead next(run.nextKeys, isFirstRow);
    for (int pass = 0; pass < passes; ++pass) {
        const int dim = pass * LANES;
        if (dim % Q8_BLOCK == 0)
            rounded.round(run, firstGroup, masks, groups, weights, dim / Q8_BLOCK, next);
        Ints sums[ROWS][PARTS];
        clear(sums);
        for (int group = 0; group < groups; ++group) {
            const unsigned mask = masks[group];
            if (mask == 0)
                continue;
            constexpr int STEP = 4;
            const int first = __builtin_ctz(mask) & ~1, end = 32 - __builtin_clz(mask);
            const std::byte* values = run.values +
                                      static_cast<std::size_t>(firstGroup + group) * run.valueGroupBytes +
                                      run.blocks * 2 * LANES + first * run.paddedDim + dim * 2;
            const auto add = [&](int slot) {
                addPairs(
                    values, [&](int row) { return rounded.words[row] + group * LANES + slot; }, sums);
                values += pairBytes;
            };
            if (mask == 0xFFFF) {
                UNROLL for (int slot = 0; slot < LANES; slot += STEP) {
                    next.line();
                    add(slot);
                    add(slot + 2);
                }
            } else {
                for (int slot = first; slot < end; slot += 2)
                    add(slot);
            }
        }
        UNROLL for (int row = 0; row < ROWS; ++row) UNROLL for (int part = 0; part < PARTS; ++part)
            storePart(out + row * run.paddedDim + dim + part * PART_LANES,
                      mulPart(toFloats(sums[row][part]), broadcastPart(rounded.steps[row])));
    }
}

void weightedSumOfWords(const KvRun& run, int firstGroup, const std::uint16_t* masks, int groups,
                        const float* weights, int rows, float* out) {
    inRowBlocks<MAX_ROWS<KvType::Q8_0>>(rows, [&]<int ROWS>(int row) {
        sumWords<ROWS>(run, firstGroup, masks, groups, weights + row * SPLIT_SLOTS, row == 0,
                       out + row * run.paddedDim);
    });
}

} // namespace
} // namespace kernels
