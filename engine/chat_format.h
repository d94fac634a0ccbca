#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

class GgufFile;
class Tokenizer;

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
    std::string endOfTurn =
        {}; // what the model itself emits at the end of an answer ("<|im_end|>"); may be empty
    std::string afterAnswer = {};   // what follows endOfTurn up to the next user text
    std::string defaultSystem = {}; // what the template inserts when there is no system message; may be empty

    /// What stands between endOfTurn and whatever opens the next turn.
    std::string_view betweenTurns() const;

    /// Detected from tokenizer.chat_template (family by substring); "Plain text" when there is none.
    static ChatFormat detect(const GgufFile& file);
    static ChatFormat fromTemplate(const std::string& jinja);
    static const std::vector<ChatFormat>& families();
    static std::optional<ChatFormat> byName(std::string_view name);
};

} // namespace engine
