#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace engine::jinja {

/// A string of a template that knows of each byte who wrote it: the template itself, or one of the messages. Whatever a template does
/// with texts (trimming, cutting, replacing, joining), the bytes keep their origin, so that a person's words stay a person's words.
/// UTF-8, valid where the texts put in are.
class Text {
public:
    /// Bytes from `begin` up to the next run: those of message `message` from `offset` on; `message` < 0: the template's own.
    struct Run {
        std::size_t begin = 0;
        std::int32_t message = templates;
        std::size_t offset = 0;
    };
    static constexpr std::int32_t templates = -1;

    Text() = default;
    explicit Text(std::string_view own) : m_bytes(own) {}
    Text(std::string_view bytes, std::int32_t message);

    const std::string& bytes() const { return m_bytes; }
    std::size_t size() const { return m_bytes.size(); }
    bool empty() const { return m_bytes.empty(); }
    /// Empty: all of it is the template's own. Else the first run begins at 0.
    const std::vector<Run>& runs() const { return m_runs; }
    /// The run that the byte at `position` is in, with `begin` and `offset` moved to that byte.
    Run runAt(std::size_t position) const;

    Text slice(std::size_t begin, std::size_t end) const;
    void append(const Text& more) { append(more, 0, more.size()); }
    void append(const Text& more, std::size_t begin, std::size_t end);
    void append(std::string_view own);
    /// Bytes that stand for the byte at `position` of `source`: written by whoever wrote that one.
    void appendFor(std::string_view bytes, const Text& source, std::size_t position);
    /// The same text in other letters, as many bytes.
    Text with(std::string bytes) const;

private:
    void begin(Run run);

    std::string m_bytes;
    std::vector<Run> m_runs;
};

// Places of characters in UTF-8, where bytes that continue one are no places.
std::size_t characters(std::string_view text);
/// The byte at which character `number` begins; the size where there are fewer.
std::size_t byteOf(std::string_view text, std::size_t number);
std::size_t characterEnd(std::string_view text, std::size_t begin);
/// The range without white space (as Python sees it) or without any of `set`, at the ends asked for.
struct Range {
    std::size_t begin = 0, end = 0;
};
enum class Ends : std::uint8_t { Both, Left, Right };
Range stripped(std::string_view text, Ends ends, const std::string* set = nullptr);
bool isSpace(std::string_view character);

} // namespace engine::jinja
