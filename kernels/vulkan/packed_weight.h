#pragma once
#include "kernels/vulkan/gpu.h"

#include <stop_token>

namespace kernels::vulkan {

/// How weights lie in the device's memory (shaders/weights.glsl): rows of chunks of 16 columns, quants and scales apart.
///   F32, F16, BF16: as they are; the last chunk of a row is filled with zeros
///   Four:  quants of 4 bits, 8 bytes a chunk, column i in bits 4i
///   Eight: signed quants of 8 bits, 16 bytes a chunk
/// A scale and an offset belong to 16 or 32 columns: two halves where the file has halves, else two floats, so that every type is kept
/// exactly: weight = scale * (quant - zeroPoint) + offset.
enum class Form : std::uint32_t { F32, F16, BF16, Four, Eight };

struct PackedForm {
    Form form;
    std::uint32_t chunksOfScale = 2;
    bool hasFloatScales = false;
    int zeroPoint = 0; // of Four
    bool isAffine = false;

    std::int64_t chunkBytes() const;
    std::int64_t scaleBytes() const { return hasFloatScales ? 8 : 4; }
    bool isPlain() const { return form <= Form::BF16; }
    /// Specialisation constants of shaders/weights.glsl.
    std::vector<std::uint32_t> constants() const;
};

PackedForm packedFormOf(DType type);

class VulkanWeight final : public Weight {
public:
    /// Not whole when a stop was asked for.
    VulkanWeight(Gpu& gpu, const HostMatrix& source, const std::stop_token& stop);

    std::int64_t rows() const override { return m_rows; }
    std::int64_t cols() const override { return m_cols; }
    DType type() const override { return m_type; }
    std::size_t bytes() const override;

    /// Rows that fit into one binding.
    struct Part {
        std::int64_t firstRow, rows;
        Memory quants, scales;
    };
    const std::vector<Part>& parts() const { return m_parts; }
    const PackedForm& form() const { return m_form; }
    std::int64_t chunksOfRow() const { return m_chunks; }

private:
    DType m_type;
    std::int64_t m_rows, m_cols, m_chunks;
    PackedForm m_form;
    std::vector<Part> m_parts;
};

} // namespace kernels::vulkan
