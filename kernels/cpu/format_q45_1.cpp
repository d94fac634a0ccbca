#include "kernels/cpu/format_helpers.h"

// Q4_1 and Q5_1: blocks of 32: half scale, half minimum, for Q5_1 4 bytes of fifth bits, 16 bytes of nibbles.
// weight = scale * q + minimum.
namespace kernels {
namespace {

template <int bits>
void packUnit(const std::byte* const* rows, std::byte* quants, std::byte* aux) {
    for (int row = 0; row < groupRows; ++row) {
        const std::byte* const block = rows[row];
        std::uint8_t values[tileColumns];
        packing::readNibbles(block + (bits == 5 ? 8 : 4), values);
        if constexpr (bits == 5) {
            packing::addFifthBits(block + 4, values);
        }
        packing::putRow<bits>(values, row, quants);
        std::memcpy(aux + 2 * row, block, 2);
        std::memcpy(aux + 32 + 2 * row, block + 2, 2);
    }
}

template <int bits>
void expandTile(const std::byte* quants, const std::byte* aux, int, ExpandedTile& out) {
    packing::expandQuants<bits>(quants, out);
    for (int row = 0; row < groupRows; ++row) {
        out.scale[row] = packing::halfAt(aux, row);
        out.offset[row] = packing::halfAt(aux, groupRows + row);
    }
}

} // namespace

const Format formatQ4_1{DType::Q4_1, FormatKind::Affine, 4, 0, 32, 256, 64, packUnit<4>, expandTile<4>};
const Format formatQ5_1{DType::Q5_1, FormatKind::Affine, 5, 0, 32, 320, 64, packUnit<5>, expandTile<5>};

} // namespace kernels
