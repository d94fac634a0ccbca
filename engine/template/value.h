#pragma once
#include "engine/template/text.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace engine::jinja {

class Value;
struct Callable;
struct Loop;
struct Namespace;
struct Undefined {
    bool operator==(const Undefined&) const = default;
};
struct None {
    bool operator==(const None&) const = default;
};

/// Lists and dictionaries never change once they are in a Value, so that nothing can hold itself.
struct List {
    std::vector<Value> items;
    bool isTuple = false;
    int depth = 1; // of lists in lists; filled in by Value
    std::size_t weight =
        1; // values and bytes inside, each counted as often as it would be written; filled in by Value
};
struct Dict {
    std::vector<std::pair<Value, Value>> items; // in the order of their keys' first appearance
    int depth = 1;
    std::size_t weight = 1;
    const Value* find(const Value& key) const;
    const Value* find(std::string_view key) const;
};

/// What an expression of a template comes to. Cheap to copy. What can be called or written to (macros, namespaces, the state of a loop)
/// is owned by the interpreter and only pointed at.
class Value {
public:
    Value() = default; // undefined
    Value(None none) : m_held(none) {}
    Value(bool value) : m_held(value) {}
    Value(std::int64_t value) : m_held(value) {}
    Value(double value) : m_held(value) {}
    Value(Text text) : m_held(std::make_shared<const Text>(std::move(text))) {}
    Value(std::string_view own) : Value(Text(own)) {}
    Value(const char* own) : Value(Text(own)) {}
    /// Throws engine::Error where lists are nested too deeply or hold too much.
    Value(List list);
    Value(Dict dict);
    Value(const Callable* callable) : m_held(callable) {}
    Value(const Loop* loop) : m_held(loop) {}
    Value(Namespace* space) : m_held(space) {}

    bool isUndefined() const { return std::holds_alternative<Undefined>(m_held); }
    bool isNone() const { return std::holds_alternative<None>(m_held); }
    const bool* boolean() const { return std::get_if<bool>(&m_held); }
    bool isFloat() const { return std::holds_alternative<double>(m_held); }
    bool isNumber() const { return isFloat() || integer().has_value(); }
    /// A whole number, or a truth value taken as one.
    std::optional<std::int64_t> integer() const;
    double number() const; // of a number
    const Text* text() const { return pointee<Text>(); }
    const List* list() const { return pointee<List>(); }
    const Dict* dict() const { return pointee<Dict>(); }
    const Callable* callable() const { return pointer<const Callable*>(); }
    const Loop* loop() const { return pointer<const Loop*>(); }
    Namespace* space() const { return pointer<Namespace*>(); }

    bool isTrue() const;
    /// As Python's ==.
    bool equals(const Value& other) const;
    /// "string", "list" ... for sentences.
    const char* kind() const;
    int depth() const;
    std::size_t weight() const;

private:
    template <class T>
    const T* pointee() const {
        const auto* held = std::get_if<std::shared_ptr<const T>>(&m_held);
        return held ? held->get() : nullptr;
    }
    template <class T>
    T pointer() const {
        const auto* held = std::get_if<T>(&m_held);
        return held ? *held : nullptr;
    }

    std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const Text>,
                 std::shared_ptr<const List>, std::shared_ptr<const Dict>, const Callable*, const Loop*,
                 Namespace*>
        m_held;
};

struct Namespace {
    std::vector<std::pair<std::string, Value>> items;
    const Value* find(std::string_view name) const;
};

/// As Python's str(), repr() and json.dumps(ensure_ascii=False) do.
Text toText(const Value& value);
Text toRepr(const Value& value);
struct JsonStyle {
    std::optional<std::string> indent;
    std::string itemSeparator = ", ", keySeparator = ": ";
    bool sortKeys = false;
};
/// Nothing where the value cannot be written as JSON.
std::optional<Text> toJson(const Value& value, const JsonStyle& style);

} // namespace engine::jinja
