#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// Watches the text of one answer for the words that end it. The words are looked for in the text, whatever tokens it came in, and
/// are never part of what may be shown: text in which one may have begun is held back until that is decided. One answer each; the
/// thread that generates.
class StopWords {
public:
    StopWords() = default; // nothing ends the answer
    /// UTF-8; empty ones are left out.
    explicit StopWords(std::vector<std::string> words);

    /// The text that may be shown now; may be empty. After found() nothing comes any more.
    std::string push(std::string_view text);
    bool found() const { return m_found; }
    /// What was held back, when the answer ends in another way.
    std::string finish();

private:
    std::vector<std::string> m_words;
    std::string m_held; // begins like one of the words; shorter than it
    bool m_found = false;
};

} // namespace engine
