#include "kernels/cpu/format_helpers.h"

// Q4_0 and Q5_0: blocks of 32: half scale, for Q5_0 4 bytes of fifth bits, 16 bytes of nibbles.
// weight = scale * (q - 8), for Q5_0 (q - 16).
namespace kernels {
namespace {

template <int bits>
void packUnit(const std::byte* const* rows, std::byte* quants, std::byte* aux) {
    for (int row = 0; row < groupRows; ++row) {
        const std::byte* const block = rows[row];
        std::uint8_t values[tileColumns];
        packing::readNibbles(block + (bits == 5 ? 6 : 2), values);
        if constexpr (bits == 5) {
            packing::addFifthBits(block + 2, values);
        }
        packing::putRow<bits>(values, row, quants);
        std::memcpy(aux + 2 * row, block, 2);
    }
}

template <int bits>
void expandTile(const std::byte* quants, const std::byte* aux, int, ExpandedTile& out) {
    packing::expandQuants<bits>(quants, out);
    for (int row = 0; row < groupRows; ++row) {
        out.scale[row] = packing::halfAt(aux, row);
    }
}

} // namespace

const Format formatQ4_0{DType::Q4_0, FormatKind::Symmetric, 4, 8, 32, 256, 32, packUnit<4>, expandTile<4>};
const Format formatQ5_0{DType::Q5_0, FormatKind::Symmetric, 5, 16, 32, 320, 32, packUnit<5>, expandTile<5>};

} // namespace kernels
