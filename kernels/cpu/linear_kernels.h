#pragma once
#include "kernels/cpu/format.h"
#include "kernels/cpu/isa.h"

#include <cstddef>
#include <cstdint>

// The inner loops of the matrix products, one table for each instruction set. Everything else (linear.cpp) is
// common.
//
// Activations come in tiles of T tokens, T = 8 (or 4), then 4, 2, 1 for the rest. A tile of int8 activations
// is one record for each block of 32 columns:  int8 [T][32] | float scale[T] | float scale*sum[T] | int32
// -sum[T] | int32 -sum of the upper 16 [T]. A tile of float activations is [column][T]. Sums are float
// [T][16]: one for each token and row of a group.
//
// The promise that a token's result does not depend on its batch: for every output all kernels add the blocks
// in ascending order into one float32 accumulator with the same operations.
namespace kernels {

constexpr int activationBytes = 32 + 16; // of a block of one token
constexpr int panelColumns = 128;        // weights become float32 in panels of this many columns
constexpr int tileSizes = 4;             // 1, 2, 4, 8 tokens
constexpr int formats = 11;
constexpr float smallestScaled =
    1e-36f; // blocks of smaller activations become zero: 127 / x must stay finite

struct LinearKernels {
    int maxTokens; // of a tile: 4 or 8

    /// Makes a tile of int8 activations from `tokens` rows of x. scale = largest magnitude / 127.
    void (*quantise)(const float* x, std::int64_t stride, int tokens, std::int64_t blocks, std::byte* out);

    /// One token with `groups` groups one after another: sums[group][16]. Quantised types only; indexed by
    /// DType.
    void (*matVec[formats])(const std::byte* group, std::size_t groupBytes, std::int64_t groups,
                            std::int64_t tiles, const std::byte* activations, float* sums);

    /// Brings tiles [first, first + count) of a group with `tiles` tiles into the common form.
    void (*expand[formats])(const std::byte* group, std::int64_t tiles, std::int64_t first, int count,
                            ExpandedTile* out);

    /// sums += tiles x activations, by FormatKind (without Plain) and by log2 of the tile's tokens.
    void (*product[4][tileSizes])(const ExpandedTile* tiles, int count, int zeroPoint,
                                  const std::byte* activations, float* sums);

    /// Float32 weights of an expanded tile: out[column][16], by FormatKind.
    void (*dequantise[4])(const ExpandedTile& tile, int zeroPoint, float* out);

    /// Float32 weights of plain columns, out[column][16]; by DType F32, F16, BF16.
    void (*widen[3])(const std::byte* weights, std::int64_t columns, float* out);

    /// sums += panel [columns][16] x activations [columns][T], by log2 of T.
    void (*floatProduct[tileSizes])(const float* panel, std::int64_t columns, const float* activations,
                                    float* sums);
};

/// The table of a level that this processor can run.
const LinearKernels& linearKernels(Isa isa);

extern const LinearKernels linearKernelsPortable;
extern const LinearKernels linearKernelsAvx2, linearKernelsAvxVnni, linearKernelsAvx512,
    linearKernelsAvx512Vnni;

} // namespace kernels
