#include "engine/template/lexer.h"

#include "engine/error.h"
#include "engine/template/text.h"

#include <algorithm>
#include <cctype>

namespace engine::jinja {
namespace {

using Type = Token::Type;

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool beginsName(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool isBlank(char c) {
    return isSpace({&c, 1});
}

/// Line breaks of any kind become "\n", and one at the very end goes.
std::string withOneKindOfLineBreak(std::string_view source) {
    std::string text;
    text.reserve(source.size());
    for (std::size_t at = 0; at < source.size(); ++at) {
        if (source[at] != '\r') {
            text += source[at];
            continue;
        }
        text += '\n';
        at += at + 1 < source.size() && source[at + 1] == '\n';
    }
    if (text.ends_with('\n'))
        text.pop_back();
    return text;
}

void appendUtf8(std::uint32_t code, std::string& out) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
    } else if (code < 0x10000) {
        out += {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
                static_cast<char>(0x80 | (code & 63))};
    } else {
        out += {static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 63)),
                static_cast<char>(0x80 | (code >> 6 & 63)), static_cast<char>(0x80 | (code & 63))};
    }
}

class Lexer {
public:
    explicit Lexer(std::string_view source) : m_text(withOneKindOfLineBreak(source)) {}

    std::vector<Token> run() {
        while (m_at < m_text.size())
            data();
        add(Type::End, "");
        return std::move(m_tokens);
    }

private:
    char at(std::size_t position) const { return position < m_text.size() ? m_text[position] : '\0'; }
    std::string_view rest() const { return std::string_view(m_text).substr(m_at); }

