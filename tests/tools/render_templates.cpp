#include "engine/chat_format.h"
#include "engine/chat_template.h"
#include "engine/error.h"

#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

// For scripts that compare rendered chat templates: one line of JSON in, one out.
//   {"template": "...", "messages": [{"role": "user", "content": "..."}], "generation": true, "bos": "<s>", "eos": "</s>"}
//   {"text": "...", "pieces": [[message, offset, bytes], ...], "assembled": "...", "trouble": "..."}  or  {"error": "..."}
// "assembled" is put together from the pieces of the probed format, message by message. The clock stands still.
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
    const bool hasSystem = messages.front().role == engine::Role::System;
    std::string text = hasSystem ? format.open + format.inHistory(messages.front()).text + format.afterSystem
                                 : format.openWithoutSystem;
    for (std::size_t i = hasSystem ? 1 : 0; i < messages.size(); ++i) {
        text += format.inHistory(messages[i]).text;
        text += messages[i].role == engine::Role::User ? format.beforeAnswer
                                                       : format.endOfTurn + format.afterAnswer;
    }
    return text + format.opening;
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
    for (std::string line; std::getline(std::cin, line);)
        std::cout << render(json::parse(line)).dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
}
