#include "engine/template/interpreter.h"
#include "engine/template/lexer.h"

#include <algorithm>
#include <limits>

// Methods of strings and dictionaries, as Python has them.
namespace engine::jinja {
namespace {

constexpr std::int64_t all = std::numeric_limits<std::int64_t>::max();

std::string mapped(std::string_view text, char first, char last, int shift) {
    std::string result(text);
    for (char& c : result)
        if (c >= first && c <= last)
            c = static_cast<char>(c + shift);
    return result;
}

bool isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

/// "".split(): words between white space, at most `most` cuts.
Value words(const Operation& operation, std::int64_t most, bool fromRight) {
    const Text text = operation.text();
    const std::string_view bytes = text.bytes();
    List list;
    Range rest = stripped(bytes, Ends::Both);
    while (rest.begin < rest.end && most-- > 0) {
        std::size_t at = rest.begin, cut = fromRight ? rest.begin : rest.end;
        for (std::size_t end = 0; at < rest.end; at = end) {
            end = characterEnd(bytes, at);
            if (!isSpace(bytes.substr(at, end - at)))
                continue;
            cut = fromRight ? end : at;
            if (!fromRight)
                break;
        }
        const std::string_view part = bytes.substr(rest.begin, rest.end - rest.begin);
        if (fromRight) {
            list.items.insert(list.items.begin(), Value(text.slice(cut, rest.end)));
            rest.end = rest.begin + stripped(part.substr(0, cut - rest.begin), Ends::Right).end;
        } else {
            list.items.emplace_back(text.slice(rest.begin, cut));
            rest.begin = cut + stripped(part.substr(cut - rest.begin), Ends::Left).begin;
        }
        operation.interpreter.charge(fromRight ? part.size() : sizeof(Value), operation.line);
    }
    if (rest.begin < rest.end)
        list.items.insert(fromRight ? list.items.begin() : list.items.end(),
                          Value(text.slice(rest.begin, rest.end)));
    return list;
}

Value split(const Operation& operation, bool fromRight) {
    const std::int64_t given = operation.integerOf(1, "maxsplit", -1);
    std::int64_t most = given < 0 ? all : given;
    const Value* separator = operation.arguments.find(0, "sep");
    if (!separator || separator->isNone())
        return words(operation, most, fromRight);
    const Text text = operation.text();
    const std::string mark = toText(*separator).bytes();
    if (mark.empty())
        failAt(operation.line, "split() has an empty separator");
    List list;
    std::size_t begin = 0, end = text.size();
    for (; most > 0; --most) {
        const std::size_t found =
            fromRight ? (end < mark.size() ? std::string::npos : text.bytes().rfind(mark, end - mark.size()))
                      : text.bytes().find(mark, begin);
        if (found == std::string::npos)
            break;
        list.items.emplace_back(fromRight ? text.slice(found + mark.size(), end) : text.slice(begin, found));
        (fromRight ? end : begin) = fromRight ? found : found + mark.size();
        operation.interpreter.charge(sizeof(Value), operation.line);
    }
    list.items.emplace_back(text.slice(begin, end));
    if (fromRight)
        std::reverse(list.items.begin(), list.items.end());
    return list;
}

Value partition(const Operation& operation, bool fromRight) {
    const Text text = operation.text(), mark = operation.textOf(0, "sep");
    if (mark.empty())
        failAt(operation.line, "partition() has an empty separator");
    const std::size_t found = fromRight ? text.bytes().rfind(mark.bytes()) : text.bytes().find(mark.bytes());
    List list;
    list.isTuple = true;
    if (found == std::string::npos)
        list.items = fromRight ? std::vector<Value>{"", "", text} : std::vector<Value>{text, "", ""};
    else
        list.items = {text.slice(0, found), text.slice(found, found + mark.size()),
                      text.slice(found + mark.size(), text.size())};
    return list;
}

Value lines(const Operation& operation) {
    const Text text = operation.text();
    const bool keeps = operation.arguments.isTrue(0, "keepends");
    const std::string& bytes = text.bytes();
    List list;
    for (std::size_t begin = 0; begin < bytes.size();) {
        const std::size_t end = std::min(bytes.find_first_of("\n\r", begin), bytes.size());
        std::size_t next = std::min(end + 1, bytes.size());
        if (end + 1 < bytes.size() && bytes[end] == '\r' && bytes[end + 1] == '\n')
            ++next;
        list.items.emplace_back(text.slice(begin, keeps ? next : end));
        begin = next;
        operation.interpreter.charge(sizeof(Value), operation.line);
    }
    return list;
}

bool meetsEnd(const Operation& operation, bool atBegin) {
    const std::string text = operation.text().bytes();
    const Value* wanted = operation.arguments.find(0, "prefix");
    const auto meets = [&](const Value& part) {
        return part.text() &&
               (atBegin ? text.starts_with(part.text()->bytes()) : text.ends_with(part.text()->bytes()));
    };
    if (wanted && wanted->list())
        return std::any_of(wanted->list()->items.begin(), wanted->list()->items.end(), meets);
    if (!wanted || !wanted->text())
        failAt(operation.line, "startswith() and endswith() need a string");
    return meets(*wanted);
}

/// Where a part stands, in characters; -1: nowhere.
std::int64_t place(const Operation& operation, bool fromRight) {
    const std::string text = operation.text().bytes(), part = operation.textOf(0, "sub").bytes();
    const std::size_t begin =
        byteOf(text, static_cast<std::size_t>(std::max<std::int64_t>(0, operation.integerOf(1, "start", 0))));
    const std::size_t found = fromRight ? text.rfind(part) : text.find(part, begin);
    if (found == std::string::npos || found < begin)
        return -1;
    return static_cast<std::int64_t>(characters(std::string_view(text).substr(0, found)));
}

std::int64_t occurrences(const std::string& text, const std::string& part) {
    if (part.empty())
        return static_cast<std::int64_t>(characters(text)) + 1;
    std::int64_t count = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size())
        ++count;
    return count;
}

Text strip(const Operation& operation, Ends ends) {
    const Text text = operation.text();
    const Value* set = operation.arguments.find(0, "chars");
    const bool isGiven = set && !set->isNone();
    const std::string which = isGiven ? toText(*set).bytes() : "";
    operation.interpreter.charge(which.size() * text.size(), operation.line);
    const Range range = stripped(text.bytes(), ends, isGiven ? &which : nullptr);
    return text.slice(range.begin, range.end);
}

/// "{} and {name}".format(...)
Value format(const Operation& operation) {
    const Text pattern = operation.text();
    const std::string& bytes = pattern.bytes();
    std::size_t next = 0;
    Text text;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const char c = bytes[at];
        if ((c == '{' || c == '}') && at + 1 < bytes.size() && bytes[at + 1] == c) {
            text.append(pattern, at, at + 1);
            ++at;
        } else if (c != '{') {
            text.append(pattern, at, at + 1);
        } else {
            const std::size_t end = std::min(bytes.find('}', at), bytes.size());
            const std::string name = bytes.substr(at + 1, end - at - 1);
            const bool isNumber =
                !name.empty() && name.size() < 4 && name.find_first_not_of("0123456789") == std::string::npos;
            if (name.find_first_of(":!.[{") != std::string::npos || end == bytes.size())
                failAt(operation.line, "a format with \"" + name + "\" is not known");
            const std::size_t number = name.empty() ? next++
                                       : isNumber   ? static_cast<std::size_t>(std::stoi(name))
                                                    : bytes.size() + at;
            const Value* value = operation.arguments.find(number, name);
            if (!value)
                failAt(operation.line, "there are too few values for a format");
            operation.interpreter.charge(*value, operation.line);
            text.append(toText(*value));
            at = end;
        }
    }
    return text;
}

