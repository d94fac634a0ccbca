#pragma once
#include "engine/chat_format.h"
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

    /// The answer that is still being written: it stands behind the format's opening, as it is. Null: none of the messages. Told from
    /// others by where it is in memory, because ids are only labels.
    void setUnfinished(const ChatMessage* answer) { m_unfinished = answer; }
    bool isUnfinished(const ChatMessage& message) const {
        return message.role == Role::Assistant && &message == m_unfinished;
    }
    /// The answer stands in the history as it was written. Else its thoughts, or blanks around it, leave.
    bool isTheSameInHistory(const ChatMessage& answer) const;
    /// The tokens of the format's opening, which go in front of an answer before its first token is picked.
    std::vector<TokenId> opening() const;
    /// BOS and the system block, up to the place where the first user's text goes.
    std::vector<TokenId> systemBlock(const std::string& system) const;
    static After afterMessage(Role role);
    /// One message with the template's text around it; `system` as given to systemBlock(), which is not
    /// repeated. Of a long message only the newest pieces that make up at least `limit` tokens. Pieces are cut at
    /// places that the text alone determines, so their tokens do not depend on the limit. A stop may leave it shorter.
    Passage message(const ChatMessage& message, After after, const std::string& system,
                    std::size_t limit = std::numeric_limits<std::size_t>::max(),
                    const std::stop_token& stop = {}) const;

private:
    struct Frame { // the template's text round a message
        std::string before, behind;
        std::vector<TextPart> context; // what has been read in front
    };
    MessageForm systemForm(const std::string& system) const; // empty: there is none
    Frame frameOf(const ChatMessage& message, After after, const MessageForm& system) const;
    Passage piece(const ChatMessage& message, const Frame& frame, const MessageForm& form, std::size_t begin,
                  std::size_t end) const;
    std::vector<TextPart> systemParts(const MessageForm& system) const;
    std::vector<TokenId> encodeAfter(const std::vector<TextPart>& before,
                                     const std::vector<TextPart>& parts) const;

    const Tokenizer& m_tokenizer;
    const ChatFormat& m_format;
    const ChatMessage* m_unfinished = nullptr;
};

} // namespace engine
