#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace engine {

/// A text remembered by its length and a 64-bit hash, so that an endless answer takes no memory.
class TextMark {
public:
    TextMark() = default;
    explicit TextMark(std::string_view text) { add(text); }
    void add(std::string_view more);
    std::size_t length() const { return m_length; }
    bool operator==(const TextMark&) const = default;

private:
    std::uint64_t m_hash = 0xcbf29ce484222325u; // FNV-1a
    std::size_t m_length = 0;
};

} // namespace engine
