#pragma once
#include <cstdint>
#include <optional>
#include <span>

// Which of a device's cooperative matrices linear_cooperative.comp takes, and how its subgroups share a tile. Nothing of Vulkan here, so that
// what other devices offer can be tried anywhere.
namespace kernels::vulkan {

constexpr std::uint32_t matrixTile = 64;         // rows and tokens of a workgroup
constexpr std::uint32_t matrixInvocations = 128; // of it

/// Matrices of (rows, depth) halves by (depth, columns) halves into floats.
struct MatrixSize {
    std::uint32_t rows, columns, depth;
};

struct CooperativeMatrix {
    MatrixSize size;
    std::uint32_t partRows, partColumns; // of a tile, that a subgroup makes
    std::uint32_t subgroupSize;
};

/// How `subgroups` share a tile: the longer side, in matrices, is halved again and again. None where that does not go.
constexpr std::optional<CooperativeMatrix> shareTile(MatrixSize size, std::uint32_t subgroupSize) {
    std::uint32_t rows = matrixTile, columns = matrixTile;
    for (std::uint32_t subgroups = matrixInvocations / subgroupSize; subgroups > 1; subgroups /= 2) {
        if (columns / size.columns >= rows / size.rows)
            columns /= 2;
        else
            rows /= 2;
    }
    if (rows % size.rows != 0 || columns % size.columns != 0)
        return std::nullopt;
    return CooperativeMatrix{size, rows, columns, subgroupSize};
}

/// The largest of those offered that the shader takes, for subgroups of so many lanes (a power of two) and so much shared memory.
constexpr std::optional<CooperativeMatrix>
chooseMatrix(std::span<const MatrixSize> offered, std::uint32_t subgroupSize, std::uint32_t sharedBytes) {
    constexpr std::uint32_t chunk = 16;         // columns that may have a scale of their own
    constexpr std::uint32_t tileBytes = 16'896; // of weights, activations, scales and sums there
    std::optional<CooperativeMatrix> best;
    for (const MatrixSize& size : offered) {
        const std::uint32_t results = size.rows * size.columns;
        if (chunk % size.depth != 0 ||
            (best && results * size.depth <= best->size.rows * best->size.columns * best->size.depth))
            continue;
        if (tileBytes + matrixInvocations / subgroupSize * results * sizeof(float) > sharedBytes)
            continue;
        if (const auto shared = shareTile(size, subgroupSize))
            best = shared;
    }
    return best;
}

} // namespace kernels::vulkan
