#include "kernels/vulkan/top_logits.h"

#include <algorithm>

namespace kernels::vulkan {
namespace {

// As in shaders/top_logits.comp.
enum Stage : std::uint32_t { List, CountDigit, Collect };

// A group looks through its bins before it looks at its columns, so it gets a good number of them.
constexpr std::int64_t columnsOfGroup = 4096;

} // namespace

void TopLogitsOfDevice::run(Tensor logits, const Slice& inputs, std::uint32_t listedAt, TopLogits& top) {
    if (logits.cols > gpu::mostLogits)
        throw std::runtime_error("The graphics device cannot search a vocabulary as large as this one.");
    const auto columns = static_cast<std::uint32_t>(logits.cols),
               listed = static_cast<std::uint32_t>(top.listed.size()),
               wanted = static_cast<std::uint32_t>(std::min<std::size_t>(top.largest.size(), columns));
    const std::uint32_t groups = groupsFor(columns, columnsOfGroup);
    const gpu::FoundLogits layout(listed, groups, wanted);
    const std::uint32_t binsAt = (columns + 31) / 32;
    const VkDeviceSize foundBytes = VkDeviceSize{4} * layout.words;
    const Slice& state =
        m_gpu.scratch(m_state, VkDeviceSize{4} * (binsAt + gpu::logitDigits * gpu::logitBins), m_outgrown);
    const Slice& found = m_gpu.scratch(m_found, foundBytes, m_outgrown);
    Recorder& recorder = m_gpu.recorder;
    const Binding row = bindingOf(m_gpu, logits);
    const Binding bindings[] = {row, {inputs}, {state}, {found}};
    const auto dispatch = [&](Stage stage, std::uint32_t digit, std::uint32_t groupsOfStage) {
        const std::uint32_t constants[] = {stage};
        Push push;
        push.add(
            {columns, row.first, listedAt, listed, wanted, digit, binsAt, layout.sumsAt, layout.entriesAt});
        recorder.barrier();
        recorder.dispatch(m_gpu.pipelines.get(Shader::TopLogits, constants), bindings, push.words(),
                          groupsOfStage);
    };
    recorder.barrier();
    recorder.fillZero(state);
    recorder.fillZero(found);
    if (listed > 0)
        dispatch(List, 0, groupsFor(listed));
    for (std::uint32_t digit = 0; digit < gpu::logitDigits; ++digit)
        dispatch(CountDigit, digit, groups);
    dispatch(Collect, 0, groups);
    m_pending.push_back({&top, layout, recorder.stepMemory().take(foundBytes)});
    recorder.barrier();
    recorder.copy(found, m_pending.back().found, foundBytes);
}

void TopLogitsOfDevice::finish() {
    for (const Pending& pending : m_pending)
        pending.layout.fill(reinterpret_cast<const std::uint32_t*>(pending.found.mapped), *pending.top);
    m_pending.clear();
}

} // namespace kernels::vulkan
