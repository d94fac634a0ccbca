#pragma once
#include "engine/chat_format.h"
#include "engine/types.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace engine {

// Where a format has a channel for thoughts (ChatFormat::thoughtChannel), marks of control tokens stand round them, which are no text.
// People see these in their place, at the beginning of an answer and in its stored text.
constexpr std::string_view ThoughtBegin = "<think>\n";
constexpr std::string_view ThoughtEnd = "\n</think>\n\n";

/// A thought in the text of an answer.
struct Thought {
    std::size_t begin = 0, end = 0; // of its words
    std::size_t answerBegin = 0;    // the text's end while it is open
    bool isOpen = false;            // the answer ends in it
};

/// Nothing: the format has no channel for thoughts, or the answer has none.
std::optional<Thought> thoughtOf(const ChatFormat& format, std::string_view answer);

/// Where the words begin that the history shows of a message. What somebody else than the model has said holds no thought.
std::size_t wordsBegin(const ChatFormat& format, Role role, std::string_view text);

} // namespace engine
