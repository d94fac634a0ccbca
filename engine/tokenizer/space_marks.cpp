#include "engine/tokenizer/space_marks.h"

#include <charconv>

namespace engine {

std::string decodeSpaceMarks(const Vocabulary& vocabulary, TokenId token) {
    const std::string_view text = vocabulary.text(token);
    if (vocabulary.type(token) == TokenType::Byte) {
        unsigned value = 0;
        if (text.size() == 6)
            std::from_chars(text.data() + 3, text.data() + 5, value, 16);
        return std::string(1, static_cast<char>(value));
    }
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        if (text.substr(at).starts_with(spaceMark)) {
            result += ' ';
            at += spaceMark.size();
        } else {
            result += text[at++];
        }
    }
    return result;
}

} // namespace engine