/// isdigit() and its kin: at least one character, and each of the kind.
bool consistsOf(std::string_view text, bool (*is)(char)) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is);
}

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

std::optional<Value> dictMethod(const Operation& operation, const std::string& name) {
    const Dict& dict = *operation.value.dict();
    List list;
    if (name == "get") {
        const Value* key = operation.arguments.find(0, "key");
        const Value* found = key ? dict.find(*key) : nullptr;
        const Value* otherwise = operation.arguments.find(1, "default");
        return found ? *found : otherwise ? *otherwise : Value(None{});
    }
    if (name == "copy")
        return operation.value;
    if (name != "items" && name != "keys" && name != "values")
        return {};
    for (const auto& [key, value] : dict.items)
        list.items.push_back(name == "items"  ? Value(List{.items = {key, value}, .isTuple = true})
                             : name == "keys" ? key
                                              : value);
    return list;
}

} // namespace

std::string upper(std::string_view text) {
    return mapped(text, 'a', 'z', 'A' - 'a');
}
std::string lower(std::string_view text) {
    return mapped(text, 'A', 'Z', 'a' - 'A');
}
std::string capitalized(std::string_view text) {
    return upper(text.substr(0, 1)) + (text.empty() ? "" : lower(text.substr(1)));
}
std::string titled(std::string_view text) {
    std::string result = lower(text);
    for (std::size_t i = 0; i < result.size(); ++i)
        if (i == 0 || !isLetter(result[i - 1]))
            result[i] = upper(result.substr(i, 1))[0];
    return result;
}

