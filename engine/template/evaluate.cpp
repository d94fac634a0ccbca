#include "engine/template/interpreter.h"
#include "engine/template/level.h"
#include "engine/template/lexer.h"

#include <algorithm>
#include <limits>

// Expressions.
namespace engine::jinja {

const Value* Arguments::find(std::size_t place, std::string_view name) const {
    if (place < positional.size())
        return &positional[place];
    const auto found =
        std::find_if(named.begin(), named.end(), [&](const auto& item) { return item.first == name; });
    return found == named.end() ? nullptr : &found->second;
}

bool Arguments::isTrue(std::size_t place, std::string_view name) const {
    const Value* value = find(place, name);
    return value && value->isTrue();
}

Value Interpreter::evaluate(const Node& node) {
    using Kind = Node::Kind;
    const Level level(*this, node.line);
    switch (node.kind) {
    case Kind::Constant:
        return node.constant;
    case Kind::Name:
        return evaluateName(node);
    case Kind::List:
    case Kind::Tuple:
    case Kind::Dict:
        return evaluateItems(node);
    case Kind::Attribute: {
        const Value object = evaluate(*node.children[0]);
        if (object.isUndefined())
            failAt(node.line, "\"" + node.name + "\" is asked of something undefined");
        if (object.dict())
            charge(object.dict()->items.size() * 8, node.line);
        Value found = attribute(object, node.name);
        return found.isUndefined() && hasMethod(object, node.name) ? Value(makeCallable({})) : found;
    }
    case Kind::Item:
        return evaluateItem(node);
    case Kind::Slice:
        return evaluateSlice(node);
    case Kind::Call:
        return evaluateCall(node);
    case Kind::Filter:
        return filtered(&node, Value());
    case Kind::Test: {
        const Value value = evaluate(*node.children[0]);
        return test(node.name, value, arguments(node, 1), node.line) != node.isNegated;
    }
    case Kind::Not:
        return !evaluate(*node.children[0]).isTrue();
    case Kind::And: {
        Value left = evaluate(*node.children[0]);
        return left.isTrue() ? evaluate(*node.children[1]) : left;
    }
    case Kind::Or: {
        Value left = evaluate(*node.children[0]);
        return left.isTrue() ? left : evaluate(*node.children[1]);
    }
    case Kind::Condition:
        if (evaluate(*node.children[0]).isTrue())
            return evaluate(*node.children[1]);
        return node.children[2] ? evaluate(*node.children[2]) : Value();
    case Kind::Negative:
    case Kind::Binary:
        return evaluateBinary(node);
    case Kind::Comparison:
        return compare(node);
    case Kind::Concatenate: {
        Text text;
        for (const NodePtr& child : node.children) {
            const Value part = evaluate(*child);
            charge(part, node.line);
            text.append(toText(part));
        }
        return text;
    }
    default:
        failAt(node.line, "a statement stands where a value is expected");
    }
}

Value Interpreter::evaluateName(const Node& node) {
    using Kind = Callable::Kind;
    for (const Scope* scope = m_scope; scope; scope = scope->parent) {
        charge(scope->variables.size(), node.line);
        const auto found = std::find_if(scope->variables.begin(), scope->variables.end(),
                                        [&](const auto& variable) { return variable.first == node.name; });
        if (found != scope->variables.end())
            return found->second;
    }
    constexpr std::pair<std::string_view, Kind> functions[] = {{"namespace", Kind::Namespace},
                                                               {"range", Kind::Range},
                                                               {"dict", Kind::Dict},
                                                               {"raise_exception", Kind::RaiseException},
                                                               {"strftime_now", Kind::StrftimeNow}};
    for (const auto& [name, kind] : functions)
        if (name == node.name)
            return makeCallable({.kind = kind});
    return {};
}

Value Interpreter::evaluateItems(const Node& node) {
    if (node.kind != Node::Kind::Dict) {
        List list;
        list.isTuple = node.kind == Node::Kind::Tuple;
        for (const NodePtr& child : node.children)
            list.items.push_back(evaluate(*child));
        return list;
    }
    Dict dict;
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
        Value key = evaluate(*node.children[i]), value = evaluate(*node.children[i + 1]);
        charge(dict.items.size() * 8, node.line);
        if (key.list() || key.dict())
            failAt(node.line, std::string("a dictionary has ") + key.kind() + " as a key");
        const auto same = std::find_if(dict.items.begin(), dict.items.end(),
                                       [&](const auto& item) { return item.first.equals(key); });
        if (same == dict.items.end())
            dict.items.emplace_back(std::move(key), std::move(value));
        else
            same->second = std::move(value);
    }
    return dict;
}

Value Interpreter::attribute(const Value& object, std::string_view name) const {
    const Value* found = nullptr;
    if (object.dict())
        found = object.dict()->find(name);
    else if (object.space())
        found = object.space()->find(name);
    else if (object.loop())
        return object.loop()->attribute(name);
    return found ? *found : Value();
}

namespace {

/// The place that a number means, counted from the end where it is negative; nothing outside.
std::optional<std::size_t> placeIn(std::size_t size, std::int64_t number) {
    const auto count = static_cast<std::int64_t>(size);
    if (number < 0)
        number += count;
    return number < 0 || number >= count ? std::nullopt : std::optional(static_cast<std::size_t>(number));
}

} // namespace

