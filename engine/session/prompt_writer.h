#pragma once
#include "engine/chat_format.h"
#include "engine/tokenizer.h"
#include "engine/types.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// Tokens to read and where each comes from.
struct Passage {
    std::vector<TokenId> tokens;
    std::vector<TokenSource> sources; // one per token
    std::size_t contentBegin = 0;     // index of the message's own first token
};

/// Turns messages into tokens, one at a time, so that a turn only ever appends to what the model has read.
/// Engine thread.
class PromptWriter {
public:
    PromptWriter(const Tokenizer& tokenizer, const ChatFormat& format)
        : m_tokenizer(tokenizer), m_format(format) {}

    /// What has been read when the next message comes.
    enum class After { SystemBlock, User, Assistant };

    /// BOS and the system block, up to the place where the first user's text goes.
    std::vector<TokenId> systemBlock(const std::string& system) const;
    /// One message with the template's text around it; `system` as given to systemBlock(), which is not
    /// repeated.
    Passage message(const ChatMessage& message, After after, const std::string& system) const;

private:
    std::vector<TokenId> encodeAfter(const std::vector<TextPart>& before,
                                     const std::vector<TextPart>& parts) const;

    const Tokenizer& m_tokenizer;
    const ChatFormat& m_format;
};

} // namespace engine
