#include "kernels/vulkan_backend.h"

#include "kernels/gpu/step_words.h"
#include "kernels/vulkan/attention.h"
#include "kernels/vulkan/experts.h"
#include "kernels/vulkan/gpu.h"
#include "kernels/vulkan/instance.h"
#include "kernels/vulkan/kv_store.h"
#include "kernels/vulkan/linear.h"
#include "kernels/vulkan/top_logits.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <stdexcept>

namespace kernels {

using vulkan::Binding;
using vulkan::bindingOf;
using vulkan::groupsFor;
using vulkan::Push;
using vulkan::Shader;
using vulkan::Slice;
using vulkan::VulkanExpertChoice;

namespace {

/// Records operations; submit() runs them. Every operation sees what those before it have written.
class VulkanBackend final : public Backend {
public:
    explicit VulkanBackend(const VulkanOptions& options)
        : m_gpu(options), m_attention(m_gpu), m_linear(m_gpu), m_experts(m_gpu, m_linear),
          m_topLogits(m_gpu) {}

    DeviceInfo info() const override {
        const VulkanDevice& device = m_gpu.device.description();
        return {.name = device.name + (device.isSoftware ? " (software)" : ""),
                .instructionSet = device.features,
                .isDiscrete = device.isDiscrete};
    }

    std::unique_ptr<Weight> makeWeight(const HostMatrix& source, const std::stop_token& stop) override {
        auto weight = std::make_unique<vulkan::VulkanWeight>(m_gpu, source, stop);
        return stop.stop_requested() ? nullptr : std::move(weight);
    }
    std::unique_ptr<Buffer> makeBuffer(std::int64_t rows, std::int64_t cols) override {
        return std::make_unique<vulkan::VulkanBuffer>(m_gpu, rows, cols);
    }
    std::unique_ptr<KvCache> makeKvCache(const KvShape& shape) override {
        return std::make_unique<vulkan::VulkanKvCache>(m_gpu, shape);
    }
    std::unique_ptr<Experts> makeExperts(const HostMatrix& stacked, int experts,
                                         const std::stop_token& stop) override {
        assert(experts > 0 && stacked.rows % experts == 0);
        auto made = std::make_unique<vulkan::VulkanExperts>(m_gpu, stacked, experts, stop);
        return stop.stop_requested() ? nullptr : std::move(made);
    }
    std::unique_ptr<ExpertChoice> makeExpertChoice(std::int64_t mostTokens, int experts, int used) override {
        return std::make_unique<vulkan::VulkanExpertChoice>(m_gpu, mostTokens, experts, used);
    }
    void write(Tensor destination, std::span<const float> values) override;
    std::span<const float> read(Tensor source) override;

    void begin(const StepInputs& inputs) override;
    void submit() override;
    void wait() override;

