#include "engine/recompute.h"

#include <algorithm>

namespace engine {

Recompute::Recompute(std::shared_ptr<const Model> model, int keys, kernels::KvType type)
    : m_keys(static_cast<std::size_t>(std::max(1, keys))),
      m_stream(std::move(model), {.mode = CacheMode::Dense, .window = std::max(1, keys), .ringType = type}) {}

std::span<const float> Recompute::next(TokenId token) {
    // Until the window is full nothing has to go, so what was read is what would be read.
    const bool grows = m_isRead && m_recent.size() < m_keys;
    skip(token);
    m_isRead = true;
    if (grows)
        return m_stream.feed({&token, 1}, LogitsWanted::Last);
    m_stream.cache().rewind(0);
    return m_stream.feed(m_recent, LogitsWanted::Last);
}

void Recompute::skip(TokenId token) {
    if (m_recent.size() == m_keys)
        m_recent.erase(m_recent.begin());
    m_recent.push_back(token);
    m_isRead = false;
}

} // namespace engine
