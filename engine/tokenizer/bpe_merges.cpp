#include "engine/tokenizer/bpe_merges.h"

#include <algorithm>
#include <queue>
#include <tuple>

namespace engine {

namespace {

/// A pair that may be merged, as it was when it was found.
struct Candidate {
    std::uint32_t rank;
    std::int32_t position; // of the left symbol
    TokenId left, right, result;

    bool operator<(const Candidate& other) const { // std::priority_queue hands out the greatest
        return std::tie(rank, position) > std::tie(other.rank, other.position);
    }
};

constexpr TokenId gone = -1;

} // namespace

BpeMerges::BpeMerges(std::vector<Rule> rules, int vocabularySize) : m_rules(std::move(rules)) {
    std::sort(m_rules.begin(), m_rules.end(), [](const Rule& a, const Rule& b) {
        return std::tie(a.left, a.right, a.rank) < std::tie(b.left, b.right, b.rank);
    });
    m_firstOf.assign(static_cast<std::size_t>(vocabularySize) + 1, 0);
    for (const Rule& rule : m_rules)
        ++m_firstOf[static_cast<std::size_t>(rule.left) + 1];
    for (std::size_t i = 1; i < m_firstOf.size(); ++i)
        m_firstOf[i] += m_firstOf[i - 1];
}

const BpeMerges::Rule* BpeMerges::find(TokenId left, TokenId right) const {
    const Rule* first = m_rules.data() + m_firstOf[static_cast<std::size_t>(left)];
    const Rule* last = m_rules.data() + m_firstOf[static_cast<std::size_t>(left) + 1];
    const Rule* found = std::lower_bound(
        first, last, right, [](const Rule& rule, TokenId wanted) { return rule.right < wanted; });
    return found != last && found->right == right ? found : nullptr;
}

void BpeMerges::apply(std::vector<TokenId>& symbols) const {
    const auto count = static_cast<std::int32_t>(symbols.size());
    if (count < 2)
        return;
    // A list in an array: `next` and `previous` skip the symbols that were merged into their left neighbour.
    std::vector<std::int32_t> next(symbols.size()), previous(symbols.size());
    std::priority_queue<Candidate> candidates;
    const auto at = [&](std::int32_t position) -> TokenId& {
        return symbols[static_cast<std::size_t>(position)];
    };
    const auto consider = [&](std::int32_t left, std::int32_t right) {
        if (const Rule* rule = find(at(left), at(right)))
            candidates.push({rule->rank, left, rule->left, rule->right, rule->result});
    };
    for (std::int32_t i = 0; i < count; ++i) {
        next[static_cast<std::size_t>(i)] = i + 1;
        previous[static_cast<std::size_t>(i)] = i - 1;
        if (i > 0)
            consider(i - 1, i);
    }
    while (!candidates.empty()) {
        const Candidate best = candidates.top();
        candidates.pop();
        const std::int32_t left = best.position, right = next[static_cast<std::size_t>(left)];
        if (right == count || at(left) != best.left || at(right) != best.right)
            continue; // one of the two has been merged meanwhile
        at(left) = best.result;
        at(right) = gone;
        const std::int32_t behind = next[static_cast<std::size_t>(right)];
        next[static_cast<std::size_t>(left)] = behind;
        if (behind < count) {
            previous[static_cast<std::size_t>(behind)] = left;
            consider(left, behind);
        }
        if (const std::int32_t before = previous[static_cast<std::size_t>(left)]; before >= 0)
            consider(before, left);
    }
    std::erase(symbols, gone);
}

} // namespace engine
