#include "engine/sampler.h"

#include "engine/error.h"
#include "engine/log_sum_exp.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cmath>
#include <random>
#include <vector>

namespace engine {
namespace {

struct Candidate {
    float logit;
    TokenId token;
};

// Total order, so that equal logits give the same token on every machine.
bool better(const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

// Weights below exp(-40) of the best one add up to less than 1e-12 of the whole, even over a large
// vocabulary.
constexpr float NegligibleNats = 40.0f;

std::uint64_t seedFromClock() {
    return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
}

} // namespace

struct Sampler::Impl {
    SamplingOptions options;
    std::mt19937_64 random;
    std::vector<TokenId> recent; // ring of the newest repetitionWindow tokens
    std::size_t recentNext = 0;
    std::vector<TokenId> forbidden; // ascending
    std::vector<float> logits;      // penalised copy
    std::vector<TokenId> distinct;  // tokens that the penalty changes, ascending
    std::vector<TokenId> apart;     // these and the forbidden ones, ascending
    std::vector<Candidate> candidates;
    std::vector<double> weights;

    bool isGreedy() const { return options.temperature <= 0.0f; }
    bool has(const Logits::Top& top, const TopWanted& wanted) const;
    void findDistinct();
    float penalised(float logit) const {
        return logit > 0.0f ? logit / options.repetitionPenalty : logit * options.repetitionPenalty;
    }
    void penalise();
    Candidate highest() const;
    void collectTopK(std::size_t k);
    void collectFrom(float edge);
    void collectFrom(const Logits::Top& parts, std::size_t k);
    TokenId pickFrom(const Logits::Top& parts);
    TokenId pickFromAll(std::span<const float> all);
    TokenId pickOfTopK(float edge, float top);
    float reach() const;
    void keepTopP(double total, float top);
    TokenId draw(float top);
};

Sampler::Sampler(const SamplingOptions& options) : m_impl(std::make_unique<Impl>()) {
    m_impl->options = options;
    m_impl->random.seed(options.seed != 0 ? options.seed : seedFromClock());
    m_impl->recent.reserve(static_cast<std::size_t>(std::max(0, options.repetitionWindow)));
    m_impl->distinct.reserve(m_impl->recent.capacity());
    m_impl->apart.reserve(m_impl->recent.capacity());
}

Sampler::~Sampler() = default;

void Sampler::forbid(std::span<const TokenId> tokens) {
    m_impl->forbidden.assign(tokens.begin(), tokens.end());
    std::sort(m_impl->forbidden.begin(), m_impl->forbidden.end());
    m_impl->apart.reserve(m_impl->forbidden.size() +
                          m_impl->recent.capacity()); // no allocation while tokens are picked
}

void Sampler::accept(TokenId token) {
    auto& recent = m_impl->recent;
    const auto window = static_cast<std::size_t>(std::max(0, m_impl->options.repetitionWindow));
    if (window == 0)
        return;
    if (recent.size() < window) {
        recent.push_back(token);
        return;
    }
    recent[m_impl->recentNext] = token;
    m_impl->recentNext = (m_impl->recentNext + 1) % window;
}

TopWanted Sampler::wants() {
    Impl& s = *m_impl;
    if (!s.isGreedy() && s.options.topK <= 0)
        return {};
    s.findDistinct();
    s.apart.assign(s.forbidden.begin(), s.forbidden.end());
    s.apart.insert(s.apart.end(), s.distinct.begin(), s.distinct.end());
    std::sort(s.apart.begin(), s.apart.end());
    s.apart.erase(std::unique(s.apart.begin(), s.apart.end()), s.apart.end());
    return {s.isGreedy() ? 1 : s.options.topK, s.apart};
}

TokenId Sampler::pick(const Logits& logits) {
    Impl& s = *m_impl;
    if (logits.top() != nullptr && s.has(*logits.top(), wants()))
        return s.pickFrom(*logits.top());
    return s.pickFromAll(logits.all());
}

/// They may be what another sampler wanted, at the end of the answer before this one.
bool Sampler::Impl::has(const Logits::Top& top, const TopWanted& wanted) const {
    return wanted.count > 0 && top.largest.size() >= static_cast<std::size_t>(wanted.count) &&
           std::equal(top.apart.begin(), top.apart.end(), wanted.apart.begin(), wanted.apart.end(),
                      [](const kernels::Logit& logit, TokenId token) { return logit.id == token; });
}

namespace {

void refuseNoNumber(float top) {
    if (!std::isfinite(top))
        throw Error("The model computed values that are not numbers; its file may be damaged.");
}

} // namespace

TokenId Sampler::Impl::pickFrom(const Logits::Top& parts) {
    collectFrom(parts, isGreedy() ? 1 : static_cast<std::size_t>(options.topK));
    const float top = candidates.empty() ? -INFINITY : candidates.front().logit;
    refuseNoNumber(top);
    return isGreedy() ? candidates.front().token : pickOfTopK(top - reach(), top);
}

// Top-p and min-p each cut the list sorted by probability, so the shorter cut wins whichever comes first:
// only what min-p leaves has to be collected and sorted, as long as top-p's share is taken of everything.
TokenId Sampler::Impl::pickFromAll(std::span<const float> all) {
    assert(!all.empty());
    logits.assign(all.begin(), all.end());
    candidates.reserve(all.size());
    weights.reserve(all.size());
    penalise();
    const Candidate top = highest();
    refuseNoNumber(top.logit);
    if (isGreedy())
        return top.token;
    const float edge = top.logit - reach();
    if (options.topK > 0 && static_cast<std::size_t>(options.topK) < all.size()) {
        collectTopK(static_cast<std::size_t>(options.topK));
        return pickOfTopK(edge, top.logit);
    }
    collectFrom(edge);
    keepTopP(std::exp(logSumExp(logits) - static_cast<double>(top.logit)), top.logit);
    return draw(top.logit);
}

/// Candidates whose logits are more than this below the best one are never picked.
float Sampler::Impl::reach() const {
    const float nats = NegligibleNats * std::max(1.0f, options.temperature);
    return options.minP > 0.0f ? std::min(nats, -std::log(std::min(1.0f, options.minP))) : nats;
}

/// Of the candidates in their order.
TokenId Sampler::Impl::pickOfTopK(float edge, float top) {
    double total = 0;
    for (const Candidate& c : candidates)
        total += std::exp(static_cast<double>(c.logit - top));
    std::erase_if(candidates, [edge](const Candidate& c) { return c.logit < edge; });
    keepTopP(total, top);
    return draw(top);
}

void Sampler::Impl::findDistinct() {
    distinct.clear();
    if (options.repetitionPenalty == 1.0f)
        return;
    distinct.assign(recent.begin(), recent.end());
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
}

void Sampler::Impl::penalise() {
    for (const TokenId token : forbidden)
        logits[static_cast<std::size_t>(token)] = -INFINITY;
    findDistinct();
    for (const TokenId token : distinct)
        if (token >= 0 && static_cast<std::size_t>(token) < logits.size()) {
            float& logit = logits[static_cast<std::size_t>(token)];
            logit = penalised(logit);
        }
}

/// The best k, in order: the largest of the tokens that nothing changes compete with those that the penalty changes.
void Sampler::Impl::collectFrom(const Logits::Top& parts, std::size_t k) {
    candidates.clear();
    const auto add = [&](TokenId token, float logit) {
        if (logit > -INFINITY) // false for what is not a number
            candidates.push_back({logit, token});
    };
    for (const kernels::Logit& logit : parts.largest)
        add(logit.id, logit.value);
    for (const kernels::Logit& logit : parts.apart)
        if (!std::binary_search(forbidden.begin(), forbidden.end(), logit.id))
            add(logit.id, penalised(logit.value));
    std::sort(candidates.begin(), candidates.end(), better);
    candidates.resize(std::min(candidates.size(), k));
}

Candidate Sampler::Impl::highest() const {
    Candidate top{-INFINITY, 0};
    for (std::size_t i = 0; i < logits.size(); ++i)
        if (logits[i] > top.logit)
            top = {logits[i], static_cast<TokenId>(i)};
    return top;
}

// Keeps a few times k and raises the bar whenever they are full, so that nearly every token costs one
// comparison.
void Sampler::Impl::collectTopK(std::size_t k) {
    const std::size_t limit = std::max<std::size_t>(4 * k, 256);
    const auto middle = static_cast<std::ptrdiff_t>(k);
    float bar = -INFINITY;
    candidates.clear();
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (!(logits[i] > bar)) // later ones lose a tie
            continue;
        candidates.push_back({logits[i], static_cast<TokenId>(i)});
        if (candidates.size() < limit)
            continue;
        std::nth_element(candidates.begin(), candidates.begin() + middle - 1, candidates.end(), better);
        candidates.resize(k);
        bar = candidates.back().logit;
    }
    if (candidates.size() > k) {
        std::nth_element(candidates.begin(), candidates.begin() + middle - 1, candidates.end(), better);
        candidates.resize(k);
    }
    std::sort(candidates.begin(), candidates.end(),
              better); // sums are the same whatever they were collected from
}

void Sampler::Impl::collectFrom(float edge) {
    candidates.clear();
    for (std::size_t i = 0; i < logits.size(); ++i)
        if (logits[i] >= edge)
            candidates.push_back({logits[i], static_cast<TokenId>(i)});
}

// The smallest set of best tokens whose probability reaches topP. Sorted in growing pieces: most of a large
// vocabulary never is.
void Sampler::Impl::keepTopP(double total, float top) {
    const double wanted =
        options.topP < 1.0f ? total * static_cast<double>(std::max(0.0f, options.topP)) : INFINITY;
    double sum = 0;
    std::size_t sorted = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (i == sorted) {
            sorted = std::min(candidates.size(), std::max<std::size_t>(64, 2 * sorted));
            std::partial_sort(candidates.begin() + static_cast<std::ptrdiff_t>(i),
                              candidates.begin() + static_cast<std::ptrdiff_t>(sorted), candidates.end(),
                              better);
        }
        sum += std::exp(static_cast<double>(candidates[i].logit - top));
        if (sum >= wanted) {
            candidates.resize(i + 1);
            return;
        }
    }
}

TokenId Sampler::Impl::draw(float top) {
    const double temperature = static_cast<double>(options.temperature);
    weights.clear();
    double total = 0;
    for (const Candidate& c : candidates) {
        weights.push_back(std::exp(static_cast<double>(c.logit - top) / temperature));
        total += weights.back();
    }
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53; // the same on every standard library
    double left = unit * total;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        left -= weights[i];
        if (left < 0)
            return candidates[i].token;
    }
    return candidates.back().token;
}

} // namespace engine
