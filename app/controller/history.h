#pragma once
#include "app/chat_types.h"
#include "engine/session.h"

#include <vector>

namespace app {

struct History {
    std::vector<engine::ChatMessage> messages; // oldest first
    MessageId firstRead = 0;                   // the oldest of them when older ones were left out, else 0
    qint64 earlierBytes = 0;                   // of the older ones, about
};

/// The newest of the first `count` messages, whole ones, as many as hold `byteLimit` bytes of UTF-8: older
/// ones cannot matter to a window of that size. At least one.
History newestMessages(const QList<Message>& messages, int count, qint64 byteLimit);

/// How many bytes of text can possibly matter to a cache of `window` tokens: of all vocabularies few tokens are longer than 64 bytes. The
/// engine takes what fits, counted in tokens.
qint64 byteLimit(int window);

/// Tokens that reading this chat takes, at most `capacity`, estimated from its length.
int aboutToRead(const engine::ChatRequest& request, int capacity);

} // namespace app
