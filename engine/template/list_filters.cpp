#include "engine/template/filters.h"
#include "engine/template/lexer.h"

#include <algorithm>

// Filters for lists and dictionaries.
namespace engine::jinja {
namespace {

std::vector<Value> itemsOf(const Operation& operation) {
    return iterate(operation.value, operation.line);
}

/// Nothing where there is nothing to choose from, be it none.
std::vector<Value> itemsIfAny(const Operation& operation) {
    return operation.value.isTrue() ? itemsOf(operation) : std::vector<Value>();
}

List listOf(std::vector<Value> items) {
    List list;
    list.items = std::move(items);
    return list;
}

/// "a.b" or a place in a list.
Value attributeOf(const Operation& operation, Value item, const Value& path) {
    if (const auto number = path.integer()) {
        const bool exists =
            item.list() && *number >= 0 && *number < static_cast<std::int64_t>(item.list()->items.size());
        return exists ? item.list()->items[static_cast<std::size_t>(*number)] : Value();
    }
    const std::string names = toText(path).bytes();
    for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
        end = names.find('.', begin);
        item = operation.interpreter.attribute(item, std::string_view(names).substr(begin, end - begin));
    }
    return item;
}

/// The item, or its attribute where one is asked for.
Value keyOf(const Operation& operation, const Value& item, const Value* path) {
    return path && !path->isNone() ? attributeOf(operation, item, *path) : item;
}

Value join(const Operation& operation) {
    const Text between = operation.textOf(0, "d");
    const Value* path = operation.arguments.find(1, "attribute");
    const std::vector<Value> items = itemsOf(operation);
    operation.interpreter.charge(operation.value.weight() + items.size() * between.size(), operation.line);
    Text text;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0)
            text.append(between);
        text.append(toText(keyOf(operation, items[i], path)));
    }
    return text;
}

Value first(const Operation& operation) {
    const std::vector<Value> items = itemsOf(operation);
    return items.empty() ? Value() : items.front();
}

Value last(const Operation& operation) {
    const std::vector<Value> items = itemsOf(operation);
    return items.empty() ? Value() : items.back();
}

Value list(const Operation& operation) {
    return listOf(itemsOf(operation));
}

Value reverse(const Operation& operation) {
    std::vector<Value> items = itemsOf(operation);
    std::reverse(items.begin(), items.end());
    if (!operation.value.text())
        return listOf(std::move(items));
    Text text;
    for (const Value& character : items)
        text.append(*character.text());
    return text;
}

Value pairs(const Operation& operation) {
    if (operation.value.isUndefined())
        return List{};
    if (!operation.value.dict())
        failAt(operation.line, "items is used on " + std::string(operation.value.kind()));
    return *callMethod(operation, "items");
}

Value map(const Operation& operation) {
    std::vector<Value> items = itemsIfAny(operation);
    Arguments rest = operation.arguments;
    const Value* path = nullptr;
    for (const auto& [name, value] : operation.arguments.named)
        if (name == "attribute")
            path = &value;
    std::string name;
    if (!path) {
        if (rest.positional.empty())
            failAt(operation.line, "map needs a filter or an attribute");
        name = toText(rest.positional.front()).bytes();
        rest.positional.erase(rest.positional.begin());
    }
    for (Value& item : items) {
        if (!path) {
            item = operation.interpreter.filter(name, item, rest, operation.line);
            continue;
        }
        item = attributeOf(operation, item, *path);
        if (const Value* otherwise = operation.arguments.find(1, "default"); item.isUndefined() && otherwise)
            item = *otherwise;
    }
    return listOf(std::move(items));
}

/// Items that meet a test, or that do not; `byAttribute`: an attribute of theirs does.
Value chosen(const Operation& operation, bool byAttribute, bool wanted) {
    Arguments rest = operation.arguments;
    const auto take = [&]() {
        Value front = rest.positional.empty() ? Value() : rest.positional.front();
        if (!rest.positional.empty())
            rest.positional.erase(rest.positional.begin());
        return front;
    };
    const Value path = byAttribute ? take() : Value();
    if (byAttribute && path.isUndefined())
        failAt(operation.line, "an attribute is needed to select by");
    const Value test = take();
    std::vector<Value> kept;
    for (const Value& item : itemsIfAny(operation)) {
        const Value value = byAttribute ? attributeOf(operation, item, path) : item;
        const bool meets = test.isUndefined() ? value.isTrue()
                                              : operation.interpreter.test(toText(test).bytes(), value, rest,
                                                                           operation.line);
        if (meets == wanted)
            kept.push_back(item);
    }
    return listOf(std::move(kept));
}

Value select(const Operation& operation) {
    return chosen(operation, false, true);
}
Value reject(const Operation& operation) {
    return chosen(operation, false, false);
}
Value selectAttribute(const Operation& operation) {
    return chosen(operation, true, true);
}
Value rejectAttribute(const Operation& operation) {
    return chosen(operation, true, false);
}

