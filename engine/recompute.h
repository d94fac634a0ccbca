#pragma once
#include "engine/stream.h"

#include <memory>
#include <span>
#include <vector>

namespace engine {

/// Sliding window with re-computation, the slow baseline (paper, figure 1 (c)): for every token the newest
/// `keys` tokens are read from scratch at positions 0 .. keys-1, nothing is cached in between. Engine thread
/// or the command line.
class Recompute {
public:
    Recompute(std::shared_ptr<const Model> model, int keys, kernels::KvType type);
    /// Logits after one more token: (vocabulary), valid until the next call.
    std::span<const float> next(TokenId token);
    /// One more token of the past, not read until it is needed: a full window without its cost.
    void skip(TokenId token);

private:
    std::vector<TokenId> m_recent; // at most m_keys, oldest first
    std::size_t m_keys;
    bool m_isRead = true; // the cache holds all of m_recent
    Stream m_stream;      // dense, emptied for every token
};

} // namespace engine