Value Interpreter::evaluateItem(const Node& node) {
    const Value object = evaluate(*node.children[0]), key = evaluate(*node.children[1]);
    if (object.isUndefined())
        failAt(node.line, "an element is asked of something undefined");
    if (object.dict()) {
        charge(object.dict()->items.size() * 8, node.line);
        const Value* found = object.dict()->find(key);
        return found ? *found : Value();
    }
    if (const auto number = key.integer(); number && object.list()) {
        const auto place = placeIn(object.list()->items.size(), *number);
        return place ? object.list()->items[*place] : Value();
    }
    if (const auto number = key.integer(); number && object.text()) {
        const std::string& bytes = object.text()->bytes();
        charge(object, node.line);
        const auto place = placeIn(characters(bytes), *number);
        if (!place)
            return {};
        const std::size_t begin = byteOf(bytes, *place);
        return object.text()->slice(begin, characterEnd(bytes, begin));
    }
    return key.text() ? attribute(object, key.text()->bytes()) : Value();
}

Value Interpreter::evaluateSlice(const Node& node) {
    const Value object = evaluate(*node.children[0]);
    const auto bound = [&](std::size_t child) -> std::optional<std::int64_t> {
        const Value value = node.children[child] ? evaluate(*node.children[child]) : Value(None{});
        if (value.isNone())
            return {};
        if (!value.integer())
            failAt(node.line, "a slice has a bound that is no whole number");
        return value.integer();
    };
    const auto from = bound(1), to = bound(2), by = bound(3);
    const std::int64_t step = by.value_or(1);
    if (step == 0 || step == std::numeric_limits<std::int64_t>::min())
        failAt(node.line, "a slice has an impossible step");
    if (!object.text() && !object.list())
        failAt(node.line, std::string("a slice is taken of ") + object.kind());
    charge(object, node.line);
    const auto size = static_cast<std::int64_t>(object.text() ? characters(object.text()->bytes())
                                                              : object.list()->items.size());
    const auto clamped = [&](std::optional<std::int64_t> at, std::int64_t otherwise) {
        if (!at)
            return otherwise;
        const std::int64_t place = *at < 0 ? *at + size : *at;
        return step > 0 ? std::clamp<std::int64_t>(place, 0, size)
                        : std::clamp<std::int64_t>(place, -1, size - 1);
    };
    const std::int64_t begin = clamped(from, step > 0 ? 0 : size - 1),
                       end = clamped(to, step > 0 ? size : -1);
    if (object.text() && step == 1) {
        const std::string& bytes = object.text()->bytes();
        const std::size_t first = byteOf(bytes, static_cast<std::size_t>(begin));
        return object.text()->slice(first,
                                    end <= begin ? first : byteOf(bytes, static_cast<std::size_t>(end)));
    }
    const std::vector<Value> all = iterate(object, node.line);
    List list;
    list.isTuple = object.list() && object.list()->isTuple;
    for (std::int64_t at = begin; step > 0 ? at < end : at > end;) {
        list.items.push_back(all[static_cast<std::size_t>(at)]);
        if (step > 0 ? step >= end - at : step <= end - at)
            break;
        at += step;
    }
    if (!object.text())
        return list;
    Text text;
    for (const Value& character : list.items)
        text.append(*character.text());
    return text;
}

Arguments Interpreter::arguments(const Node& node, std::size_t from) {
    Arguments given;
    for (std::size_t i = from; i < node.children.size(); ++i) {
        const Node& child = *node.children[i];
        if (child.kind != Node::Kind::Spread) {
            given.positional.push_back(evaluate(child));
            continue;
        }
        const Value list = evaluate(*child.children[0]);
        charge(list, node.line);
        for (const Value& item : iterate(list, node.line))
            given.positional.push_back(item);
    }
    for (const auto& [name, value] : node.named)
        given.named.emplace_back(name, evaluate(*value));
    return given;
}

Value Interpreter::evaluateCall(const Node& node) {
    const Node& callee = *node.children[0];
    if (callee.kind == Node::Kind::Attribute) {
        const Value object = evaluate(*callee.children[0]);
        if (object.isUndefined())
            failAt(node.line, "\"" + callee.name + "\" is called on something undefined");
        const Arguments given = arguments(node, 1);
        charge(object, node.line);
        if (std::optional<Value> result = callMethod({*this, object, given, node.line}, callee.name)) {
            charge(*result, node.line);
            return *result;
        }
        const Value function = attribute(object, callee.name);
        if (!function.callable())
            failAt(node.line, "the method \"" + callee.name + "\" of " + object.kind() + " is not known");
        return call(*function.callable(), given, node.line);
    }
    const Value function = evaluate(callee);
    if (!function.callable())
        failAt(node.line, callee.kind == Node::Kind::Name
                              ? "the function \"" + callee.name + "\" is not known"
                              : std::string(function.kind()) + " is called");
    return call(*function.callable(), arguments(node, 1), node.line);
}

Value Interpreter::evaluateBinary(const Node& node) {
    const Value left = evaluate(*node.children[0]);
    if (node.kind == Node::Kind::Negative)
        return binary(*this, "-", Value(std::int64_t{0}), left, node.line);
    const Value right = evaluate(*node.children[1]);
    return binary(*this, node.name, left, right, node.line);
}

bool Interpreter::compare(const Node& node) {
    Value left = evaluate(*node.children[0]);
    for (std::size_t i = 0; i < node.operators.size(); ++i) {
        Value right = evaluate(*node.children[i + 1]);
        charge(left.weight() + right.weight(), node.line);
        if (!compares(node.operators[i], left, right, node.line))
            return false;
        left = std::move(right);
    }
    return true;
}

/// A chain of filters; where it stands on nothing, on `innermost`.
Value Interpreter::filtered(const Node* chain, const Value& innermost) {
    Value value;
    if (const Node* inner = chain->children[0].get(); !inner)
        value = innermost;
    else if (inner->kind == Node::Kind::Filter) {
        const Level level(*this, chain->line);
        value = filtered(inner, innermost);
    } else
        value = evaluate(*inner);
    return filter(chain->name, value, arguments(*chain, 1), chain->line);
}

} // namespace engine::jinja
