#pragma once
#include "engine/types.h"

#include <cstdint>
#include <unordered_map>

namespace engine {

/// What has been read before, by this model or by the one before it, and what it cost to read it again. The numbers are
/// those of one chat. Engine thread; owned by Session, a copy goes to the next one.
class ReadingRecord {
public:
    /// The chat that is read from now on. 0 is a new chat each time.
    void open(std::int64_t chatId);
    std::int64_t readAgain() const; // tokens of the open chat
    void add(std::int64_t tokens) { m_chats[m_chat].readAgain += tokens; }
    /// True when the open chat's system block was marked before.
    bool markBlock();

    /// One message is about to be read or written: what is already known of it counts as read.
    void begin(std::int64_t messageId);
    /// One token of that message went through the model; counted when its text had done so before. Of messages without an id
    /// nothing is known.
    void wasRead(const TokenSource& source);
    void generated(const TokenSource& source) { extend(source); }

    /// How many tokens a message has; 0: not known.
    int tokensOf(std::int64_t messageId) const;
    void setTokens(std::int64_t messageId, int tokens);

private:
    struct Chat {
        std::int64_t readAgain = 0;
        bool block = false;
    };
    struct Known {
        std::int32_t from = 0, to = 0; // bytes that went through the model; empty: none
        int tokens = 0;
    };
    void extend(const TokenSource& source);

    std::unordered_map<std::int64_t, Chat> m_chats;
    std::int64_t m_chat = 0; // the open one
    std::unordered_map<std::int64_t, Known> m_messages;
    Known m_before; // of the message being read
};

} // namespace engine
