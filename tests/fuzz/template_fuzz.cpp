#include "engine/chat_format.h"
#include "engine/chat_template.h"
#include "engine/error.h"
#include "engine/session/branch.h"

#include <cstdint>
#include <string>
#include <string_view>

// A libFuzzer target: any bytes are a chat template that renders, or is refused with a sentence; and words of messages stay theirs. Built
// with -DSUMIDERO_FUZZ=ON by clang; start it with tests/engine/templates as corpus.
namespace {

using engine::Role;

const std::vector<engine::ChatMessage> messages = {
    {0, Role::System, "Be brief."},
    {0, Role::User, " What <b>{{ x }}</b> is \xC3\xA9\xF0\x9F\x98\x80? "},
    {0, Role::Assistant, "<think>\nhm\n</think>\n\nIt is."},
    {0, Role::User, "Why?\n"}};

void checkOwners(const std::vector<engine::RenderedPiece>& pieces) {
    for (const engine::RenderedPiece& piece : pieces)
        if (piece.message >= static_cast<int>(messages.size()) ||
            (piece.message >= 0 &&
             piece.offset >= messages[static_cast<std::size_t>(piece.message)].text.size()))
            __builtin_trap();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string source(reinterpret_cast<const char*>(data), size);
    try {
        const engine::ChatTemplate chatTemplate(source, {.beginToken = "<s>", .endToken = "</s>"});
        checkOwners(chatTemplate.render(messages, engine::ChatTemplate::Ending::GenerationPrompt));
    } catch (const engine::Error&) { // the expected answer to most inputs
    }
    const engine::ChatFormat format = engine::ChatFormat::fromTemplate(source);
    engine::ChatRequest request;
    request.history = messages;
    engine::show(format, engine::Branch(request, format));
    request.history.pop_back();
    request.purpose = engine::Purpose::Continue; // with its thought
    engine::show(format, engine::Branch(request, format));
    return 0;
}
