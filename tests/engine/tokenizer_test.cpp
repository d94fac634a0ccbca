#include "engine/error.h"
#include "engine/gguf_file.h"
#include "engine/tokenizer.h"
#include "engine/utf8_stream.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/real_model.h"
#include "tests/support/toy_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

using engine::TextPart;
using engine::TokenId;
using engine::Tokenizer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Ids = std::vector<TokenId>;

namespace {

std::unique_ptr<const Tokenizer> toyTokenizer(bool sentencePiece) {
    test::ToyShape shape;
    shape.sentencePiece = sentencePiece;
    return Tokenizer::fromGguf(*engine::GgufFile::open(test::writeToyModel(shape)));
}

/// A vocabulary of its own: "<s>" and the letters a to d, then what a test adds.
struct Letters {
    std::vector<std::string> tokens = {"<s>", "a", "b", "c", "d"};
    std::vector<std::int32_t> types = {3, 1, 1, 1, 1};
    std::vector<std::string> merges;
    std::string model = "gpt2", pre = "gpt-2";
    std::function<void(test::GgufWriter&)> more = [](test::GgufWriter&) {};

    TokenId add(const std::string& text, std::int32_t type = 1) {
        tokens.push_back(text);
        types.push_back(type);
        return static_cast<TokenId>(tokens.size() - 1);
    }
    std::unique_ptr<const Tokenizer> make() const {
        test::GgufWriter writer;
        writer.addString("tokenizer.ggml.model", model);
        if (!pre.empty())
            writer.addString("tokenizer.ggml.pre", pre);
        writer.addStrings("tokenizer.ggml.tokens", tokens);
        writer.addInts("tokenizer.ggml.token_type", types);
        writer.addStrings("tokenizer.ggml.merges", merges);
        more(writer);
        return Tokenizer::fromGguf(*engine::GgufFile::open(writer.write("letters.gguf")));
    }
    std::string complaint() const {
        try {
            make();
            return "";
        } catch (const engine::Error& error) {
            return error.what();
        }
    }
};

TextPart plain(std::string_view text) {
    return {text, TextPart::Trust::Plain};
}

TextPart special(std::string_view text) {
    return {text, TextPart::Trust::Special};
}

Ids encode(const Tokenizer& tokenizer, std::vector<TextPart> parts) {
    return tokenizer.encode(parts);
}

std::string randomText(std::mt19937& random) {
    static const char* const pieces[] = {
        "the",        " the ",        "a",          " ",    "  ",     "\n",
        "\t",         "'s",           "7",          "42",   "\u00e9", "\u4f60\u597d",
        "\U0001F600", "<|im_start|>", "<|im_end|>", "<s>",  "</s>",   "<unk>",
        "<0x0A>",     "\u0301",       "ing",        "\r\n", "Z"};
    std::string text;
    for (std::uint32_t count = random() % 12; count > 0; --count)
        text += pieces[random() % std::size(pieces)];
    return text;
}

} // namespace

class BothKinds : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Tokenizer, BothKinds, testing::Values(false, true),
                         [](const auto& kind) { return kind.param ? "SentencePiece" : "ByteLevel"; });

TEST_P(BothKinds, DecodingReturnsTheText) {
    const auto tokenizer = toyTokenizer(GetParam());
    std::mt19937 random(11);
    for (int round = 0; round < 2000; ++round) {
        const std::string text = randomText(random);
        ASSERT_EQ(tokenizer->decode(tokenizer->encodePlain(text)), text);
    }
}

TEST_P(BothKinds, PlainTextNeverBecomesASpecialToken) {
    const auto tokenizer = toyTokenizer(GetParam());
    std::mt19937 random(12);
    for (int round = 0; round < 2000; ++round) {
        const std::string text = randomText(random);
        for (const TokenId token : encode(*tokenizer, {special("<|im_start|>"), plain(text)})) {
            const bool glue = token == tokenizer->findSpecial("<|im_start|>");
            ASSERT_TRUE(glue || !tokenizer->isControl(token)) << text;
        }
        const Ids ids = encode(*tokenizer, {special("<|im_start|>"), plain(text), special("<|im_end|>")});
        ASSERT_EQ(std::count_if(ids.begin(), ids.end(), [&](TokenId id) { return tokenizer->isControl(id); }),
                  2)
            << text;
    }
}

