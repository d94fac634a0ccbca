#include "engine/template/interpreter.h"
#include "engine/template/lexer.h"

#include <algorithm>
#include <cmath>

// What operators do, and the functions that every template can call.
namespace engine::jinja {
namespace {

[[noreturn]] void cannot(const std::string& sign, const Value& left, const Value& right, int line) {
    failAt(line, "\"" + sign + "\" is used on " + left.kind() + " and " + right.kind());
}

Value checked(bool overflow, std::int64_t result, int line) {
    if (overflow)
        failAt(line, "a number becomes too large");
    return Value(result);
}

Value divided(const std::string& sign, const Value& left, const Value& right, int line) {
    const double a = left.number(), b = right.number();
    if (b == 0)
        failAt(line, "something is divided by zero");
    if (sign == "/")
        return Value(a / b);
    const auto i = left.integer(), j = right.integer();
    if (!i || !j)
        return Value(sign == "//" ? std::floor(a / b) : a - std::floor(a / b) * b);
    if (*j == -1) { // the one division that can overflow
        std::int64_t negated = 0;
        const bool overflows = __builtin_sub_overflow(std::int64_t{0}, *i, &negated);
        return sign == "//" ? checked(overflows, negated, line) : Value(std::int64_t{0});
    }
    const std::int64_t rest = *i % *j, down = rest != 0 && (rest < 0) != (*j < 0) ? 1 : 0;
    return Value(sign == "//" ? *i / *j - down : rest + down * *j);
}

Value power(const Value& left, const Value& right, int line) {
    const auto base = left.integer(), exponent = right.integer();
    if (!base || !exponent || *exponent < 0)
        return Value(std::pow(left.number(), right.number()));
    std::int64_t result = 1;
    if (*exponent > 64 && *base != 0 && *base != 1 && *base != -1)
        failAt(line, "a number becomes too large");
    for (std::int64_t i = 0; i < (*exponent > 64 ? 64 + *exponent % 2 : *exponent); ++i)
        if (__builtin_mul_overflow(result, *base, &result))
            failAt(line, "a number becomes too large");
    return Value(result);
}

Value calculated(const std::string& sign, const Value& left, const Value& right, int line) {
    if (sign == "/" || sign == "//" || sign == "%")
        return divided(sign, left, right, line);
    if (sign == "**")
        return power(left, right, line);
    const auto i = left.integer(), j = right.integer();
    if (i && j) {
        std::int64_t result = 0;
        const bool overflows = sign == "+"   ? __builtin_add_overflow(*i, *j, &result)
                               : sign == "-" ? __builtin_sub_overflow(*i, *j, &result)
                                             : __builtin_mul_overflow(*i, *j, &result);
        return checked(overflows, result, line);
    }
    const double a = left.number(), b = right.number();
    return Value(sign == "+" ? a + b : sign == "-" ? a - b : a * b);
}

Value repeated(Interpreter& interpreter, const Value& value, std::int64_t times, int line) {
    times = std::max<std::int64_t>(0, times);
    std::size_t work = 0;
    if (__builtin_mul_overflow(value.weight(), static_cast<std::size_t>(times), &work))
        work = static_cast<std::size_t>(-1);
    interpreter.charge(work, line);
    Text text;
    List list;
    list.isTuple = value.list() && value.list()->isTuple;
    for (std::int64_t i = 0; i < times; ++i)
        if (value.text())
            text.append(*value.text());
        else
            list.items.insert(list.items.end(), value.list()->items.begin(), value.list()->items.end());
    return value.text() ? Value(text) : Value(list);
}

/// "%s of %d" % values
Value formatted(Interpreter& interpreter, const Text& pattern, const Value& values, int line) {
    const std::vector<Value> all = values.list() ? values.list()->items : std::vector<Value>{values};
    std::size_t used = 0;
    Text text;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern.bytes()[at] != '%') {
            text.append(pattern, at, at + 1);
            continue;
        }
        const char c = ++at < pattern.size() ? pattern.bytes()[at] : '\0';
        if (c == '%') {
            text.append(pattern, at, at + 1);
            continue;
        }
        if (c != 's' && c != 'd')
            failAt(line, "\"%\" with anything but s and d is not known");
        if (used == all.size())
            failAt(line, "there are too few values for a format");
        interpreter.charge(all[used], line);
        text.append(toText(all[used++]));
    }
    return text;
}

} // namespace

