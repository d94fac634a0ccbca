#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/tokenizer/pretokenizer.h"
#include "engine/error.h"

#include <algorithm>
#include <pcre2.h>
#include <stdexcept>

namespace engine {

namespace {

// Unicode's White_Space. PCRE2's own \s counts U+180E as well, which it was until Unicode 6.2.
constexpr std::string_view whiteSpace =
    R"(\x{9}-\x{D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";

constexpr std::size_t pieceWhenTooHard = 64 << 10;

/// Writes \s and \S out, inside and outside of classes.
std::string withWhiteSpace(std::string_view pattern) {
    std::string result;
    bool inClass = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c != '\\') {
            inClass = inClass ? c != ']' : c == '[';
            result += c;
            continue;
        }
        const char escaped = pattern[++i]; // no pattern of the table ends in a backslash
        if (escaped == 's')
            result.append(inClass ? "" : "[").append(whiteSpace).append(inClass ? "" : "]");
        else if (escaped == 'S' && !inClass)
            result.append("[^").append(whiteSpace).append("]");
        else
            result.append({'\\', escaped});
    }
    return result;
}

struct MatchDataDeleter {
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
using MatchData = std::unique_ptr<pcre2_match_data, MatchDataDeleter>;

} // namespace

class Pretokenizer::Regex {
public:
    explicit Regex(const char* pattern) {
        const std::string full = withWhiteSpace(pattern);
        int number = 0;
        PCRE2_SIZE offset = 0;
        m_code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(full.data()), full.size(), PCRE2_UTF | PCRE2_UCP,
                               &number, &offset, nullptr);
        if (!m_code)
            throw std::logic_error("a regex of the table does not compile");
        pcre2_jit_compile(m_code,
                          PCRE2_JIT_COMPLETE); // where it cannot be had, matching is slower, not different
    }
    ~Regex() { pcre2_code_free(m_code); }
    Regex(const Regex&) = delete;

    MatchData makeMatchData() const {
        return MatchData(pcre2_match_data_create_from_pattern(m_code, nullptr));
    }

    void split(std::string_view text, pcre2_match_data* data, std::vector<std::string_view>& out) const {
        std::size_t position = 0, copied = 0;
        while (position < text.size()) {
            const int result = match(text, position, data);
            if (result == PCRE2_ERROR_NOMATCH)
                break;
            if (result < 0)
                return splitInParts(text.substr(copied), data, out);
            const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data);
            if (range[1] <=
                range[0]) // no pattern of the table matches nothing; if one did, it must not stop us
                break;
            if (range[0] > copied)
                out.push_back(text.substr(copied, range[0] - copied));
            out.push_back(text.substr(range[0], range[1] - range[0]));
            position = copied = range[1];
        }
        if (copied < text.size())
            out.push_back(text.substr(copied));
    }

private:
    /// The text was checked once. PCRE2 would check its whole rest again at every match, which is quadratic.
    int match(std::string_view text, std::size_t position, pcre2_match_data* data) const {
        const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
        const int result =
            pcre2_match(m_code, subject, text.size(), position, PCRE2_NO_UTF_CHECK, data, nullptr);
        if (result >= 0 || result == PCRE2_ERROR_NOMATCH)
            return result;
        return pcre2_match(m_code, subject, text.size(), position, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data,
                           nullptr);
    }

    /// A text beyond PCRE2's limits, by parts that end behind a line break or, without one, at any character.
    void splitInParts(std::string_view text, pcre2_match_data* data,
                      std::vector<std::string_view>& out) const {
        if (text.size() <= pieceWhenTooHard) {
            out.push_back(text); // even a small part is too hard: it is one word
            return;
        }
        while (!text.empty()) {
            std::size_t length = std::min(text.size(), pieceWhenTooHard);
            if (length < text.size()) {
                const std::size_t lineBreak = text.rfind('\n', length - 1);
                if (lineBreak != std::string_view::npos)
                    length = lineBreak + 1;
                while (length > 1 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
                    --length;
            }
            split(text.substr(0, length), data, out);
            text.remove_prefix(length);
        }
    }

    pcre2_code* m_code = nullptr;
};

Pretokenizer::Pretokenizer(const SplitRule& rule) {
    for (const char* pattern : rule.patterns)
        m_stages.push_back(std::make_unique<Regex>(pattern));
}

Pretokenizer::~Pretokenizer() = default;

std::vector<std::string_view> Pretokenizer::split(std::string_view text) const {
    std::vector<std::string_view> pieces{text};
    for (const auto& stage : m_stages) {
        const MatchData data = stage->makeMatchData();
        std::vector<std::string_view> finer;
        for (const std::string_view piece : pieces)
            stage->split(piece, data.get(), finer);
        pieces = std::move(finer);
    }
    return pieces;
}

} // namespace engine
