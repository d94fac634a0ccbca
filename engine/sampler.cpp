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
    std::vector<TokenId> forbidden;
    std::vector<float> logits;     // penalised copy
    std::vector<TokenId> distinct; // scratch of penalise()
    std::vector<Candidate> candidates;
    std::vector<double> weights;

    void penalise();
    Candidate highest() const;
    void collectTopK(std::size_t k);
    void collectFrom(float edge);
    void keepTopP(double total, float top);
    TokenId draw(float top);
};

Sampler::Sampler(const SamplingOptions& options) : m_impl(std::make_unique<Impl>()) {
    m_impl->options = options;
    m_impl->random.seed(options.seed != 0 ? options.seed : seedFromClock());
    m_impl->recent.reserve(static_cast<std::size_t>(std::max(0, options.repetitionWindow)));
    m_impl->distinct.reserve(m_impl->recent.capacity());
}

Sampler::~Sampler() = default;

void Sampler::forbid(std::span<const TokenId> tokens) {
    m_impl->forbidden.assign(tokens.begin(), tokens.end());
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

// Top-p and min-p each cut the list sorted by probability, so the shorter cut wins whichever comes first:
// only what min-p leaves has to be collected and sorted, as long as top-p's share is taken of everything.
TokenId Sampler::pick(std::span<const float> logits) {
    Impl& s = *m_impl;
    assert(!logits.empty());
    s.logits.assign(logits.begin(), logits.end());
    s.candidates.reserve(logits.size());
    s.weights.reserve(logits.size());
    s.penalise();
    const Candidate top = s.highest();
    if (!std::isfinite(top.logit))
        throw Error("The model computed values that are not numbers; its file may be damaged.");
    if (s.options.temperature <= 0.0f)
        return top.token;

    float nats = NegligibleNats * std::max(1.0f, s.options.temperature);
    if (s.options.minP > 0.0f)
        nats = std::min(nats, -std::log(std::min(1.0f, s.options.minP)));
    const float edge = top.logit - nats;
    double total = 0;
    if (s.options.topK > 0 && static_cast<std::size_t>(s.options.topK) < logits.size()) {
        s.collectTopK(static_cast<std::size_t>(s.options.topK));
        for (const Candidate& c : s.candidates)
            total += std::exp(static_cast<double>(c.logit - top.logit));
        std::erase_if(s.candidates, [edge](const Candidate& c) { return c.logit < edge; });
    } else {
        s.collectFrom(edge);
        total = std::exp(logSumExp(s.logits) - static_cast<double>(top.logit));
    }
    s.keepTopP(total, top.logit);
    return s.draw(top.logit);
}

void Sampler::Impl::penalise() {
    for (const TokenId token : forbidden)
        logits[static_cast<std::size_t>(token)] = -INFINITY;
    if (options.repetitionPenalty == 1.0f)
        return;
    distinct.assign(recent.begin(), recent.end());
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (const TokenId token : distinct) {
        if (token < 0 || static_cast<std::size_t>(token) >= logits.size())
            continue;
        float& logit = logits[static_cast<std::size_t>(token)];
        logit = logit > 0.0f ? logit / options.repetitionPenalty : logit * options.repetitionPenalty;
    }
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
