#include "engine/tokenizer/token_matcher.h"

#include <gtest/gtest.h>
#include <map>
#include <random>

using engine::TokenId;
using engine::TokenMatcher;

namespace {

/// The plain meaning: at every place the longest text of the list.
std::optional<TokenMatcher::Match> slowly(const std::vector<TokenMatcher::Entry>& entries,
                                          std::string_view text, std::size_t from) {
    for (std::size_t begin = from; begin < text.size(); ++begin) {
        const TokenMatcher::Entry* longest = nullptr;
        for (const auto& entry : entries)
            if (!entry.text.empty() && text.substr(begin).starts_with(entry.text) &&
                (!longest || entry.text.size() > longest->text.size()))
                longest = &entry;
        if (longest)
            return TokenMatcher::Match{begin, longest->text.size(), longest->token};
    }
    return {};
}

std::string randomText(std::mt19937& random, std::uint32_t most) {
    std::string text;
    for (std::uint32_t length = random() % (most + 1); length > 0; --length)
        text += "ab\xFF<"[random() % 4];
    return text;
}

} // namespace

TEST(TokenMatcher, FindsTheLeftmostAndThereTheLongest) {
    std::mt19937 random(5);
    for (int round = 0; round < 3000; ++round) {
        std::vector<std::string> texts;
        for (std::uint32_t count = random() % 12; count > 0; --count)
            texts.push_back(randomText(random, 4));
        std::vector<TokenMatcher::Entry> entries;
        for (const std::string& text : texts)
            entries.push_back({text, static_cast<TokenId>(entries.size())});
        const TokenMatcher matcher(entries);
        const std::string text = randomText(random, 20);
        for (std::size_t from = 0; from <= text.size(); ++from) {
            const auto wanted = slowly(entries, text, from), found = matcher.find(text, from);
            ASSERT_EQ(found.has_value(), wanted.has_value()) << text;
            if (!found)
                continue;
            EXPECT_EQ(found->begin, wanted->begin) << text;
            EXPECT_EQ(found->length, wanted->length) << text;
            EXPECT_EQ(found->token, wanted->token) << text;
            EXPECT_EQ(matcher.exact(text.substr(found->begin, found->length)), found->token);
        }
        EXPECT_FALSE(matcher.exact("abc"));
        EXPECT_FALSE(matcher.exact(""));
    }
}
