#include "engine/tokenizer/marks.h"

#include <algorithm>
#include <cctype>
#include <span>

namespace engine {

namespace {

constexpr std::string_view endMarks[] = {
    "<|eot_id|>",      "<|im_end|>",
    "<|end|>",         "<|return|>",
    "<|call|>",        "<end_of_turn>",
    "<|endoftext|>",   "<|eom_id|>",
    "<EOT>",           "<|end_of_text|>",
    "<|end_of_turn|>", "<end_of_utterance>",
    "<turn|>",         "<｜end▁of▁sentence｜>",
};

// Without bars.
constexpr std::string_view turnMarks[] = {
    "<start_of_turn>",
    "<end_of_turn>",
    "[INST]",
    "[/INST]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CALLS]",
    "<EOT>",
    "<end_of_utterance>",
};

// Gemma has tokens for these; people paste them. "<s>" is not among them: it begins a text in most vocabularies.
constexpr std::string_view htmlElements[] = {
    "a",     "article", "b",     "blockquote", "body",  "br",  "caption", "code",   "dd",   "div", "dl",
    "dt",    "em",      "h1",    "h2",         "h3",    "h4",  "h5",      "h6",     "head", "hr",  "html",
    "i",     "img",     "li",    "ol",         "p",     "pre", "span",    "strong", "sub",  "sup", "table",
    "tbody", "td",      "tfoot", "th",         "thead", "tr",  "u",       "ul",
};

// How vocabularies write a blank, a line break and a tab: as such, as SentencePiece does, and in GPT-2's alphabet.
constexpr std::string_view blanks[] = {" ", "\n", "\t", "\r", "▁", "Ġ", "Ċ", "ĉ", "č"};
constexpr std::string_view wideBar = "｜";

bool contains(std::span<const std::string_view> list, std::string_view text) {
    return std::ranges::find(list, text) != list.end();
}

std::string_view withoutBlanks(std::string_view text) {
    const auto startsText = [&](std::string_view blank) { return text.starts_with(blank); };
    const auto endsText = [&](std::string_view blank) { return text.ends_with(blank); };
    for (auto found = std::ranges::find_if(blanks, startsText); found != std::end(blanks);
         found = std::ranges::find_if(blanks, startsText))
        text.remove_prefix(found->size());
    for (auto found = std::ranges::find_if(blanks, endsText); found != std::end(blanks);
         found = std::ranges::find_if(blanks, endsText))
        text.remove_suffix(found->size());
    return text;
}

bool isSign(char c) {
    return std::ispunct(static_cast<unsigned char>(c)) != 0;
}

/// Letters and digits of any script.
bool isLetter(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
}

/// Most tokens are words: told apart without a closer look.
bool hasTwoSigns(std::string_view text) {
    return std::count_if(text.begin(), text.end(), isSign) >= 2;
}

bool hasLetter(std::string_view text) {
    return std::any_of(text.begin(), text.end(), isLetter);
}

bool isHtml(std::string_view text) {
    if (!text.starts_with('<') || !text.ends_with('>'))
        return false;
    text = text.substr(1, text.size() - 2);
    if (text.starts_with('/'))
        text.remove_prefix(1);
    return contains(htmlElements, text);
}

/// "<0x0A>": SentencePiece's way to say a byte.
bool isByte(std::string_view text) {
    return text.size() == 6 && text.starts_with("<0x") && text.ends_with('>');
}

} // namespace

bool isTurnMark(std::string_view text) {
    if (!hasTwoSigns(text))
        return false;
    text = withoutBlanks(text);
    if (contains(turnMarks, text))
        return true;
    if (text.size() < 5 || !text.starts_with('<') || !text.ends_with('>'))
        return false;
    const std::string_view inner = text.substr(1, text.size() - 2);
    const bool bars = inner.starts_with('|') || inner.ends_with('|') || inner.starts_with(wideBar) ||
                      inner.ends_with(wideBar);
    return bars && hasLetter(inner) && inner != wideBar;
}

bool looksLikeMark(std::string_view text) {
    if (!hasTwoSigns(text))
        return false;
    text = withoutBlanks(text);
    if (text.size() < 3 || !isSign(text.front()) || !isSign(text.back()))
        return false;
    return hasLetter(text) && !isHtml(text) && !isByte(text);
}

bool isThoughtMark(std::string_view text) {
    constexpr std::string_view all[] = {"<think>",  "</think>",     "[THINK]",
                                        "[/THINK]", "<seed:think>", "</seed:think>"};
    return contains(all, withoutBlanks(text));
}

bool canBeSpelled(std::string_view text) {
    const std::string_view visible = withoutBlanks(text);
    const auto characters = std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    return !visible.empty() && characters > 1 && !isByte(text);
}

bool isEndMark(std::string_view text) {
    return contains(endMarks, text);
}

} // namespace engine
