#include "engine/template/interpreter.h"
#include "engine/template/lexer.h"

#include <string>

// What stands behind "is".
namespace engine::jinja {
namespace {

bool isWhole(const Value& value) {
    return value.integer() && !value.boolean();
}

using KindTest = bool (*)(const Value&);
constexpr std::pair<std::string_view, KindTest> kindTests[] = {
    {"defined", [](const Value& value) { return !value.isUndefined(); }},
    {"undefined", [](const Value& value) { return value.isUndefined(); }},
    {"none", [](const Value& value) { return value.isNone(); }},
    {"string", [](const Value& value) { return value.text() != nullptr; }},
    {"mapping", [](const Value& value) { return value.dict() != nullptr; }},
    {"iterable",
     [](const Value& value) { return value.text() || value.list() || value.dict() || value.isUndefined(); }},
    {"sequence",
     [](const Value& value) { return value.text() || value.list() || value.dict() || value.isUndefined(); }},
    {"number", [](const Value& value) { return value.isNumber(); }},
    {"integer", isWhole},
    {"float", [](const Value& value) { return value.isFloat(); }},
    {"boolean", [](const Value& value) { return value.boolean() != nullptr; }},
    {"true", [](const Value& value) { return value.boolean() && *value.boolean(); }},
    {"false", [](const Value& value) { return value.boolean() && !*value.boolean(); }},
    {"callable", [](const Value& value) { return value.callable() != nullptr; }},
    {"lower",
     [](const Value& value) {
         return value.text() && lower(value.text()->bytes()) == value.text()->bytes();
     }},
    {"upper",
     [](const Value& value) {
         return value.text() && upper(value.text()->bytes()) == value.text()->bytes();
     }},
};

constexpr std::pair<std::string_view, std::string_view> comparisons[] = {
    {"==", "=="}, {"eq", "=="},      {"equalto", "=="}, {"!=", "!="}, {"ne", "!="},         {"<", "<"},
    {"lt", "<"},  {"lessthan", "<"}, {">", ">"},        {"gt", ">"},  {"greaterthan", ">"}, {"<=", "<="},
    {"le", "<="}, {">=", ">="},      {"ge", ">="},      {"in", "in"}};

} // namespace

bool Interpreter::test(std::string_view name, const Value& value, const Arguments& given, int line) {
    charge(value, line);
    for (const auto& [known, function] : kindTests)
        if (known == name)
            return function(value);
    const Value* other = given.find(0, "other");
    if (other)
        charge(*other, line);
    for (const auto& [known, sign] : comparisons)
        if (known == name && other)
            return compares(std::string(sign), value, *other, line);
    if (name == "sameas" && other)
        return value.kind() == other->kind() && value.equals(*other);
    if (name == "odd" || name == "even" || (name == "divisibleby" && other)) {
        const auto number = value.integer(),
                   divisor = name == "divisibleby" ? other->integer() : std::optional<std::int64_t>(2);
        if (!number || !divisor || *divisor == 0)
            failAt(line, "\"" + std::string(name) + "\" is asked of " + value.kind());
        const bool divides = *divisor == -1 || *number % *divisor == 0;
        return divides != (name == "odd");
    }
    failAt(line, "the test \"" + std::string(name) + "\" is not known");
}

} // namespace engine::jinja
