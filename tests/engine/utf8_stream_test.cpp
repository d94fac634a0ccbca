#include "engine/utf8_stream.h"

#include <gtest/gtest.h>
#include <random>

using engine::repairUtf8;
using engine::Utf8Stream;

TEST(Utf8Stream, HoldsBackSplitCharacters) {
    Utf8Stream stream;
    EXPECT_EQ(stream.push("a\xE2"), "a");
    EXPECT_EQ(stream.push("\x82"), "");
    EXPECT_EQ(stream.push("\xAC!"), "\xE2\x82\xAC!");
    EXPECT_EQ(stream.push("\xF0\x9F\x98"), "");
    EXPECT_EQ(stream.push("\x80"), "\xF0\x9F\x98\x80");
    EXPECT_EQ(stream.finish(), "");
}

TEST(Utf8Stream, BadBytesBecomeReplacementCharacters) {
    Utf8Stream stream;
    EXPECT_EQ(stream.push("\xFF"), "\uFFFD");
    EXPECT_EQ(stream.push("\xE2\x82"), "");
    EXPECT_EQ(stream.push("x"), "\uFFFDx");
    EXPECT_EQ(stream.push("\xF0\x9F"), "");
    EXPECT_EQ(stream.finish(), "\uFFFD");
    EXPECT_EQ(stream.finish(), "");
}

// The expected values are those of Unicode's table 3-8 and of Python's bytes.decode("utf-8", "replace").
TEST(Utf8Stream, RepairsByMaximalSubparts) {
    EXPECT_EQ(repairUtf8("plain"), "plain");
    EXPECT_EQ(repairUtf8(""), "");
    EXPECT_EQ(repairUtf8("\xC0\xAF"), "\uFFFD\uFFFD");
    EXPECT_EQ(repairUtf8("\xE0\x80\xBF"), "\uFFFD\uFFFD\uFFFD");
    EXPECT_EQ(repairUtf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
    EXPECT_EQ(repairUtf8("\xF4\x91\x92\x93\xFF"), "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
    EXPECT_EQ(repairUtf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF"), "\uFFFD\uFFFD\uFFFD\uFFFD");
    EXPECT_EQ(repairUtf8("a\x80z"), "a\uFFFDz");
    EXPECT_EQ(repairUtf8(std::string_view("\0\x7F", 2)), std::string_view("\0\x7F", 2));
    EXPECT_EQ(repairUtf8("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), "\u00E9\u20AC\U0001F600");
}

TEST(Utf8Stream, PiecesGiveTheSameAsTheWhole) {
    std::mt19937 random(7);
    const unsigned char interesting[] = {'a',  0x80, 0xBF, 0xC3, 0xA9, 0xE2, 0x82,
                                         0xAC, 0xED, 0xA0, 0xF0, 0x9F, 0xF4, 0xFF};
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (std::uint32_t length = random() % 20; length > 0; --length)
            text += static_cast<char>(interesting[random() % sizeof interesting]);
        Utf8Stream stream;
        std::string pieces;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t length = 1 + random() % 4;
            pieces += stream.push(std::string_view(text).substr(at, length));
            at += length;
        }
        pieces += stream.finish();
        ASSERT_EQ(pieces, repairUtf8(text));
    }
}
