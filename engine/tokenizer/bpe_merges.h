#pragma once
#include "engine/types.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace engine {

/// Which pairs of tokens become one, and in which order: rank 0 first.
class BpeMerges {
public:
    struct Rule {
        TokenId left, right, result;
        std::uint32_t rank;
    };

    /// `rules` in any order; of two for the same pair the one with the lower rank counts.
    BpeMerges(std::vector<Rule> rules, int vocabularySize);

    /// Merges the neighbours in `symbols` (ids, one word) until no rule applies: always the pair of lowest
    /// rank, the leftmost of equals. n log n in the length of the word.
    void apply(std::vector<TokenId>& symbols) const;

private:
    const Rule* find(TokenId left, TokenId right) const;

    // Sorted by left, then right; m_firstOf[left] is where left's rules begin. A look-up is a search in a
    // short run, and no choice of rules makes it slow, as it could a hash table.
    std::vector<Rule> m_rules;
    std::vector<std::uint32_t> m_firstOf;
};

} // namespace engine
