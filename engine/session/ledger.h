#pragma once
#include "engine/sink_cache.h"
#include "engine/types.h"
#include "engine/utf8_stream.h"

#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

namespace engine {

/// A text remembered by its length and a 64-bit hash, so that an endless answer takes no memory.
class TextMark {
public:
    TextMark() = default;
    explicit TextMark(std::string_view text) { add(text); }
    void add(std::string_view more);
    std::size_t length() const { return m_length; }
    bool operator==(const TextMark&) const = default;

private:
    std::uint64_t m_hash = 0xcbf29ce484222325u; // FNV-1a
    std::size_t m_length = 0;
};

/// A message of which at least a part is in view.
struct HeldMessage {
    std::int64_t id = 0;
    Role role = Role::User;
    TextMark text;
    StreamPosition begin = 0;        // with the template's text in front of it
    StreamPosition contentBegin = 0; // its own first token
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

    std::deque<HeldMessage>& messages() { return m_messages; }
    const std::deque<HeldMessage>& messages() const { return m_messages; }
    /// Forgets messages that are wholly out of view or behind the stream's end.
    void trim();
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
