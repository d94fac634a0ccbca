#include "kernels/cpu/format_helpers.h"

#include <cmath>

// MXFP4: blocks of 32: a byte e, 16 bytes of nibbles. weight = 2^(e - 127) * float of 4 bits, kept as 2^(e - 128) *
// table[nibble] with the table's whole numbers. Packed aux: 16 bytes e. The common form holds table[nibble] + 16,
// quants of 5 bits.
namespace kernels {
namespace {

void packUnit(const std::byte* const* rows, std::byte* quants, std::byte* aux) {
    for (int row = 0; row < groupRows; ++row) {
        std::uint8_t values[tileColumns];
        packing::readNibbles(rows[row] + 1, values);
        packing::putRow<4>(values, row, quants);
        aux[row] = rows[row][0];
    }
}

void expandTile(const std::byte* quants, const std::byte* aux, int, ExpandedTile& out) {
    packing::expandQuants<4>(quants, out);
    packing::lookUp(valuesOfMxfp4, formatMXFP4.zeroPoint, out);
    for (int row = 0; row < groupRows; ++row) {
        out.scale[row] =
            std::ldexp(1.0f, packing::byteAt(aux, row) - 128); // exact, also where it is subnormal
    }
}

} // namespace

const Format formatMXFP4{DType::MXFP4, FormatKind::Symmetric, 4, 16, 32, packing::nibbleBytes, 16, packUnit,
                         expandTile};

} // namespace kernels
