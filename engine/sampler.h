#pragma once
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
    TokenId pick(std::span<const float> logits);

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace engine
