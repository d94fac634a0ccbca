#include "engine/generator.h"

#include <algorithm>

namespace engine {

void SampledGenerator::begin(std::span<const TokenId> text, std::span<const TokenId> never) {
    m_sampler.forbid(never);
    for (const TokenId token :
         text.last(std::min(text.size(), static_cast<std::size_t>(std::max(0, m_window)))))
        m_sampler.accept(token);
}

TokenId SampledGenerator::next(const Logits& logits, Lookahead&) {
    const TokenId token = m_sampler.pick(logits);
    m_sampler.accept(token);
    return token;
}

} // namespace engine
