#include "tests/tools/template_session.h"
#include "engine/chat_template.h"
#include "engine/error.h"
#include "tests/engine/session_fixture.h"

#include <filesystem>

namespace {

using engine::TextPart;
using nlohmann::json;

std::string textOf(const engine::Tokenizer& tokenizer, const std::vector<engine::TokenId>& tokens) {
    std::string text;
    for (const engine::TokenId token : tokens)
        text +=
            tokenizer.isControl(token) ? tokenizer.displayText(token) : std::string(tokenizer.bytes(token));
    return text;
}

int controls(const engine::Tokenizer& tokenizer, const std::vector<engine::TokenId>& tokens) {
    return static_cast<int>(std::count_if(tokens.begin(), tokens.end(),
                                          [&](engine::TokenId token) { return tokenizer.isControl(token); }));
}

/// Of the whole conversation rendered at once, nobody's words trusted. -1: the template refuses it.
int templatesControls(const engine::Model& model, const engine::ChatRequest& request) {
    std::vector<engine::ChatMessage> messages = request.history;
    if (!request.system.empty())
        messages.insert(messages.begin(), {0, engine::Role::System, request.system});
    try {
        const auto pieces =
            model.chatFormat.source->render(messages, engine::ChatTemplate::Ending::GenerationPrompt);
        std::vector<TextPart> parts;
        for (const engine::RenderedPiece& piece : pieces)
            parts.push_back({piece.text, piece.message == engine::RenderedPiece::templates
                                             ? TextPart::Trust::Special
                                             : TextPart::Trust::Plain});
        parts.push_back({model.chatFormat.channel, TextPart::Trust::Special});
        return controls(*model.tokenizer, model.tokenizer->encode(parts));
    } catch (const engine::Error&) {
        return -1;
    }
}

} // namespace

json readBySession(const json& line) {
    test::ToyShape shape;
    shape.layers = 1;
    shape.trainedLength = 16384;
    shape.chatTemplate = line.at("template");
    shape.controls = line.at("marks").get<std::vector<std::string>>();
    shape.vocabulary += static_cast<int>(shape.controls.size());
    const auto path = test::writeToyModel(shape);
    const auto model = test::loadToy(path);
    std::filesystem::remove(path);
    json result{{"trouble", model->chatFormat.trouble}, {"read", json::array()}, {"controls", json::array()}};
    if (!model->chatFormat.source)
        return result;
    const auto start = [&](test::Chat& chat) {
        chat.request.system = line.at("system");
        chat.request.cache.window = 16000;
        chat.request.maxTokens = 1; // the one that is picked is not read
    };
    test::Chat chat(model);
    start(chat);
    const std::vector<std::string> texts = line.at("texts");
    for (std::size_t i = 0; i < texts.size(); i += 2) {
        chat.say(texts[i]);
        const auto tokens = chat.reader.tokens();
        result["read"].push_back(textOf(*model->tokenizer, tokens));
        chat.request.history.pop_back(); // the toy's answer
        result["controls"].push_back(
            {controls(*model->tokenizer, tokens), templatesControls(*model, chat.request)});
        if (i + 1 < texts.size())
            chat.request.history.push_back({chat.nextId++, engine::Role::Assistant, texts[i + 1]});
    }
    test::Chat again(model);
    start(again);
    again.request.history = chat.request.history;
    again.answerIt();
    result["again"] = textOf(*model->tokenizer, again.reader.tokens());
    return result;
}
