#pragma once
#include "engine/session.h"
#include "engine/session/prompt_writer.h"

#include <span>
#include <string>

namespace engine {

/// The message in front of one of the history; what of it is not known is guessed from who speaks in turns.
PromptWriter::After before(std::span<const ChatMessage> history, std::size_t index, bool hasEarlier);

/// A request's texts as they are read. Looks at the request's own messages, which have to live as long.
struct Branch {
    /// A family's default system prompt is put in here; a file's own template does that itself.
    Branch(const ChatRequest& request, const ChatFormat& format);

    PromptWriter::After before(std::size_t index) const {
        return engine::before(messages, index, hasEarlier);
    }

    std::string system;
    std::span<const ChatMessage>
        messages;            // without the instructions at the beginning of the whole, which are in `system`
    bool hasEarlier = false; // there are older messages, which the request does not bring
    bool isUnfinished = false; // the newest one is an answer that will go on
};

} // namespace engine
