#include "kernels/cpu/format_helpers.h"

// Q4_0: blocks of 32: half scale, 16 bytes of nibbles. weight = scale * (q - 8).
namespace kernels {
namespace {

void packUnit(const std::byte* const* rows, std::byte* quants, std::byte* aux) {
    for (int row = 0; row < groupRows; ++row) {
        const std::byte* const block = rows[row];
        std::uint8_t values[tileColumns];
        packing::readNibbles(block + 2, values);
        packing::putRow<4>(values, row, quants);
        std::memcpy(aux + 2 * row, block, 2);
    }
}

void expandTile(const std::byte* quants, const std::byte* aux, int, ExpandedTile& out) {
    packing::expandQuants<4>(quants, out);
    for (int row = 0; row < groupRows; ++row) {
        out.scale[row] = packing::halfAt(aux, row);
    }
}

} // namespace

const Format formatQ4_0{DType::Q4_0, FormatKind::Symmetric, 4, 8, 32, 256, 32, packUnit, expandTile};

} // namespace kernels
