#pragma once
#include "engine/tokenizer/vocabulary.h"

#include <string>
#include <string_view>

namespace engine {

/// U+2581 stands for a blank inside the tokens of SentencePiece and of what came from it.
inline constexpr std::string_view spaceMark = "\xE2\x96\x81";

/// The bytes of a token of such a vocabulary: marks are blanks, and "<0x0A>" of type Byte is a byte.
std::string decodeSpaceMarks(const Vocabulary& vocabulary, TokenId token);

} // namespace engine
