#include "engine/template/value.h"

#include "engine/error.h"

#include <algorithm>

namespace engine::jinja {
namespace {

// Chat templates nest a handful of lists and print some kilobytes. Shared parts count every time, so that what is walked through
// (printed, compared, sorted) is never larger than this either.
constexpr int deepest = 64;
constexpr std::size_t heaviest = 32 << 20;

template <class Container>
void take(Container& container, const Value& item) {
    container.depth = std::max(container.depth, item.depth() + 1);
    container.weight += item.weight();
    if (container.depth > deepest || container.weight > heaviest)
        throw Error("The chat template puts together a list that is too large.");
}

} // namespace

Value::Value(List list) {
    for (const Value& item : list.items)
        take(list, item);
    m_held = std::make_shared<const List>(std::move(list));
}

Value::Value(Dict dict) {
    for (const auto& [key, item] : dict.items) {
        take(dict, key);
        take(dict, item);
    }
    m_held = std::make_shared<const Dict>(std::move(dict));
}

const Value* Dict::find(const Value& key) const {
    const auto found =
        std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.first.equals(key); });
    return found == items.end() ? nullptr : &found->second;
}

const Value* Dict::find(std::string_view key) const {
    const auto found = std::find_if(items.begin(), items.end(), [&](const auto& item) {
        return item.first.text() && item.first.text()->bytes() == key;
    });
    return found == items.end() ? nullptr : &found->second;
}

const Value* Namespace::find(std::string_view name) const {
    const auto found =
        std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.first == name; });
    return found == items.end() ? nullptr : &found->second;
}

std::optional<std::int64_t> Value::integer() const {
    if (const auto* whole = std::get_if<std::int64_t>(&m_held))
        return *whole;
    if (const bool* truth = boolean())
        return *truth ? 1 : 0;
    return {};
}

double Value::number() const {
    if (const auto* value = std::get_if<double>(&m_held))
        return *value;
    return static_cast<double>(integer().value_or(0));
}

bool Value::isTrue() const {
    if (isUndefined() || isNone())
        return false;
    if (isNumber())
        return number() != 0;
    if (text())
        return !text()->empty();
    if (list())
        return !list()->items.empty();
    return !dict() || !dict()->items.empty();
}

bool Value::equals(const Value& other) const {
    if (isNumber() && other.isNumber()) {
        const auto left = integer(), right = other.integer();
        return left && right ? *left == *right : number() == other.number();
    }
    if (m_held.index() != other.m_held.index())
        return false;
    if (text())
        return text()->bytes() == other.text()->bytes();
    if (list())
        return list() == other.list() ||
               std::equal(list()->items.begin(), list()->items.end(), other.list()->items.begin(),
                          other.list()->items.end(),
                          [](const Value& a, const Value& b) { return a.equals(b); });
    if (!dict())
        return m_held == other.m_held;
    return dict() == other.dict() ||
           (dict()->items.size() == other.dict()->items.size() &&
            std::all_of(dict()->items.begin(), dict()->items.end(), [&](const auto& item) {
                const Value* found = other.dict()->find(item.first);
                return found && found->equals(item.second);
            }));
}

const char* Value::kind() const {
    constexpr const char* names[] = {"an undefined value", "none",     "a truth value", "a number",
                                     "a number",           "a string", "a list",        "a dictionary",
                                     "a function",         "a loop",   "a namespace"};
    return names[m_held.index()];
}

int Value::depth() const {
    return list() ? list()->depth : dict() ? dict()->depth : 0;
}

std::size_t Value::weight() const {
    return text() ? 1 + text()->size() : list() ? list()->weight : dict() ? dict()->weight : 1;
}

} // namespace engine::jinja
