#pragma once
#include "engine/logits.h"
#include "engine/types.h"

#include <memory>
#include <span>

namespace engine {

/// Logits to a token. Deterministic: same seed, same logits, same history, same token. Engine thread.
class Sampler {
public:
    explicit Sampler(const SamplingOptions& options);
    ~Sampler();
    /// Tokens the repetition penalty sees (prompt and generated).
    void accept(TokenId token);
    /// Tokens that are never picked (control tokens other than the ends of a turn).
    void forbid(std::span<const TokenId> tokens);
    /// With this much of the logits pick() is content: the tokens that the penalty changes and those that are forbidden are apart. All,
    /// without a top-k. Valid until the next call.
    TopWanted wants();
    /// Penalty, top-k, top-p, min-p, temperature, in this order. Greedy at temperature 0. Allocates on the first call only.
    /// The same token from what wants() asks for as from all logits. Throws engine::Error when the logits are not numbers.
    TokenId pick(const Logits& logits);
    TokenId pick(std::span<const float> logits) { return pick(Logits(logits)); }

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace engine