TEST_P(BothKinds, HalvesOfASpecialTokenDoNotJoin) {
    const auto tokenizer = toyTokenizer(GetParam());
    for (const auto& parts :
         {std::vector{special("<|im_"), plain("start|>")}, std::vector{plain("<|im_"), special("start|>")},
          std::vector{plain("<|im_start|"), plain(">")}})
        for (const TokenId token : tokenizer->encode(parts))
            EXPECT_FALSE(tokenizer->isControl(token));
}

TEST_P(BothKinds, GlueAndContentAreOneText) {
    const auto tokenizer = toyTokenizer(GetParam());
    EXPECT_EQ(encode(*tokenizer, {special("a t"), plain("he b")}), tokenizer->encodePlain("a the b"));
    EXPECT_EQ(encode(*tokenizer, {plain("\xF0\x9F"), plain("\x98\x80")}),
              tokenizer->encodePlain("\U0001F600"));
}

TEST_P(BothKinds, BadUtf8IsReplaced) {
    const auto tokenizer = toyTokenizer(GetParam());
    EXPECT_EQ(tokenizer->encodePlain("a\xFFz"), tokenizer->encodePlain("a\uFFFDz"));
    EXPECT_EQ(tokenizer->encodePlain(""), Ids{});
}

TEST_P(BothKinds, TokensOfTheStream) {
    const auto tokenizer = toyTokenizer(GetParam());
    const auto start = tokenizer->findSpecial("<|im_start|>"), end = tokenizer->findSpecial("<|im_end|>");
    ASSERT_TRUE(start && end);
    EXPECT_TRUE(tokenizer->isControl(*start));
    EXPECT_EQ(tokenizer->bytes(*start), "");
    EXPECT_EQ(tokenizer->displayText(*start), "<|im_start|>");
    EXPECT_TRUE(tokenizer->endsTurn(*end));
    EXPECT_FALSE(tokenizer->endsTurn(*start));
    EXPECT_FALSE(tokenizer->findSpecial("the"));
    EXPECT_EQ(tokenizer->vocabularySize(), 320);
    EXPECT_EQ(tokenizer->addsBeginToken(), GetParam());
    EXPECT_EQ(tokenizer->bytes(-1), "");
    EXPECT_EQ(tokenizer->bytes(320), "");
    const Ids the = tokenizer->encodePlain("a the");
    EXPECT_EQ(tokenizer->displayText(the.back()), " the");
}

TEST_P(BothKinds, LongTextsTakeReasonableTime) {
    const auto tokenizer = toyTokenizer(GetParam());
    std::string lines, oneWord(1 << 20, 'a');
    while (lines.size() < 4u << 20)
        lines += "the rain in the north was on the other side of the hill, and in 1984 it was 12 degrees\n";
    for (const std::string& text : {lines, oneWord, std::string(1 << 20, ' '), std::string(1 << 20, '!')})
        EXPECT_EQ(tokenizer->decode(tokenizer->encodePlain(text)), text);
}

TEST(BpeTokenizer, MergesByRankThenFromTheLeft) {
    Letters letters;
    const TokenId ab = letters.add("ab"), bc = letters.add("bc"), aa = letters.add("aa"),
                  abc = letters.add("abc");
    letters.merges = {"b c", "a b", "a a", "a bc"};
    const auto tokenizer = letters.make();
    EXPECT_THAT(tokenizer->encodePlain("abc"), ElementsAre(abc));
    EXPECT_THAT(tokenizer->encodePlain("abd"), ElementsAre(ab, 4));
    EXPECT_THAT(tokenizer->encodePlain("aaa"), ElementsAre(aa, 1));
    EXPECT_THAT(tokenizer->encodePlain("bcb"), ElementsAre(bc, 2));
}

TEST(BpeTokenizer, MergesOfMissingTokensNeverApply) {
    Letters letters;
    letters.merges = {"a b", "x y", "ab c"};
    EXPECT_THAT(letters.make()->encodePlain("abc"), ElementsAre(1, 2, 3));
    letters.merges = {"ab"};
    EXPECT_THAT(letters.complaint(), HasSubstr("merge without two halves"));
}

TEST(BpeTokenizer, WholeWordsMayIgnoreMerges) {
    Letters letters;
    const TokenId abc = letters.add("abc");
    EXPECT_THAT(letters.make()->encodePlain("abc"), ElementsAre(1, 2, 3));
    letters.pre = "llama-bpe";
    EXPECT_THAT(letters.make()->encodePlain("abc"), ElementsAre(abc));
}

