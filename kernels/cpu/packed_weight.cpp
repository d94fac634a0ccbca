#include "kernels/cpu/linear.h"
#include "kernels/cpu/linear_kernels.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace kernels {
namespace {

constexpr int largestBlock = 256; // bytes, of any type

/// The form of a matrix's weights that products of this precision read.
const Format& formatFor(const HostMatrix& source, const LinearKernels& kernels,
                        ActivationPrecision precision) {
    const bool half = source.type == DType::F16 || source.type == DType::BF16;
    if (half && kernels.words != nullptr && precision == ActivationPrecision::Int8 &&
        source.cols % tileColumns == 0) {
        return source.type == DType::F16 ? formatF16Words : formatBF16Words;
    }
    return formatOf(source.type);
}

/// Packs one group of 16 rows; rows past the end of the matrix read as zero.
void packGroup(const HostMatrix& source, const Format& format, const LinearKernels& kernels,
               std::int64_t group, std::byte* out) {
    static constexpr std::array<std::byte, largestBlock> zeros{};
    const std::int64_t units = source.cols / format.unitColumns;
    const BlockLayout block = blockLayout(source.type);
    const int unitBytes = format.unitColumns / block.elements * block.bytes;
    const bool plain = format.kind == FormatKind::Plain;
    const int quantBytes = plain ? format.quantBytes : format.quantBytes * format.tilesPerUnit();
    std::byte* const aux = out + format.quantBytesOf(source.cols);
    const std::byte* rows[groupRows];
    for (std::int64_t unit = 0; unit < units; ++unit) {
        for (int r = 0; r < groupRows; ++r) {
            const std::int64_t row = group * groupRows + r;
            rows[r] = row < source.rows
                          ? source.data + static_cast<std::size_t>(row) * source.rowBytes() + unit * unitBytes
                          : zeros.data();
        }
        if (format.kind == FormatKind::Words) {
            kernels.words->packUnit(rows, format.type == DType::BF16, out + unit * quantBytes,
                                    aux + unit * format.auxBytes);
        } else {
            format.packUnit(rows, out + unit * quantBytes, aux + unit * format.auxBytes);
        }
    }
}

} // namespace

DType PackedWeight::type() const {
    return m_format->type;
}

std::unique_ptr<PackedWeight> packWeight(const HostMatrix& source, ThreadPool& pool, Isa isa,
                                         ActivationPrecision precision, std::shared_ptr<WeightMemory> memory,
                                         const std::stop_token& stop) {
    assert(source.rows > 0 && source.cols > 0 && source.cols % blockLayout(source.type).elements == 0);
    std::unique_ptr<PackedWeight> weight(new PackedWeight);
    weight->m_kernels = &linearKernels(isa);
    weight->m_format = &formatFor(source, *weight->m_kernels, precision);
    weight->m_rows = source.rows;
    weight->m_cols = source.cols;
    weight->m_groupBytes = weight->m_format->groupBytesOf(source.cols);
    weight->m_bytes = weight->m_groupBytes * static_cast<std::size_t>(weight->groups());
    if (!memory) {
        memory = WeightMemory::create();
    }
    weight->m_memory = memory->allocate(weight->m_bytes);
    const std::int64_t groups = weight->groups();
    const int chunks = static_cast<int>(std::min<std::int64_t>(groups, 16 * pool.threads()));
    pool.run(chunks, [&](int chunk, int) {
        for (std::int64_t g = groups * chunk / chunks;
             g < groups * (chunk + 1) / chunks && !stop.stop_requested(); ++g) {
            packGroup(source, *weight->m_format, *weight->m_kernels, g,
                      weight->m_memory.data() + static_cast<std::size_t>(g) * weight->m_groupBytes);
        }
    });
    if (stop.stop_requested()) {
        return nullptr;
    }
    return weight;
}

void PackedWeight::dequantiseRow(std::int64_t row, float* out) const {
    assert(row >= 0 && row < m_rows);
    const std::byte* const source = group(row / groupRows);
    const int lane = static_cast<int>(row % groupRows);
    const int type = static_cast<int>(m_format->type);
    if (m_format->kind == FormatKind::Words) {
        dequantiseWords(source, lane, m_cols, out);
        return;
    }
    float panel[tileColumns * groupRows];
    for (std::int64_t first = 0; first < m_cols; first += tileColumns) {
        const std::int64_t count = std::min<std::int64_t>(tileColumns, m_cols - first);
        if (m_format->kind == FormatKind::Plain) {
            m_kernels->widen[type](source + first * m_format->quantBytes, count, panel);
        } else {
            ExpandedTile tile;
            m_kernels->expand[type](source, m_cols / tileColumns, first / tileColumns, 1, &tile);
            m_kernels->dequantise[static_cast<int>(m_format->kind)](tile, m_format->zeroPoint, panel);
        }
        for (std::int64_t column = 0; column < count; ++column) {
            out[first + column] = panel[column * groupRows + lane];
        }
    }
}

} // namespace kernels
