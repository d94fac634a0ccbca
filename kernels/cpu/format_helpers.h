#pragma once
#include "kernels/cpu/format.h"
#include "kernels/half.h"

#include <cstring>

// What the homes of the quantised formats share: the bit layout of a tile of 2, 3, 4, 5, 6 or 8 bits (see
// format.h).
namespace kernels::packing {

constexpr int nibbleBytes = 256; // of a tile

inline std::uint8_t byteAt(const std::byte* data, int index) {
    return static_cast<std::uint8_t>(data[index]);
}

inline float halfAt(const std::byte* data, int index) {
    std::uint16_t half;
    std::memcpy(&half, data + 2 * index, 2);
    return halfToFloat(half);
}

/// Where the four bytes of `row` stand in vector `v`.
constexpr int lane(int v, int row) {
    return v * 64 + row * 4;
}

constexpr int pairBytes = 128; // of the bits 0 and 1 of a tile

/// putRow of 2 and 3 bits.
template <int bits>
void putFewBits(const std::uint8_t (&values)[tileColumns], int row, std::byte* quants) {
    for (int column = 0; column < tileColumns; ++column) {
        const int j = column / 4, i = column % 4, value = values[column];
        quants[lane(j / 4, row) + i] |= static_cast<std::byte>((value & 3) << (2 * (j % 4)));
        if (bits == 3) {
            quants[pairBytes + lane(0, row) + i] |= static_cast<std::byte>(value >> 2 << j);
        }
    }
}

/// The opposite of putFewBits for all rows.
template <int bits>
void expandFewBits(const std::byte* quants, ExpandedTile& out) {
    for (int j = 0; j < 8; ++j) {
        for (int row = 0; row < groupRows; ++row) {
            for (int i = 0; i < 4; ++i) {
                const int low = byteAt(quants, lane(j / 4, row) + i) >> (2 * (j % 4)) & 3;
                const int high = bits == 3 ? byteAt(quants, pairBytes + lane(0, row) + i) >> j & 1 : 0;
                out.q[j][row][i] = static_cast<std::uint8_t>(low | high << 2);
            }
        }
    }
}

/// Writes the values (0 .. 2^bits - 1) of one row into a tile whose bytes are zero in the places of this row.
template <int bits>
void putRow(const std::uint8_t (&values)[tileColumns], int row, std::byte* quants) {
    if constexpr (bits == 8) {
        for (int j = 0; j < 8; ++j) {
            std::memcpy(quants + lane(j, row), values + 4 * j, 4);
        }
        return;
    }
    if constexpr (bits < 4) {
        putFewBits<bits>(values, row, quants);
        return;
    }
    for (int v = 0; v < 4; ++v) {
        for (int i = 0; i < 4; ++i) {
            const int low = values[4 * v + i] & 15;
            const int high = values[16 + 4 * v + i] & 15;
            quants[lane(v, row) + i] = static_cast<std::byte>(low | high << 4);
        }
    }
    constexpr int extra = bits > 4 ? bits - 4 : 0; // bits that did not fit the nibble
    constexpr int perByte = extra == 1 ? 8 : 4;    // columns 4j + i that share a byte
    for (int p = 0; p < 8 / perByte && extra > 0; ++p) {
        for (int i = 0; i < 4; ++i) {
            int byte = 0;
            for (int j = 0; j < perByte; ++j) {
                byte |= (values[4 * (p * perByte + j) + i] >> 4) << (extra * j);
            }
            quants[nibbleBytes + lane(p, row) + i] = static_cast<std::byte>(byte);
        }
    }
}

/// The opposite of putRow for all rows.
template <int bits>
void expandQuants(const std::byte* quants, ExpandedTile& out) {
    if constexpr (bits == 8) {
        std::memcpy(out.q, quants, sizeof out.q);
        return;
    }
    if constexpr (bits < 4) {
        expandFewBits<bits>(quants, out);
        return;
    }
    constexpr int extra = bits > 4 ? bits - 4 : 0;
    constexpr int perByte = extra == 1 ? 8 : 4;
    for (int j = 0; j < 8; ++j) {
        for (int row = 0; row < groupRows; ++row) {
            for (int i = 0; i < 4; ++i) {
                int value = byteAt(quants, lane(j % 4, row) + i) >> (j < 4 ? 0 : 4) & 15;
                if (extra > 0) {
                    const int high = byteAt(quants, nibbleBytes + lane(j / perByte, row) + i);
                    value |= (high >> (extra * (j % perByte)) & ((1 << extra) - 1)) << 4;
                }
                out.q[j][row][i] = static_cast<std::uint8_t>(value);
            }
        }
    }
}

/// Reads 32 nibbles as the simple 32-column types store them: low nibbles are columns 0-15, high nibbles
/// 16-31.
inline void readNibbles(const std::byte* source, std::uint8_t (&values)[tileColumns]) {
    for (int i = 0; i < 16; ++i) {
        values[i] = byteAt(source, i) & 15;
        values[16 + i] = static_cast<std::uint8_t>(byteAt(source, i) >> 4);
    }
}

/// Reads block `b` (of 32) of the 64 bytes of bit pairs of Q2_K and Q3_K: 128 columns share 32 bytes.
inline void readPairs(const std::byte* source, int b, std::uint8_t (&values)[tileColumns]) {
    for (int i = 0; i < tileColumns; ++i) {
        values[i] = byteAt(source, b / 4 * 32 + i) >> (b % 4 * 2) & 3;
    }
}

/// Values in place of their places in a table, zero point added.
inline void lookUp(const std::int8_t (&table)[16], int zeroPoint, ExpandedTile& out) {
    for (auto& columns : out.q) {
        for (auto& row : columns) {
            for (std::uint8_t& value : row) {
                value = static_cast<std::uint8_t>(table[value] + zeroPoint);
            }
        }
    }
}

/// Adds the fifth bits of the simple types: bit i of a 32-bit word belongs to column i.
inline void addFifthBits(const std::byte* source, std::uint8_t (&values)[tileColumns]) {
    std::uint32_t word;
    std::memcpy(&word, source, 4);
    for (int i = 0; i < tileColumns; ++i) {
        values[i] = static_cast<std::uint8_t>(values[i] | (word >> i & 1u) << 4);
    }
}

/// The 6-bit scale and minimum of block `j` (0..7) of Q4_K and Q5_K from their 12 bytes.
inline void blockScaleAndMin(const std::byte* packed, int j, std::uint8_t& scale, std::uint8_t& minimum) {
    if (j < 4) {
        scale = byteAt(packed, j) & 63;
        minimum = byteAt(packed, j + 4) & 63;
    } else {
        scale = static_cast<std::uint8_t>((byteAt(packed, j + 4) & 15) | (byteAt(packed, j - 4) >> 6) << 4);
        minimum = static_cast<std::uint8_t>((byteAt(packed, j + 4) >> 4) | (byteAt(packed, j) >> 6) << 4);
    }
}

/// In the packed aux of a unit of Q3_K and Q6_K: 16 half scales, then columnScale[16][16] as signed bytes, rows side by side.
constexpr int signedColumnScales = 32;

/// A tile of such a unit: scale x columnScale for each half of its columns.
template <int bits>
void expandSignedColumnScales(const std::byte* quants, const std::byte* aux, int tile, ExpandedTile& out) {
    expandQuants<bits>(quants, out);
    const std::byte* const scales = aux + signedColumnScales + 32 * tile;
    for (int row = 0; row < groupRows; ++row) {
        const float scale = halfAt(aux, row);
        out.scale[row] = scale * static_cast<float>(static_cast<std::int8_t>(byteAt(scales, row)));
        out.scaleHigh[row] = scale * static_cast<float>(static_cast<std::int8_t>(byteAt(scales, 16 + row)));
    }
}

} // namespace kernels::packing
