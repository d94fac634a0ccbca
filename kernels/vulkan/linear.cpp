#include "kernels/vulkan/linear.h"

#include <algorithm>
#include <utility>

namespace kernels::vulkan {
namespace {

constexpr std::int64_t fewTokens = 4; // up to here each token reads the weights for itself
constexpr std::int64_t tile = 32;     // rows and tokens of a workgroup of linear_matrix.comp

} // namespace

void Linear::run(Tensor x, std::span<const LinearJob> jobs) {
    m_gpu.recorder.barrier(); // no job reads what another writes
    for (const LinearJob& job : jobs) {
        const auto& weight = static_cast<const VulkanWeight&>(*job.weight);
        assert(x.cols == weight.cols() && job.out.rows == x.rows && job.out.cols == weight.rows());
        // As many tokens at a time as fit into a binding, with room for where it begins.
        const std::int64_t most = m_gpu.device.limits().maxStorageBufferRange / sizeof(float) - 256;
        const std::int64_t tokens = std::max<std::int64_t>(1, most / std::max(x.cols, job.out.cols));
        for (std::int64_t first = 0; first < x.rows; first += tokens) {
            const std::int64_t count = std::min(tokens, x.rows - first);
            for (const VulkanWeight::Part& part : weight.parts())
                product(x.rowRange(first, count), job, job.out.rowRange(first, count), part);
        }
        m_bytesRead += weight.bytes();
    }
}

void Linear::product(Tensor x, const LinearJob& job, Tensor out, const VulkanWeight::Part& part) {
    const auto& weight = static_cast<const VulkanWeight&>(*job.weight);
    const Binding from = bindingOf(m_gpu, x), to = bindingOf(m_gpu, out);
    const Binding bias = job.bias ? bindingOf(m_gpu, job.bias) : from;
    const Binding bindings[] = {{part.quants.slice()}, {part.scales.slice()}, from, to, bias};
    std::vector<std::uint32_t> constants = constantsOf(weight.form());
    Push push;
    push.add({part.rows, x.cols, weight.chunksOfRow(), from.first, to.first, out.cols, part.firstRow,
              job.write == Write::Add, job.bias != nullptr, bias.first, x.rows});
    if (x.rows > fewTokens) {
        m_gpu.recorder.dispatch(m_gpu.pipelines.get(Shader::LinearMatrix, constants), bindings, push.words(),
                                static_cast<std::uint32_t>((part.rows + tile - 1) / tile),
                                static_cast<std::uint32_t>((x.rows + tile - 1) / tile));
        return;
    }
    // More rows share the activations where loads, not lanes, are what is short.
    const std::uint32_t rowsOfSubgroup = m_gpu.device.description().isSoftware ? 8 : 4;
    constants.push_back(rowsOfSubgroup);
    const std::int64_t rowsOfGroup = groupSize / m_gpu.device.subgroupSize() * rowsOfSubgroup;
    m_gpu.recorder.dispatch(m_gpu.pipelines.get(Shader::LinearVector, constants), bindings, push.words(),
                            groupsFor(part.rows, rowsOfGroup), static_cast<std::uint32_t>(x.rows));
}

std::uint64_t Linear::takeBytesRead() {
    return std::exchange(m_bytesRead, 0);
}

} // namespace kernels::vulkan
