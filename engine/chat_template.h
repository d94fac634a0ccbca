#pragma once
#include "engine/types.h"

#include <ctime>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// A piece of a rendered conversation: the template's own text, or words of one of the messages.
struct RenderedPiece {
    static constexpr int templates = -1;
    std::string text;
    int message = templates; // whose words these are: its place among the messages rendered
    std::size_t offset = 0;  // where in that message's text they stand
};

/// What a template knows besides the messages.
struct TemplateSetting {
    std::string beginToken = {}, endToken = {}, padToken = {}, unknownToken = {}; // as text; may be empty
    std::tm now = {}; // for templates that name the date
};

/// A chat template as its author wrote it. Runs Jinja's language as far as chat templates use it (template/), the way
/// transformers' apply_chat_template does. No code of it reaches anything outside; time, memory and nesting are bounded.
/// Immutable; any thread.
class ChatTemplate {
public:
    enum class Ending : std::uint8_t { GenerationPrompt, None };

    /// Throws engine::Error, which names what is not known and its line.
    ChatTemplate(std::string_view source, TemplateSetting setting);
    ~ChatTemplate();

    /// Throws engine::Error: what cannot be run, the template's own words where it refuses such a conversation, or that it was stopped.
    std::vector<RenderedPiece> render(std::span<const ChatMessage> messages, Ending ending,
                                      const std::stop_token& stop = {}) const;
    const TemplateSetting& setting() const;

private:
    struct Impl;
    std::unique_ptr<const Impl> m_impl;
};

std::string joined(std::span<const RenderedPiece> pieces);

} // namespace engine
