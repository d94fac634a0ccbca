#pragma once
#include "kernels/gpu/packed_form.h"
#include "kernels/vulkan/gpu.h"

#include <stop_token>

namespace kernels::vulkan {

/// Specialisation constants of shaders/weights.glsl.
std::vector<std::uint32_t> constantsOf(const gpu::PackedForm& form);

/// In the form of gpu/packed_form.h.
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
    const gpu::PackedForm& form() const { return m_form; }
    std::int64_t chunksOfRow() const { return gpu::PackedForm::chunksOf(m_cols); }

private:
    DType m_type;
    std::int64_t m_rows, m_cols;
    gpu::PackedForm m_form;
    std::vector<Part> m_parts;
};

} // namespace kernels::vulkan
