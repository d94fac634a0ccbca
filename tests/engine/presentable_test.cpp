#include "engine/error.h"
#include "engine/presentable.h"

#include <gtest/gtest.h>

using engine::presentable;
using engine::presentableLines;

TEST(Presentable, WhatATerminalWouldObeyIsWrittenOut) {
    EXPECT_EQ(presentable("a\x1b[31mb\n\tc\x7f"), "a<U+001B>[31mb<U+000A><U+0009>c<U+007F>");
    EXPECT_EQ(presentable("\u009b2J\u202egnp\u2066\u2069\u2028\ufeff"),
              "<U+009B>2J<U+202E>gnp<U+2066><U+2069><U+2028><U+FEFF>");
    EXPECT_EQ(presentable(std::string_view("a\0b", 3)), "a<U+0000>b");
    EXPECT_EQ(presentableLines("a\n\tb\r\x1b"), "a\n\tb<U+000D><U+001B>");
}

TEST(Presentable, TextOfAllLanguagesStays) {
    for (const char* text : {"", "plain", "\u0645\u0631\u062d\u0628\u0627 \u200f(1)",
                             "\U0001F468\u200d\U0001F469", "e\u0301 \u4f60\u597d"}) {
        EXPECT_EQ(presentable(text), text);
        EXPECT_EQ(presentableLines(text), text);
    }
}

TEST(Presentable, BadUtf8IsRepairedAndTheLengthIsBounded) {
    EXPECT_EQ(presentable("a\xff\xc3"), "a\ufffd\ufffd");
    EXPECT_EQ(presentable("abcdef", 6), "abcdef");
    EXPECT_EQ(presentable("abcdefg", 6), "abcdef…");
    EXPECT_EQ(presentable("\U0001F600\U0001F600\U0001F600", 2), "\U0001F600\U0001F600…");
    EXPECT_LT(presentable(std::string(1 << 20, '\x1b')).size(), 1000u);
}

TEST(Presentable, NoErrorCarriesAnythingElse) {
    const engine::Error error("It is \x1b[2J bad\n" + std::string(1 << 20, 'x'));
    EXPECT_TRUE(std::string_view(error.what()).starts_with("It is <U+001B>[2J bad<U+000A>xxx"));
    EXPECT_LT(std::string_view(error.what()).size(), 3000u);
}
