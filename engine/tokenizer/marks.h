#pragma once
#include <string_view>

namespace engine {

// What tells a mark, which structures a conversation, from words: the shape of a token's text as it is stored. The type that a file gives
// a token is no help, because files call marks "user defined" or "normal" as they like.

/// A mark in any vocabulary: "<|im_start|>", "<|turn>", DeepSeek's wide bars, and the known ones without bars.
bool isTurnMark(std::string_view text);
/// A word between signs ("<bos>", "[gMASK]", ">>TITLE<<"), which is a mark unless it is an ordinary piece of text. Not the elements of HTML.
bool looksLikeMark(std::string_view text);
/// Opens or closes a thought. A part of the answer: a model writes it itself, and it can be seen.
bool isThoughtMark(std::string_view text);
/// Something to see, and more than one character: text can be written without this token.
bool canBeSpelled(std::string_view text);
/// Ends an answer wherever it is a token of its own.
bool isEndMark(std::string_view text);

} // namespace engine
