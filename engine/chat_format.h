#pragma once
#include "engine/types.h"

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

class ChatTemplate;
class GgufFile;
class Tokenizer;
struct TemplateSetting;

/// What stands between the messages of a chat:
///   open S afterSystem U beforeAnswer A endOfTurn afterAnswer U beforeAnswer A ...      with a system block
///   openWithoutSystem U beforeAnswer A endOfTurn afterAnswer U ...                      without
/// A begin token in front of it all is the affair of the tokenizer (addsBeginToken). All of them are trusted text; S, U and A never are.
/// Of a family these strings are all there is. A file's own template is rendered for each conversation (session/shown_branch.h), and the
/// strings, taken from short ones, only say where a turn ends and an answer begins; they stand in where it refuses a conversation.
struct ChatFormat {
    std::string name = {}; // "ChatML", "Llama 3", ... shown to the user; "Plain text" for a base model
    std::string open = {};
    std::string afterSystem = {};
    std::string openWithoutSystem = {};
    std::string beforeAnswer = {}; // ends the user's turn and opens the answer
    /// What stands at the beginning of an answer that is being written, but not of one in the history ("<think>\n").
    std::string opening = {};
    /// Control tokens that the template leaves to the model in front of an answer ("<|channel|>final<|message|>"). They are never picked, so
    /// they are read before the answer begins.
    std::string channel = {};
    /// What stands in place of `channel` where the model thinks first ("<|channel|>analysis<|message|>"). Empty: what it thinks is text.
    std::string thoughtChannel = {};
    /// What leads from a thought to its answer. It begins with the control token that the model ends a thought with.
    std::string afterThought = {};
    std::string endOfTurn =
        {}; // what the model itself emits at the end of an answer ("<|im_end|>"); may be empty
    std::string afterAnswer = {};   // what follows endOfTurn up to the next user text
    std::string defaultSystem = {}; // what the template inserts when there is no system message; may be empty
    /// The file's own template. Null: the pieces are those of the family.
    std::shared_ptr<const ChatTemplate> source = {};
    /// A sentence: why the file's template is not used. Empty where it is, or where there is none.
    std::string trouble = {};

    /// What stands between endOfTurn and whatever opens the next turn.
    std::string_view betweenTurns() const;
    /// What opens a system prompt in the middle of a chat.
    std::string_view openInside() const;

    /// From tokenizer.chat_template. A template that cannot be run, or does not show what is said, is taken for its family, by substring;
    /// "Plain text" when there is none.
    static ChatFormat detect(const GgufFile& file);
    static ChatFormat fromTemplate(const std::string& jinja);
    /// A stop makes it return at once, with what is of no use then.
    static ChatFormat fromTemplate(const std::string& jinja, const TemplateSetting& setting,
                                   const std::stop_token& stop = {});
    static const std::vector<ChatFormat>& families();
    static std::optional<ChatFormat> byName(std::string_view name);
};

} // namespace engine
