#pragma once
#include "engine/template/value.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace engine::jinja {

struct Node;
using NodePtr = std::unique_ptr<const Node>;

/// An expression or a statement. What `children` are is said at each kind; a missing one is null.
struct Node {
    enum class Kind : std::uint8_t {
        // Expressions
        Constant,    // constant
        Name,        // name
        List,        // items
        Tuple,       // items
        Dict,        // key, value, key, value ...
        Attribute,   // object; name
        Item,        // object, key
        Slice,       // object, from, to, step
        Call,        // callee, arguments; named
        Spread,      // list; as an argument: its elements are arguments
        Filter,      // value, arguments; name, named
        Test,        // value, arguments; name, named; `isNegated`
        Not,         // operand
        Negative,    // operand
        And,         // left, right
        Or,          // left, right
        Condition,   // condition, value, otherwise or null
        Binary,      // left, right; name is the operator
        Comparison,  // first, then one operand for each of `operators`
        Concatenate, // operands
        // Statements
        Data,        // constant
        Print,       // expression
        If,          // condition, body, condition, body ..., then perhaps the body of else
        For,         // target, iterable, filter or null, body, body of else or null
        Set,         // target, value
        SetBlock,    // target, body, filter chain or null (its innermost value is null)
        Macro,       // body; name, parameters
        CallBlock,   // call, body; parameters
        FilterBlock, // filter chain (its innermost value is null), body
        With,        // target, value, target, value ..., body
        Block,       // statements
        Break,
        Continue
    };
    struct Parameter {
        std::string name;
        NodePtr defaultValue; // or null
    };

    Kind kind;
    int line = 0;
    int depth = 1; // of the tree below
    bool isNegated = false;
    std::string name;
    Value constant;
    std::vector<NodePtr> children;
    std::vector<std::string> operators;
    std::vector<std::pair<std::string, NodePtr>> named; // keyword arguments
    std::vector<Parameter> parameters;
};

/// The statements of a template, as a Block. Throws engine::Error, which names what is not known and its line. Linear in the length;
/// the tree is not deeper than `deepestTree`.
NodePtr parse(std::string_view source);
constexpr int deepestTree = 200;

} // namespace engine::jinja
