#pragma once
#include <array>
#include <string>
#include <string_view>

namespace engine {

// GPT-2's alphabet: every byte has a printable character of its own, so that a vocabulary can be written as
// text.

/// The character of each byte, as UTF-8.
const std::array<std::string, 256>& byteLevelAlphabet();
/// The bytes that a token's text stands for; characters outside the alphabet stand for themselves.
std::string decodeByteLevel(std::string_view text);

} // namespace engine
