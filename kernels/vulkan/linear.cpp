#include "kernels/vulkan/linear.h"

#include <algorithm>
#include <utility>

namespace kernels::vulkan {
namespace {

constexpr std::int64_t mostAlone = 4;                // up to here each token reads the weights for itself
constexpr std::int64_t tile = 32;                    // rows and tokens of a workgroup of linear_matrix.comp
constexpr std::int64_t laneRows = 4, laneTokens = 8; // of a lane of linear_lanes.comp, where there are many

constexpr std::int64_t mostGroups = 65535; // in one direction, on any device

std::uint32_t groupsToCover(std::int64_t items, std::int64_t itemsOfGroup) {
    return static_cast<std::uint32_t>((items + itemsOfGroup - 1) / itemsOfGroup);
}

} // namespace

/// What a dispatch is given.
struct Linear::Product {
    std::int64_t rows, tokens; // of the output
    std::vector<std::uint32_t> constants;
    std::span<const Binding> bindings;
    Push push;
};

void Linear::run(Tensor x, std::span<const LinearJob> jobs) {
    m_gpu.recorder.barrier(); // no job reads what another writes
    for (const LinearJob& job : jobs) {
        const auto& weight = static_cast<const VulkanWeight&>(*job.weight);
        assert(x.cols == weight.cols() && job.out.rows == x.rows && job.out.cols == weight.rows());
        const std::int64_t tokens =
            std::max<std::int64_t>(1, m_gpu.floatsOfBinding() / std::max(x.cols, job.out.cols));
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
    const Binding bindings[] = {{part.quants.slice()}, {part.scales.slice()}, from, to, bias, from};
    Product made{part.rows, x.rows, constantsOf(weight.form()), bindings, {}};
    made.push.add({part.rows, x.cols, weight.chunksOfRow(), from.first, to.first, out.cols, part.firstRow,
                   job.write == Write::Add, job.bias != nullptr, bias.first, x.rows});
    // With memory behind copies such a device stands for a card in tests.
    if (m_gpu.device.description().isSoftware && m_gpu.device.isUnified())
        inLanes(made);
    else if (x.rows > mostAlone)
        inTiles(made);
    else
        byRows(made, false);
}

void Linear::runExperts(Tensor x, const VulkanWeight& stack, const Slice& chosen, const Buffer* bias,
                        Tensor out) {
    const std::int64_t sharing = out.rows / x.rows;
    const std::int64_t inputs = std::max<std::int64_t>(
        1, std::min(m_gpu.floatsOfBinding() / std::max(x.cols, out.cols * sharing), mostGroups / sharing));
    for (std::int64_t first = 0; first < x.rows; first += inputs) {
        const std::int64_t count = std::min(inputs, x.rows - first);
        const Binding from = bindingOf(m_gpu, x.rowRange(first, count)),
                      to = bindingOf(m_gpu, out.rowRange(first * sharing, count * sharing)),
                      biases = bias ? bindingOf(m_gpu, bias) : from;
        for (const VulkanWeight::Part& part : stack.parts()) {
            const Binding bindings[] = {
                {part.quants.slice()}, {part.scales.slice()}, from, to, biases, {chosen}};
            Product made{out.cols, count * sharing, constantsOf(stack.form()), bindings, {}};
            made.push.add({out.cols, x.cols, stack.chunksOfRow(), from.first, to.first, out.cols,
                           part.firstRow, false, bias != nullptr, biases.first, part.rows, first * sharing,
                           sharing});
            byRows(made, true);
        }
    }
    const std::int64_t experts = stack.rows() / out.cols;
    m_bytesRead += stack.bytes() / static_cast<std::uint64_t>(experts) *
                   static_cast<std::uint64_t>(std::min(out.rows, experts));
}

void Linear::inLanes(const Product& product) {
    const std::int64_t tokens = product.tokens > mostAlone ? laneTokens : 1;
    std::vector<std::uint32_t> constants = product.constants;
    constants.push_back(m_gpu.device.subgroupSize());
    constants.push_back(static_cast<std::uint32_t>(tokens));
    m_gpu.recorder.dispatch(m_gpu.pipelines.get(Shader::LinearLanes, constants), product.bindings,
                            product.push.words(), groupsToCover(product.rows, groupSize * laneRows),
                            groupsToCover(product.tokens, tokens));
}

void Linear::inTiles(const Product& product) {
    m_gpu.recorder.dispatch(m_gpu.pipelines.get(Shader::LinearMatrix, product.constants), product.bindings,
                            product.push.words(), groupsToCover(product.rows, tile),
                            groupsToCover(product.tokens, tile));
}

void Linear::byRows(const Product& product, bool isOfExperts) {
    // More rows share the activations where loads, not lanes, are what is short.
    const std::uint32_t rowsOfSubgroup = m_gpu.device.description().isSoftware ? 8 : 4;
    std::vector<std::uint32_t> constants = product.constants;
    constants.push_back(rowsOfSubgroup);
    if (isOfExperts)
        constants.push_back(1);
    const std::int64_t rowsOfGroup = groupSize / m_gpu.device.subgroupSize() * rowsOfSubgroup;
    m_gpu.recorder.dispatch(m_gpu.pipelines.get(Shader::LinearVector, constants), product.bindings,
                            product.push.words(), groupsFor(product.rows, rowsOfGroup),
                            static_cast<std::uint32_t>(product.tokens));
}

std::uint64_t Linear::takeBytesRead() {
    return std::exchange(m_bytesRead, 0);
}

} // namespace kernels::vulkan
