#include "kernels/cuda/top_logits.h"

#include <algorithm>
#include <stdexcept>

namespace kernels::cuda {
namespace {

// A block looks through its bins before it looks at its columns, so it gets a good number of them.
constexpr std::int64_t columnsOfBlock = 4096;

} // namespace

void TopLogitsOfCard::run(Tensor logits, const std::int32_t* listed, TopLogits& top) {
    if (logits.cols > gpu::mostLogits)
        throw std::runtime_error("The graphics card cannot search a vocabulary as large as this one.");
    const auto columns = static_cast<std::uint32_t>(logits.cols),
               listedCount = static_cast<std::uint32_t>(top.listed.size()),
               wanted = static_cast<std::uint32_t>(std::min<std::size_t>(top.largest.size(), columns));
    const Blocks blocks = blocksFor(columns, columnsOfBlock);
    const gpu::FoundLogits layout(listedCount, blocks.x, wanted);
    const std::size_t markWords = (columns + 31) / 32,
                      stateBytes = 4 * (markWords + gpu::logitDigits * gpu::logitBins),
                      foundBytes = std::size_t{4} * layout.words;
    Recorder& recorder = m_gpu.recorder;
    auto* const state = reinterpret_cast<std::uint32_t*>(recorder.scratch(m_state, stateBytes));
    auto* const found = reinterpret_cast<std::uint32_t*>(recorder.scratch(m_found, foundBytes));
    recorder.zero(state, stateBytes);
    recorder.zero(found, foundBytes);
    TopLogitsArguments arguments{.row = addressOf(logits),
                                 .listedColumns = listed,
                                 .marks = state,
                                 .bins = state + markWords,
                                 .found = found,
                                 .columns = static_cast<std::int32_t>(columns),
                                 .listed = static_cast<std::int32_t>(listedCount),
                                 .wanted = static_cast<std::int32_t>(wanted),
                                 .digit = 0,
                                 .sumsAt = static_cast<std::int32_t>(layout.sumsAt),
                                 .entriesAt = static_cast<std::int32_t>(layout.entriesAt)};
    if (listedCount > 0)
        recorder.launch(KernelId::MarkListed, 0, blocksFor(listedCount), blockThreads, arguments);
    for (; arguments.digit < static_cast<std::int32_t>(gpu::logitDigits); ++arguments.digit)
        recorder.launch(KernelId::CountLogitDigit, 0, blocks, blockThreads, arguments);
    recorder.launch(KernelId::CollectLogits, 0, blocks, blockThreads, arguments);
    m_pending.push_back({&top, layout, recorder.download(found, foundBytes)});
}

void TopLogitsOfCard::finish() {
    for (const Pending& pending : m_pending)
        pending.layout.fill(reinterpret_cast<const std::uint32_t*>(pending.found), *pending.top);
    m_pending.clear();
}

} // namespace kernels::cuda