Text inLetters(const Text& text, std::string (*change)(std::string_view)) {
    return text.with(change(text.bytes()));
}

Text replaced(const Operation& operation, const Text& text, const Text& from, const Text& to,
              std::int64_t most) {
    const std::int64_t count = occurrences(text.bytes(), from.bytes());
    operation.interpreter.charge(text.size() + static_cast<std::size_t>(count) * (1 + to.size()),
                                 operation.line);
    Text result;
    std::size_t at = 0;
    for (std::int64_t left = most < 0 ? all : most; left > 0; --left) {
        const std::size_t found = text.bytes().find(from.bytes(), at);
        if (found == std::string::npos)
            break;
        result.append(text, at, found);
        result.append(to);
        at = found + from.size();
        if (!from.empty())
            continue;
        const std::size_t next = characterEnd(text.bytes(), at); // between all characters
        if (at == text.size())
            break;
        result.append(text, at, next);
        at = next;
    }
    result.append(text, at, text.size());
    return result;
}

Text Operation::textOf(std::size_t place, std::string_view name, std::string_view otherwise) const {
    const Value* given = arguments.find(place, name);
    return given ? toText(*given) : Text(otherwise);
}

std::int64_t Operation::integerOf(std::size_t place, std::string_view name, std::int64_t otherwise) const {
    const Value* given = arguments.find(place, name);
    if (!given || given->isNone())
        return otherwise;
    if (!given->integer())
        failAt(line, "a whole number is needed instead of " + std::string(given->kind()));
    return *given->integer();
}

