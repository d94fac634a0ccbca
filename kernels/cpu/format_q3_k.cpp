#include "kernels/cpu/format_helpers.h"

// Q3_K: units of 256: 32 bytes of third bits (bit b of byte i: column i of block b of 32), 64 bytes of bit pairs, 16 scales of
// 16 columns each, 6 bits with 32 added, in 12 bytes, half scale. weight = (scale * columnScale) * (q - 4). Packed
// aux of a unit as that of Q6_K: 16 half scales, columnScale[16][16] as signed bytes.
namespace kernels {
namespace {

constexpr int tileBytes = 192;

/// Of columns 16s .. 16s + 15, from the 12 bytes: low nibbles first, then four times two bits in a byte.
std::int8_t columnScale(const std::byte* packed, int s) {
    const int low = packing::byteAt(packed, s % 8) >> (s < 8 ? 0 : 4) & 15;
    const int high = packing::byteAt(packed, 8 + s % 4) >> (2 * (s / 4)) & 3;
    return static_cast<std::int8_t>((low | high << 4) - 32);
}

void packUnit(const std::byte* const* rows, std::byte* quants, std::byte* aux) {
    for (int row = 0; row < groupRows; ++row) {
        const std::byte* const block = rows[row];
        std::memcpy(aux + 2 * row, block + 108, 2);
        for (int s = 0; s < 16; ++s) {
            aux[packing::signedColumnScales + 16 * s + row] =
                static_cast<std::byte>(columnScale(block + 96, s));
        }
        for (int b = 0; b < 8; ++b) {
            std::uint8_t values[tileColumns];
            packing::readPairs(block + 32, b, values);
            for (int i = 0; i < tileColumns; ++i) {
                values[i] = static_cast<std::uint8_t>(values[i] | (packing::byteAt(block, i) >> b & 1) << 2);
            }
            packing::putRow<3>(values, row, quants + b * tileBytes);
        }
    }
}

} // namespace

const Format formatQ3_K{DType::Q3_K,
                        FormatKind::SplitScale,
                        3,
                        4,
                        256,
                        tileBytes,
                        288,
                        packUnit,
                        packing::expandSignedColumnScales<3>};

} // namespace kernels
