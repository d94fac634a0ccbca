#include "kernels/cpu/format_helpers.h"

// Q2_K: units of 256: 16 bytes, scale (low nibble) and minimum (high nibble) of 16 columns each, 64 bytes of bit
// pairs, half scale, half minimum. weight = (scale * columnScale) * q - minimum * columnMinimum. Packed aux of a
// unit: 16 half scales, 16 half minima, the bytes of columns scales and minima [16][16] (16 columns after 16
// columns, rows side by side).
namespace kernels {
namespace {

constexpr int columnScales = 64;
constexpr int tileBytes = 128;

void packUnit(const std::byte* const* rows, std::byte* quants, std::byte* aux) {
    for (int row = 0; row < groupRows; ++row) {
        const std::byte* const block = rows[row];
        std::memcpy(aux + 2 * row, block + 80, 2);
        std::memcpy(aux + 32 + 2 * row, block + 82, 2);
        for (int s = 0; s < 16; ++s) {
            aux[columnScales + 16 * s + row] = block[s];
        }
        for (int b = 0; b < 8; ++b) {
            std::uint8_t values[tileColumns];
            packing::readPairs(block + 16, b, values);
            packing::putRow<2>(values, row, quants + b * tileBytes);
        }
    }
}

void expandTile(const std::byte* quants, const std::byte* aux, int tile, ExpandedTile& out) {
    packing::expandQuants<2>(quants, out);
    const std::byte* const scales = aux + columnScales + 32 * tile;
    for (int row = 0; row < groupRows; ++row) {
        const float scale = packing::halfAt(aux, row);
        const float minimum = packing::halfAt(aux, groupRows + row);
        const int low = packing::byteAt(scales, row);
        const int high = packing::byteAt(scales, 16 + row);
        out.scale[row] = scale * static_cast<float>(low & 15);
        out.offset[row] = -minimum * static_cast<float>(low >> 4);
        out.scaleHigh[row] = scale * static_cast<float>(high & 15);
        out.offsetHigh[row] = -minimum * static_cast<float>(high >> 4);
    }
}

} // namespace

const Format formatQ2_K{DType::Q2_K, FormatKind::SplitAffine, 2, 0, 256, tileBytes, 320, packUnit,
                        expandTile};

} // namespace kernels
