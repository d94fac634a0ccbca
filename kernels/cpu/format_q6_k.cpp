#include "kernels/cpu/format_helpers.h"

// Q6_K: units of 256: 128 bytes of low nibbles, 64 bytes of upper bit pairs, 16 signed scales of 16 columns
// each, half scale. weight = (scale * columnScale) * (q - 32). Packed aux of a unit: 16 half scales,
// columnScale[16][16] (16 columns after 16 columns, rows side by side).
namespace kernels {
namespace {

constexpr int tileBytes = 384;

/// The six bits of column `column` (0..255). The file puts columns c, c + 32, c + 64, c + 96 of each half
/// into one byte of pairs.
std::uint8_t valueAt(const std::byte* block, int column) {
    const int half = column / 128;
    const int quarter = column % 128 / 32;
    const int c = column % 32;
    const int nibble = packing::byteAt(block, half * 64 + quarter % 2 * 32 + c) >> (quarter / 2 * 4) & 15;
    const int pair = packing::byteAt(block, 128 + half * 32 + c) >> (2 * quarter) & 3;
    return static_cast<std::uint8_t>(nibble | pair << 4);
}

void packUnit(const std::byte* const* rows, std::byte* quants, std::byte* aux) {
    for (int row = 0; row < groupRows; ++row) {
        const std::byte* const block = rows[row];
        std::memcpy(aux + 2 * row, block + 208, 2);
        for (int s = 0; s < 16; ++s) {
            aux[packing::signedColumnScales + 16 * s + row] = block[192 + s];
        }
        for (int b = 0; b < 8; ++b) {
            std::uint8_t values[tileColumns];
            for (int i = 0; i < tileColumns; ++i) {
                values[i] = valueAt(block, 32 * b + i);
            }
            packing::putRow<6>(values, row, quants + b * tileBytes);
        }
    }
}

} // namespace

const Format formatQ6_K{DType::Q6_K,
                        FormatKind::SplitScale,
                        6,
                        32,
                        256,
                        tileBytes,
                        288,
                        packUnit,
                        packing::expandSignedColumnScales<6>};

} // namespace kernels
