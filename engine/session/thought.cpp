#include "engine/session/thought.h"

namespace engine {

std::optional<Thought> thoughtOf(const ChatFormat& format, std::string_view answer) {
    if (format.thoughtChannel.empty() || !answer.starts_with(ThoughtBegin))
        return {};
    const std::size_t begin = ThoughtBegin.size(), end = answer.find(ThoughtEnd, begin);
    if (end == std::string_view::npos)
        return Thought{begin, answer.size(), answer.size(), true};
    return Thought{begin, end, end + ThoughtEnd.size(), false};
}

std::size_t wordsBegin(const ChatFormat& format, Role role, std::string_view text) {
    const auto thought = role == Role::Assistant ? thoughtOf(format, text) : std::nullopt;
    return thought ? thought->answerBegin : 0;
}

} // namespace engine
