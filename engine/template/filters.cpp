#include "engine/template/filters.h"
#include "engine/template/interpreter.h"
#include "engine/template/lexer.h"

#include <algorithm>
#include <charconv>
#include <cmath>

// Filters that change one value. Those for lists are in list_filters.cpp.
namespace engine::jinja {
namespace {

Value trim(const Operation& operation) {
    Arguments given = operation.arguments;
    return *callStringMethod({operation.interpreter, Value(operation.text()), given, operation.line},
                             "strip");
}

template <std::string (*change)(std::string_view)>
Value lettered(const Operation& operation) {
    return inLetters(operation.text(), change);
}

/// Words begin behind white space, hyphens and opening brackets.
Value title(const Operation& operation) {
    const Text text = operation.text();
    std::string letters = lower(text.bytes());
    bool begins = true;
    for (char& c : letters) {
        if (begins)
            c = upper({&c, 1})[0];
        begins = c == '-' || c == '(' || c == '{' || c == '[' || c == '<' || isSpace({&c, 1});
    }
    return text.with(letters);
}

Value length(const Operation& operation) {
    return Value(lengthOf(operation.value, operation.line));
}

Value string(const Operation& operation) {
    return operation.text();
}

Value otherwise(const Operation& operation) {
    const bool takesFalse = operation.arguments.isTrue(1, "boolean");
    if (!operation.value.isUndefined() && (!takesFalse || operation.value.isTrue()))
        return operation.value;
    const Value* given = operation.arguments.find(0, "default_value");
    return given ? *given : Value("");
}

Value json(const Operation& operation) {
    JsonStyle style;
    if (operation.arguments.isTrue(0, "ensure_ascii"))
        failAt(operation.line, "tojson with ensure_ascii is not known");
    const Value* indent = operation.arguments.find(1, "indent");
    if (indent && indent->text())
        style.indent = indent->text()->bytes();
    else if (indent && indent->integer())
        style.indent =
            std::string(static_cast<std::size_t>(std::clamp<std::int64_t>(*indent->integer(), 0, 16)), ' ');
    if (style.indent)
        style.itemSeparator = ",";
    if (const Value* separators = operation.arguments.find(2, "separators");
        separators && separators->list() && separators->list()->items.size() == 2) {
        style.itemSeparator = toText(separators->list()->items[0]).bytes();
        style.keySeparator = toText(separators->list()->items[1]).bytes();
    }
    style.sortKeys = operation.arguments.isTrue(3, "sort_keys");
    const std::size_t around =
        style.indent ? style.indent->size() * static_cast<std::size_t>(operation.value.depth() + 1) : 0;
    operation.interpreter.charge(operation.value.weight() *
                                     (1 + around + style.itemSeparator.size() + style.keySeparator.size()),
                                 operation.line);
    std::optional<Text> text = toJson(operation.value, style);
    if (!text)
        failAt(operation.line, "tojson is used on something that cannot be written as JSON");
    return *text;
}

Value replace(const Operation& operation) {
    return replaced(operation, operation.text(), operation.textOf(0, "old"), operation.textOf(1, "new"),
                    operation.integerOf(2, "count", -1));
}

Value indent(const Operation& operation) {
    const Value* width = operation.arguments.find(0, "width");
    const Text space = width && width->text()
                           ? *width->text()
                           : Text(std::string(static_cast<std::size_t>(std::clamp<std::int64_t>(
                                                  operation.integerOf(0, "width", 4), 0, 1000)),
                                              ' '));
    const bool first = operation.arguments.isTrue(1, "first"), blank = operation.arguments.isTrue(2, "blank");
    Text source = operation.text();
    source.append("\n");
    const Value lines =
        *callStringMethod({operation.interpreter, Value(source), {}, operation.line}, "splitlines");
    operation.interpreter.charge(lines.weight() + lines.list()->items.size() * space.size(), operation.line);
    Text text;
    bool isFirst = true;
    for (const Value& line : lines.list()->items) {
        if (!isFirst)
            text.append("\n");
        if (isFirst ? first : (blank || !line.text()->empty()))
            text.append(space);
        text.append(*line.text());
        isFirst = false;
    }
    return text;
}

Value integer(const Operation& operation) {
    if (const auto whole = operation.value.integer())
        return Value(*whole);
    const Value* given = operation.arguments.find(0, "default");
    const Value fallback = given ? *given : Value(std::int64_t{0});
    if (operation.value.isFloat()) {
        const double number = operation.value.number();
        constexpr double most = 9e18;
        return std::abs(number) < most ? Value(static_cast<std::int64_t>(number)) : fallback;
    }
    if (!operation.value.text())
        return fallback;
    const std::string text = operation.value.text()->bytes();
    const Range range = stripped(text, Ends::Both);
    const char* begin =
        text.data() + range.begin + (range.begin < range.end && text[range.begin] == '+' ? 1 : 0);
    const char* const end = text.data() + range.end;
    std::int64_t whole = 0;
    double number = 0;
    if (const auto parsed = std::from_chars(begin, end, whole); parsed.ec == std::errc() && parsed.ptr == end)
        return Value(whole);
    if (const auto parsed = std::from_chars(begin, end, number);
        parsed.ec == std::errc() && parsed.ptr == end && std::abs(number) < 9e18)
        return Value(static_cast<std::int64_t>(number));
    return fallback;
}

Value floating(const Operation& operation) {
    if (operation.value.isNumber())
        return Value(operation.value.number());
    const Value* given = operation.arguments.find(0, "default");
    const std::string text = operation.text().bytes();
    const Range range = stripped(text, Ends::Both);
    double number = 0;
    const char* const end = text.data() + range.end;
    const auto parsed = std::from_chars(text.data() + range.begin, end, number);
    if (operation.value.text() && parsed.ec == std::errc() && parsed.ptr == end)
        return Value(number);
    return given ? *given : Value(0.0);
}

Value absolute(const Operation& operation) {
    if (!operation.value.isNumber())
        failAt(operation.line, "abs is used on " + std::string(operation.value.kind()));
    return operation.value.number() < 0
               ? binary(operation.interpreter, "-", Value(std::int64_t{0}), operation.value, operation.line)
               : operation.value;
}

Value rounded(const Operation& operation) {
    if (!operation.value.isNumber())
        failAt(operation.line, "round is used on " + std::string(operation.value.kind()));
    const double scale = std::pow(10.0, static_cast<double>(operation.integerOf(0, "precision", 0)));
    const std::string method = operation.textOf(1, "method", "common").bytes();
    const double scaled = operation.value.number() * scale;
    return Value((method == "ceil"    ? std::ceil(scaled)
                  : method == "floor" ? std::floor(scaled)
                                      : std::nearbyint(scaled)) /
                 scale);
}

Value escaped(const Operation& operation) {
    const Text text = operation.text();
    operation.interpreter.charge(text.size() * 5, operation.line);
    Text result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text.bytes()[at];
        const char* const name = c == '&'    ? "&amp;"
                                 : c == '<'  ? "&lt;"
                                 : c == '>'  ? "&gt;"
                                 : c == '"'  ? "&#34;"
                                 : c == '\'' ? "&#39;"
                                             : nullptr;
        if (name)
            result.appendFor(name, text, at);
        else
            result.append(text, at, at + 1);
    }
    return result;
}

Value same(const Operation& operation) {
    return operation.value;
}

constexpr std::pair<std::string_view, Filter> valueFilters[] = {
    {"trim", trim},
    {"upper", lettered<upper>},
    {"lower", lettered<lower>},
    {"capitalize", lettered<capitalized>},
    {"title", title},
    {"length", length},
    {"count", length},
    {"string", string},
    {"default", otherwise},
    {"d", otherwise},
    {"tojson", json},
    {"replace", replace},
    {"indent", indent},
    {"int", integer},
    {"float", floating},
    {"abs", absolute},
    {"round", rounded},
    {"escape", escaped},
    {"e", escaped},
    {"safe", same},
};

} // namespace

Value Interpreter::filter(std::string_view name, const Value& value, const Arguments& given, int line) {
    charge(value, line);
    for (const auto& list :
         {std::span<const std::pair<std::string_view, Filter>>(valueFilters), listFilters()})
        for (const auto& [known, function] : list)
            if (known == name) {
                Value result = function({*this, value, given, line});
                charge(result, line);
                return result;
            }
    failAt(line, "the filter \"" + std::string(name) + "\" is not known");
}

} // namespace engine::jinja
