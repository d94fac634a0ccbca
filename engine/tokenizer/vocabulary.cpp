#include "engine/tokenizer/vocabulary.h"
#include "engine/chat_format.h"
#include "engine/gguf_file.h"
#include "engine/tokenizer/marks.h"

#include <algorithm>
#include <array>

namespace engine {

namespace {

constexpr std::size_t maxTokens = 1 << 22;
constexpr std::size_t maxTokenBytes = 64 << 10;

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
        if (isEndMark(text) || text == "</s>")
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

/// The pieces of a chat format that stand between texts.
std::array<std::string_view, 10> piecesOf(const ChatFormat& format) {
    return {format.open,      format.afterSystem, format.openWithoutSystem, format.beforeAnswer,
            format.opening,   format.channel,     format.thoughtChannel,    format.afterThought,
            format.endOfTurn, format.afterAnswer};
}

/// Text of persons, files and models never becomes what structures a conversation, whatever type the file gives it: what the chat format
/// uses, what begins or ends a text, and what looks like a mark.
void reserveMarks(const GgufFile& file, const ChatFormat& format, Vocabulary& vocabulary) {
    const auto pieces = piecesOf(format);
    vocabulary.reserved.assign(vocabulary.texts.size(), false);
    for (TokenId token = 0; token < vocabulary.size(); ++token) {
        file.checkStop();
        const auto index = static_cast<std::size_t>(token);
        const std::string& text = vocabulary.text(token);
        TokenType& type = vocabulary.types[index];
        const bool declared = type == TokenType::UserDefined || type == TokenType::Unused;
        const bool mark = looksLikeMark(text);
        const bool used = (declared || mark) && canBeSpelled(text) &&
                          std::ranges::any_of(pieces, [&](std::string_view piece) {
                              return piece.find(text) != std::string_view::npos;
                          });
        if (type != TokenType::Unknown && (isTurnMark(text) || (mark && used && !isThoughtMark(text))))
            type = TokenType::Control;
        vocabulary.reserved[index] =
            type == TokenType::Control || type == TokenType::Unknown || (declared && mark) || used;
    }
    for (const char* key : {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id",
                            "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
        const auto token = findId(file, key, vocabulary.size());
        // Some base models name an ordinary character here (a line break), without which text could not be written.
        if (!token || !canBeSpelled(vocabulary.text(*token)))
            continue;
        vocabulary.types[static_cast<std::size_t>(*token)] = TokenType::Control;
        vocabulary.reserved[static_cast<std::size_t>(*token)] = true;
    }
}

} // namespace

Vocabulary Vocabulary::fromGguf(const GgufFile& file, const ChatFormat& format) {
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
    file.checkStop();
    readTypes(file, vocabulary);
    reserveMarks(file, format, vocabulary);
    markEnds(file, vocabulary);
    vocabulary.begin = findId(file, "tokenizer.ggml.bos_token_id", vocabulary.size());
    vocabulary.addsBegin = file.findBool("tokenizer.ggml.add_bos_token");
    vocabulary.addsSpacePrefix = file.findBool("tokenizer.ggml.add_space_prefix");
    return vocabulary;
}

} // namespace engine
