#include "engine/recompute.h"

#include <algorithm>

namespace engine {

Recompute::Recompute(std::shared_ptr<const Model> model, int keys, kernels::KvType type)
    : m_keys(static_cast<std::size_t>(std::max(1, keys))),
      m_context(std::move(model), {.mode = CacheMode::Dense, .window = std::max(1, keys), .ringType = type}) {
}

std::span<const float> Recompute::next(TokenId token, const std::stop_token& stop) {
    // Until the window is full nothing has to go, so what was read is what would be read.
    const bool grows = m_isRead && m_recent.size() < m_keys;
    const std::vector<TokenId> before = m_recent;
    skip(token);
    if (!grows)
        m_context.cache().rewind(0);
    const std::span<const TokenId> unread =
        grows ? std::span<const TokenId>(m_recent).last(1) : std::span<const TokenId>(m_recent);
    const auto logits = m_context.feed(unread, LogitsWanted::Last, nullptr, stop);
    m_isRead = !logits.empty();
    if (!m_isRead)
        m_recent = before;
    return logits;
}

void Recompute::skip(TokenId token) {
    if (m_recent.size() == m_keys)
        m_recent.erase(m_recent.begin());
    m_recent.push_back(token);
    m_isRead = false;
}

} // namespace engine