    void add(Type type, std::string text) { m_tokens.push_back({type, std::move(text), m_line}); }
    void goTo(std::size_t position) {
        m_line += static_cast<int>(std::count(m_text.begin() + static_cast<std::ptrdiff_t>(m_at),
                                              m_text.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
        m_at = position;
        m_startsLine = position == 0 || m_text[position - 1] == '\n';
    }

    /// Where the next "{{", "{%" or "{#" stands, or the end.
    std::size_t nextMark() const {
        for (std::size_t at = m_at; (at = m_text.find('{', at)) != std::string::npos; ++at)
            if (const char c = this->at(at + 1); c == '{' || c == '%' || c == '#')
                return at;
        return m_text.size();
    }

    /// Text up to `end`, where a mark begins that has `sign` behind it.
    void addData(std::size_t end, char sign, bool isTag) {
        std::string_view text = std::string_view(m_text).substr(m_at, end - m_at);
        if (sign == '-') {
            text = text.substr(0, stripped(text, Ends::Right).end);
        } else if (sign != '+' && isTag) {
            const std::size_t lineBegin = text.rfind('\n') + 1; // 0 where there is none
            if ((lineBegin > 0 || m_startsLine) &&
                stripped(text.substr(lineBegin), Ends::Left).begin == text.size() - lineBegin)
                text = text.substr(0, lineBegin);
        }
        if (!text.empty())
            add(Type::Data, std::string(text));
        goTo(end);
    }

    void data() {
        const std::size_t mark = nextMark();
        const char kind = at(mark + 1), sign = at(mark + 2);
        addData(mark, sign, kind != '{');
        if (mark == m_text.size())
            return;
        if (kind == '#')
            return comment();
        if (kind == '%' && beginsRaw(mark))
            return;
        goTo(mark + (sign == '-' || sign == '+' ? 3 : 2));
        add(kind == '{' ? Type::PrintBegin : Type::TagBegin, "");
        code(kind == '{' ? "}}" : "%}");
        add(kind == '{' ? Type::PrintEnd : Type::TagEnd, "");
    }

    /// Behind the end of a tag: with a minus white space goes, else one line break.
    void afterTag(char sign, std::size_t end, bool isTag) {
        if (sign == '-')
            end += stripped(std::string_view(m_text).substr(end), Ends::Left).begin;
        else if (isTag && sign != '+' && at(end) == '\n')
            ++end;
        goTo(end);
    }

    void comment() {
        const std::size_t begin = m_at + (at(m_at + 2) == '-' || at(m_at + 2) == '+' ? 3 : 2);
        const std::size_t end = m_text.find("#}", begin);
        if (end == std::string::npos)
            failAt(m_line, "a comment has no end");
        afterTag(end > begin ? m_text[end - 1] : ' ', end + 2, true);
    }

    std::size_t skipBlanks(std::size_t position) const {
        while (position < m_text.size() && isBlank(m_text[position]))
            ++position;
        return position;
    }

    /// Where a tag that holds only `word` ends, from behind its "{%"; `sign` becomes the one in front of its end.
    std::size_t endOfWordTag(std::size_t position, std::string_view word, char& sign) const {
        if (at(position) == '-' || at(position) == '+')
            ++position;
        position = skipBlanks(position);
        if (std::string_view(m_text).substr(position, word.size()) != word)
            return std::string::npos;
        position = skipBlanks(position + word.size());
        sign = at(position);
        if (sign == '-' || sign == '+')
            ++position;
        return std::string_view(m_text).substr(position, 2) == "%}" ? position + 2 : std::string::npos;
    }

    bool beginsRaw(std::size_t mark) {
        char sign = ' ';
        const std::size_t begin = endOfWordTag(mark + 2, "raw", sign);
        if (begin == std::string::npos || sign == '+')
            return false;
        afterTag(sign == '-' ? '-' : '+', begin, true);
        for (std::size_t end = m_at; (end = m_text.find("{%", end)) != std::string::npos; end += 2) {
            const std::size_t behind = endOfWordTag(end + 2, "endraw", sign);
            if (behind == std::string::npos)
                continue;
            addData(end, at(end + 2), true);
            afterTag(sign, behind, true);
            return true;
        }
        failAt(m_line, "{% raw %} has no end");
    }

    void code(std::string_view end) {
        std::string open; // brackets
        for (;;) {
            goTo(skipBlanks(m_at));
            if (m_at == m_text.size())
                failAt(m_line, "a tag has no end");
            if (open.empty()) {
                const bool hasSign = at(m_at) == '-' || (at(m_at) == '+' && end == "%}");
                if (rest().substr(hasSign ? 1 : 0).starts_with(end))
                    return afterTag(hasSign ? at(m_at) : ' ', m_at + end.size() + (hasSign ? 1 : 0),
                                    end == "%}");
            }
            token(open);
        }
    }

    void token(std::string& open) {
        const char c = at(m_at);
        if (beginsName(c)) {
            std::size_t end = m_at;
            while (end < m_text.size() && (beginsName(m_text[end]) || isDigit(m_text[end])))
                ++end;
            add(Type::Name, m_text.substr(m_at, end - m_at));
            goTo(end);
        } else if (isDigit(c)) {
            number();
        } else if (c == '"' || c == '\'') {
            string(c);
        } else {
            sign(open);
        }
    }

    void number() {
        std::size_t end = m_at;
        bool isFloat = false;
        const auto digits = [&] {
            while (isDigit(at(end)) || (at(end) == '_' && isDigit(at(end + 1))))
                ++end;
        };
        digits();
        if (at(end) == '.' && isDigit(at(end + 1))) {
            isFloat = true;
            ++end;
            digits();
        }
        const std::size_t exponent = end + (at(end + 1) == '+' || at(end + 1) == '-' ? 2 : 1);
        if ((at(end) == 'e' || at(end) == 'E') && isDigit(at(exponent))) {
            isFloat = true;
            end = exponent;
            digits();
        }
        std::string text = m_text.substr(m_at, end - m_at);
        std::erase(text, '_');
        add(isFloat ? Type::Float : Type::Integer, text);
        goTo(end);
    }

    void string(char quote) {
        std::string text;
        std::size_t end = m_at + 1;
        while (end < m_text.size() && m_text[end] != quote)
            if (m_text[end] == '\\')
                end = escape(end + 1, text);
            else
                text += m_text[end++];
        if (end >= m_text.size())
            failAt(m_line, "a string has no end");
        add(Type::String, text);
        goTo(end + 1);
    }

    /// What a backslash stands for, as in Python; answers where it ends.
    std::size_t escape(std::size_t position, std::string& out) {
        constexpr std::string_view letters = "ntr\\'\"abfv", meant = "\n\t\r\\'\"\a\b\f\v";
        const char c = at(position);
        if (c == '\n')
            return position + 1;
        if (const auto place = letters.find(c); c != '\0' && place != std::string_view::npos) {
            out += meant[place];
            return position + 1;
        }
        const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
        const bool octal = c >= '0' && c <= '7';
        if (digits == 0 && !octal) {
            out += '\\';
            return position; // the letter stands for itself
        }
        std::uint32_t code = 0;
        std::size_t end = octal ? position : position + 1;
        for (std::size_t i = 0; octal ? i < 3 && at(end) >= '0' && at(end) <= '7' : i < digits; ++i, ++end) {
            if (std::isxdigit(static_cast<unsigned char>(at(end))) == 0)
                failAt(m_line, "a string has an escape that is cut off");
            code = code * (octal ? 8 : 16) +
                   static_cast<std::uint32_t>(isDigit(at(end)) ? at(end) - '0' : (at(end) | 0x20) - 'a' + 10);
        }
        if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
            failAt(m_line, "a string has an escape for no character");
        appendUtf8(code, out);
        return end;
    }

    void sign(std::string& open) {
        constexpr std::string_view pairs[] = {"//", "**", "==", "!=", ">=", "<="};
        constexpr std::string_view singles = "+-*/%~<>=.:|,;()[]{}";
        const std::string_view two = rest().substr(0, 2);
        const bool isPair = std::ranges::find(pairs, two) != std::end(pairs);
        const char c = two[0];
        if (!isPair && singles.find(c) == std::string_view::npos)
            failAt(m_line, "a character stands where none is expected");
        if (c == '(' || c == '[' || c == '{')
            open += c == '(' ? ')' : c == '[' ? ']' : '}';
        if (c == ')' || c == ']' || c == '}') {
            if (open.empty() || open.back() != c)
                failAt(m_line, std::string("a \"") + c + "\" closes nothing");
            open.pop_back();
        }
        add(Type::Operator, std::string(two.substr(0, isPair ? 2 : 1)));
        goTo(m_at + (isPair ? 2 : 1));
    }

    std::string m_text;
    std::size_t m_at = 0;
    int m_line = 1;
    bool m_startsLine = true;
    std::vector<Token> m_tokens;
};

} // namespace

std::vector<Token> tokenize(std::string_view source) {
    return Lexer(source).run();
}

void failAt(int line, const std::string& what) {
    throw Error("The chat template cannot be used: " + what + " (line " + std::to_string(line) + ").");
}

} // namespace engine::jinja
