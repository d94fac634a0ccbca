#include "kernels/gpu/packed_form.h"

#include "kernels/cpu/format.h"
#include "kernels/half.h"

#include <algorithm>
#include <cstring>

namespace kernels::gpu {
namespace {

constexpr std::int64_t mostRowsAtOnce = 512; // packed on the host before they are sent

/// Whether the file's own scales (and minima) are halves that stand for whole blocks.
bool hasHalfScales(DType type) {
    switch (type) {
    case DType::Q4_0:
    case DType::Q4_1:
    case DType::Q5_0:
    case DType::Q5_1:
    case DType::Q8_0:
    case DType::IQ4_NL:
        return true;
    default:
        return false;
    }
}

/// Up to 16 rows, packed one after the other into `quants` and `scales`.
class GroupPacker {
public:
    GroupPacker(const HostMatrix& source, const PackedForm& form)
        : m_source(source), m_form(form), m_chunks(PackedForm::chunksOf(source.cols)) {}

    void pack(std::int64_t firstRow, int rows, std::byte* quants, std::byte* scales) {
        if (m_form.isPlain())
            return packPlain(firstRow, rows, quants);
        const Format& format = formatOf(m_source.type);
        const std::int64_t units = m_source.cols / format.unitColumns;
        const BlockLayout block = blockLayout(m_source.type);
        m_quants.resize(static_cast<std::size_t>(format.quantBytes * format.tilesPerUnit()));
        m_aux.resize(static_cast<std::size_t>(format.auxBytes));
        for (std::int64_t unit = 0; unit < units; ++unit) {
            const std::byte* blocks[groupRows];
            for (int row = 0; row < groupRows; ++row)
                blocks[row] =
                    m_source.data +
                    static_cast<std::size_t>(firstRow + std::min(row, rows - 1)) * m_source.rowBytes() +
                    static_cast<std::size_t>(unit * format.unitColumns / block.elements * block.bytes);
            std::fill(m_quants.begin(), m_quants.end(), std::byte{}); // bits are added to it
            format.packUnit(blocks, m_quants.data(), m_aux.data());
            for (int tile = 0; tile < format.tilesPerUnit(); ++tile) {
                format.expandTile(m_quants.data() + tile * format.quantBytes, m_aux.data(), tile, m_tile);
                const std::int64_t chunk = (unit * format.unitColumns + tile * tileColumns) / chunkColumns;
                for (int row = 0; row < rows; ++row)
                    packTile(format, row, row * m_chunks + chunk, quants, scales);
            }
        }
    }

private:
    void packPlain(std::int64_t firstRow, int rows, std::byte* quants) const {
        const std::size_t to = static_cast<std::size_t>(m_chunks * m_form.chunkBytes());
        for (int row = 0; row < rows; ++row) {
            const std::size_t from = static_cast<std::size_t>(firstRow + row) * m_source.rowBytes();
            std::memcpy(quants + static_cast<std::size_t>(row) * to, m_source.data + from,
                        m_source.rowBytes());
            std::memset(quants + static_cast<std::size_t>(row) * to + m_source.rowBytes(), 0,
                        to - m_source.rowBytes());
        }
    }

    void packTile(const Format& format, int row, std::int64_t chunk, std::byte* quants,
                  std::byte* scales) const {
        for (int half = 0; half < 2; ++half) {
            std::byte* const to = quants + (chunk + half) * m_form.chunkBytes();
            for (int i = 0; i < chunkColumns; ++i) {
                const int column = half * 16 + i, q = m_tile.q[column / 4][row][column % 4];
                if (m_form.form == Form::Eight)
                    to[i] = static_cast<std::byte>(q - format.zeroPoint);
                else if (i % 2 == 0)
                    to[i / 2] = static_cast<std::byte>(q);
                else
                    to[i / 2] |= static_cast<std::byte>(q << 4);
            }
        }
        const bool split = isSplit(format.kind), affine = isAffine(format.kind);
        for (int half = 0; half < (split ? 2 : 1); ++half) {
            const float scale = half ? m_tile.scaleHigh[row] : m_tile.scale[row];
            const float offset = !affine ? 0.0f : half ? m_tile.offsetHigh[row] : m_tile.offset[row];
            std::byte* const to = scales + (chunk + half) / m_form.chunksOfScale * m_form.scaleBytes();
            if (m_form.hasFloatScales) {
                std::memcpy(to, &scale, 4);
                std::memcpy(to + 4, &offset, 4);
            } else {
                const std::uint16_t pair[] = {floatToHalf(scale), floatToHalf(offset)};
                std::memcpy(to, pair, 4);
            }
        }
    }

    const HostMatrix& m_source;
    const PackedForm& m_form;
    std::int64_t m_chunks;
    std::vector<std::byte> m_quants, m_aux;
    ExpandedTile m_tile;
};

} // namespace

std::int64_t PackedForm::chunkBytes() const {
    switch (form) {
    case Form::F32:
        return 64;
    case Form::F16:
    case Form::BF16:
        return 32;
    case Form::Four:
        return 8;
    case Form::Eight:
        return 16;
    }
    return 64;
}

PackedForm packedFormOf(DType type) {
    if (type == DType::F32)
        return {.form = Form::F32};
    if (type == DType::F16)
        return {.form = Form::F16};
    if (type == DType::BF16)
        return {.form = Form::BF16};
    const Format& format = formatOf(type);
    const bool fits = format.bits <= 4 && format.zeroPoint <= 8; // values of tables need 8 bits
    return {.form = fits ? Form::Four : Form::Eight,
            .chunksOfScale = isSplit(format.kind) ? 1u : 2u,
            .hasFloatScales = !hasHalfScales(type),
            .zeroPoint = fits ? format.zeroPoint : 0,
            .isAffine = isAffine(format.kind)};
}

void packRows(
    const HostMatrix& source, const PackedForm& form, std::int64_t firstRow, std::int64_t rows,
    const std::function<void(std::int64_t, std::span<const std::byte>, std::span<const std::byte>)>& send,
    const std::stop_token& stop) {
    const std::int64_t quantBytes = form.quantBytesOf(source.cols),
                       scaleBytes = form.scaleBytesOf(source.cols);
    GroupPacker packer(source, form);
    std::vector<std::byte> quants, scales;
    for (std::int64_t row = 0; row < rows && !stop.stop_requested(); row += mostRowsAtOnce) {
        const std::int64_t count = std::min(mostRowsAtOnce, rows - row);
        quants.resize(static_cast<std::size_t>(count * quantBytes));
        scales.resize(static_cast<std::size_t>(count * scaleBytes));
        for (std::int64_t group = 0; group < count; group += groupRows)
            packer.pack(firstRow + row + group,
                        static_cast<int>(std::min<std::int64_t>(groupRows, count - group)),
                        quants.data() + group * quantBytes, scales.data() + group * scaleBytes);
        send(row, quants, scales);
    }
}

} // namespace kernels::gpu