Value binary(Interpreter& interpreter, const std::string& sign, const Value& left, const Value& right,
             int line) {
    if (left.isNumber() && right.isNumber())
        return calculated(sign, left, right, line);
    if (sign == "+" && left.text() && right.text()) {
        interpreter.charge(left.weight() + right.weight(), line);
        Text text = *left.text();
        text.append(*right.text());
        return text;
    }
    if (sign == "+" && left.list() && right.list()) {
        interpreter.charge(left.weight() + right.weight(), line);
        List list = *left.list();
        list.depth = 1;
        list.weight = 1;
        list.items.insert(list.items.end(), right.list()->items.begin(), right.list()->items.end());
        return list;
    }
    if (sign == "*" && (left.text() || left.list()) && right.integer())
        return repeated(interpreter, left, *right.integer(), line);
    if (sign == "*" && (right.text() || right.list()) && left.integer())
        return repeated(interpreter, right, *left.integer(), line);
    if (sign == "%" && left.text())
        return formatted(interpreter, *left.text(), right, line);
    cannot(sign, left, right, line);
}

bool isLess(const Value& left, const Value& right, int line) {
    const auto i = left.integer(), j = right.integer();
    if (i && j)
        return *i < *j;
    if (left.isNumber() && right.isNumber())
        return left.number() < right.number();
    if (left.text() && right.text()) // bytes of UTF-8 are ordered as the characters are
        return left.text()->bytes() < right.text()->bytes();
    if (!left.list() || !right.list())
        cannot("<", left, right, line);
    const auto& a = left.list()->items;
    const auto& b = right.list()->items;
    for (std::size_t k = 0; k < std::min(a.size(), b.size()); ++k)
        if (!a[k].equals(b[k]))
            return isLess(a[k], b[k], line);
    return a.size() < b.size();
}

bool contains(const Value& container, const Value& item, int line) {
    if (container.text()) {
        if (!item.text())
            cannot("in", item, container, line);
        return container.text()->bytes().find(item.text()->bytes()) != std::string::npos;
    }
    if (container.dict())
        return container.dict()->find(item) != nullptr;
    if (container.isUndefined())
        return false;
    if (!container.list())
        cannot("in", item, container, line);
    const auto& items = container.list()->items;
    return std::any_of(items.begin(), items.end(), [&](const Value& held) { return held.equals(item); });
}

bool compares(const std::string& sign, const Value& left, const Value& right, int line) {
    if (sign == "==")
        return left.equals(right);
    if (sign == "!=")
        return !left.equals(right);
    if (sign == "in")
        return contains(right, left, line);
    if (sign == "not in")
        return !contains(right, left, line);
    if (sign == "<")
        return isLess(left, right, line);
    if (sign == ">")
        return isLess(right, left, line);
    const bool isNan =
        (left.isFloat() && std::isnan(left.number())) || (right.isFloat() && std::isnan(right.number()));
    return !isNan && !(sign == "<=" ? isLess(right, left, line) : isLess(left, right, line));
}

std::vector<Value> iterate(const Value& value, int line) {
    if (value.list())
        return value.list()->items;
    std::vector<Value> items;
    if (value.dict()) {
        for (const auto& [key, held] : value.dict()->items)
            items.push_back(key);
    } else if (value.text()) {
        const Text& text = *value.text();
        for (std::size_t at = 0, end = 0; at < text.size(); at = end) {
            end = characterEnd(text.bytes(), at);
            items.emplace_back(text.slice(at, end));
        }
    } else if (!value.isUndefined()) {
        failAt(line, std::string("the elements of ") + value.kind() + " are asked for");
    }
    return items;
}

