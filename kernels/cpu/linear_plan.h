#pragma once
#include "kernels/cpu/linear.h"
#include "kernels/cpu/linear_kernels.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

// How a call of Linear::run is cut into chunks, and what a chunk does. For linear.cpp.
namespace kernels {

/// What the activations are for a job.
enum class ActivationForm { Int8, Words, Pairs, Floats };

inline const PackedWeight& packed(const MatrixJob& job) {
    return *job.weight;
}

/// Blocks of tokens are whole tiles of any size.
constexpr std::int64_t blockOfTiles = 24;

/// The tokens of the tile that begins at `first` when tokens [first, end) are left.
inline int tileTokens(std::int64_t first, std::int64_t end, int largest) {
    const std::int64_t left = end - first;
    return left >= largest ? largest : static_cast<int>(std::bit_floor(static_cast<std::uint64_t>(left)));
}

/// In how many chunks the groups are cut for one token.
int chunksOfOne(std::int64_t bytes, std::int64_t groups, int threads);

/// What one worker needs: tiles in the common form or a panel of float weights, and sums.
struct LinearScratch {
    static constexpr int sliceTiles = 32; // expanded at a time: 22 KiB, stays in the first-level cache
    ExpandedTile tiles[sliceTiles];
    alignas(64) float panel[panelColumns * groupRows];
    alignas(64) std::uint32_t pairs[panelColumns / 2 * groupRows];
    alignas(64) float sums[1]; // [tokens of a block][16] follow

    static std::size_t bytesFor(std::int64_t tokens);
};

/// Chunks = token blocks x ranges of groups, the groups of all jobs counted through. Set the first members, then cut().
struct LinearPlan {
    std::span<const MatrixJob> jobs;
    std::int64_t tokens = 0;
    std::int64_t cols = 0;
    const LinearKernels* kernels = nullptr;
    bool floatOnly = false;
    // Activations in the forms that the jobs need, in tiles of tokens.
    const std::byte* int8 = nullptr;
    const std::byte* words = nullptr;
    const std::uint32_t* pairs = nullptr;
    const float* floats = nullptr;

    std::int64_t groups = 0;
    std::int64_t blockTokens = 0;
    int groupChunks = 0;
    int tokenBlocks = 0;

    /// `tokenBytes`: of one token's activations.
    void cut(int threads, std::int64_t weightBytes, std::int64_t tokenBytes);
    int chunks() const { return groupChunks * tokenBlocks; }
    ActivationForm formOf(const MatrixJob& job) const;
    void runChunk(int chunk, LinearScratch& scratch) const;

private:
    /// A group of rows with a block of tokens.
    struct Block {
        std::int64_t group, firstToken, lastToken;
    };
    /// Columns [first, end) of all; or tiles of them.
    struct Columns {
        std::int64_t first, end, all;
    };

    void runGroups(const MatrixJob& job, std::int64_t first, std::int64_t last, std::int64_t firstToken,
                   std::int64_t lastToken, LinearScratch& scratch) const;
    MatVec* matVecOf(const MatrixJob& job, ActivationForm form) const;
    void matVec(const MatrixJob& job, ActivationForm form, std::int64_t first, std::int64_t last) const;
    template <class Multiply>
    void forEachTile(const MatrixJob& job, const Block& block, int largest, Columns columns, float* sums,
                     Multiply multiply) const;
    void int8Group(const MatrixJob& job, const Block& block, LinearScratch& scratch) const;
    void wordGroup(const MatrixJob& job, const Block& block, LinearScratch& scratch) const;
    void pairGroup(const MatrixJob& job, const Block& block, LinearScratch& scratch) const;
    void floatGroup(const MatrixJob& job, const Block& block, LinearScratch& scratch) const;
    const float* floatPanel(const PackedWeight& weight, std::int64_t group, std::int64_t firstColumn,
                            std::int64_t columns, LinearScratch& scratch) const;
};

} // namespace kernels
