#include "engine/chat_template.h"

#include "engine/error.h"
#include "engine/template/interpreter.h"
#include "engine/template/syntax.h"
#include "engine/utf8_stream.h"

namespace engine {
namespace {

const char* nameOf(Role role) {
    return role == Role::System ? "system" : role == Role::User ? "user" : "assistant";
}

} // namespace

struct ChatTemplate::Impl {
    jinja::NodePtr program;
    TemplateSetting setting;
};

ChatTemplate::ChatTemplate(std::string_view source, TemplateSetting setting)
    : m_impl(std::make_unique<Impl>(Impl{jinja::parse(source), std::move(setting)})) {}
ChatTemplate::~ChatTemplate() = default;

const TemplateSetting& ChatTemplate::setting() const {
    return m_impl->setting;
}

std::vector<RenderedPiece> ChatTemplate::render(std::span<const ChatMessage> messages, Ending ending,
                                                const std::stop_token& stop) const {
    // Real templates handle some dozens of bytes for each byte they write, and some thousands of steps besides.
    constexpr std::size_t workAtLeast = 50'000'000, workPerByte = 500, workPerMessage = 500'000;
    using jinja::Value;
    std::size_t bytes = 0;
    jinja::List list;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const jinja::Text content(repairUtf8(messages[i].text), static_cast<std::int32_t>(i));
        bytes += content.size();
        jinja::Dict message;
        message.items.emplace_back("role", nameOf(messages[i].role));
        message.items.emplace_back("content", content);
        list.items.emplace_back(std::move(message));
    }
    const TemplateSetting& setting = m_impl->setting;
    jinja::Interpreter::Environment environment;
    environment.now = setting.now;
    environment.stop = stop;
    environment.work = workAtLeast + bytes * workPerByte + messages.size() * workPerMessage;
    environment.variables = {{"messages", Value(std::move(list))},
                             {"tools", jinja::None{}},
                             {"documents", jinja::None{}},
                             {"add_generation_prompt", Value(ending == Ending::GenerationPrompt)}};
    const std::pair<const char*, const std::string&> tokens[] = {{"bos_token", setting.beginToken},
                                                                 {"eos_token", setting.endToken},
                                                                 {"pad_token", setting.padToken},
                                                                 {"unk_token", setting.unknownToken}};
    for (const auto& [name, text] : tokens)
        if (!text.empty())
            environment.variables.emplace_back(name, Value(text));

    jinja::Text text;
    try {
        text = jinja::Interpreter(std::move(environment)).run(*m_impl->program);
    } catch (const jinja::Refusal& refusal) {
        throw Error("The chat template refuses this conversation: " + presentable(refusal.reason) + ".");
    }
    std::vector<RenderedPiece> pieces;
    for (std::size_t at = 0, i = 0; at < text.size(); ++i) {
        const bool isWhole = text.runs().empty() || i + 1 == text.runs().size();
        const std::size_t end = isWhole ? text.size() : text.runs()[i + 1].begin;
        const jinja::Text::Run run = text.runAt(at);
        pieces.push_back({text.bytes().substr(at, end - at), run.message, run.offset});
        at = end;
    }
    return pieces;
}

std::string joined(std::span<const RenderedPiece> pieces) {
    std::string text;
    for (const RenderedPiece& piece : pieces)
        text += piece.text;
    return text;
}

} // namespace engine