std::int64_t lengthOf(const Value& value, int line) {
    if (value.text())
        return static_cast<std::int64_t>(characters(value.text()->bytes()));
    if (value.list())
        return static_cast<std::int64_t>(value.list()->items.size());
    if (value.dict())
        return static_cast<std::int64_t>(value.dict()->items.size());
    if (!value.isUndefined())
        failAt(line, std::string("the length of ") + value.kind() + " is asked for");
    return 0;
}

Value Loop::attribute(std::string_view name) const {
    if (!items)
        return {};
    const auto at = static_cast<std::int64_t>(index), size = static_cast<std::int64_t>(items->size());
    if (name == "index" || name == "index0")
        return Value(name == "index" ? at + 1 : at);
    if (name == "revindex" || name == "revindex0")
        return Value(name == "revindex" ? size - at : size - at - 1);
    if (name == "first" || name == "last")
        return Value(name == "first" ? at == 0 : at + 1 == size);
    if (name == "length")
        return Value(size);
    if (name == "depth" || name == "depth0")
        return Value(std::int64_t{depth} - (name == "depth0" ? 1 : 0));
    if (name == "previtem")
        return at > 0 ? (*items)[index - 1] : Value();
    if (name == "nextitem")
        return at + 1 < size ? (*items)[index + 1] : Value();
    return {};
}

namespace {

Value range(Interpreter& interpreter, const Arguments& given, int line) {
    std::int64_t bounds[3] = {0, 0, 1};
    const std::size_t count = given.positional.size();
    for (std::size_t i = 0; i < count; ++i) {
        const auto number = given.positional[i].integer();
        if (!number || count > 3)
            failAt(line, "range() needs one to three whole numbers");
        bounds[count == 1 ? 1 : i] = *number;
    }
    const auto [from, to, step] = bounds;
    if (count == 0 || step == 0)
        failAt(line, "range() needs one to three whole numbers");
    constexpr std::int64_t most = 100000; // Jinja's own bound in its sandbox
    constexpr std::int64_t farthest = std::int64_t{1} << 60;
    if (std::max({from, to, step}) > farthest || std::min({from, to, step}) < -farthest ||
        (to - from) / step > most)
        failAt(line, "range() is too long");
    List list;
    for (std::int64_t i = from; step > 0 ? i < to : i > to; i += step)
        list.items.emplace_back(i);
    interpreter.charge(list.items.size() * sizeof(Value), line);
    return list;
}

} // namespace

Value Interpreter::call(const Callable& callable, const Arguments& given, int line, const Callable* caller) {
    using Kind = Callable::Kind;
    const Value* first = given.find(0, "");
    switch (callable.kind) {
    case Kind::Macro:
        return callMacro(callable, given, line, caller);
    case Kind::Range:
        return range(*this, given, line);
    case Kind::RaiseException:
        throw Refusal{first ? toText(*first).bytes() : ""};
    case Kind::StrftimeNow:
        if (!first || !first->text())
            failAt(line, "strftime_now() needs a format");
        return Value(formatTime(m_now, first->text()->bytes()));
    case Kind::Dict:
    case Kind::Namespace: {
        Dict dict;
        if (first && first->dict())
            dict.items = first->dict()->items;
        for (const auto& [name, value] : given.named)
            dict.items.emplace_back(Value(name), value);
        charge(dict.items.size() * sizeof(Value), line);
        if (callable.kind == Kind::Dict)
            return dict;
        Namespace* const space = makeNamespace();
        for (const auto& [key, value] : dict.items)
            space->items.emplace_back(toText(key).bytes(), value);
        return space;
    }
    default:
        failAt(line, "a method is called in a way that is not known");
    }
}

} // namespace engine::jinja
