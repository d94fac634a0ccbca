#include "engine/tokenizer/byte_level.h"

namespace engine {

namespace {

bool standsForItself(int byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

constexpr int firstStandIn = 0x100;
constexpr int lastStandIn = 0x143;

struct Alphabet {
    std::array<std::string, 256> characters;
    std::array<unsigned char, lastStandIn + 1> bytes{}; // by code point
    Alphabet() {
        int standIn = firstStandIn;
        for (int byte = 0; byte < 256; ++byte) {
            const int codePoint = standsForItself(byte) ? byte : standIn++;
            bytes[static_cast<std::size_t>(codePoint)] = static_cast<unsigned char>(byte);
            std::string& character = characters[static_cast<std::size_t>(byte)];
            if (codePoint < 0x80)
                character = {static_cast<char>(codePoint)};
            else
                character = {static_cast<char>(0xC0 | codePoint >> 6),
                             static_cast<char>(0x80 | (codePoint & 0x3F))};
        }
    }
};

const Alphabet& alphabet() {
    static const Alphabet instance;
    return instance;
}

} // namespace

const std::array<std::string, 256>& byteLevelAlphabet() {
    return alphabet().characters;
}

std::string decodeByteLevel(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const bool pair = (lead & 0xE0) == 0xC0 && i + 1 < text.size();
        const int codePoint =
            pair ? (lead & 0x1F) << 6 | (static_cast<unsigned char>(text[i + 1]) & 0x3F) : lead;
        const bool known = codePoint < firstStandIn ? standsForItself(codePoint) : codePoint <= lastStandIn;
        if (known && (pair || lead < 0x80)) {
            bytes += static_cast<char>(alphabet().bytes[static_cast<std::size_t>(codePoint)]);
            i += pair;
        } else {
            bytes += text[i];
        }
    }
    return bytes;
}

} // namespace engine
