#include "engine/session/reading_record.h"

#include <algorithm>
#include <utility>

namespace engine {

void ReadingRecord::open(std::int64_t chatId) {
    m_chat = chatId;
    if (chatId == 0)
        m_chats.erase(chatId);
}

std::int64_t ReadingRecord::readAgain() const {
    const auto chat = m_chats.find(m_chat);
    return chat == m_chats.end() ? 0 : chat->second.readAgain;
}

bool ReadingRecord::markBlock() {
    return std::exchange(m_chats[m_chat].block, true);
}

void ReadingRecord::begin(std::int64_t messageId) {
    m_before = messageId == 0
                   ? Known{}
                   : m_messages[messageId]; // its place is made here: between two tokens nothing is allocated
}

// The template's text round a message has no place in it: it was read when the message was.
void ReadingRecord::wasRead(const TokenSource& source) {
    if (m_before.to > m_before.from &&
        (!source.isText || (source.byteBegin >= m_before.from && source.byteBegin < m_before.to)))
        add(1);
    extend(source);
}

void ReadingRecord::extend(const TokenSource& source) {
    if (source.messageId == 0)
        return;
    Known& known = m_messages[source.messageId];
    if (known.to <= known.from) {
        known.from = source.byteBegin;
        known.to = source.byteEnd;
        return;
    }
    known.from = std::min(known.from, source.byteBegin);
    known.to = std::max(known.to, source.byteEnd);
}

void ReadingRecord::setTokens(std::int64_t messageId, int tokens) {
    if (messageId != 0)
        m_messages[messageId].tokens = tokens;
}

int ReadingRecord::tokensOf(std::int64_t messageId) const {
    const auto known = m_messages.find(messageId);
    return known == m_messages.end() ? 0 : known->second.tokens;
}

} // namespace engine
