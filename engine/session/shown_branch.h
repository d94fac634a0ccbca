#pragma once
#include "engine/chat_format.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

struct Branch;

/// A text of which it is known who wrote each part.
struct ShownText {
    enum class Writer : std::uint8_t {
        Template, // trusted
        Message,  // the message that it belongs to
        Other     // the system prompt, or another message
    };
    struct Part {
        std::size_t begin = 0; // in `text`, up to the next part
        Writer writer = Writer::Template;
        std::size_t offset = 0; // Message: where these words stand in it
    };
    std::string text;
    std::vector<Part> parts; // the first one begins at 0

    void append(std::string_view more, Writer writer, std::size_t offset = 0);
    std::size_t partEnd(std::size_t part) const {
        return part + 1 < parts.size() ? parts[part + 1].begin : text.size();
    }
};

/// A message as the chat format shows it in its place. Whatever depends on the place (first, last, thoughts dropped) is in here: what
/// the cache holds of a message is still right while this is the same.
struct ShownMessage {
    ShownText context; // what has been read in front, as far as words are cut with it in sight
    ShownText before, content, behind;
};

struct ShownBranch {
    ShownText block; // up to the first message: what begins a text, and the system prompt
    std::vector<ShownMessage> messages;
    std::string opening; // goes in front of an answer that follows now; trusted
    std::string
        thoughtOpening; // the same where the model thinks first; empty: the format has no channel for thoughts
};

/// The branch rendered with the file's template and cut where the messages' words stand. Of a conversation that the template refuses, one
/// that it takes: messages of one role are joined, instructions stand in front of the question behind them. For a family, and where that is
/// refused, too: the format's pieces round each message. An unfinished answer stands at the end as it was written.
ShownBranch show(const ChatFormat& format, const Branch& branch);

} // namespace engine
