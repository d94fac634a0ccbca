#pragma once
#include "kernels/capture.h"
#include "kernels/step_inputs.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kernels::gpu {

constexpr int pieceKeys = 256;          // at most, of a piece
constexpr std::uint32_t pieceWords = 5; // token, first slot, keys, which query, distance of the first key
constexpr std::size_t statNumbers = 8;  // of a head, as fillCapture() takes them

/// A view cut into pieces, as words of the step's inputs.
struct PieceList {
    std::uint32_t piecesAt = 0;     // in the inputs
    std::uint32_t firstPieceAt = 0; // (tokens + 1) numbers
    std::vector<std::int32_t> firstPiece;
    std::vector<std::int32_t> keys; // seen by each token

    std::int32_t pieces() const { return firstPiece.back(); }
};

/// Appends the pieces of a view to the words of a step's inputs: first where each token's begin, then room for a multiple of `unit`
/// pieces, so that what follows keeps its place from token to token.
PieceList listPieces(const KeyView& view, std::vector<std::int32_t>& words, std::int32_t unit = 1);

/// Slots of the newest keys of the ring that the last token sees.
std::vector<std::int32_t> recentSlots(const KeyView& view, int sinkSlots, int recentKeys);

/// Fills a capture from what a device has left on the host: for each head weight on slot 0, on sinks, on recent keys, square of the output's
/// norm, weight on the learned sink, sum of powers of 2, sum of power times exponent, and a number that is nothing; of each slot the weight,
/// which is added; rows as the capture has them. The last two may be null where the capture has no room for them.
void fillCapture(AttentionCapture& capture, const std::byte* stats, const std::byte* mass,
                 const std::byte* rows);

} // namespace kernels::gpu
