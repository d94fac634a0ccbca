#pragma once
#include "engine/types.h"

#include <QDateTime>
#include <QList>
#include <QString>

#include <cstdint>

// What the store keeps and the window shows. Plain data: copy freely between threads.
namespace app {

using ChatId = std::int64_t;
using MessageId = std::int64_t;

using engine::Role;

enum class MessageState : std::uint8_t {
    Streaming, // being written now
    Done,
    Stopped,     // the user pressed Stop; can be continued
    Interrupted, // the program ended while it was being written; can be continued
    Error        // generation failed; `text` holds what there is
};

struct Message {
    MessageId id = 0;
    ChatId chat = 0;
    MessageId parent = 0; // 0 = first of the chat; siblings are versions of the same turn
    Role role = Role::User;
    MessageState state = MessageState::Done;
    QString text;
    QString model; // who answered
    QDateTime created;
    int tokens = 0;             // generated
    double tokensPerSecond = 0; // measured while it was written
    int versions = 1;           // siblings, itself included
    int version = 1;            // 1-based place among them
};

struct ChatSummary {
    ChatId id = 0;
    QString title;
    QDateTime created;
    QDateTime updated;
    int messages = 0;
    QString systemPrompt;
};

struct SearchHit {
    ChatId chat = 0;
    MessageId message = 0; // 0: the title matched
    QString chatTitle;
    QString snippet; // plain text, the match between U+E000 and U+E001
    QDateTime created;
};

} // namespace app
