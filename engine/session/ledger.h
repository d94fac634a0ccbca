#pragma once
#include "engine/session/prompt_writer.h"
#include "engine/session/text_mark.h"
#include "engine/sink_cache.h"
#include "engine/types.h"
#include "engine/utf8_stream.h"

#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

namespace engine {

/// A message of which the cache holds at least a part. What it is, is said by role, text and what stands in front of it.
struct HeldMessage {
    std::int64_t id = 0; // a label
    Role role = Role::User;
    TextMark text = {};
    TextMark shown = {}; // with the template's text round it; of a generated one, with what opened it
    PromptWriter::After after = PromptWriter::After::SystemBlock;
    StreamPosition begin = 0;        // its first token that was read, the template's text in front included
    StreamPosition contentBegin = 0; // its own first token; before `begin` where that was left out
    int skipped = 0;                 // tokens left out in front: they were out of view when it was read
    bool isTail = false;             // more was left out in front, and nobody knows how much
    int unread = 0;                  // tokens at its end that have not been read yet: a stop came
    bool isGenerated = false;
    /// Bytes of its last tokens that are no character yet: they come and go with the tokens.
    Utf8Stream unfinished = {};
};

/// What stands in the cache: which token is in which slot, whose text it is, and where the messages begin.
/// Fixed memory but for the messages in view. Engine thread; owned by Session.
class Ledger {
public:
    explicit Ledger(const SinkCache& cache)
        : m_cache(cache), m_tokens(static_cast<std::size_t>(cache.slots())) {}

    struct Token {
        TokenId id = 0;
        TokenSource source;
    };
    const Token& at(StreamPosition position) const { return m_tokens[index(position)]; }
    void set(StreamPosition position, const Token& token) { m_tokens[index(position)] = token; }
    /// The message's tokens in [begin, end) are labelled anew.
    void label(std::int64_t id, StreamPosition begin, StreamPosition end);

    std::deque<HeldMessage>& messages() { return m_messages; }
    const std::deque<HeldMessage>& messages() const { return m_messages; }
    /// Forgets messages that end before `kept`: nothing of them can come back into view.
    void trim(StreamPosition kept);
    /// The first place the model still sees; only asked when something is forgotten.
    Horizon horizon() const;

private:
    std::size_t index(StreamPosition position) const {
        return static_cast<std::size_t>(m_cache.slotOf(position));
    }

    const SinkCache& m_cache;
    std::vector<Token> m_tokens;        // (slots)
    std::deque<HeldMessage> m_messages; // oldest first
};

} // namespace engine
