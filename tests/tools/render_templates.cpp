#include "engine/chat_format.h"
#include "engine/chat_template.h"
#include "engine/error.h"
#include "engine/session/branch.h"
#include "tests/tools/template_session.h"

#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

// For scripts that compare rendered chat templates: one line of JSON in, one out.
//   {"template": "...", "messages": [{"role": "user", "content": "..."}], "generation": true, "bos": "<s>", "eos": "</s>"}
//   {"text": "...", "pieces": [[message, offset, bytes], ...], "assembled": "...", "trouble": "..."}  or  {"error": "..."}
// "assembled" is put together from what a session reads of each message. The clock stands still. A line that has "texts": see
// template_session.h; there the clock goes.
namespace {

using nlohmann::json;

engine::TemplateSetting settingOf(const json& line) {
    engine::TemplateSetting setting;
    setting.beginToken = line.value("bos", "");
    setting.endToken = line.value("eos", "");
    std::tm& now = setting.now; // Thursday, 5 November 2026, 13:04:09
    now.tm_year = 126;
    now.tm_mon = 10;
    now.tm_mday = 5;
    now.tm_hour = 13;
    now.tm_min = 4;
    now.tm_sec = 9;
    now.tm_wday = 4;
    now.tm_yday = 308;
    return setting;
}

std::vector<engine::ChatMessage> messagesOf(const json& line) {
    const std::map<std::string, engine::Role> roles = {{"system", engine::Role::System},
                                                       {"user", engine::Role::User},
                                                       {"assistant", engine::Role::Assistant}};
    std::vector<engine::ChatMessage> messages;
    for (const json& message : line.at("messages"))
        messages.push_back({0, roles.at(message.at("role")), message.at("content")});
    return messages;
}

std::string assembled(const engine::ChatFormat& format, const std::vector<engine::ChatMessage>& messages) {
    engine::ChatRequest request;
    request.history = messages;
    const engine::Branch branch(request, format);
    const engine::ShownBranch shown = engine::show(format, branch);
    std::string text = shown.block.text;
    for (const engine::ShownMessage& message : shown.messages)
        text += message.before.text + message.content.text + message.behind.text;
    return text + shown.opening;
}

json render(const json& line) {
    using Ending = engine::ChatTemplate::Ending;
    json result;
    try {
        const std::string source = line.at("template");
        const engine::ChatTemplate chatTemplate(source, settingOf(line));
        const std::vector<engine::ChatMessage> messages = messagesOf(line);
        const bool asks = line.value("generation", true);
        const auto pieces = chatTemplate.render(messages, asks ? Ending::GenerationPrompt : Ending::None);
        result["text"] = engine::joined(pieces);
        for (const engine::RenderedPiece& piece : pieces)
            result["pieces"].push_back({piece.message, piece.offset, piece.text.size()});
        const auto format = engine::ChatFormat::fromTemplate(source, settingOf(line));
        result["trouble"] = format.trouble;
        if (format.source && asks && messages.back().role == engine::Role::User)
            result["assembled"] = assembled(format, messages);
    } catch (const engine::Error& error) {
        result["error"] = error.what();
    }
    return result;
}

} // namespace

int main() {
    for (std::string text; std::getline(std::cin, text);) {
        const json line = json::parse(text);
        const json answer = line.contains("texts") ? readBySession(line) : render(line);
        std::cout << answer.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
    }
}
