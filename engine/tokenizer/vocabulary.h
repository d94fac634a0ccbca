#pragma once
#include "engine/types.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

class GgufFile;
struct ChatFormat;

// The numbers are those of tokenizer.ggml.token_type, and of SentencePiece.
enum class TokenType : std::uint8_t {
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6
};

/// What both kinds of tokenizer share: the tokens, what they are, and the ids with a meaning. Checked: every
/// id is below the size.
struct Vocabulary {
    std::vector<std::string> texts; // as stored
    std::vector<TokenType> types;
    std::vector<bool> reserved; // never made from plain text
    std::vector<bool> endOfGeneration;
    std::optional<TokenId> begin;
    std::optional<bool> addsBegin; // nothing: the file does not say
    std::optional<bool> addsSpacePrefix;

    /// Throws engine::Error. Tokens that structure a conversation are reserved, and those of the chat format made control tokens,
    /// whatever the file calls them (see marks.h).
    static Vocabulary fromGguf(const GgufFile& file, const ChatFormat& format);

    int size() const { return static_cast<int>(texts.size()); }
    TokenType type(TokenId token) const { return types[static_cast<std::size_t>(token)]; }
    const std::string& text(TokenId token) const { return texts[static_cast<std::size_t>(token)]; }
    bool isReserved(TokenId token) const { return reserved[static_cast<std::size_t>(token)]; }
    /// Stands for no text; always reserved.
    bool isControl(TokenId token) const {
        return type(token) == TokenType::Control || type(token) == TokenType::Unknown;
    }
};

} // namespace engine
