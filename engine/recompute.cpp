#include "engine/recompute.h"

#include "engine/reading_chunk.h"

#include <algorithm>

namespace engine {

Recompute::Recompute(std::shared_ptr<const Model> model, int keys, kernels::KvType type)
    : m_keys(static_cast<std::size_t>(std::max(1, keys))),
      m_context(model, {.mode = CacheMode::Dense,
                        .window = std::max(1, keys),
                        .ringType = type,
                        .maxChunk = readingChunk(*model)}) {}

std::span<const float> Recompute::next(TokenId token, const std::stop_token& stop) {
    std::span<const float> logits;
    while (logits.empty() && !stop.stop_requested())
        logits = readOn(token, stop);
    return logits;
}

std::span<const float> Recompute::readOn(TokenId token, const std::stop_token& stop) {
    if (!m_isReading)
        skip(token);
    m_isReading = true;
    const auto read = static_cast<std::size_t>(m_context.cache().next());
    const std::size_t left = m_recent.size() - read;
    const std::size_t now = std::min(left, static_cast<std::size_t>(m_context.options().maxChunk));
    const auto logits = m_context.feed(std::span<const TokenId>(m_recent).subspan(read, now),
                                       now == left ? LogitsWanted::Last : LogitsWanted::None, nullptr, stop);
    m_isReading = logits.empty();
    return logits;
}

// Until the window is full nothing has to go, so what was read is what would be read.
void Recompute::skip(TokenId token) {
    if (m_recent.size() == m_keys) {
        m_recent.erase(m_recent.begin());
        m_context.cache().rewind(0);
    }
    m_recent.push_back(token);
}

} // namespace engine
