#pragma once
#include "engine/chat_format.h"
#include "engine/session/shown_branch.h"
#include "engine/session/text_mark.h"
#include "engine/tokenizer.h"
#include "engine/types.h"

#include <cstdint>
#include <limits>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// Tokens to read and where each comes from.
struct Passage {
    std::vector<TokenId> tokens;
    std::vector<TokenSource> sources; // one per token
    std::size_t contentBegin = 0;     // index of the message's own first token; 0 in a tail
    bool isTail = false;              // the beginning of a long message was not tokenized
};

/// Turns messages into tokens, one at a time, so that a turn only ever appends to what the model has read.
/// Engine thread.
class PromptWriter {
public:
    PromptWriter(const Tokenizer& tokenizer, const ChatFormat& format)
        : m_tokenizer(tokenizer), m_format(format) {}

    /// What has been read when the next message comes.
    enum class After : std::uint8_t { SystemBlock, System, User, Assistant };
    static After afterMessage(Role role);

    /// What the other functions write. They know messages by their place in the branch.
    void show(const Branch& branch);

    /// What goes in front of an answer before its first token is picked, and its tokens: of one that begins with words, or with a thought.
    enum class Opening : std::uint8_t { Words, Thought };
    const std::string& openingText(Opening of) const {
        return of == Opening::Thought ? m_shown.thoughtOpening : m_shown.opening;
    }
    std::vector<TokenId> opening(Opening of) const;
    /// BOS and the system block, up to the place where the first user's text goes.
    std::vector<TokenId> systemBlock() const;
    /// How a message is shown, the template's text round it included.
    TextMark markOf(std::size_t index) const;
    /// One message with the template's text around it. Of a long message only the newest pieces that make up at least `limit` tokens. Pieces
    /// are cut at places that the text alone determines, so their tokens do not depend on the limit. A stop may leave it shorter.
    Passage message(const ChatMessage& message, std::size_t index,
                    std::size_t limit = std::numeric_limits<std::size_t>::max(),
                    const std::stop_token& stop = {}) const;

private:
    Passage piece(const ChatMessage& message, const ShownMessage& shown, std::size_t begin,
                  std::size_t end) const;
    std::vector<TokenId> encodeAfter(const std::vector<TextPart>& before,
                                     const std::vector<TextPart>& parts) const;

    const Tokenizer& m_tokenizer;
    const ChatFormat& m_format;
    ShownBranch m_shown;
};

} // namespace engine
