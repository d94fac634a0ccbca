#include "engine/tokenizer/token_matcher.h"

#include <algorithm>

namespace engine {

TokenMatcher::TokenMatcher(std::vector<Entry> entries) : m_entries(std::move(entries)) {
    std::erase_if(m_entries, [](const Entry& entry) { return entry.text.empty(); });
    std::ranges::stable_sort(m_entries, {}, &Entry::text);
    const auto isSame = [](const Entry& a, const Entry& b) { return a.text == b.text; };
    m_entries.erase(std::unique(m_entries.begin(), m_entries.end(), isSame), m_entries.end());
    m_entries.shrink_to_fit();
    for (const Entry& entry : m_entries)
        m_starts[static_cast<unsigned char>(entry.text.front())] = true;
}

/// Narrows the list, byte by byte, to the entries that begin as `text` does.
const TokenMatcher::Entry* TokenMatcher::longestAtStart(std::string_view text) const {
    const Entry* longest = nullptr;
    const Entry* first = m_entries.data();
    const Entry* last = first + m_entries.size();
    for (std::size_t depth = 0; depth < text.size(); ++depth) {
        const auto byteOf = [depth](const Entry& entry) {
            return static_cast<unsigned char>(entry.text[depth]);
        };
        const auto byte = static_cast<unsigned char>(text[depth]);
        if (first != last && first->text.size() == depth) // shorter than the others, and so the first
            ++first;
        if (first == last)
            break;
        if (byteOf(*first) != byte || byteOf(last[-1]) != byte) { // else all have it: the list is sorted
            first = std::ranges::lower_bound(first, last, byte, {}, byteOf);
            last = std::ranges::upper_bound(first, last, byte, {}, byteOf);
        }
        if (first != last && first->text.size() == depth + 1)
            longest = first;
    }
    return longest;
}

std::optional<TokenMatcher::Match> TokenMatcher::find(std::string_view text, std::size_t from) const {
    for (std::size_t begin = from; begin < text.size(); ++begin) {
        if (!m_starts[static_cast<unsigned char>(text[begin])])
            continue;
        if (const Entry* found = longestAtStart(text.substr(begin)))
            return Match{begin, found->text.size(), found->token};
    }
    return {};
}

std::optional<TokenId> TokenMatcher::exact(std::string_view text) const {
    const auto found = std::ranges::lower_bound(m_entries, text, {}, &Entry::text);
    return found != m_entries.end() && found->text == text ? std::optional(found->token) : std::nullopt;
}

} // namespace engine
