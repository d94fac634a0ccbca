#pragma once
#include "kernels/types.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <vector>

namespace kernels::gpu {

/// How weights lie in the memory of a graphics device: rows of chunks of 16 columns, quants and scales apart.
///   F32, F16, BF16: as they are; the last chunk of a row is filled with zeros
///   Four:  quants of 4 bits, 8 bytes a chunk, column i in bits 4i
///   Eight: signed quants of 8 bits, 16 bytes a chunk
/// A scale and an offset belong to 16 or 32 columns: two halves where the file has halves, else two floats, so that every type is kept
/// exactly: weight = scale * (quant - zeroPoint) + offset.
enum class Form : std::uint32_t { F32, F16, BF16, Four, Eight };

constexpr std::int64_t chunkColumns = 16;

struct PackedForm {
    Form form;
    std::uint32_t chunksOfScale = 2;
    bool hasFloatScales = false;
    int zeroPoint = 0; // of Four
    bool isAffine = false;

    std::int64_t chunkBytes() const;
    std::int64_t scaleBytes() const { return hasFloatScales ? 8 : 4; }
    bool isPlain() const { return form <= Form::BF16; }
    static std::int64_t chunksOf(std::int64_t cols) { return (cols + chunkColumns - 1) / chunkColumns; }
    // Bytes of a row.
    std::int64_t quantBytesOf(std::int64_t cols) const { return chunksOf(cols) * chunkBytes(); }
    std::int64_t scaleBytesOf(std::int64_t cols) const {
        return isPlain() ? 0 : chunksOf(cols) / chunksOfScale * scaleBytes();
    }
};

PackedForm packedFormOf(DType type);

/// Packs `rows` rows from `firstRow` on and hands them over, some hundred at a time: send(row, counted from firstRow; quants; scales).
/// Not all of them when a stop was asked for.
void packRows(
    const HostMatrix& source, const PackedForm& form, std::int64_t firstRow, std::int64_t rows,
    const std::function<void(std::int64_t, std::span<const std::byte>, std::span<const std::byte>)>& send,
    const std::stop_token& stop = {});

} // namespace kernels::gpu
