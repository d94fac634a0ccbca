#include "kernels/cpu/format_helpers.h"

// Q4_K and Q5_K: units of 256 in 8 blocks of 32: half scale and half minimum of the unit, 6-bit scale and minimum of
// each block in 12 bytes, for Q5_K 32 bytes of fifth bits (bit b of byte i: column i of block b), 128 bytes of nibbles
// (64 columns share 32 bytes). weight = (scale * blockScale) * q - minimum * blockMinimum. Packed aux of a
// unit: 16 half scales, 16 half minima, blockScale[8][16], blockMinimum[8][16] as bytes. (6 bits in a byte: 2
// % more memory than the file, and no shuffling in the inner loop.)
namespace kernels {
namespace {

constexpr int blockScales = 64;
constexpr int blockMinima = 64 + 128;

template <int bits>
void packRow(const std::byte* block, int row, std::byte* quants, std::byte* aux) {
    constexpr int fifths = 16;
    constexpr int nibbles = bits == 5 ? 48 : 16;
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
            const int nibble = packing::byteAt(block, nibbles + b / 2 * 32 + i) >> (b % 2 * 4) & 15;
            const int fifth = bits == 5 ? packing::byteAt(block, fifths + i) >> b & 1 : 0;
            values[i] = static_cast<std::uint8_t>(nibble | fifth << 4);
        }
        packing::putRow<bits>(values, row, quants + b * bits * 64);
    }
}

template <int bits>
void packUnit(const std::byte* const* rows, std::byte* quants, std::byte* aux) {
    for (int row = 0; row < groupRows; ++row) {
        packRow<bits>(rows[row], row, quants, aux);
    }
}

template <int bits>
void expandTile(const std::byte* quants, const std::byte* aux, int tile, ExpandedTile& out) {
    packing::expandQuants<bits>(quants, out);
    for (int row = 0; row < groupRows; ++row) {
        const int scale = packing::byteAt(aux, blockScales + 16 * tile + row);
        const int minimum = packing::byteAt(aux, blockMinima + 16 * tile + row);
        out.scale[row] = packing::halfAt(aux, row) * static_cast<float>(scale);
        out.offset[row] = -packing::halfAt(aux, groupRows + row) * static_cast<float>(minimum);
    }
}

} // namespace

const Format formatQ4_K{DType::Q4_K, FormatKind::Affine, 4, 0, 256, 256, 320, packUnit<4>, expandTile<4>};
const Format formatQ5_K{DType::Q5_K, FormatKind::Affine, 5, 0, 256, 320, 320, packUnit<5>, expandTile<5>};

} // namespace kernels
