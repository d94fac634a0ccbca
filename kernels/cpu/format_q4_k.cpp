#include "kernels/cpu/format_helpers.h"

// Q4_K: units of 256 in 8 blocks of 32: half scale and half minimum of the unit, 6-bit scale and minimum of
// each block in 12 bytes, 128 bytes of nibbles (64 columns share 32 bytes). weight = (scale * blockScale) * q
// - minimum * blockMinimum. Packed aux of a unit: 16 half scales, 16 half minima, blockScale[8][16],
// blockMinimum[8][16] as bytes. (6 bits in a byte: 2 % more memory than the file, and no shuffling in the
// inner loop.)
namespace kernels {
namespace {

constexpr int blockScales = 64;
constexpr int blockMinima = 64 + 128;
constexpr int tileBytes = 256;

void packRow(const std::byte* block, int row, std::byte* quants, std::byte* aux) {
    std::memcpy(aux + 2 * row, block, 2);
    std::memcpy(aux + 32 + 2 * row, block + 2, 2);
    for (int b = 0; b < 8; ++b) {
        std::uint8_t scale = 0;
        std::uint8_t minimum = 0;
        packing::blockScaleAndMin(block + 4, b, scale, minimum);
        aux[blockScales + 16 * b + row] = std::byte{scale};
        aux[blockMinima + 16 * b + row] = std::byte{minimum};
        std::uint8_t values[tileColumns];
        for (int i = 0; i < tileColumns; ++i) {
            const int nibble = packing::byteAt(block, 16 + b / 2 * 32 + i) >> (b % 2 * 4) & 15;
            values[i] = static_cast<std::uint8_t>(nibble);
        }
        packing::putRow<4>(values, row, quants + b * tileBytes);
    }
}

void packUnit(const std::byte* const* rows, std::byte* quants, std::byte* aux) {
    for (int row = 0; row < groupRows; ++row) {
        packRow(rows[row], row, quants, aux);
    }
}

void expandTile(const std::byte* quants, const std::byte* aux, int tile, ExpandedTile& out) {
    packing::expandQuants<4>(quants, out);
    for (int row = 0; row < groupRows; ++row) {
        const int scale = packing::byteAt(aux, blockScales + 16 * tile + row);
        const int minimum = packing::byteAt(aux, blockMinima + 16 * tile + row);
        out.scale[row] = packing::halfAt(aux, row) * static_cast<float>(scale);
        out.offset[row] = -packing::halfAt(aux, groupRows + row) * static_cast<float>(minimum);
    }
}

} // namespace

const Format formatQ4_K{DType::Q4_K, FormatKind::Affine, 4, 0, 256, tileBytes, 320, packUnit, expandTile};

} // namespace kernels
