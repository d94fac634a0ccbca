#include "engine/tokenizer/vocabulary.h"
#include "engine/gguf_file.h"

#include <algorithm>
#include <array>

namespace engine {

namespace {

constexpr std::size_t maxTokens = 1 << 22;
constexpr std::size_t maxTokenBytes = 64 << 10;

// Texts that end an answer wherever they are in a vocabulary as a token of their own.
constexpr std::array endTexts = {
    "<|eot_id|>",      "<|im_end|>",
    "<|end|>",         "<|return|>",
    "<|call|>",        "<end_of_turn>",
    "<|endoftext|>",   "<|eom_id|>",
    "<EOT>",           "<|end_of_text|>",
    "<|end_of_turn|>", "<end_of_utterance>",
    "<turn|>",         "<｜end▁of▁sentence｜>",
};

// Texts that structure a conversation and do not look like <|...|>.
constexpr std::array markerTexts = {
    "<start_of_turn>",
    "<end_of_turn>",
    "[INST]",
    "[/INST]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CALLS]",
    "<EOT>",
    "<end_of_utterance>",
    "<|turn>",
    "<turn|>",
};

template <std::size_t N>
bool contains(const std::array<const char*, N>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

bool looksLikeMarker(std::string_view text) {
    const std::string_view bar = "｜"; // DeepSeek's wide one
    const bool plain = text.size() > 4 && text.starts_with("<|") && text.ends_with("|>");
    const bool wide = text.size() > 2 * bar.size() + 2 && text.substr(1).starts_with(bar) &&
                      text.front() == '<' && text.back() == '>' &&
                      text.substr(0, text.size() - 1).ends_with(bar);
    return plain || wide || contains(markerTexts, text);
}

std::optional<TokenId> findId(const GgufFile& file, const char* key, int size) {
    const auto id = file.findUint(key);
    if (!id || *id == 0xFFFFFFFFu) // "none" in some files
        return {};
    if (*id >= static_cast<std::uint64_t>(size))
        file.fail("it is damaged: " + std::string(key) + " names a token that does not exist");
    return static_cast<TokenId>(*id);
}

void readTypes(const GgufFile& file, Vocabulary& vocabulary) {
    vocabulary.types.assign(vocabulary.texts.size(), TokenType::Normal);
    const auto types = file.findInts("tokenizer.ggml.token_type");
    if (!types)
        return;
    if (types->size() != vocabulary.texts.size())
        file.fail("it is damaged: its vocabulary and the list of token types differ in length");
    for (std::size_t i = 0; i < types->size(); ++i) {
        const std::int64_t number = (*types)[i];
        // 0 stands for "undefined" in a few files; what it means is an ordinary token.
        if (number < 0 || number > 6)
            file.fail("it is damaged: a token has the unknown type " + std::to_string(number));
        vocabulary.types[i] = number == 0 ? TokenType::Normal : static_cast<TokenType>(number);
    }
}

void markEnds(const GgufFile& file, Vocabulary& vocabulary) {
    const auto mark = [&](std::optional<TokenId> token) {
        if (token)
            vocabulary.endOfGeneration[static_cast<std::size_t>(*token)] = true;
    };
    vocabulary.endOfGeneration.assign(vocabulary.texts.size(), false);
    for (const char* key :
         {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"})
        mark(findId(file, key, vocabulary.size()));
    std::optional<TokenId> end, returns, calls;
    for (TokenId token = 0; token < vocabulary.size(); ++token) {
        const std::string& text = vocabulary.text(token);
        if (vocabulary.type(token) != TokenType::Control)
            continue;
        // "</s>" only counts where the file itself calls it a control token: elsewhere it is the HTML tag.
        if (contains(endTexts, text) || text == "</s>")
            mark(token);
        if (text == "<|end|>")
            end = token;
        if (text == "<|return|>")
            returns = token;
        if (text == "<|call|>")
            calls = token;
    }
    if (end && returns &&
        calls) // this vocabulary closes every message with <|end|>, also in the middle of an answer
        vocabulary.endOfGeneration[static_cast<std::size_t>(*end)] = false;
}

void reserveMarkers(const GgufFile& file, Vocabulary& vocabulary) {
    for (TokenId token = 0; token < vocabulary.size(); ++token) {
        TokenType& type = vocabulary.types[static_cast<std::size_t>(token)];
        if ((type == TokenType::Normal || type == TokenType::UserDefined) &&
            looksLikeMarker(vocabulary.text(token)))
            type = TokenType::Control;
    }
    for (const char* key : {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id",
                            "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
        const auto token = findId(file, key, vocabulary.size());
        // Some base models name an ordinary token here (a line break): that one must stay typable.
        if (token && vocabulary.type(*token) != TokenType::Byte && vocabulary.text(*token).starts_with("<"))
            vocabulary.types[static_cast<std::size_t>(*token)] = TokenType::Control;
    }
}

} // namespace

Vocabulary Vocabulary::fromGguf(const GgufFile& file) {
    const std::vector<std::string>* tokens = file.findStrings("tokenizer.ggml.tokens");
    if (!tokens || tokens->empty())
        file.fail("it has no vocabulary");
    if (tokens->size() > maxTokens)
        file.fail("its vocabulary is absurdly large (" + std::to_string(tokens->size()) + " tokens)");
    Vocabulary vocabulary;
    vocabulary.texts = *tokens;
    for (const std::string& text : vocabulary.texts)
        if (text.size() > maxTokenBytes)
            file.fail("it is damaged: a token of its vocabulary is absurdly long");
    readTypes(file, vocabulary);
    reserveMarkers(file, vocabulary);
    markEnds(file, vocabulary);
    vocabulary.begin = findId(file, "tokenizer.ggml.bos_token_id", vocabulary.size());
    vocabulary.addsBegin = file.findBool("tokenizer.ggml.add_bos_token");
    vocabulary.addsSpacePrefix = file.findBool("tokenizer.ggml.add_space_prefix");
    return vocabulary;
}

} // namespace engine
