#include "kernels/cpu/format_helpers.h"

// IQ4_NL: blocks of 32: half scale, 16 bytes of nibbles. weight = scale * table[nibble].
// IQ4_XS: units of 256 in 8 blocks of 32: half scale, 6-bit scales of the blocks with 32 added (2 bytes of upper bit pairs, 4
// bytes of low nibbles), 16 bytes of nibbles for each block. weight = (scale * blockScale) * table[nibble].
// Packed aux: 16 half scales, for IQ4_XS then blockScale[8][16] as signed bytes. The common form holds
// table[nibble] + 128.
namespace kernels {
namespace {

constexpr int blockScales = 32;
constexpr int tileBytes = packing::nibbleBytes;

void packNl(const std::byte* const* rows, std::byte* quants, std::byte* aux) {
    for (int row = 0; row < groupRows; ++row) {
        std::uint8_t values[tileColumns];
        packing::readNibbles(rows[row] + 2, values);
        packing::putRow<4>(values, row, quants);
        std::memcpy(aux + 2 * row, rows[row], 2);
    }
}

void packXs(const std::byte* const* rows, std::byte* quants, std::byte* aux) {
    for (int row = 0; row < groupRows; ++row) {
        const std::byte* const block = rows[row];
        std::memcpy(aux + 2 * row, block, 2);
        for (int b = 0; b < 8; ++b) {
            const int low = packing::byteAt(block, 4 + b / 2) >> (b % 2 * 4) & 15;
            const int high = packing::byteAt(block, 2 + b / 4) >> (b % 4 * 2) & 3;
            aux[blockScales + 16 * b + row] = static_cast<std::byte>((low | high << 4) - 32);
            std::uint8_t values[tileColumns];
            packing::readNibbles(block + 8 + 16 * b, values);
            packing::putRow<4>(values, row, quants + b * tileBytes);
        }
    }
}

template <bool blockScaled>
void expandTile(const std::byte* quants, const std::byte* aux, int tile, ExpandedTile& out) {
    packing::expandQuants<4>(quants, out);
    packing::lookUp(valuesOfIq4, formatIQ4_NL.zeroPoint, out);
    for (int row = 0; row < groupRows; ++row) {
        out.scale[row] = packing::halfAt(aux, row);
        if (blockScaled) {
            const int scale = packing::byteAt(aux, blockScales + 16 * tile + row);
            out.scale[row] *= static_cast<float>(static_cast<std::int8_t>(scale));
        }
    }
}

} // namespace

const Format formatIQ4_NL{DType::IQ4_NL, FormatKind::Bytes, 4, 128, 32, tileBytes, 32,
                          packNl,        expandTile<false>};
const Format formatIQ4_XS{DType::IQ4_XS, FormatKind::Bytes, 4, 128, 256, tileBytes, 160,
                          packXs,        expandTile<true>};

} // namespace kernels
