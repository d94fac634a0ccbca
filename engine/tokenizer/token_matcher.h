#pragma once
#include "engine/types.h"

#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace engine {

/// Finds fixed token texts in running text: the leftmost first, and at one place the longest. A trie over
/// bytes.
class TokenMatcher {
public:
    struct Match {
        std::size_t begin, length;
        TokenId token;
    };

    TokenMatcher();
    void add(std::string_view text, TokenId token); // the first of equal texts stays
    /// The first match at or behind `from`.
    std::optional<Match> find(std::string_view text, std::size_t from) const;
    std::optional<TokenId> exact(std::string_view text) const;

private:
    struct Node {
        std::map<unsigned char, int> next;
        TokenId token = -1;
    };
    int step(int node, char byte) const; // -1: nothing

    std::vector<Node> m_nodes;
    std::array<bool, 256> m_starts{}; // most bytes start nothing: skipped without a look at the trie
};

} // namespace engine
