#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace engine {

// Text that a file, a person or a model wrote, as people may see it in a sentence, in a table or on a terminal. What could move a cursor,
// change a terminal's state, break a line or turn the order of letters around is written out ("<U+001B>"), and bad UTF-8 is repaired.

/// One line of at most `most` characters; "…" stands for the rest. Takes the time of what it shows, however long the text is.
std::string presentable(std::string_view text, std::size_t most = 80);
/// Whole, with its line breaks and tabs.
std::string presentableLines(std::string_view text);

} // namespace engine
