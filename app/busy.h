#pragma once
#include "app/chat_types.h"

namespace app {

/// Whose answers are under way; chats that are not stored yet are left out. Plain data.
struct Busy {
    ChatId answering = 0; // the engine works for it; 0: for none
    QList<ChatId> waiting;

    bool operator==(const Busy&) const = default;
};

} // namespace app
