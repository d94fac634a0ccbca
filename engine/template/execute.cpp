#include "engine/template/interpreter.h"
#include "engine/template/level.h"
#include "engine/template/lexer.h"

#include <algorithm>

// Statements.
namespace engine::jinja {

Interpreter::Interpreter(Environment environment)
    : m_work(environment.work), m_now(environment.now), m_stop(std::move(environment.stop)) {
    m_scope = makeScope(nullptr);
    m_scope->variables = std::move(environment.variables);
    m_scope = makeScope(m_scope);
}

Text Interpreter::run(const Node& program) {
    Text output;
    m_output = &output;
    execute(program);
    return output;
}

void Interpreter::charge(std::size_t work, int line) {
    if (m_stop.stop_requested())
        failAt(line, "it was stopped");
    if (work > m_work)
        failAt(line, "it takes too much time or memory");
    m_work -= work;
}

Scope* Interpreter::makeScope(Scope* parent) {
    m_scopes.push_back({});
    m_scopes.back().parent = parent;
    return &m_scopes.back();
}

const Callable* Interpreter::makeCallable(Callable callable) {
    m_callables.push_back(callable);
    return &m_callables.back();
}

Namespace* Interpreter::makeNamespace() {
    m_spaces.push_back({});
    return &m_spaces.back();
}

void Interpreter::print(const Value& value, int line) {
    charge(value, line);
    if (value.text())
        m_output->append(*value.text());
    else
        m_output->append(toText(value));
}

Interpreter::Flow Interpreter::execute(const Node& node) {
    using Kind = Node::Kind;
    const Level level(*this, node.line);
    switch (node.kind) {
    case Kind::Data:
        print(node.constant, node.line);
        break;
    case Kind::Print:
        print(evaluate(*node.children[0]), node.line);
        break;
    case Kind::Block:
        return executeBlock(node);
    case Kind::If:
        return executeIf(node);
    case Kind::For:
        return executeFor(node);
    case Kind::Set:
        assign(*node.children[0], evaluate(*node.children[1]));
        break;
    case Kind::SetBlock:
        executeSet(node);
        break;
    case Kind::Macro:
        m_scope->isHeld = true;
        assignName(node.name, makeCallable({.kind = Callable::Kind::Macro, .node = &node, .scope = m_scope}));
        break;
    case Kind::CallBlock:
        executeCall(node);
        break;
    case Kind::FilterBlock:
        print(filtered(node.children[0].get(), capture(*node.children[1], makeScope(m_scope))), node.line);
        break;
    case Kind::With:
        executeWith(node);
        break;
    case Kind::Break:
    case Kind::Continue:
        if (m_loops == 0)
            failAt(node.line, "{% break %} or {% continue %} stands outside of a loop");
        return node.kind == Kind::Break ? Flow::Break : Flow::Continue;
    default:
        failAt(node.line, "a value stands where a statement is expected");
    }
    return Flow::Next;
}

Interpreter::Flow Interpreter::executeBlock(const Node& node) {
    for (const NodePtr& statement : node.children)
        if (const Flow flow = execute(*statement); flow != Flow::Next)
            return flow;
    return Flow::Next;
}

Interpreter::Flow Interpreter::executeIf(const Node& node) {
    std::size_t i = 0;
    for (; i + 1 < node.children.size(); i += 2)
        if (evaluate(*node.children[i]).isTrue())
            return execute(*node.children[i + 1]);
    return i < node.children.size() ? execute(*node.children[i]) : Flow::Next;
}

Scope* Interpreter::fresh(Scope* scope) {
    if (scope->isHeld)
        return makeScope(scope->parent);
    scope->variables.clear();
    return scope;
}

/// What the loop goes through; with a condition, only what meets it.
std::vector<Value> Interpreter::loopItems(const Node& node, Scope*& scope) {
    const Value iterable = evaluate(*node.children[1]);
    charge(iterable, node.line);
    std::vector<Value> items = iterate(iterable, node.line);
    if (!node.children[2])
        return items;
    std::vector<Value> kept;
    Scope* const outer = m_scope;
    for (const Value& item : items) {
        m_scope = scope = fresh(scope);
        assign(*node.children[0], item);
        if (evaluate(*node.children[2]).isTrue())
            kept.push_back(item);
        m_scope = outer;
    }
    return kept;
}

Interpreter::Flow Interpreter::executeFor(const Node& node) {
    Scope* const outer = m_scope;
    Scope* scope = makeScope(outer);
    const std::vector<Value> items = loopItems(node, scope);
    if (items.empty() && node.children[4])
        return execute(*node.children[4]);
    Loop& loop = m_loopStates.emplace_back(Loop{.items = &items, .depth = ++m_loops});
    for (Flow flow = Flow::Next; loop.index < items.size() && flow != Flow::Break; ++loop.index) {
        m_scope = scope = fresh(scope);
        assignName("loop", &loop);
        assign(*node.children[0], items[loop.index]);
        flow = execute(*node.children[3]);
        m_scope = outer;
    }
    loop.items = nullptr;
    if (!scope->isHeld)
        scope->variables.clear();
    --m_loops;
    return Flow::Next;
}

Text Interpreter::capture(const Node& body, Scope* scope) {
    Text text;
    Text* const output = m_output;
    Scope* const outer = m_scope;
    const int loops = m_loops;
    m_output = &text;
    m_scope = scope;
    m_loops = 0;
    execute(body);
    m_output = output;
    m_scope = outer;
    m_loops = loops;
    return text;
}

void Interpreter::executeSet(const Node& node) {
    Value value = capture(*node.children[1], makeScope(m_scope));
    if (node.children[2])
        value = filtered(node.children[2].get(), value);
    assign(*node.children[0], value);
}

void Interpreter::executeWith(const Node& node) {
    Scope* const outer = m_scope;
    Scope* const inner = makeScope(outer);
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
        const Value value = evaluate(*node.children[i + 1]);
        m_scope = inner;
        assign(*node.children[i], value);
        m_scope = outer;
    }
    m_scope = inner;
    execute(*node.children.back());
    m_scope = outer;
}