    void embed(const Weight& table, Tensor out) override;
    void rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor out) override {
        norm(x, gain, nullptr, epsilon, out, false);
    }
    void layerNorm(Tensor x, Tensor gain, const Buffer* bias, float epsilon, Tensor out) override {
        norm(x, gain, bias, epsilon, out, true);
    }
    void linear(Tensor x, std::span<const LinearJob> jobs, Rounding rounding) override {
        assert(m_stage == Stage::Begun);
        m_linear.run(x, jobs, rounding);
    }
    void chooseExperts(Tensor logits, ExpertWeights weights, ExpertChoice& choice) override {
        assert(m_stage == Stage::Begun);
        m_experts.choose(logits, weights, static_cast<const VulkanExpertChoice&>(choice));
    }
    void linearExperts(Tensor x, std::span<const ExpertJob> jobs, const ExpertChoice& choice,
                       Rounding) override {
        assert(m_stage == Stage::Begun);
        m_experts.run(x, jobs, static_cast<const VulkanExpertChoice&>(choice));
    }
    void combineExperts(Tensor parts, const ExpertChoice& choice, const Buffer* scales, Write write,
                        Tensor out) override {
        assert(m_stage == Stage::Begun);
        m_experts.combine(parts, static_cast<const VulkanExpertChoice&>(choice), scales, write, out);
    }
    void rope(Tensor x, int headDim, int ropeDim, RopePairing pairing, int table, Tensor out) override;
    void storeKv(KvCache& cache, int layer, Tensor k, Tensor v) override;
    void attend(const AttendArgs& args) override;
    void gatedActivation(Activation activation, Tensor gate, Tensor up, Tensor out) override {
        elementwise(Elementwise::Gated, gate, up, out, 0.0f, activation);
    }
    void activation(Activation activation, Tensor inOut) override {
        elementwise(Elementwise::Activation, inOut, inOut, inOut, 0.0f, activation);
    }
    void clamp(Tensor inOut, float limit) override {
        elementwise(Elementwise::Clamp, inOut, inOut, inOut, limit);
    }
    void softcap(Tensor inOut, float cap) override {
        elementwise(Elementwise::Softcap, inOut, inOut, inOut, cap);
    }
    void add(Tensor x, Tensor inOut) override { elementwise(Elementwise::Add, x, inOut, inOut, 0.0f); }
    void scale(Tensor inOut, float factor) override {
        elementwise(Elementwise::Scale, inOut, inOut, inOut, factor);
    }
    void topLogits(Tensor logits, TopLogits& top) override {
        assert(m_stage == Stage::Begun && logits.rows == 1 && top.listed.size() == m_inputs.listed.size());
        m_topLogits.run(logits, m_words, m_step.listedAt, top);
    }
    std::uint64_t takeBytesRead() override { return m_linear.takeBytesRead() + m_attention.takeBytesRead(); }

private:
    enum class Stage { Outside, Begun, Submitted };
    enum class Elementwise : std::uint32_t {
        Gated,
        Activation,
        Clamp,
        Softcap,
        Add,
        Scale
    }; // as in elementwise.comp
    void norm(Tensor x, Tensor gain, const Buffer* bias, float epsilon, Tensor out, bool isCentred);
    void elementwise(Elementwise operation, Tensor x, Tensor y, Tensor out, float parameter,
                     Activation activation = Activation::Silu);
    void uploadInputs();