std::optional<Value> callStringMethod(const Operation& operation, const std::string& name) {
    using Changer = std::string (*)(std::string_view);
    constexpr std::pair<std::string_view, Changer> changers[] = {
        {"upper", upper}, {"lower", lower}, {"capitalize", capitalized}, {"title", titled}};
    for (const auto& [known, change] : changers)
        if (known == name)
            return inLetters(operation.text(), change);
    const Text text = operation.text();
    if (name == "strip" || name == "lstrip" || name == "rstrip")
        return strip(operation, name == "strip" ? Ends::Both : name == "lstrip" ? Ends::Left : Ends::Right);
    if (name == "split" || name == "rsplit")
        return split(operation, name == "rsplit");
    if (name == "partition" || name == "rpartition")
        return partition(operation, name == "rpartition");
    if (name == "splitlines")
        return lines(operation);
    if (name == "startswith" || name == "endswith")
        return meetsEnd(operation, name == "startswith");
    if (name == "replace")
        return replaced(operation, text, operation.textOf(0, "old"), operation.textOf(1, "new"),
                        operation.integerOf(2, "count", -1));
    if (name == "find" || name == "rfind" || name == "index" || name == "rindex") {
        const std::int64_t found = place(operation, name[0] == 'r');
        if (found < 0 && name.ends_with("index"))
            failAt(operation.line, "index() finds nothing");
        return Value(found);
    }
    if (name == "count")
        return Value(occurrences(text.bytes(), operation.textOf(0, "sub").bytes()));
    if (name == "join") {
        const Value* items = operation.arguments.find(0, "iterable");
        return operation.interpreter.filter("join", items ? *items : Value(), {{operation.value}, {}},
                                            operation.line);
    }
    if (name == "format")
        return format(operation);
    if (name == "removeprefix" || name == "removesuffix") {
        const std::string part = operation.textOf(0, "prefix").bytes();
        if (name == "removeprefix")
            return text.bytes().starts_with(part) ? text.slice(part.size(), text.size()) : text;
        return text.bytes().ends_with(part) ? text.slice(0, text.size() - part.size()) : text;
    }
    if (name == "isdigit" || name == "isnumeric" || name == "isdecimal")
        return consistsOf(text.bytes(), isDigit);
    if (name == "isalpha")
        return consistsOf(text.bytes(), isLetter);
    if (name == "isalnum")
        return consistsOf(text.bytes(), [](char c) { return isLetter(c) || isDigit(c); });
    if (name == "isspace")
        return !text.empty() && stripped(text.bytes(), Ends::Both).begin == text.size();
    if (name == "isupper" || name == "islower") {
        const bool hasCase = upper(text.bytes()) != lower(text.bytes());
        return hasCase && (name == "isupper" ? upper(text.bytes()) : lower(text.bytes())) == text.bytes();
    }
    return {};
}

std::optional<Value> callMethod(const Operation& operation, const std::string& name) {
    for (const Value& argument : operation.arguments.positional)
        operation.interpreter.charge(argument, operation.line);
    if (operation.value.text())
        return callStringMethod(operation, name);
    if (operation.value.dict())
        return dictMethod(operation, name);
    if (operation.value.loop() && name == "cycle" && !operation.arguments.positional.empty()) {
        const auto at = operation.value.loop()->attribute("index0").integer().value_or(0);
        return operation.arguments
            .positional[static_cast<std::size_t>(at) % operation.arguments.positional.size()];
    }
    if (operation.value.list() && (name == "count" || name == "index")) {
        const auto& items = operation.value.list()->items;
        const Value* wanted = operation.arguments.find(0, "value");
        const auto is = [&](const Value& item) { return wanted && item.equals(*wanted); };
        if (name == "count")
            return Value(static_cast<std::int64_t>(std::count_if(items.begin(), items.end(), is)));
        const auto found = std::find_if(items.begin(), items.end(), is);
        if (found == items.end())
            failAt(operation.line, "index() finds nothing");
        return Value(static_cast<std::int64_t>(found - items.begin()));
    }
    return {};
}

bool hasMethod(const Value& value, std::string_view name) {
    constexpr std::string_view ofText[] = {
        "strip",    "lstrip",  "rstrip", "split", "rsplit", "splitlines", "startswith",
        "endswith", "replace", "upper",  "lower", "title",  "capitalize", "find",
        "rfind",    "join",    "format", "count", "index",  "isdigit",    "isalpha"};
    constexpr std::string_view ofDict[] = {"items", "keys",   "values",     "get",  "copy",
                                           "pop",   "update", "setdefault", "clear"};
    if (value.text())
        return std::ranges::find(ofText, name) != std::end(ofText);
    if (value.dict())
        return std::ranges::find(ofDict, name) != std::end(ofDict);
    return value.list() && (name == "append" || name == "count" || name == "index" || name == "pop");
}

} // namespace engine::jinja
