#include "engine/utf8_stream.h"

#include <cstddef>

namespace engine {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

enum class Sequence { Whole, Bad, Unfinished };

struct Scan {
    Sequence kind;
    std::size_t length; // at least 1
};

unsigned char byteAt(std::string_view text, std::size_t index) {
    return static_cast<unsigned char>(text[index]);
}

/// The sequence at the start of `text`, which is not empty. Source: Unicode, table 3-7. A bad one is as long
/// as its part that could still have become a character, so that each such part becomes one U+FFFD ("maximal
/// subparts").
Scan scan(std::string_view text) {
    const unsigned char lead = byteAt(text, 0);
    if (lead < 0x80)
        return {Sequence::Whole, 1};
    std::size_t length = 0;
    unsigned char least = 0x80, most = 0xBF; // of the second byte
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        least = lead == 0xE0 ? 0xA0 : 0x80; // no overlong forms
        most = lead == 0xED ? 0x9F : 0xBF;  // no surrogates
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        least = lead == 0xF0 ? 0x90 : 0x80;
        most = lead == 0xF4 ? 0x8F : 0xBF;
    } else {
        return {Sequence::Bad, 1};
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (i == text.size())
            return {Sequence::Unfinished, i};
        if (byteAt(text, i) < least || byteAt(text, i) > most)
            return {Sequence::Bad, i};
        least = 0x80;
        most = 0xBF;
    }
    return {Sequence::Whole, length};
}

/// Appends what is complete to `out` and returns the number of bytes it took from `text`.
std::size_t appendWhole(std::string_view text, std::string& out) {
    std::size_t position = 0, copied = 0;
    while (position < text.size()) {
        const Scan found = scan(text.substr(position));
        if (found.kind == Sequence::Unfinished)
            break;
        if (found.kind == Sequence::Bad) {
            out.append(text.substr(copied, position - copied)).append(replacement);
            copied = position + found.length;
        }
        position += found.length;
    }
    out.append(text.substr(copied, position - copied));
    return position;
}

} // namespace

std::string Utf8Stream::push(std::string_view bytes) {
    std::string result;
    m_pending.append(bytes);
    m_pending.erase(0, appendWhole(m_pending, result));
    return result;
}

std::string Utf8Stream::finish() {
    const bool cut = !m_pending.empty();
    m_pending.clear();
    return cut ? std::string(replacement) : std::string();
}

std::string repairUtf8(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    if (appendWhole(text, result) < text.size())
        result.append(replacement);
    return result;
}

} // namespace engine
