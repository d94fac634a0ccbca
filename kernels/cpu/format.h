#pragma once
#include "kernels/types.h"

#include <cstddef>
#include <cstdint>

// How weights lie in memory once they are packed. A group holds 16 rows. For the quantised types it is a row
// of tiles (16 rows x 32 columns of quants) followed by the scales ("aux") of these tiles.
//
// Quants: a vector v has 64 bytes, 16 rows x 4 bytes, so that one 32-bit lane belongs to one row and a dot
// product of four bytes needs no horizontal sum. Of byte i of a row in vector v or p:
//   2 bits: v = 0, 1: bits 2j and 2j + 1 = column 16v + 4j + i
//   3 bits: the same, then one vector: bit j = bit 2 of column 4j + i
//   4 bits: v = 0..3: low nibble = column 4v + i, high nibble = column 16 + 4v + i
//   5 bits: the same, then one vector: bit j = bit 4 of column 4j + i
//   6 bits: the same, then vectors p = 0, 1: bits 2j and 2j + 1 = bits 4 and 5 of column 16p + 4j + i
//   8 bits: v = 0..7: column 4v + i, plus 128
// The types of 4 bits whose values stand in a table (valuesOfIq4, valuesOfMxfp4) keep their places in it.
// Aux: 16 half scales (Symmetric), or 16 half scales and 16 half minima (Affine); the K types describe theirs
// in format_*.cpp.
//
// Words (F16 and BF16 where kernels ask for it): tiles of int16, columns 2v and 2v + 1 of a row in vector v = 0..15. Aux:
// 16 bytes, the exponents of the scales as float32 biases them. The scale is the power of two that brings a row's
// largest magnitude of 32 columns to 4096..8191 (block floating point): a value within a quarter of it is kept
// exactly, a smaller one to 2^-13 of the largest.
//
// The plain types are 16 rows interleaved column by column. Every format_*.cpp is the home of one type: how
// it is read from the file and, in plain C++, what the packed form means.
namespace kernels {

constexpr int groupRows = 16;
constexpr int tileColumns = 32;

/// How a weight follows from its quant q.
enum class FormatKind : std::uint8_t {
    Symmetric,   // scale * (q - zeroPoint)
    Affine,      // scale * q + offset
    SplitScale,  // Symmetric, but columns 0-15 and 16-31 of a tile have scales of their own
    Bytes,       // Symmetric with quants of 8 bits, which do not fit the signed 7 bits of the others
    SplitAffine, // Affine, but columns 0-15 and 16-31 of a tile have scales and offsets of their own
    Words,       // scale * q with q signed of 14 bits and a power of two as scale
    Plain        // no quants: 16- and 32-bit floats
};

/// Whether the columns 0-15 and 16-31 of a tile have scales of their own; whether something is added to scale * q.
constexpr bool isSplit(FormatKind kind) {
    return kind == FormatKind::SplitScale || kind == FormatKind::SplitAffine;
}
constexpr bool isAffine(FormatKind kind) {
    return kind == FormatKind::Affine || kind == FormatKind::SplitAffine;
}

/// The common form into which the kernels bring every quantised tile before they multiply it with many
/// tokens.
struct alignas(64) ExpandedTile {
    std::uint8_t q[8][groupRows][4]; // column 4j + i at q[j][row][i]
    float scale[groupRows];
    float scaleHigh[groupRows];  // SplitScale and SplitAffine
    float offset[groupRows];     // Affine and SplitAffine
    float offsetHigh[groupRows]; // SplitAffine only
};

/// The values of IQ4_NL and IQ4_XS by their four bits: steps that grow outwards, as weights are spread.
constexpr std::int8_t valuesOfIq4[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                         1,    13,   25,  38,  53,  69,  89,  113};
/// Those of MXFP4 (floats of 4 bits: sign, 2 bits of exponent, 1 of mantissa), doubled: whole numbers.
constexpr std::int8_t valuesOfMxfp4[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

struct Format {
    DType type;
    FormatKind kind;
    int bits;        // of a quant as it is packed; of a value for plain types
    int zeroPoint;   // a power of two, or 0 for Affine
    int unitColumns; // columns of one aux unit, the block length of the file: 32 or 256
    int quantBytes;  // of a tile; of a column of 16 rows for plain types
    int auxBytes;    // of a unit
    /// Packs unitColumns columns of 16 rows; rows[r] points at a block of the file. `quants` and `aux` are
    /// this unit's.
    void (*packUnit)(const std::byte* const* rows, std::byte* quants, std::byte* aux);
    /// The plain meaning of one tile; `aux` is that of its unit.
    void (*expandTile)(const std::byte* quants, const std::byte* aux, int tileInUnit, ExpandedTile& out);

    int tilesPerUnit() const { return unitColumns / tileColumns; }
    std::size_t quantBytesOf(std::int64_t cols) const {
        const std::int64_t pieces = kind == FormatKind::Plain ? cols : cols / tileColumns;
        return static_cast<std::size_t>(pieces) * static_cast<std::size_t>(quantBytes);
    }
    std::size_t groupBytesOf(std::int64_t cols) const {
        const std::size_t aux = kind == FormatKind::Plain ? 0
                                                          : static_cast<std::size_t>(cols / unitColumns) *
                                                                static_cast<std::size_t>(auxBytes);
        return (quantBytesOf(cols) + aux + 63) / 64 * 64;
    }
};

/// How a type is kept in the form of its file's blocks.
const Format& formatOf(DType type);

extern const Format formatQ4_0, formatQ4_1, formatQ5_0, formatQ5_1, formatQ8_0, formatQ4_K, formatQ5_K,
    formatQ6_K, formatQ2_K, formatQ3_K, formatIQ4_NL, formatIQ4_XS, formatMXFP4;
extern const Format formatF32, formatF16, formatBF16;
/// F16 and BF16 as Words; WordKernels pack them.
extern const Format formatF16Words, formatBF16Words;
/// The plain meaning of a row of Words, the lane-th of a group: `cols` weights.
void dequantiseWords(const std::byte* group, int lane, std::int64_t cols, float* out);

} // namespace kernels
