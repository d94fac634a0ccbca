#include "kernels/cpu/top_logits.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace kernels {
namespace {

double logSumExp(std::span<const float> logits) {
    float largest = -INFINITY;
    for (const float logit : logits)
        largest = logit > largest ? logit : largest; // false for what is not a number
    if (!std::isfinite(largest))
        return static_cast<double>(largest);
    double sum = 0;
    for (const float logit : logits)
        if (!std::isnan(logit))
            sum += static_cast<double>(std::exp(logit - largest));
    return static_cast<double>(largest) + std::log(sum);
}

} // namespace

void TopLogitsOfRow::run(std::span<const float> logits, std::span<const std::int32_t> listed,
                         TopLogits& top) {
    assert(top.listed.size() == listed.size());
    m_isListed.assign(logits.size(), false);
    for (std::size_t i = 0; i < listed.size(); ++i) {
        const auto column = static_cast<std::size_t>(listed[i]);
        assert(column < logits.size());
        top.listed[i] = logits[column];
        m_isListed[column] = true;
    }
    collect(logits, top.largest.size());
    std::sort(m_candidates.begin(), m_candidates.end(), isLarger);
    m_candidates.resize(top.largest.size());
    std::copy(m_candidates.begin(), m_candidates.end(), top.largest.begin());
    top.logSumExp = logSumExp(logits);
}

// Keeps a few times as many as are wanted and raises the bar whenever they are full, so that nearly every column costs one comparison.
void TopLogitsOfRow::collect(std::span<const float> logits, std::size_t count) {
    const std::size_t limit = std::max<std::size_t>(4 * count, 256);
    m_candidates.clear();
    float bar = -INFINITY;
    bool hasBar = false;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        // Later columns lose a tie.
        if (!(hasBar ? logits[i] > bar : logits[i] >= bar) || m_isListed[i])
            continue;
        m_candidates.push_back({static_cast<std::int32_t>(i), logits[i]});
        if (m_candidates.size() < limit)
            continue;
        keepLargest(count);
        bar = count > 0 ? m_candidates.back().value : INFINITY;
        hasBar = true;
    }
    keepLargest(count);
}

/// The smallest of them stands last.
void TopLogitsOfRow::keepLargest(std::size_t count) {
    if (count > 0 && m_candidates.size() > count)
        std::nth_element(m_candidates.begin(), m_candidates.begin() + static_cast<std::ptrdiff_t>(count - 1),
                         m_candidates.end(), isLarger);
    m_candidates.resize(std::min(count, m_candidates.size()));
}

} // namespace kernels