/// What is compared: texts without regard to capitals unless that is asked for.
Value comparable(const Value& value, bool caseSensitive) {
    return value.text() && !caseSensitive ? Value(inLetters(*value.text(), lower)) : value;
}

/// Orders items by their keys; what cannot be ordered is an error, found before the order is asked for.
std::vector<Value> ordered(const Operation& operation, std::vector<std::pair<Value, Value>> keyed,
                           bool reverses) {
    constexpr std::size_t comparisons = 24; // log2 of more items than there can be
    operation.interpreter.charge(operation.value.weight() * comparisons, operation.line);
    for (std::size_t i = 1; i < keyed.size(); ++i)
        isLess(keyed[0].first, keyed[i].first, operation.line);
    std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
        return reverses ? isLess(b.first, a.first, operation.line) : isLess(a.first, b.first, operation.line);
    });
    std::vector<Value> items;
    for (auto& [key, item] : keyed)
        items.push_back(std::move(item));
    return items;
}

Value sort(const Operation& operation) {
    const bool caseSensitive = operation.arguments.isTrue(1, "case_sensitive");
    const Value* path = operation.arguments.find(2, "attribute");
    std::vector<std::pair<Value, Value>> keyed;
    for (const Value& item : itemsOf(operation))
        keyed.emplace_back(comparable(keyOf(operation, item, path), caseSensitive), item);
    return listOf(ordered(operation, std::move(keyed), operation.arguments.isTrue(0, "reverse")));
}

Value dictSort(const Operation& operation) {
    if (!operation.value.dict())
        failAt(operation.line, "dictsort is used on " + std::string(operation.value.kind()));
    const bool caseSensitive = operation.arguments.isTrue(0, "case_sensitive");
    const bool byValue = operation.textOf(1, "by", "key").bytes() == "value";
    std::vector<std::pair<Value, Value>> keyed;
    for (const auto& [key, value] : operation.value.dict()->items)
        keyed.emplace_back(comparable(byValue ? value : key, caseSensitive),
                           Value(List{.items = {key, value}, .isTuple = true}));
    return listOf(ordered(operation, std::move(keyed), operation.arguments.isTrue(2, "reverse")));
}

Value unique(const Operation& operation) {
    const bool caseSensitive = operation.arguments.isTrue(0, "case_sensitive");
    const Value* path = operation.arguments.find(1, "attribute");
    std::vector<Value> kept, keys;
    for (const Value& item : itemsOf(operation)) {
        Value key = comparable(keyOf(operation, item, path), caseSensitive);
        operation.interpreter.charge(keys.size() * (8 + key.weight()), operation.line);
        if (std::any_of(keys.begin(), keys.end(), [&](const Value& known) { return known.equals(key); }))
            continue;
        keys.push_back(std::move(key));
        kept.push_back(item);
    }
    return listOf(std::move(kept));
}

Value extreme(const Operation& operation, bool largest) {
    const Value* path = operation.arguments.find(1, "attribute");
    const auto keyOfItem = [&](const Value& item) {
        return comparable(keyOf(operation, item, path), operation.arguments.isTrue(0, "case_sensitive"));
    };
    Value best;
    bool isFirst = true;
    for (const Value& item : itemsOf(operation)) {
        const bool isBetter = isFirst || (largest ? isLess(keyOfItem(best), keyOfItem(item), operation.line)
                                                  : isLess(keyOfItem(item), keyOfItem(best), operation.line));
        operation.interpreter.charge(best, operation.line);
        if (isBetter)
            best = item;
        isFirst = false;
    }
    return best;
}

Value least(const Operation& operation) {
    return extreme(operation, false);
}
Value largest(const Operation& operation) {
    return extreme(operation, true);
}

Value sum(const Operation& operation) {
    const Value* path = operation.arguments.find(0, "attribute");
    const Value* start = operation.arguments.find(1, "start");
    Value total = start ? *start : Value(std::int64_t{0});
    for (const Value& item : itemsOf(operation))
        total = binary(operation.interpreter, "+", total, keyOf(operation, item, path), operation.line);
    return total;
}

constexpr std::pair<std::string_view, Filter> all[] = {
    {"join", join},       {"first", first},
    {"last", last},       {"list", list},
    {"reverse", reverse}, {"items", pairs},
    {"map", map},         {"select", select},
    {"reject", reject},   {"selectattr", selectAttribute},
    {"sort", sort},       {"rejectattr", rejectAttribute},
    {"unique", unique},   {"dictsort", dictSort},
    {"min", least},       {"max", largest},
    {"sum", sum},
};

} // namespace

std::span<const std::pair<std::string_view, Filter>> listFilters() {
    return all;
}

} // namespace engine::jinja
