#include "engine/presentable.h"

#include "engine/utf8_stream.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace engine {

namespace {

constexpr std::size_t longestCharacter = 4; // bytes

/// The characters of valid UTF-8, one after the other.
class Characters {
public:
    explicit Characters(std::string_view text) : m_rest(text) {}

    bool atEnd() const { return m_rest.empty(); }
    std::string_view next() {
        std::size_t length = 1;
        while (length < m_rest.size() && (static_cast<unsigned char>(m_rest[length]) & 0xC0) == 0x80)
            ++length;
        const std::string_view character = m_rest.substr(0, length);
        m_rest.remove_prefix(length);
        return character;
    }

private:
    std::string_view m_rest;
};

std::uint32_t codePointOf(std::string_view character) {
    const auto lead = static_cast<unsigned char>(character.front());
    if (character.size() == 1)
        return lead;
    std::uint32_t value = lead & (0x7Fu >> character.size());
    for (const char byte : character.substr(1))
        value = value << 6 | (static_cast<unsigned char>(byte) & 0x3F);
    return value;
}

/// Controls, separators of lines, what overrides the direction of letters, and the invisible byte order mark. Joiners and plain marks of
/// direction stay: emoji, Persian and mixed text need them.
bool isDangerous(std::uint32_t code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFB);
}

void append(std::string& out, std::string_view character) {
    const std::uint32_t code = codePointOf(character);
    if (!isDangerous(code)) {
        out.append(character);
        return;
    }
    char written[16];
    std::snprintf(written, sizeof written, "<U+%04X>", static_cast<unsigned>(code));
    out.append(written);
}

} // namespace

std::string presentable(std::string_view text, std::size_t most) {
    // One character more than are shown, so that a character cut in two here is not among those.
    const std::string start = repairUtf8(text.substr(0, longestCharacter * (most + 2)));
    std::string out;
    Characters characters(start);
    for (std::size_t count = 0; !characters.atEnd(); ++count) {
        if (count == most)
            return out + "…";
        append(out, characters.next());
    }
    return out;
}

std::string presentableLines(std::string_view text) {
    const std::string repaired = repairUtf8(text);
    std::string out;
    out.reserve(repaired.size());
    for (Characters characters(repaired); !characters.atEnd();) {
        const std::string_view character = characters.next();
        if (character == "\n" || character == "\t")
            out.append(character);
        else
            append(out, character);
    }
    return out;
}

} // namespace engine
