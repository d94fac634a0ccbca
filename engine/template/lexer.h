#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace engine::jinja {

struct Token {
    enum class Type : std::uint8_t {
        Data,
        PrintBegin,
        PrintEnd,
        TagBegin,
        TagEnd,
        Name,
        String,
        Integer,
        Float,
        Operator,
        End
    };
    Type type = Type::End;
    std::string text; // data and strings: as they are meant, escapes resolved
    int line = 1;

    bool is(Type wanted, std::string_view value) const { return type == wanted && text == value; }
    bool isName(std::string_view value) const { return is(Type::Name, value); }
    bool isOperator(std::string_view value) const { return is(Type::Operator, value); }
};

/// Cuts a template into tokens as Jinja2 does with trim_blocks and lstrip_blocks on, which is how chat templates are meant: white space
/// around tags goes, comments go, raw text stays. Throws engine::Error with the line. Linear in the length.
std::vector<Token> tokenize(std::string_view source);

/// "The chat template cannot be used: WHAT (line N)." as an engine::Error.
[[noreturn]] void failAt(int line, const std::string& what);

} // namespace engine::jinja
