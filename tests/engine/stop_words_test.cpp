#include "engine/stop_words.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using engine::StopWords;

TEST(StopWords, WithoutWordsEverythingComesAtOnce) {
    StopWords none;
    EXPECT_EQ(none.push("Any text"), "Any text");
    EXPECT_EQ(none.finish(), "");
    StopWords empty({"", ""});
    EXPECT_EQ(empty.push("Any text"), "Any text");
    EXPECT_FALSE(empty.found());
}

TEST(StopWords, TheWordItselfIsNotShown) {
    StopWords words({"User:"});
    EXPECT_EQ(words.push("Fine.\nUser: and more"), "Fine.\n");
    EXPECT_TRUE(words.found());
    EXPECT_EQ(words.push("later"), "");
    EXPECT_EQ(words.finish(), "");
}

TEST(StopWords, AreFoundAcrossPieces) {
    StopWords words({"\nUser:"});
    EXPECT_EQ(words.push("Fine.\n"), "Fine.");
    EXPECT_EQ(words.push("Us"), "");
    EXPECT_FALSE(words.found());
    EXPECT_EQ(words.push("er:"), "");
    EXPECT_TRUE(words.found());
}

TEST(StopWords, WhatWasHeldBackIsShownWhenItDoesNotMatch) {
    StopWords words({"\nUser:"});
    EXPECT_EQ(words.push("Fine.\nUs"), "Fine.");
    EXPECT_EQ(words.push("ual"), "\nUsual");
    EXPECT_EQ(words.push("\nUse"), "");
    EXPECT_EQ(words.finish(), "\nUse");
    EXPECT_FALSE(words.found());
}

TEST(StopWords, AWordMayBeginInsideItsOwnBeginning) {
    StopWords words({"aab"});
    EXPECT_EQ(words.push("xa"), "x");
    EXPECT_EQ(words.push("a"), "");
    EXPECT_EQ(words.push("a"), "a");
    EXPECT_EQ(words.push("b"), "");
    EXPECT_TRUE(words.found());
}

TEST(StopWords, TheFirstInTheTextCounts) {
    StopWords words({"three", "two"});
    EXPECT_EQ(words.push("one two three"), "one ");
    EXPECT_TRUE(words.found());
}

// However the text is cut into pieces, what is shown is the text in front of the first word.
TEST(StopWords, PiecesMakeNoDifference) {
    std::mt19937 random(7);
    const auto below = [&](std::size_t n) { return random() % n; };
    const auto letters = [&](std::size_t n) {
        std::string text;
        while (text.size() < n)
            text += static_cast<char>('a' + below(2));
        return text;
    };
    for (int round = 0; round < 2000; ++round) {
        const std::vector<std::string> wanted{letters(1 + below(6)), letters(3 + below(6))};
        const std::string text = letters(below(40));
        StopWords words(wanted);
        std::string shown;
        std::size_t read = 0;
        while (read < text.size() && !words.found()) {
            const std::size_t n = std::min(1 + below(5), text.size() - read);
            shown += words.push(text.substr(read, n));
            read += n;
        }
        // A word that is complete ends the answer, even if a longer one began before it.
        const std::string seen = text.substr(0, read);
        const std::size_t place = std::min(seen.find(wanted[0]), seen.find(wanted[1]));
        EXPECT_EQ(words.found(), place != std::string::npos);
        EXPECT_EQ(shown + words.finish(), seen.substr(0, place));
    }
}
