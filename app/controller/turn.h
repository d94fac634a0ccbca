#pragma once
#include "app/chat_types.h"
#include "app/engine_port.h"

#include <optional>

namespace app {

/// What the store is told of a turn. Ids below 0 are those of chats and messages that could not be stored yet.
struct StoredTurn {
    ChatId chat = 0;
    QString title; // for the chat to be created
    QString systemPrompt;
    MessageId parent = 0;            // of the question, or of the answer where there is none
    std::optional<Message> question; // absent: another version, or an answer that goes on
    Message answer;
    bool goesOn = false; // continue
};

/// One question and its answer, from the key press until both are on disk and the engine is done with them.
/// Main thread; shared by the controller and the turn's writer.
struct Turn : StoredTurn {
    enum class Stage {
        Storing, // the question is on its way to the disk
        Waiting, // for the engine: a model is being loaded, or another chat's answer comes first
        Running,
        Over
    };

    int view = 0; // which opening of a chat it belongs to while `chat` is 0 (a chat that this turn creates)
    int earlierTokens = 0; // of the answer that goes on

    Stage stage = Stage::Storing;
    bool stopAsked = false;
    bool promptChanged = false;  // after the chat may have been created
    bool answering = false;      // the first token came
    engine::ChatRequest request; // cache and sampling are filled in when it starts
    MessageId firstRead = 0;     // see History
    engine::StreamPosition forgottenBefore = -1;
};

} // namespace app
