#include "kernels/vulkan/packed_weight.h"

#include "kernels/cpu/format.h"

#include <algorithm>

namespace kernels::vulkan {

std::vector<std::uint32_t> constantsOf(const gpu::PackedForm& form) {
    return {static_cast<std::uint32_t>(form.form), form.chunksOfScale, form.hasFloatScales,
            static_cast<std::uint32_t>(form.zeroPoint), form.isAffine};
}

VulkanWeight::VulkanWeight(Gpu& gpu, const HostMatrix& source, const std::stop_token& stop)
    : m_type(source.type), m_rows(source.rows), m_cols(source.cols), m_form(gpu::packedFormOf(source.type)) {
    const std::int64_t quantBytes = m_form.quantBytesOf(m_cols), scaleBytes = m_form.scaleBytesOf(m_cols);
    const std::int64_t range = gpu.device.limits().maxStorageBufferRange & ~VkDeviceSize{255};
    const std::int64_t rowsOfPart = range / quantBytes / groupRows * groupRows;
    if (rowsOfPart == 0)
        throw std::runtime_error("A row of this model's weights is too long for the graphics device.");
    for (std::int64_t first = 0; first < m_rows; first += rowsOfPart) {
        const std::int64_t rows = std::min(rowsOfPart, m_rows - first);
        Part& part = m_parts.emplace_back(
            Part{first, rows, Memory(gpu.local, static_cast<VkDeviceSize>(rows * quantBytes)),
                 Memory(gpu.local, static_cast<VkDeviceSize>(rows * scaleBytes))});
        gpu::packRows(
            source, m_form, first, rows,
            [&](std::int64_t row, std::span<const std::byte> quants, std::span<const std::byte> scales) {
                gpu.recorder.write(part.quants.slice(), static_cast<VkDeviceSize>(row * quantBytes), quants);
                if (!scales.empty())
                    gpu.recorder.write(part.scales.slice(), static_cast<VkDeviceSize>(row * scaleBytes),
                                       scales);
            },
            stop);
    }
}

std::size_t VulkanWeight::bytes() const {
    std::size_t bytes = 0;
    for (const Part& part : m_parts)
        bytes += static_cast<std::size_t>(part.quants.size() + (m_form.isPlain() ? 0 : part.scales.size()));
    return bytes;
}

} // namespace kernels::vulkan