void Interpreter::assignName(const std::string& name, const Value& value) {
    for (auto& [known, held] : m_scope->variables)
        if (known == name) {
            held = value;
            return;
        }
    m_scope->variables.emplace_back(name, value);
}

void Interpreter::assign(const Node& target, const Value& value) {
    if (target.kind == Node::Kind::Name)
        return assignName(target.name, value);
    if (target.kind == Node::Kind::Tuple) {
        const std::vector<Value> parts = iterate(value, target.line);
        if (parts.size() != target.children.size())
            failAt(target.line, "a list has another number of elements than there are names for");
        for (std::size_t i = 0; i < parts.size(); ++i)
            assign(*target.children[i], parts[i]);
        return;
    }
    Namespace* const space = evaluate(*target.children[0]).space();
    if (!space)
        failAt(target.line, "\"" + target.name + "\" is set in something that is no namespace");
    charge(space->items.size(), target.line);
    for (auto& [known, held] : space->items)
        if (known == target.name) {
            held = value;
            return;
        }
    space->items.emplace_back(target.name, value);
}

void Interpreter::executeCall(const Node& node) {
    const Node& called = *node.children[0];
    const Value function = evaluate(*called.children[0]);
    if (!function.callable())
        failAt(node.line, "{% call %} needs a macro");
    m_scope->isHeld = true;
    const Callable* caller = makeCallable({.kind = Callable::Kind::Macro, .node = &node, .scope = m_scope});
    print(call(*function.callable(), arguments(called, 1), node.line, caller), node.line);
}

Value Interpreter::callMacro(const Callable& macro, const Arguments& given, int line,
                             const Callable* caller) {
    const Node& node = *macro.node;
    Scope* const scope = makeScope(macro.scope);
    Scope* const outer = m_scope;
    if (given.positional.size() > node.parameters.size())
        failAt(line, "\"" + node.name + "\" gets more arguments than it takes");
    for (const auto& [name, value] : given.named)
        if (std::none_of(node.parameters.begin(), node.parameters.end(),
                         [&, wanted = &name](const auto& parameter) { return parameter.name == *wanted; }))
            failAt(line, "\"" + node.name + "\" takes no argument \"" + name + "\"");
    m_scope = scope;
    if (caller)
        assignName("caller", caller);
    for (std::size_t i = 0; i < node.parameters.size(); ++i) {
        const Node::Parameter& parameter = node.parameters[i];
        const Value* value = given.find(i, parameter.name);
        assignName(parameter.name, value                    ? *value
                                   : parameter.defaultValue ? evaluate(*parameter.defaultValue)
                                                            : Value());
    }
    m_scope = outer;
    const Level level(*this, line);
    Value result = capture(*node.children.back(), scope);
    return result;
}

} // namespace engine::jinja