    vulkan::Gpu m_gpu;
    vulkan::Attention m_attention;
    vulkan::Linear m_linear;
    vulkan::ExpertMixtures m_experts;
    vulkan::TopLogitsOfDevice m_topLogits;
    Stage m_stage = Stage::Outside;
    // Of the step: its inputs and where they lie among the uploaded words.
    StepInputs m_inputs;
    Slice m_words;
    gpu::StepWords m_step;
};

void VulkanBackend::write(Tensor destination, std::span<const float> values) {
    assert(m_stage == Stage::Outside &&
           values.size() == static_cast<std::size_t>(destination.rows * destination.cols));
    const Slice& slice = static_cast<vulkan::VulkanBuffer&>(*destination.buffer).slice();
    m_gpu.recorder.write(slice, static_cast<VkDeviceSize>(destination.offset) * sizeof(float),
                         std::as_bytes(values));
}

std::span<const float> VulkanBackend::read(Tensor source) {
    assert(m_stage == Stage::Outside);
    auto& buffer = static_cast<vulkan::VulkanBuffer&>(*source.buffer);
    std::vector<float>& copy = buffer.copyForReading();
    copy.resize(static_cast<std::size_t>(source.rows * source.cols));
    m_gpu.recorder.read(buffer.slice(), static_cast<VkDeviceSize>(source.offset) * sizeof(float),
                        std::as_writable_bytes(std::span(copy)));
    return copy;
}

void VulkanBackend::begin(const StepInputs& inputs) {
    assert(m_stage != Stage::Submitted);
    m_stage = Stage::Outside; // where it throws
    m_inputs = inputs;
    m_attention.begin();
    m_linear.begin();
    m_topLogits.begin();
    m_gpu.recorder.begin();
    uploadInputs();
    m_stage = Stage::Begun;
}

void VulkanBackend::uploadInputs() {
    m_step = gpu::wordsOf(m_inputs);
    const std::span<const std::int32_t> words = m_step.words;
    m_words = m_gpu.recorder.stepMemory().take(words.size_bytes());
    if (!words.empty())
        std::memcpy(m_words.mapped, words.data(), words.size_bytes());
}

void VulkanBackend::submit() {
    assert(m_stage == Stage::Begun);
    m_stage = Stage::Outside; // where it throws
    m_gpu.recorder.submit();
    m_stage = Stage::Submitted;
}

void VulkanBackend::wait() {
    assert(m_stage == Stage::Submitted);
    m_stage = Stage::Outside;
    m_inputs = {};
    m_gpu.recorder.wait();
    m_attention.finish();
    m_topLogits.finish();
}

void VulkanBackend::embed(const Weight& table, Tensor out) {
    assert(m_stage == Stage::Begun && out.rows == static_cast<std::int64_t>(m_inputs.tokens.size()));
    const auto& weight = static_cast<const vulkan::VulkanWeight&>(table);
    const Binding to = bindingOf(m_gpu, out);
    const VkPipeline pipeline = m_gpu.pipelines.get(Shader::Embed, vulkan::constantsOf(weight.form()));
    m_gpu.recorder.barrier();
    for (const auto& part : weight.parts()) { // each writes the rows that it has
        const Binding bindings[] = {{part.quants.slice()}, {part.scales.slice()}, {m_words}, to};
        Push push;
        push.add(
            {m_step.tokensAt, out.rows, out.cols, weight.chunksOfRow(), part.firstRow, part.rows, to.first});
        m_gpu.recorder.dispatch(pipeline, bindings, push.words(), groupsFor(out.rows * weight.chunksOfRow()));
    }
}

void VulkanBackend::norm(Tensor x, Tensor gain, const Buffer* bias, float epsilon, Tensor out,
                         bool isCentred) {
    assert(m_stage == Stage::Begun && x.rows == out.rows && x.cols == out.cols &&
           x.cols % (gain.rows * gain.cols) == 0);
    const Binding from = bindingOf(m_gpu, x), gains = bindingOf(m_gpu, gain), to = bindingOf(m_gpu, out);
    const Binding biases = bias ? bindingOf(m_gpu, bias) : gains;
    const Binding bindings[] = {from, gains, biases, to};
    const std::int64_t rows = x.rows * x.cols / gain.cols;
    Push push;
    push.add({rows, gain.cols, gain.rows, from.first, gains.first, biases.first, bias != nullptr, to.first})
        .add(epsilon);
    const std::uint32_t constants[] = {isCentred};
    m_gpu.recorder.barrier();
    m_gpu.recorder.dispatch(m_gpu.pipelines.get(Shader::Norm, constants), bindings, push.words(),
                            groupsFor(rows, 1));
}

void VulkanBackend::rope(Tensor x, int headDim, int ropeDim, RopePairing pairing, int table, Tensor out) {
    assert(m_stage == Stage::Begun && x.rows == out.rows && x.cols == out.cols && x.cols % headDim == 0);
    const Binding from = bindingOf(m_gpu, x), to = bindingOf(m_gpu, out);
    const Binding bindings[] = {from, {m_words}, to};
    const std::int64_t headsOfToken = x.cols / headDim, heads = x.rows * headsOfToken;
    Push push;
    push.add({heads, headsOfToken, headDim, ropeDim, from.first,
              m_step.anglesAt.at(static_cast<std::size_t>(table)), to.first});
    const std::uint32_t constants[] = {pairing == RopePairing::Neox};
    m_gpu.recorder.barrier();
    m_gpu.recorder.dispatch(m_gpu.pipelines.get(Shader::Rope, constants), bindings, push.words(),
                            groupsFor(heads * (headDim - ropeDim / 2)));
}

void VulkanBackend::storeKv(KvCache& cache, int layer, Tensor k, Tensor v) {
    auto& store = static_cast<vulkan::VulkanKvCache&>(cache);
    const KvShape& shape = store.shape();
    const auto [kvHeads, headDim] = shape.layer(layer);
    assert(m_stage == Stage::Begun && k.rows == static_cast<std::int64_t>(m_inputs.slots.size()));
    assert(k.cols == kvHeads * headDim && v.rows == k.rows && v.cols == k.cols);
    const Binding keys = bindingOf(m_gpu, k), values = bindingOf(m_gpu, v);
    const Binding bindings[] = {keys, values, {m_words}, {store.sinks(layer)}, {store.ring(layer)}};
    Push push;
    push.add({k.rows, kvHeads, headDim, keys.first, values.first, m_step.slotsAt, shape.sinkSlots,
              shape.ringSlots, static_cast<int>(shape.sinkType), static_cast<int>(shape.ringType),
              store.sinkLayout(layer).rowWords(), store.ringLayout(layer).rowWords()});
    constexpr int piece = 64; // as in kv_store.comp
    m_gpu.recorder.barrier();
    m_gpu.recorder.dispatch(m_gpu.pipelines.get(Shader::KvStore, {}), bindings, push.words(),
                            groupsFor(2 * k.rows * kvHeads * ((headDim + piece - 1) / piece)));
}

void VulkanBackend::attend(const AttendArgs& args) {
    assert(m_stage == Stage::Begun && static_cast<std::size_t>(args.view) < m_step.pieces.size());
    const auto view = static_cast<std::size_t>(args.view);
    m_attention.run(args, m_inputs.views[view], m_step.pieces[view], m_words);
}

void VulkanBackend::elementwise(Elementwise operation, Tensor x, Tensor y, Tensor out, float parameter,
                                Activation activation) {
    assert(m_stage == Stage::Begun && x.rows == out.rows && x.cols == out.cols && y.cols == out.cols);
    const std::uint32_t constants[] = {static_cast<std::uint32_t>(operation),
                                       static_cast<std::uint32_t>(activation)};
    const VkPipeline pipeline = m_gpu.pipelines.get(Shader::Elementwise, constants);
    const std::int64_t rowsAtOnce = std::max<std::int64_t>(1, m_gpu.floatsOfBinding() / out.cols);
    m_gpu.recorder.barrier();
    for (std::int64_t row = 0; row < out.rows; row += rowsAtOnce) {
        const std::int64_t rows = std::min(rowsAtOnce, out.rows - row);
        const Binding bindings[] = {bindingOf(m_gpu, x.rowRange(row, rows)),
                                    bindingOf(m_gpu, y.rowRange(row, rows)),
                                    bindingOf(m_gpu, out.rowRange(row, rows))};
        Push push;
        push.add({rows * out.cols, bindings[0].first, bindings[1].first, bindings[2].first}).add(parameter);
        m_gpu.recorder.dispatch(pipeline, bindings, push.words(), groupsFor(rows * out.cols));
    }
}

} // namespace

VulkanDevices listVulkanDevices() {
    VulkanDevices found;
    try {
        const auto instance = vulkan::Instance::get();
        for (const VkPhysicalDevice device : instance->devices())
            found.devices.push_back(vulkan::describe(device));
        if (found.devices.empty())
            found.problem = "There is no Vulkan device on this machine.";
    } catch (const std::runtime_error& error) {
        found.problem = error.what();
    }
    return found;
}

void failVulkanSubmission(int submissions, VulkanFault fault) {
    vulkan::failSubmission(submissions, fault == VulkanFault::DeviceLost ? VK_ERROR_DEVICE_LOST
                                                                         : VK_ERROR_OUT_OF_DEVICE_MEMORY);
}
void limitVulkanMemory(std::uint64_t bytes) {
    vulkan::limitMemory(bytes);
}
std::vector<std::string> vulkanValidationMessages() {
    return vulkan::validationMessages();
}

std::unique_ptr<Backend> makeVulkanBackend(const VulkanOptions& options) {
    return std::make_unique<VulkanBackend>(options);
}

} // namespace kernels
