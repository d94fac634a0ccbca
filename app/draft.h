#pragma once
#include "app/chat_types.h"

namespace app {

/// What a chat's message field holds: the next message, and in front of it an earlier one that is being changed. Plain data.
struct Draft {
    QString text;         // of the next message
    MessageId edited = 0; // the earlier message; 0: none is being changed
    QString edit;         // its new text

    bool operator==(const Draft&) const = default;
};

} // namespace app
