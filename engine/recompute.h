#pragma once
#include "engine/context.h"

#include <memory>
#include <span>
#include <stop_token>
#include <vector>

namespace engine {

/// Sliding window with re-computation, the slow baseline (paper, figure 1 (c)): for every token the newest
/// `keys` tokens are read from scratch at positions 0 .. keys-1, nothing is cached in between. Engine thread
/// or the command line.
class Recompute {
public:
    Recompute(std::shared_ptr<const Model> model, int keys, kernels::KvType type);
    /// Logits after one more token: (vocabulary), valid until the next call. Empty when it was stopped: then the next call, with the same
    /// token, goes on where this one was left.
    std::span<const float> next(TokenId token, const std::stop_token& stop = {});
    /// The same in steps: reads a chunk at most; empty until the last one.
    std::span<const float> readOn(TokenId token, const std::stop_token& stop = {});
    /// One more token of the past, not read until it is needed: a full window without its cost.
    void skip(TokenId token);

private:
    std::vector<TokenId> m_recent; // at most m_keys, oldest first
    std::size_t m_keys;
    bool m_isReading = false; // the newest of them is one that readOn() has not finished
    Context m_context;        // dense; holds the oldest of them, and is emptied for every token
};

} // namespace engine
