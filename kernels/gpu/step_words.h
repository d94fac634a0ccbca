#pragma once
#include "kernels/gpu/key_pieces.h"

namespace kernels::gpu {

/// A step's inputs as the words that a device is sent, and where among them each part begins.
struct StepWords {
    std::vector<std::int32_t> words;
    std::uint32_t tokensAt = 0, slotsAt = 0, listedAt = 0;
    std::vector<std::uint32_t> anglesAt; // of each table; floats in the words' bits
    std::vector<PieceList> pieces;       // of each view
};

/// `unit`: as listPieces() takes it.
StepWords wordsOf(const StepInputs& inputs, std::int32_t unit = 1);

} // namespace kernels::gpu
