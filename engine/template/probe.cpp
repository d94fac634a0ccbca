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

/// What stands before, between and behind the messages. Nothing where a message is not there once, whole and in its place.
std::optional<std::vector<std::string>> glue(const ChatTemplate& source,
                                             const std::vector<ChatMessage>& messages,
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

/// A template may move the system prompt in front of the newest question; here it stays where it was read.
void addSystem(const ChatTemplate& source, ChatFormat& format) {
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
std::string behindQuestion(const ChatTemplate& source) {
    std::vector<ChatMessage> messages = conversation(false, 3);
    messages[1].text = "<think>\nThought\n</think>\n\n" + messages[1].text;
    try {
        std::string text;
        bool isBehind = false;
        for (const RenderedPiece& piece : source.render(messages, Ending::GenerationPrompt)) {
            text += isBehind ? piece.text : "";
            isBehind = isBehind || piece.message == 0;
        }
        return text;
    } catch (const Error&) {
        return "";
    }
}

ChatFormat cut(const std::shared_ptr<const ChatTemplate>& source) {
    const auto one = glue(*source, conversation(false, 1)), two = glue(*source, conversation(false, 3)),
               three = glue(*source, conversation(false, 5));
    if (!one || !two || !three)
        throw Error("The chat template leaves out or changes what is said.");
    const std::string &past = (*three)[1], &next = (*three)[2], &prompt = (*one)[1];
    const bool isConstant = (*one)[0] == (*two)[0] && (*two)[0] == (*three)[0] && (*two)[1] == past &&
                            (*three)[3] == past && (*two)[2] == next && (*three)[4] == next &&
                            (*two)[3] == prompt && (*three)[5] == prompt;
    if (!isConstant)
        throw Error("The chat template changes what stands between messages as a conversation goes on.");
    ChatFormat format;
    format.source = source;
    format.openWithoutSystem = (*one)[0];
    format.beforeAnswer = commonBeginning(prompt, past);
    const std::string thought = behindQuestion(*source);
    if (!thought.empty() && !thought.starts_with(format.beforeAnswer))
        format.beforeAnswer = commonBeginning(format.beforeAnswer, thought);
    format.opening = prompt.substr(format.beforeAnswer.size());
    std::vector<ChatMessage> answered = conversation(false, 2);
    std::string end;
    try {
        if (const auto closed = glue(*source, answered, Ending::None))
            end = (*closed)[2];
    } catch (const Error&) { // it wants a question at the end
    }
    format.endOfTurn = next.substr(0, commonLength(end, next));
    format.afterAnswer = next.substr(format.endOfTurn.size());
    addSystem(*source, format);
    format.defaultSystem = defaultSystem(format);
    return format;
}

/// The pieces behind `before` and in front of `behind`; nothing where the conversation does not begin and end with them.
std::optional<MessageForm> between(const std::vector<RenderedPiece>& pieces, int message, std::size_t before,
                                   std::size_t behind) {
    MessageForm form;
    std::size_t at = 0, size = 0;
    for (const RenderedPiece& piece : pieces)
        size += piece.text.size();
    if (before + behind > size)
        return {};
    for (const RenderedPiece& piece : pieces) {
        const std::size_t begin = std::max(at, before), end = std::min(at + piece.text.size(), size - behind);
        if (begin < end) {
            const bool isOwn = piece.message == RenderedPiece::templates;
            if (!isOwn && piece.message != message)
                return {};
            form.parts.push_back({form.text.size(), isOwn, isOwn ? 0 : piece.offset + (begin - at)});
            form.text += piece.text.substr(begin - at, end - begin);
        }
        at += piece.text.size();
    }
    return form;
}

/// The message in the smallest conversation that has it in the history.
std::optional<MessageForm> rendered(const ChatFormat& format, const ChatMessage& message) {
    constexpr const char* word = "Words";
    const std::string size = word, &opening = format.opening;
    if (message.role == Role::System) {
        const auto pieces =
            format.source->render({{message, says(Role::User, word)}}, Ending::GenerationPrompt);
        const std::size_t behind =
            format.afterSystem.size() + size.size() + format.beforeAnswer.size() + opening.size();
        const std::string all = joined(pieces);
        if (!all.starts_with(format.open) ||
            !all.ends_with(format.afterSystem + word + format.beforeAnswer + opening))
            return {};
        return between(pieces, 0, format.open.size(), behind);
    }
    if (message.role == Role::User) {
        const auto pieces = format.source->render({{message}}, Ending::GenerationPrompt);
        const std::string all = joined(pieces);
        if (!all.starts_with(format.openWithoutSystem) || !all.ends_with(format.beforeAnswer + opening))
            return {};
        return between(pieces, 0, format.openWithoutSystem.size(),
                       format.beforeAnswer.size() + opening.size());
    }
    const auto pieces = format.source->render({{says(Role::User, word), message, says(Role::User, word)}},
                                              Ending::GenerationPrompt);
    const std::string before = format.openWithoutSystem + word + format.beforeAnswer,
                      behind = format.endOfTurn + format.afterAnswer + word + format.beforeAnswer + opening,
                      all = joined(pieces);
    if (!all.starts_with(before) || !all.ends_with(behind))
        return {};
    return between(pieces, 1, before.size(), behind.size());
}

MessageForm asItIs(const std::string& text) {
    return {text, {{0, false, 0}}};
}

} // namespace

Probed probe(const std::string& jinja, const TemplateSetting& setting) {
    Probed probed;
    try {
        probed.format = cut(std::make_shared<const ChatTemplate>(jinja, setting));
    } catch (const Error& error) {
        probed.trouble = error.what();
    }
    return probed;
}

MessageForm ChatFormat::inHistory(const ChatMessage& message) const {
    if (source) {
        try {
            if (auto form = rendered(*this, message))
                return *form;
        } catch (
            const Error&) { // it refuses this text, or would take too long with it: it stands there as it is
        }
    }
    return asItIs(message.text);
}

MessageForm ChatFormat::beingWritten(const ChatMessage& answer) const {
    MessageForm form;
    if (!opening.empty())
        form.parts.push_back({0, true, 0});
    form.parts.push_back({opening.size(), false, 0});
    form.text = opening + answer.text;
    return form;
}

} // namespace engine
