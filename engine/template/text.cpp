#include "engine/template/text.h"

#include <algorithm>
#include <iterator>

namespace engine::jinja {
namespace {

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// White space of str.strip() and of \s that takes more than one byte.
constexpr std::string_view wideSpaces[] = {"\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80",
                                           "\xE2\x80\x81", "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84",
                                           "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88",
                                           "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8", "\xE2\x80\xA9",
                                           "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};

} // namespace

Text::Text(std::string_view bytes, std::int32_t message) : m_bytes(bytes) {
    if (!bytes.empty() && message != templates)
        m_runs.push_back({0, message, 0});
}

Text::Run Text::runAt(std::size_t position) const {
    if (m_runs.empty())
        return {position, templates, 0};
    const auto next = std::upper_bound(m_runs.begin(), m_runs.end(), position,
                                       [](std::size_t at, const Run& run) { return at < run.begin; });
    const Run& run = *std::prev(next);
    return {position, run.message, run.message == templates ? 0 : run.offset + (position - run.begin)};
}

/// What is appended next belongs to `run`.
void Text::begin(Run run) {
    if (m_runs.empty() && run.message == templates)
        return;
    if (m_runs.empty() && !m_bytes.empty())
        m_runs.push_back({0, templates, 0});
    run.begin = m_bytes.size();
    if (!m_runs.empty()) {
        const Run& last = m_runs.back();
        const bool follows =
            last.message == templates || last.offset + (run.begin - last.begin) == run.offset;
        if (last.message == run.message && follows)
            return;
    }
    m_runs.push_back(run);
}

void Text::append(std::string_view own) {
    if (own.empty())
        return;
    begin({});
    m_bytes += own;
}

void Text::append(const Text& more, std::size_t first, std::size_t end) {
    if (first >= end)
        return;
    if (more.m_runs.empty())
        return append(std::string_view(more.m_bytes).substr(first, end - first));
    auto next = std::upper_bound(more.m_runs.begin(), more.m_runs.end(), first,
                                 [](std::size_t at, const Run& run) { return at < run.begin; });
    for (std::size_t at = first; at < end; ++next) {
        const std::size_t stop = next == more.m_runs.end() ? end : std::min(end, next->begin);
        Run run = *std::prev(next);
        run.offset = run.message == templates ? 0 : run.offset + (at - run.begin);
        begin(run);
        m_bytes.append(more.m_bytes, at, stop - at);
        at = stop;
    }
}

void Text::appendFor(std::string_view bytes, const Text& source, std::size_t position) {
    begin(source.runAt(position));
    m_bytes += bytes;
}

Text Text::slice(std::size_t first, std::size_t end) const {
    Text part;
    part.append(*this, first, std::min(end, size()));
    return part;
}

Text Text::with(std::string bytes) const {
    Text other = *this;
    other.m_bytes = std::move(bytes);
    return other;
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::size_t byteOf(std::string_view text, std::size_t number) {
    std::size_t at = 0;
    for (; number > 0 && at < text.size(); --number)
        at = characterEnd(text, at);
    return at;
}

std::size_t characterEnd(std::string_view text, std::size_t begin) {
    std::size_t end = begin + 1;
    while (end < text.size() && continues(text[end]))
        ++end;
    return std::min(end, text.size());
}

bool isSpace(std::string_view character) {
    if (character.size() == 1)
        return character[0] == ' ' || (character[0] >= '\t' && character[0] <= '\r') ||
               (character[0] >= '\x1c' && character[0] <= '\x1f');
    return std::ranges::find(wideSpaces, character) != std::end(wideSpaces);
}

Range stripped(std::string_view text, Ends ends, const std::string* set) {
    const auto goes = [&](std::string_view character) {
        return set ? set->find(character) != std::string::npos : isSpace(character);
    };
    Range range{0, text.size()};
    if (ends != Ends::Right)
        while (range.begin < range.end) {
            const std::size_t next = characterEnd(text, range.begin);
            if (!goes(text.substr(range.begin, next - range.begin)))
                break;
            range.begin = next;
        }
    if (ends != Ends::Left)
        while (range.end > range.begin) {
            std::size_t last = range.end - 1;
            while (last > range.begin && continues(text[last]))
                --last;
            if (!goes(text.substr(last, range.end - last)))
                break;
            range.end = last;
        }
    return range;
}

} // namespace engine::jinja
