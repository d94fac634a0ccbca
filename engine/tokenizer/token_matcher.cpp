#include "engine/tokenizer/token_matcher.h"

namespace engine {

TokenMatcher::TokenMatcher() : m_nodes(1) {}

void TokenMatcher::add(std::string_view text, TokenId token) {
    if (text.empty())
        return;
    m_starts[static_cast<unsigned char>(text.front())] = true;
    int node = 0;
    for (const char byte : text) {
        const auto [place, isNew] = m_nodes[static_cast<std::size_t>(node)].next.try_emplace(
            static_cast<unsigned char>(byte), static_cast<int>(m_nodes.size()));
        node = place->second;
        if (isNew)
            m_nodes.emplace_back();
    }
    TokenId& stored = m_nodes[static_cast<std::size_t>(node)].token;
    if (stored < 0)
        stored = token;
}

int TokenMatcher::step(int node, char byte) const {
    const auto& next = m_nodes[static_cast<std::size_t>(node)].next;
    const auto found = next.find(static_cast<unsigned char>(byte));
    return found == next.end() ? -1 : found->second;
}

std::optional<TokenMatcher::Match> TokenMatcher::find(std::string_view text, std::size_t from) const {
    for (std::size_t begin = from; begin < text.size(); ++begin) {
        if (!m_starts[static_cast<unsigned char>(text[begin])])
            continue;
        std::optional<Match> longest;
        int node = 0;
        for (std::size_t at = begin; at < text.size(); ++at) {
            node = step(node, text[at]);
            if (node < 0)
                break;
            if (const TokenId token = m_nodes[static_cast<std::size_t>(node)].token; token >= 0)
                longest = Match{begin, at + 1 - begin, token};
        }
        if (longest)
            return longest;
    }
    return {};
}

std::optional<TokenId> TokenMatcher::exact(std::string_view text) const {
    int node = 0;
    for (const char byte : text) {
        node = step(node, byte);
        if (node < 0)
            return {};
    }
    const TokenId token = m_nodes[static_cast<std::size_t>(node)].token;
    return token < 0 ? std::nullopt : std::optional(token);
}

} // namespace engine