TEST(BpeTokenizer, AWordMayNotBeAControlToken) {
    Letters letters;
    const TokenId control = letters.add("abc", 3);
    letters.pre = "llama-bpe";
    letters.merges = {"a b", "ab c"};
    EXPECT_THAT(letters.make()->encodePlain("abc"), ElementsAre(1, 2, 3));
    EXPECT_THAT(encode(*letters.make(), {special("abc")}), ElementsAre(control));
}

TEST(BpeTokenizer, UserDefinedTokensAreFoundInEveryText) {
    Letters letters;
    const TokenId shorter = letters.add("cd", 4), longer = letters.add("cda", 4);
    const auto tokenizer = letters.make();
    EXPECT_THAT(tokenizer->encodePlain("acdacd"), ElementsAre(1, longer, shorter));
    EXPECT_THAT(tokenizer->encodePlain("cdcd"), ElementsAre(shorter, shorter));
    EXPECT_FALSE(tokenizer->isControl(longer));
    EXPECT_EQ(tokenizer->bytes(longer), "cda");
}

TEST(BpeTokenizer, MarkersOfTurnsAreReservedWhateverTheirType) {
    for (const std::int32_t type : {1, 4}) {
        Letters letters;
        const TokenId start = letters.add("<|im_start|>", type), turn = letters.add("<end_of_turn>", type),
                      wide = letters.add("<\uFF5CUser\uFF5C>", type), tag = letters.add("</s>", 1);
        const auto tokenizer = letters.make();
        for (const TokenId token : {start, turn, wide})
            EXPECT_TRUE(tokenizer->isControl(token)) << token;
        EXPECT_THAT(tokenizer->encodePlain("a<|im_start|>"), Not(testing::Contains(start)));
        EXPECT_THAT(encode(*tokenizer, {special("a<|im_start|>")}), ElementsAre(1, start));
        EXPECT_TRUE(tokenizer->endsTurn(turn));
        EXPECT_FALSE(tokenizer->endsTurn(tag)); // here it is HTML
    }
}

TEST(BpeTokenizer, EndsOfTurnsComeFromIdsAndTexts) {
    Letters letters;
    const TokenId end = letters.add("<|end|>", 3), returns = letters.add("<|return|>", 3),
                  odd = letters.add("<odd>", 3);
    letters.more = [=](auto& writer) {
        writer.addUint("tokenizer.ggml.eot_token_id", static_cast<std::uint32_t>(odd));
    };
    EXPECT_TRUE(letters.make()->endsTurn(end));
    EXPECT_TRUE(letters.make()->endsTurn(returns));
    EXPECT_TRUE(letters.make()->endsTurn(odd));
    letters.add("<|call|>", 3); // now every message ends with <|end|>
    EXPECT_FALSE(letters.make()->endsTurn(end));
}

TEST(BpeTokenizer, BeginTokens) {
    Letters letters;
    EXPECT_FALSE(letters.make()->addsBeginToken());
    letters.pre = "llama-bpe";
    EXPECT_FALSE(letters.make()->addsBeginToken()); // there is none
    letters.more = [](auto& writer) { writer.addUint("tokenizer.ggml.bos_token_id", 0); };
    EXPECT_TRUE(letters.make()->addsBeginToken());
    EXPECT_EQ(letters.make()->beginToken(), 0);
    letters.more = [](auto& writer) {
        writer.addUint("tokenizer.ggml.bos_token_id", 0);
        writer.addBool("tokenizer.ggml.add_bos_token", false);
    };
    EXPECT_FALSE(letters.make()->addsBeginToken());
}

/// Gemma 4's kind: text as it is, blanks as U+2581, bytes for what is missing.
Letters gemma() {
    Letters letters;
    letters.model = "gemma4";
    letters.pre = "";
    letters.merges = {"▁ a", "a b", "▁a b", "\n \n", "\n\n \n"};
    for (const char* text : {"▁", "▁a", "ab", "▁ab", "\n", "\n\n", "\n\n\n", "é"})
        letters.add(text);
    for (int byte = 0; byte < 256; ++byte) {
        char text[8];
        std::snprintf(text, sizeof text, "<0x%02X>", byte);
        letters.add(text, 6);
    }
    letters.more = [](auto& writer) { writer.addUint("tokenizer.ggml.bos_token_id", 0); };
    return letters;
}

