#include "engine/stop_words.h"

#include <algorithm>
#include <utility>

namespace engine {
namespace {

/// How many bytes at the end of `text` may be the beginning of `word`.
std::size_t begun(std::string_view text, std::string_view word) {
    std::size_t length = std::min(text.size(), word.size() - 1);
    while (!text.ends_with(word.substr(0, length)))
        --length;
    return length;
}

} // namespace

StopWords::StopWords(std::vector<std::string> words) : m_words(std::move(words)) {
    std::erase(m_words, std::string());
}

std::string StopWords::push(std::string_view text) {
    if (m_found)
        return {};
    std::string shown = std::exchange(m_held, {});
    shown += text;
    std::size_t first = std::string::npos, held = 0;
    for (const std::string& word : m_words) {
        first = std::min(first, shown.find(word));
        held = std::max(held, begun(shown, word));
    }
    m_found = first != std::string::npos;
    if (!m_found)
        m_held = shown.substr(shown.size() - held);
    shown.resize(m_found ? first : shown.size() - held);
    return shown;
}

std::string StopWords::finish() {
    return std::exchange(m_held, {});
}

} // namespace engine
