#pragma once
#include "engine/types.h"

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace engine {

/// Finds fixed token texts in running text: the leftmost first, and at one place the longest. A sorted list, which takes a few bytes a
/// token whatever the texts are; the texts themselves stay the caller's and have to outlive it.
class TokenMatcher {
public:
    struct Entry {
        std::string_view text;
        TokenId token;
    };
    struct Match {
        std::size_t begin, length;
        TokenId token;
    };

    TokenMatcher() = default;
    explicit TokenMatcher(
        std::vector<Entry> entries); // the first of equal texts stays; empty ones are left out

    /// The first match at or behind `from`.
    std::optional<Match> find(std::string_view text, std::size_t from) const;
    std::optional<TokenId> exact(std::string_view text) const;

private:
    const Entry* longestAtStart(std::string_view text) const;

    std::vector<Entry> m_entries;     // by text
    std::array<bool, 256> m_starts{}; // most bytes start nothing: skipped without a look at the list
};

} // namespace engine
