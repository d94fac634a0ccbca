#pragma once
#include "engine/types.h"
#include "kernels/backend.h"

#include <span>

namespace engine {

/// What a sampler needs of a row of logits: the `count` largest of the tokens that are not in `apart`, and the logits of those that are
/// (each once, all in the vocabulary). count 0: all logits. The span is read before the call that takes it returns.
struct TopWanted {
    int count = 0;
    std::span<const TokenId> apart = {};
};

/// The logits after the newest token. A device that keeps them to itself gives the largest with the step, and all of them when somebody
/// asks. Does not own. Engine thread; valid until the next call of whoever gave them.
class Logits {
public:
    Logits() = default; // none
    Logits(std::span<const float> all) : m_all(all) {}
    struct Top {
        std::span<const kernels::Logit> largest; // in order; fewer where there are no more
        std::span<const kernels::Logit> apart;   // in the order they were asked for
        double logSumExp = 0;                    // of all
    };
    Logits(kernels::Backend& backend, kernels::Tensor row, const Top& top)
        : m_backend(&backend), m_row(row), m_top(top), m_hasTop(true) {}

    bool empty() const { return m_all.empty() && m_backend == nullptr; }
    const Top* top() const { return m_hasTop ? &m_top : nullptr; } // null: all were asked for
    std::span<const float> all() const { return m_backend != nullptr ? m_backend->read(m_row) : m_all; }
    /// -log of the token's probability, in nats.
    double negativeLogLikelihood(TokenId token) const;

private:
    std::span<const float> m_all;
    kernels::Backend* m_backend = nullptr;
    kernels::Tensor m_row;
    Top m_top;
    bool m_hasTop = false;
};

} // namespace engine
