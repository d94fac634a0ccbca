#pragma once
#include "engine/types.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

class ChatTemplate;
class GgufFile;
class Tokenizer;
struct TemplateSetting;

/// A message as the chat format shows it: its text, or what the file's template makes of it (trimmed, thoughts dropped).
struct MessageForm {
    struct Part {
        std::size_t begin = 0;  // in `text`, up to the next part
        bool isOwn = false;     // the template wrote it: trusted
        std::size_t offset = 0; // else where these words stand in the message
    };
    std::string text;
    std::vector<Part> parts; // the first one begins at 0
};

/// A chat template compiled to constant strings, so that each turn only appends:
///   open S afterSystem U beforeAnswer A endOfTurn afterAnswer U beforeAnswer A ...      with a system block
///   openWithoutSystem U beforeAnswer A endOfTurn afterAnswer U ...                      without
/// A begin token in front of it all is the affair of the tokenizer (addsBeginToken). All of them are trusted text; S, U and A never are.
struct ChatFormat {
    std::string name = {}; // "ChatML", "Llama 3", ... shown to the user; "Plain text" for a base model
    std::string open = {};
    std::string afterSystem = {};
    std::string openWithoutSystem = {};
    std::string beforeAnswer = {}; // ends the user's turn and opens the answer
    /// What stands at the beginning of an answer that is being written, but not of one in the history ("<think>\n").
    std::string opening = {};
    std::string endOfTurn =
        {}; // what the model itself emits at the end of an answer ("<|im_end|>"); may be empty
    std::string afterAnswer = {};   // what follows endOfTurn up to the next user text
    std::string defaultSystem = {}; // what the template inserts when there is no system message; may be empty
    /// The file's own template, where the pieces are what it renders. Null: they are those of the family.
    std::shared_ptr<const ChatTemplate> source = {};
    /// A sentence: why the file's template is not used. Empty where it is, or where there is none.
    std::string trouble = {};

    /// What stands between endOfTurn and whatever opens the next turn.
    std::string_view betweenTurns() const;
    /// What opens a system prompt in the middle of a chat.
    std::string_view openInside() const;

    /// From tokenizer.chat_template: rendered with probe texts and cut into pieces. A template that cannot be run or cut is taken for its
    /// family, by substring; "Plain text" when there is none.
    static ChatFormat detect(const GgufFile& file);
    static ChatFormat fromTemplate(const std::string& jinja);
    static ChatFormat fromTemplate(const std::string& jinja, const TemplateSetting& setting);
    /// How a message stands in the history. An answer that is being written stands there as it is, behind `opening`.
    MessageForm inHistory(const ChatMessage& message) const;
    MessageForm beingWritten(const ChatMessage& answer) const;
    static const std::vector<ChatFormat>& families();
    static std::optional<ChatFormat> byName(std::string_view name);
};

} // namespace engine
