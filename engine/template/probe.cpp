#include "engine/template/probe.h"

#include "engine/error.h"

#include <algorithm>

namespace engine {
namespace {

using Ending = ChatTemplate::Ending;

ChatMessage says(Role role, std::string text) {
    return {0, role, std::move(text)};
}

/// Questions and answers by turns, the last one a question.
std::vector<ChatMessage> conversation(bool hasSystem, int messages) {
    std::vector<ChatMessage> all;
    if (hasSystem)
        all.push_back(says(Role::System, "Be brief"));
    for (int i = 0; i < messages; ++i)
        all.push_back(says(i % 2 == 0 ? Role::User : Role::Assistant, "Words" + std::to_string(i)));
    return all;
}

struct Source {
    std::string_view text;
    std::shared_ptr<const ChatTemplate> chatTemplate;
    std::stop_token stop;
    std::vector<RenderedPiece> render(const std::vector<ChatMessage>& messages,
                                      Ending ending = Ending::GenerationPrompt) const {
        return chatTemplate->render(messages, ending, stop);
    }
};

/// What stands before, between and behind the messages. Nothing where a message is not there once, whole and in its place.
std::optional<std::vector<std::string>> glue(const Source& source, const std::vector<ChatMessage>& messages,
                                             Ending ending = Ending::GenerationPrompt) {
    std::vector<std::string> between(1);
    for (const RenderedPiece& piece : source.render(messages, ending)) {
        if (piece.message == RenderedPiece::templates) {
            between.back() += piece.text;
            continue;
        }
        const std::size_t next = between.size() - 1;
        if (static_cast<std::size_t>(piece.message) != next || piece.text != messages[next].text)
            return {};
        between.emplace_back();
    }
    return between.size() == messages.size() + 1 ? std::optional(between) : std::nullopt;
}

std::size_t commonLength(std::string_view a, std::string_view b) {
    return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

/// The beginning that both share, which does not end inside of a mark.
std::string commonBeginning(const std::string& a, const std::string& b) {
    std::size_t length = commonLength(a, b);
    while (length > 0 && length < std::max(a.size(), b.size()) && a[length - 1] != '>' &&
           a[length - 1] != ']' && a[length - 1] != '\n')
        --length;
    return a.substr(0, length);
}

void addSystem(const Source& source, ChatFormat& format) {
    try {
        if (const auto one = glue(source, conversation(true, 1))) {
            format.open = (*one)[0];
            format.afterSystem = (*one)[1];
            return;
        }
    } catch (const Error&) { // it has no system role
    }
    format.open = format.openWithoutSystem;
    format.afterSystem = "\n\n";
}

/// Text that the template puts in by itself where a system prompt would stand.
std::string defaultSystem(const ChatFormat& format) {
    const std::string& text = format.openWithoutSystem;
    const std::size_t around = format.open.size() + format.afterSystem.size();
    if (text.size() <= around || !text.starts_with(format.open) || !text.ends_with(format.afterSystem))
        return "";
    return text.substr(format.open.size(), text.size() - around);
}

/// What follows the first question where its answer has a thought in front. Empty: the template does not take it.
std::string behindQuestion(const Source& source) {
    std::vector<ChatMessage> messages = conversation(false, 3);
    messages[1].text = "<think>\nThought\n</think>\n\n" + messages[1].text;
    try {
        std::string text;
        bool isBehind = false;
        for (const RenderedPiece& piece : source.render(messages)) {
            text += isBehind ? piece.text : "";
            isBehind = isBehind || piece.message == 0;
        }
        return text;
    } catch (const Error&) {
        return "";
    }
}

/// gpt-oss. A model closes each of its messages as a person's is closed, and opens the next one in the same way.
void addChannels(const std::string& channel, const std::string& prompt, const Source& source,
                 ChatFormat& format) {
    constexpr std::string_view thoughts = "<|channel|>analysis<|message|>";
    format.channel = channel;
    if (source.text.find(thoughts) == std::string_view::npos)
        return;
    format.thoughtChannel = thoughts;
    format.afterThought = prompt + channel;
}

ChatFormat cut(const Source& source) {
    const auto one = glue(source, conversation(false, 1)), two = glue(source, conversation(false, 3));
    if (!one || !two)
        throw Error("The chat template leaves out or changes what is said.");
    const std::string &past = (*two)[1], &next = (*two)[2], &prompt = (*one)[1];
    ChatFormat format;
    format.source = source.chatTemplate;
    format.openWithoutSystem = (*one)[0];
    format.beforeAnswer = commonBeginning(prompt, past);
    const std::string thought = behindQuestion(source);
    if (!thought.empty() && !thought.starts_with(format.beforeAnswer))
        format.beforeAnswer = commonBeginning(format.beforeAnswer, thought);
    format.opening = prompt.substr(format.beforeAnswer.size());
    if (past.starts_with(prompt + "<|channel|>"))
        addChannels(past.substr(prompt.size()), prompt, source, format);
    std::vector<ChatMessage> answered = conversation(false, 2);
    std::string end;
    try {
        if (const auto closed = glue(source, answered, Ending::None))
            end = (*closed)[2];
    } catch (const Error&) { // it wants a question at the end
    }
    format.endOfTurn = commonBeginning(next, end);
    format.afterAnswer = next.substr(format.endOfTurn.size());
    addSystem(source, format);
    format.defaultSystem = defaultSystem(format);
    return format;
}

} // namespace

Probed probe(const std::string& jinja, const TemplateSetting& setting, const std::stop_token& stop) {
    Probed probed;
    try {
        probed.format = cut({jinja, std::make_shared<const ChatTemplate>(jinja, setting), stop});
    } catch (const Error& error) {
        probed.trouble = error.what();
    }
    return probed;
}

} // namespace engine
