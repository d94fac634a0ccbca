#pragma once
#include <string>
#include <string_view>

namespace engine {

/// Collects the bytes of generated tokens and hands out whole characters only. Bad bytes become U+FFFD.
class Utf8Stream {
public:
    /// The characters that are complete now; may be empty.
    std::string push(std::string_view bytes);
    /// What is left at the end, repaired.
    std::string finish();
    /// Bytes of a character that is not complete yet.
    std::size_t pending() const { return m_pending.size(); }

private:
    std::string m_pending; // at most 3 bytes
};

/// The same text with every invalid sequence replaced by U+FFFD.
std::string repairUtf8(std::string_view text);

} // namespace engine
