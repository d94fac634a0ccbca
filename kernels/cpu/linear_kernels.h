#pragma once
#include "kernels/backend.h"
#include "kernels/cpu/format.h"
#include "kernels/cpu/isa.h"

#include <cstddef>
#include <cstdint>

// The inner loops of the matrix products, one table for each instruction set. Everything else (linear.cpp,
// linear_plan.cpp) is common.
//
// Activations come in tiles of T tokens, T = 8 (or 6, or 4), then 4, 2, 1 for the rest. A tile of int8 activations
// is one ActivationRecord for each block of 32 columns: x = scale * (first + second / 256), where second is 0
// in blocks that keep no residual. A tile of float activations is [column][T]. Sums are float [T][16]: one
// for each token and row of a group.
//
// The promise that a token's result does not depend on its batch: for every output all kernels add the blocks
// in ascending order into one float32 accumulator with the same operations. Integer sums are of 256 * first +
// second; where no token of a tile has a second term they are of first alone, 256 times smaller and so, in
// floating point, the same.
namespace kernels {

constexpr int activationBytes = 128; // of a block of one token
constexpr int wordActivationBytes = 2 * tileColumns + 4;
constexpr int panelColumns = 128; // weights become float32 in panels of this many columns
constexpr int tileSizes = 4;      // 1, 2, 4 tokens and the largest
constexpr int formats = 16;
constexpr float smallestScaled =
    1e-20f; // blocks of smaller activations become zero, so that no scale underflows

/// Where the parts of an ActivationRecord of T tokens begin, in bytes times T; [T] values of 4 bytes. Levels without
/// VNNI read the second term as part of a word and the sums as two int16, those of the columns 0 and 1 and of
/// the columns 2 and 3 of every four.
enum ActivationRecord : int {
    firstAt = 0,   // int8 [T][32]
    secondAt = 32, // int8 [T][32]; or int16 [T][32], 256 * first + second, of every four columns 0, 2, 1, 3
    scaleAt = 96,  // float: largest magnitude / 127
    scaledSumAt = 100,    // float: scale * sum(first + second / 256)
    minusSumAt = 104,     // int32: -sum(first)
    minusSumHighAt = 108, // int32: -sum(first) of columns 16-31
    minusSum2At = 112,    // the sums of second
    minusSum2HighAt = 116,
    hasSecondAt = 120,    // int32, one for all tokens: whether any keeps a second term; the rest is unused
    scaledSumHighAt = 124 // float: scaledSum of columns 16-31
};

/// Blocks of a token keep a residual if their largest magnitude is above this; `energy` is the sum of the squares
/// of all its blocks' largest magnitudes. Outliers: 1.5 times their root mean square. That is a tenth of the blocks
/// of SmolLM2 and half of what rounding costs.
float residualThreshold(Rounding rounding, double energy, std::int64_t blocks);

/// sums += tiles x activations, by the tile's size.
struct Products {
    void (*byTokens[tileSizes])(const ExpandedTile* tiles, int count, const std::byte* activations,
                                float* sums);
};

/// One token with `groups` groups one after another: sums[group][16].
using MatVec = void(const std::byte* group, std::size_t groupBytes, std::int64_t groups, std::int64_t tiles,
                    const std::byte* activations, float* sums);

/// Weights of F16 and BF16 files as bfloat16. A pair is two columns in 32 bits, the first in the lower 16; where the
/// number of columns is odd, the last pair ends in a zero.
struct PairKernels {
    /// Plain columns rounded to pairs, out[pair][16]; by DType F32 (null), F16, BF16.
    void (*weights[3])(const std::byte* weights, std::int64_t columns, std::uint32_t* out);
    /// Makes a tile of pairs, [pair][T].
    void (*activations)(const float* x, std::int64_t stride, int tokens, std::int64_t columns,
                        std::uint32_t* out);
    /// sums += panel [pairs][16] x activations [pairs][T], by the tile's size.
    void (*product[tileSizes])(const std::uint32_t* panel, std::int64_t pairs,
                               const std::uint32_t* activations, float* sums);
};

/// Weights of FormatKind::Words. A tile of activations is for each block of 32 columns int16 [T][32], x / scale,
/// then float scale [T]: largest magnitude / 8191.
struct WordKernels {
    int maxTokens; // of a tile: 6
    /// Packs 32 columns of 16 rows of halves, IEEE or `brain`.
    void (*packUnit)(const std::byte* const* rows, bool brain, std::byte* quants, std::byte* exponents);
    void (*activations)(const float* x, std::int64_t stride, int tokens, std::int64_t blocks, std::byte* out);
    MatVec* matVec;
    /// sums += tiles x activations, by the tile's size.
    void (*product[tileSizes])(const std::byte* quants, const std::byte* exponents, int count,
                               const std::byte* activations, float* sums);
};

struct LinearKernels {
    int maxTokens; // of a tile of the other forms: 4 or 8

    /// Makes a tile of int8 activations from `tokens` rows of x.
    void (*quantise)(const float* x, std::int64_t stride, int tokens, std::int64_t blocks, Rounding rounding,
                     std::byte* out);

    /// By DType. The plain types, which may be null, take columns for `tiles` and float activations.
    MatVec* matVec[formats];

    /// Brings tiles [first, first + count) of a group with `tiles` tiles into the common form.
    void (*expand[formats])(const std::byte* group, std::int64_t tiles, std::int64_t first, int count,
                            ExpandedTile* out);

    Products product[formats]; // by DType, quantised types only

    /// Float32 weights of an expanded tile: out[column][16], by FormatKind.
    void (*dequantise[5])(const ExpandedTile& tile, int zeroPoint, float* out);

    /// Float32 weights of plain columns, out[column][16]; by DType F32, F16, BF16.
    void (*widen[3])(const std::byte* weights, std::int64_t columns, float* out);

    /// sums += panel [columns][16] x activations [columns][T], by the tile's size.
    void (*floatProduct[tileSizes])(const float* panel, std::int64_t columns, const float* activations,
                                    float* sums);

    const PairKernels* pairs; // null at levels without products of bfloat16
    const WordKernels* words; // null where integer products would gain nothing
};

/// The table of a level that this processor can run.
const LinearKernels& linearKernels(Isa isa);

extern const LinearKernels linearKernelsPortable;
extern const LinearKernels linearKernelsAvx2, linearKernelsAvxVnni, linearKernelsAvx512,
    linearKernelsAvx512Vnni, linearKernelsAvx512Bf16;

} // namespace kernels
