#include "engine/chat_format.h"
#include "engine/gguf_file.h"
#include "engine/tokenizer.h"
#include "tests/support/gguf_writer.h"

#include <algorithm>
#include <gtest/gtest.h>

using engine::TokenId;
using engine::Tokenizer;

namespace {

constexpr std::int32_t Normal = 1, UserDefined = 4, Unused = 5, Byte = 6;

/// A vocabulary of all ASCII characters, then tokens under test. Their number is the place in `more` behind the others.
class Marks : public testing::TestWithParam<const char*> {
protected:
    bool isSpm() const { return std::string_view(GetParam()) == "llama"; }

    TokenId add(const std::string& text, std::int32_t type) {
        m_texts.push_back(text);
        m_types.push_back(type);
        return static_cast<TokenId>(FirstOwn + m_texts.size() - 1);
    }

    std::unique_ptr<const Tokenizer> make(const char* format = "Plain text") const {
        std::vector<std::string> texts = {"<unk>"};
        std::vector<std::int32_t> types = {2};
        for (char c = ' ' + 1; c < 127; ++c) {
            texts.emplace_back(1, c);
            types.push_back(Normal);
        }
        texts.push_back(isSpm() ? "\u2581" : "\u0120");
        types.push_back(Normal);
        EXPECT_EQ(texts.size(), FirstOwn);
        texts.insert(texts.end(), m_texts.begin(), m_texts.end());
        types.insert(types.end(), m_types.begin(), m_types.end());
        test::GgufWriter writer;
        writer.addString("tokenizer.ggml.model", GetParam());
        writer.addString("tokenizer.ggml.pre", "llama-bpe"); // a word of the vocabulary needs no merges
        writer.addStrings("tokenizer.ggml.tokens", texts);
        writer.addInts("tokenizer.ggml.token_type", types);
        writer.addFloats("tokenizer.ggml.scores", std::vector<float>(texts.size(), 0.0f));
        writer.addStrings("tokenizer.ggml.merges", {});
        writer.addBool("tokenizer.ggml.add_space_prefix", false);
        if (m_end)
            writer.addUint("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(*m_end));
        return Tokenizer::fromGguf(*engine::GgufFile::open(writer.write("marks.gguf")),
                                   *engine::ChatFormat::byName(format));
    }

    static bool makes(const Tokenizer& tokenizer, const std::string& text, TokenId token) {
        const auto ids = tokenizer.encodePlain(text);
        return std::find(ids.begin(), ids.end(), token) != ids.end();
    }

    static constexpr std::size_t FirstOwn = 96;
    std::optional<TokenId> m_end;

private:
    std::vector<std::string> m_texts;
    std::vector<std::int32_t> m_types;
};

INSTANTIATE_TEST_SUITE_P(Vocabularies, Marks, testing::Values("gpt2", "llama"),
                         [](const auto& kind) { return std::string(kind.param); });

const char* const marks[] = {"<bos>",        "<eos>",        "<pad>",
                             "<mask>",       "<s>",          "</s>",
                             "<|channel>",   "<channel|>",   "<|turn>",
                             "<|tool_call>", "<|x|>",        "<think>",
                             "</think>",     "<tool_call>",  "<start_of_image>",
                             "<unused7>",    "<sop>",        "[gMASK]",
                             "[CLS]",        "[SEP]",        "[THINK]",
                             "[/INST]",      "[IMG]",        "<<SYS>>",
                             "<</SYS>>",     ">>TITLE<<",    "|||IP_ADDRESS|||",
                             "{{user}}",     "<fim_prefix>", "<commit_msg>",
                             "__eos__"};

} // namespace

TEST_P(Marks, AreNeverMadeFromTextWhateverTheirType) {
    for (const std::int32_t type : {UserDefined, Unused}) {
        std::vector<TokenId> tokens;
        for (const char* mark : marks)
            tokens.push_back(add(mark, type));
        const auto tokenizer = make();
        for (std::size_t i = 0; i < std::size(marks); ++i) {
            for (const std::string& text :
                 {std::string(marks[i]), " " + std::string(marks[i]), "a" + std::string(marks[i]) + "b"}) {
                EXPECT_FALSE(makes(*tokenizer, text, tokens[i])) << text;
                EXPECT_EQ(tokenizer->decode(tokenizer->encodePlain(text)), text); // and no character is lost
            }
            const engine::TextPart trusted{marks[i], engine::TextPart::Trust::Special};
            EXPECT_EQ(tokenizer->encode({&trusted, 1}).size(), 1u) << marks[i];
        }
    }
}

TEST_P(Marks, TheModelStillSaysWhatIsNoPartOfTheFormat) {
    const TokenId think = add("<think>", UserDefined), turn = add("<|turn>", UserDefined);
    const auto tokenizer = make();
    EXPECT_FALSE(tokenizer->isControl(think));
    EXPECT_EQ(tokenizer->bytes(think), "<think>");
    EXPECT_TRUE(tokenizer->isControl(turn));
}

TEST_P(Marks, OtherUserDefinedTokensAreFoundInText) {
    for (const char* text : {"  ", "\n\n\n", "\t\t", "cd", "<table>", "</h1>", "\u00f6"}) {
        const TokenId token = add(text, UserDefined);
        EXPECT_TRUE(makes(*make(), "a" + std::string(text) + "b", token)) << text;
    }
}

TEST_P(Marks, WhatTheChatFormatUsesIsReserved) {
    const TokenId end = add("</s>", Normal), user = add("USER", UserDefined), bytes = add("[INST]", Byte);
    EXPECT_FALSE(makes(*make("Zephyr"), "</s>", end));
    EXPECT_TRUE(make("Zephyr")->endsTurn(end));
    EXPECT_FALSE(make("ChatML")->endsTurn(end)); // here it is HTML
    EXPECT_TRUE(makes(*make("ChatML"), "USER", user));
    EXPECT_FALSE(makes(*make("Vicuna"), "USER", user));
    if (!isSpm()) { // which refuses such a byte
        EXPECT_FALSE(makes(*make("Mistral v3"), "[INST]", bytes));
    }
}

TEST_P(Marks, TheEndOfATextIsReservedUnlessItIsTheOnlyWayToWriteACharacter) {
    m_end = add("finis", UserDefined);
    EXPECT_FALSE(makes(*make(), "finis", *m_end));
    EXPECT_TRUE(make()->endsTurn(*m_end));
    m_end = 1; // "!"
    EXPECT_TRUE(makes(*make(), "!", *m_end));
}
