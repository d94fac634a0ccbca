#include "kernels/vulkan/top_logits.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace kernels::vulkan {
namespace {

// As in shaders/top_logits.comp.
enum Stage : std::uint32_t { List, CountDigit, Collect };
constexpr std::uint32_t bins = 256, digits = 7;
constexpr std::int64_t mostColumns = 1 << 24; // ids are three digits

// A group looks through its bins before it looks at its columns, so it gets a good number of them.
constexpr std::int64_t columnsOfGroup = 4096;

double logOfSum(std::span<const std::uint32_t> sums) {
    double largest = -INFINITY, sum = 0;
    const auto number = [&](std::size_t i) { return static_cast<double>(std::bit_cast<float>(sums[i])); };
    for (std::size_t i = 0; i < sums.size(); i += 2)
        if (number(i + 1) > 0)
            largest = std::max(largest, number(i));
    for (std::size_t i = 0; i < sums.size(); i += 2)
        if (number(i + 1) > 0)
            sum += number(i + 1) * std::exp(number(i) - largest);
    return sum > 0 ? largest + std::log(sum) : -INFINITY;
}

} // namespace

void TopLogitsOfDevice::run(Tensor logits, const Slice& inputs, std::uint32_t listedAt, TopLogits& top) {
    if (logits.cols > mostColumns)
        throw std::runtime_error("The graphics device cannot search a vocabulary as large as this one.");
    const auto columns = static_cast<std::uint32_t>(logits.cols),
               listed = static_cast<std::uint32_t>(top.listed.size()),
               wanted = static_cast<std::uint32_t>(std::min<std::size_t>(top.largest.size(), columns));
    const std::uint32_t groups = groupsFor(columns, columnsOfGroup);
    const std::uint32_t binsAt = (columns + 31) / 32, sumsAt = 1 + listed, entriesAt = sumsAt + 2 * groups;
    const VkDeviceSize foundBytes = VkDeviceSize{4} * (entriesAt + 2 * wanted);
    const Slice& state = m_gpu.scratch(m_state, VkDeviceSize{4} * (binsAt + digits * bins), m_outgrown);
    const Slice& found = m_gpu.scratch(m_found, foundBytes, m_outgrown);
    Recorder& recorder = m_gpu.recorder;
    const Binding row = bindingOf(m_gpu, logits);
    const Binding bindings[] = {row, {inputs}, {state}, {found}};
    const auto dispatch = [&](Stage stage, std::uint32_t digit, std::uint32_t groupsOfStage) {
        const std::uint32_t constants[] = {stage};
        Push push;
        push.add({columns, row.first, listedAt, listed, wanted, digit, binsAt, sumsAt, entriesAt});
        recorder.barrier();
        recorder.dispatch(m_gpu.pipelines.get(Shader::TopLogits, constants), bindings, push.words(),
                          groupsOfStage);
    };
    recorder.barrier();
    recorder.fillZero(state);
    recorder.fillZero(found);
    if (listed > 0)
        dispatch(List, 0, groupsFor(listed));
    for (std::uint32_t digit = 0; digit < digits; ++digit)
        dispatch(CountDigit, digit, groups);
    dispatch(Collect, 0, groups);
    m_pending.push_back({&top, groups, sumsAt, entriesAt, recorder.stepMemory().take(foundBytes)});
    recorder.barrier();
    recorder.copy(found, m_pending.back().found, foundBytes);
}

void TopLogitsOfDevice::fill(const Pending& pending) {
    const auto* const words = reinterpret_cast<const std::uint32_t*>(pending.found.mapped);
    TopLogits& top = *pending.top;
    for (std::size_t i = 0; i < top.listed.size(); ++i)
        top.listed[i] = std::bit_cast<float>(words[1 + i]);
    top.logSumExp = logOfSum({words + pending.sumsAt, 2 * pending.groups});
    std::fill(top.largest.begin(), top.largest.end(), Logit{});
    const auto found = top.largest.first(std::min<std::size_t>(words[0], top.largest.size()));
    for (std::size_t i = 0; i < found.size(); ++i) {
        const std::uint32_t* const entry = words + pending.entriesAt + 2 * i;
        found[i] = {static_cast<std::int32_t>(entry[0]), std::bit_cast<float>(entry[1])};
    }
    std::sort(found.begin(), found.end(), isLarger);
}

void TopLogitsOfDevice::finish() {
    for (const Pending& pending : m_pending)
        fill(pending);
    m_pending.clear();
}

} // namespace kernels::vulkan
