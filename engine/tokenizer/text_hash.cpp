#include "engine/tokenizer/text_hash.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace engine {

namespace {

__extension__ typedef unsigned __int128 DoubleWord;

} // namespace

TextHash::TextHash() {
    std::random_device random;
    m_salt = std::uint64_t{random()} << 32 | random();
}

std::size_t TextHash::operator()(std::string_view text) const {
    // Eight bytes at a time, each multiplied into 128 bits and folded.
    std::uint64_t state = m_salt ^ text.size();
    while (!text.empty()) {
        std::uint64_t word = 0;
        const std::size_t length = std::min(text.size(), sizeof word);
        std::memcpy(&word, text.data(), length);
        const auto product = static_cast<DoubleWord>(state ^ word) * 0x9E3779B97F4A7C15u;
        state = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64) ^ m_salt;
        text.remove_prefix(length);
    }
    return state;
}

} // namespace engine
