#pragma once
#include "engine/types.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

class GgufFile;
struct ChatFormat;

/// A piece of text to tokenize. Only trusted text (our template strings) may become special tokens; what a user, a file or a model
/// wrote never can.
struct TextPart {
    std::string_view text; // UTF-8; invalid bytes are replaced
    enum class Trust { Plain, Special } trust = Trust::Plain;
};

/// Text to token ids and back: byte-level BPE or SentencePiece, from a GGUF file's metadata. Immutable; any thread.
class Tokenizer {
public:
    /// Throws engine::Error (unknown kind, unknown pre-tokenizer by name, ids out of range). What `format` uses is never made from plain
    /// text; without one, the format that is detected.
    static std::unique_ptr<const Tokenizer> fromGguf(const GgufFile& file);
    static std::unique_ptr<const Tokenizer> fromGguf(const GgufFile& file, const ChatFormat& format);
    virtual ~Tokenizer() = default;

    /// Adjacent plain parts are joined before they are split into words, so glue and content tokenize as one text.
    virtual std::vector<TokenId> encode(std::span<const TextPart> parts) const = 0;
    std::vector<TokenId> encodePlain(std::string_view text) const;
    /// The text of a whole sequence, repaired: the inverse of encodePlain(). Drops the one space that SentencePiece puts in front.
    std::string decode(std::span<const TokenId> tokens) const;

    /// The token's bytes; several tokens may share one character (see Utf8Stream). Empty for control tokens.
    virtual std::string_view bytes(TokenId token) const = 0;
    /// The token as it stands in the vocabulary, for people to read ("<|im_start|>", "\n", " boat").
    virtual std::string displayText(TokenId token) const = 0;

    virtual int vocabularySize() const = 0;
    virtual std::optional<TokenId> beginToken() const = 0;
    virtual bool addsBeginToken() const = 0; // the model wants it in front of every text
    /// A space that nobody wrote is put in front of text at the start and behind special tokens; decoding from there drops it.
    virtual bool addsSpacePrefix() const = 0;
    virtual bool endsTurn(TokenId token) const = 0;  // EOS, EOT, EOM and their kin
    virtual bool isControl(TokenId token) const = 0; // stands for no text
    virtual std::optional<TokenId> findSpecial(std::string_view text) const = 0;
};

} // namespace engine
