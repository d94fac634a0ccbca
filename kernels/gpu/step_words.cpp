#include "kernels/gpu/step_words.h"

#include <cstring>

namespace kernels::gpu {

StepWords wordsOf(const StepInputs& inputs, std::int32_t unit) {
    StepWords step;
    std::vector<std::int32_t>& words = step.words;
    const auto append = [&](const auto& part) {
        const auto at = static_cast<std::uint32_t>(words.size());
        words.insert(words.end(), part.begin(), part.end());
        return at;
    };
    step.tokensAt = append(inputs.tokens);
    step.slotsAt = append(inputs.slots);
    step.listedAt = append(inputs.listed);
    for (const std::span<const float>& table : inputs.angles) {
        step.anglesAt.push_back(static_cast<std::uint32_t>(words.size()));
        words.resize(words.size() + table.size());
        if (!table.empty())
            std::memcpy(words.data() + step.anglesAt.back(), table.data(), table.size_bytes());
    }
    for (const KeyView& view : inputs.views)
        step.pieces.push_back(listPieces(view, words, unit));
    return step;
}

} // namespace kernels::gpu