TEST(LineBpeTokenizer, MergesInLinesAndInRunsOfLineBreaks) {
    const auto tokenizer = gemma().make();
    const auto id = [&, letters = gemma()](const std::string& text) {
        return static_cast<TokenId>(std::find(letters.tokens.begin(), letters.tokens.end(), text) -
                                    letters.tokens.begin());
    };
    EXPECT_TRUE(tokenizer->addsBeginToken());
    EXPECT_EQ(encode(*tokenizer, {plain(" ab")}), (Ids{id("▁ab")})) << "the blank goes with the letter first";
    EXPECT_EQ(encode(*tokenizer, {plain("ab")}), (Ids{id("ab")}));
    EXPECT_EQ(encode(*tokenizer, {plain("b\n\n\nab")}), (Ids{id("b"), id("\n\n\n"), id("ab")}));
    EXPECT_EQ(encode(*tokenizer, {plain("a\n b")}), (Ids{id("a"), id("\n"), id("▁"), id("b")}));
    EXPECT_EQ(encode(*tokenizer, {plain("éê")}), (Ids{id("é"), id("<0xC3>"), id("<0xAA>")}));
    for (const std::string text : {" a  b\n\nc é ê 語 \U0001F600\td\r\n", "\n", "▁a"})
        EXPECT_EQ(tokenizer->decode(tokenizer->encodePlain(text)),
                  text == "▁a" ? " a" : text); // the mark itself is a blank, as for its authors
}

TEST(Tokenizer, DamagedVocabulariesAreSentences) {
    Letters letters;
    letters.more = [](auto& writer) { writer.addUint("tokenizer.ggml.eos_token_id", 5); };
    EXPECT_THAT(letters.complaint(), HasSubstr("eos_token_id names a token that does not exist"));
    letters = {};
    letters.types.pop_back();
    EXPECT_THAT(letters.complaint(), HasSubstr("differ in length"));
    letters = {};
    letters.types[1] = 9;
    EXPECT_THAT(letters.complaint(), HasSubstr("unknown type 9"));
    letters = {};
    letters.tokens.clear();
    letters.types.clear();
    EXPECT_THAT(letters.complaint(), HasSubstr("no vocabulary"));
    letters = {};
    letters.pre = "klingon";
    EXPECT_THAT(letters.complaint(), HasSubstr("the rule klingon"));
    letters = {};
    letters.model = "bert";
    EXPECT_THAT(letters.complaint(), HasSubstr("the kind bert"));
    letters = {};
    letters.model = "llama";
    EXPECT_THAT(letters.complaint(), HasSubstr("scores"));
}

TEST(SpmTokenizer, OddPiecesAreMadeHarmless) {
    Letters letters;
    letters.model = "llama";
    letters.add("");
    letters.add("a"); // twice
    letters.add("<unk>", 2);
    letters.add("<pad>", 2); // a second "unknown"
    letters.more = [](auto& writer) {
        writer.addFloats("tokenizer.ggml.scores", {0, -1, -1, -1, -1, -1, -1, NAN, INFINITY});
        writer.addBool("tokenizer.ggml.add_space_prefix", false);
    };
    EXPECT_THAT(letters.make()->encodePlain("abcd"), ElementsAre(1, 2, 3, 4));
}

TEST(SpmTokenizer, ASpaceStandsInFrontOfTextAndBehindSpecialTokens) {
    const auto tokenizer = toyTokenizer(true);
    ASSERT_TRUE(tokenizer->addsSpacePrefix());
    const Ids word = tokenizer->encodePlain("the");
    EXPECT_EQ(tokenizer->displayText(word.front()), " the");
    const TokenId start = *tokenizer->findSpecial("<|im_start|>");
    EXPECT_EQ(encode(*tokenizer, {special("<|im_start|>"), plain("the")}), (Ids{start, word.front()}));
    EXPECT_EQ(tokenizer->decode(Ids{start, word.front()}), "the");
}

TEST(SpmTokenizer, LongTextsAreCutWhereItMakesNoDifference) {
    const auto tokenizer = toyTokenizer(true);
    std::string text;
    Ids expected;
    for (int line = 0; line < 2000; ++line) {
        const std::string words = "the rain in the north was on the other side\n";
        Ids ids = tokenizer->encodePlain((line == 0 ? "" : "\n") +
                                         words); // the break in front keeps the blank away
        if (line > 0)
            ids.erase(ids.begin(), ids.begin() + 2);
        text += words;
        expected.insert(expected.end(), ids.begin(), ids.end());
    }
    EXPECT_EQ(tokenizer->encodePlain(text), expected);
}
