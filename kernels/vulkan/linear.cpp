#include "kernels/vulkan/linear.h"

#include "kernels/round_up.h"

#include <algorithm>
#include <utility>

namespace kernels::vulkan {
namespace {

constexpr std::int64_t mostAlone = 4;                // up to here each token reads the weights for itself
constexpr std::int64_t tile = 32;                    // rows and tokens of a workgroup of linear_matrix.comp
constexpr std::int64_t laneRows = 4, laneTokens = 8; // of a lane of linear_lanes.comp, where there are many

constexpr std::int64_t mostGroups = 65535; // in one direction, on any device

constexpr std::uint32_t carefulTerms = 2;          // halves that an activation becomes
constexpr std::int64_t mostHalvesBytes = 16 << 20; // of the device's memory: longer prompts take turns

std::int64_t halfBytesOf(std::int64_t cols, std::int64_t terms) {
    return gpu::PackedForm::chunksOf(cols) * gpu::chunkColumns * terms * 2;
}

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

void Linear::run(Tensor x, std::span<const LinearJob> jobs, Rounding rounding) {
    const bool inHalves =
        std::any_of(jobs.begin(), jobs.end(), [&](const LinearJob& job) { return takesMatrices(job); });
    const std::int64_t tokens = tokensAtOnce(x, jobs, inHalves);
    for (std::int64_t first = 0; first < x.rows; first += tokens) {
        const std::int64_t count = std::min(tokens, x.rows - first);
        const Tensor part = x.rowRange(first, count);
        m_gpu.recorder.barrier(); // no job reads what another writes
        std::optional<Halves> halves;
        if (inHalves)
            halves = toHalves(part, rounding);
        for (const LinearJob& job : jobs)
            for (const VulkanWeight::Part& rows : static_cast<const VulkanWeight&>(*job.weight).parts())
                product(part, job, job.out.rowRange(first, count), rows, halves);
    }
    for (const LinearJob& job : jobs)
        m_bytesRead += static_cast<const VulkanWeight&>(*job.weight).bytes();
}

/// With memory behind copies such a device stands for a card in tests.
bool Linear::runsInLanes() const {
    return m_gpu.device.description().isSoftware && m_gpu.device.isUnified();
}

/// Not for F32, of which a half keeps too little.
bool Linear::takesMatrices(const LinearJob& job) const {
    return m_gpu.device.matrix() && !runsInLanes() && job.out.rows > mostAlone &&
           static_cast<const VulkanWeight&>(*job.weight).form().form != gpu::Form::F32;
}

/// As many as fit into a binding, whatever it holds of them.
std::int64_t Linear::tokensAtOnce(Tensor x, std::span<const LinearJob> jobs, bool inHalves) const {
    std::int64_t numbers = x.cols; // of a token
    for (const LinearJob& job : jobs) {
        assert(x.cols == job.weight->cols() && job.out.rows == x.rows && job.out.cols == job.weight->rows());
        numbers = std::max(numbers, job.out.cols);
    }
    const std::int64_t tokens = std::max<std::int64_t>(1, m_gpu.floatsOfBinding() / numbers);
    if (!inHalves)
        return tokens;
    const std::int64_t fit = mostHalvesBytes / halfBytesOf(x.cols, carefulTerms);
    return std::min(tokens, std::max<std::int64_t>(matrixTile, fit / matrixTile * matrixTile));
}

/// All jobs of a run share them.
Linear::Halves Linear::toHalves(Tensor x, Rounding rounding) {
    const std::int64_t chunks = gpu::PackedForm::chunksOf(x.cols);
    Halves halves{.termsOfNumber = rounding == Rounding::Careful ? carefulTerms : 1};
    const auto termBytes = static_cast<VkDeviceSize>(x.rows * halfBytesOf(x.cols, halves.termsOfNumber)),
               numberBytes = static_cast<VkDeviceSize>(x.rows * (chunks + 1)) * sizeof(float);
    const VkDeviceSize numbersAt = roundUp(termBytes, sliceAlignment);
    const Slice& all = m_gpu.scratch(m_halves, numbersAt + numberBytes, m_outgrown);
    halves.terms = {all.buffer, all.offset, termBytes};
    halves.numbers = {all.buffer, all.offset + numbersAt, numberBytes};
    const Binding from = bindingOf(m_gpu, x), bindings[] = {from, {halves.terms}, {halves.numbers}};
    Push push;
    push.add({x.rows, x.cols, chunks, from.first});
    const std::uint32_t constants[] = {halves.termsOfNumber};
    m_gpu.recorder.dispatch(m_gpu.pipelines.get(Shader::LinearHalves, constants), bindings, push.words(),
                            groupsFor(x.rows, 1));
    m_gpu.recorder.barrier();
    return halves;
}

void Linear::product(Tensor x, const LinearJob& job, Tensor out, const VulkanWeight::Part& part,
                     const std::optional<Halves>& halves) {
    const auto& weight = static_cast<const VulkanWeight&>(*job.weight);
    const bool isOnMatrices = halves && takesMatrices(job);
    const Binding from = bindingOf(m_gpu, x), to = bindingOf(m_gpu, out);
    const Binding bias = job.bias ? bindingOf(m_gpu, job.bias) : from;
    const Binding bindings[] = {{part.quants.slice()},
                                {part.scales.slice()},
                                isOnMatrices ? Binding{halves->terms} : from,
                                to,
                                bias,
                                isOnMatrices ? Binding{halves->numbers} : from};
    Product made{part.rows, x.rows, constantsOf(weight.form()), bindings, {}};
    made.push.add({part.rows, x.cols, weight.chunksOfRow(), from.first, to.first, out.cols, part.firstRow,
                   job.write == Write::Add, job.bias != nullptr, bias.first, x.rows});
    if (isOnMatrices)
        onMatrices(made, halves->termsOfNumber);
    else if (runsInLanes())
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

void Linear::onMatrices(const Product& product, std::uint32_t termsOfNumber) {
    const CooperativeMatrix& matrix = *m_gpu.device.matrix();
    std::vector<std::uint32_t> constants = product.constants;
    constants.insert(constants.end(), {matrix.size.rows, matrix.size.columns, matrix.size.depth,
                                       matrix.partRows, matrix.partColumns, termsOfNumber});
    const VkPipeline pipeline =
        m_gpu.pipelines.get(Shader::LinearCooperative, constants, {matrixInvocations, matrix.subgroupSize});
    m_gpu.recorder.dispatch(pipeline, product.bindings, product.push.words(),
                            groupsToCover(product.rows, matrixTile),
                            groupsToCover(product.tokens, matrixTile));
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
