#include "kernels/cpu/format_helpers.h"

// Q8_0: blocks of 32: half scale, 32 signed bytes, kept here plus 128. weight = scale * (q - 128).
namespace kernels {
namespace {

void packUnit(const std::byte* const* rows, std::byte* quants, std::byte* aux) {
    for (int row = 0; row < groupRows; ++row) {
        const std::byte* const block = rows[row];
        std::uint8_t values[tileColumns];
        for (int i = 0; i < tileColumns; ++i) {
            values[i] = packing::byteAt(block, 2 + i) ^ 0x80;
        }
        packing::putRow<8>(values, row, quants);
        std::memcpy(aux + 2 * row, block, 2);
    }
}

void expandTile(const std::byte* quants, const std::byte* aux, int, ExpandedTile& out) {
    packing::expandQuants<8>(quants, out);
    for (int row = 0; row < groupRows; ++row) {
        out.scale[row] = packing::halfAt(aux, row);
    }
}

} // namespace

const Format formatQ8_0{DType::Q8_0, FormatKind::Bytes, 8, 128, 32, 512, 32, packUnit, expandTile};

} // namespace kernels
