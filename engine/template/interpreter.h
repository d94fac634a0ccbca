#pragma once
#include "engine/template/syntax.h"
#include "engine/template/value.h"

#include <ctime>
#include <deque>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace engine::jinja {

struct Scope {
    std::vector<std::pair<std::string, Value>> variables;
    Scope* parent = nullptr;
    bool isHeld = false; // a macro was defined in it
};

struct Arguments {
    std::vector<Value> positional;
    std::vector<std::pair<std::string, Value>> named;

    /// The argument called `name`, which is number `place` of those without a name; null where it is not given.
    const Value* find(std::size_t place, std::string_view name) const;
    bool isTrue(std::size_t place, std::string_view name) const;
};

struct Callable {
    enum class Kind : std::uint8_t { Namespace, Range, Dict, RaiseException, StrftimeNow, Macro, Method };
    Kind kind = Kind::Method;
    const Node* node = nullptr; // of a macro, or of a {% call %} block as its caller
    Scope* scope = nullptr;     // where it was defined
};

struct Loop {
    const std::vector<Value>* items = nullptr; // null when the loop is over
    std::size_t index = 0;                     // from 0
    int depth = 1;
    Value attribute(std::string_view name) const;
};

/// What a template refuses itself, with raise_exception().
struct Refusal {
    std::string reason;
};

/// Runs a template. Whatever the template does, it ends: every value, byte and step is charged to `work`, calls and expressions nest to
/// a fixed depth, and nothing outside is reached; a stop is seen at the next charge. Throws engine::Error (what cannot be run, with its
/// line) and Refusal.
class Interpreter {
public:
    struct Environment {
        std::vector<std::pair<std::string, Value>> variables;
        std::tm now = {};
        std::size_t work = 0; // bytes that may be handled; a step counts as some of them
        std::stop_token stop = {};
    };
    explicit Interpreter(Environment environment);
    Text run(const Node& program);

    // For operators, filters, tests and methods.
    void charge(std::size_t work, int line);
    void charge(const Value& value, int line) { charge(value.weight(), line); }
    const std::tm& now() const { return m_now; }
    Namespace* makeNamespace();
    Value filter(std::string_view name, const Value& value, const Arguments& arguments, int line);
    bool test(std::string_view name, const Value& value, const Arguments& arguments, int line);
    /// object.name or object[name] of data: undefined where there is none.
    Value attribute(const Value& object, std::string_view name) const;

private:
    enum class Flow : std::uint8_t { Next, Break, Continue };
    class Level;

    Value evaluate(const Node& node);
    Value evaluateName(const Node& node);
    Value evaluateItem(const Node& node);
    Value evaluateSlice(const Node& node);
    Value evaluateCall(const Node& node);
    Value evaluateBinary(const Node& node);
    Value evaluateItems(const Node& node);
    bool compare(const Node& node);
    Value filtered(const Node* chain, const Value& innermost);
    Arguments arguments(const Node& node, std::size_t from);
    Value call(const Callable& callable, const Arguments& arguments, int line,
               const Callable* caller = nullptr);
    Value callMacro(const Callable& macro, const Arguments& arguments, int line, const Callable* caller);

    Flow execute(const Node& node);
    Flow executeBlock(const Node& node);
    Flow executeIf(const Node& node);
    Flow executeFor(const Node& node);
    void executeSet(const Node& node);
    void executeCall(const Node& node);
    void executeWith(const Node& node);
    Text capture(const Node& body, Scope* scope);
    std::vector<Value> loopItems(const Node& node, Scope*& scope);
    Scope* fresh(Scope* scope); // for the next round of a loop
    void assign(const Node& target, const Value& value);
    void assignName(const std::string& name, const Value& value);
    Scope* makeScope(Scope* parent);
    const Callable* makeCallable(Callable callable);
    void print(const Value& value, int line);

    std::size_t m_work;
    std::tm m_now;
    std::stop_token m_stop;
    int m_level = 0;
    int m_loops = 0;
    std::deque<Scope> m_scopes;
    std::deque<Callable> m_callables;
    std::deque<Namespace> m_spaces;
    std::deque<Loop> m_loopStates;
    Scope* m_scope = nullptr;
    Text* m_output = nullptr;
};

// Operators. They throw engine::Error with the line where the values do not fit.
Value binary(Interpreter& interpreter, const std::string& sign, const Value& left, const Value& right,
             int line);
bool compares(const std::string& sign, const Value& left, const Value& right, int line);
bool contains(const Value& container, const Value& item, int line);
/// Less than, as Python orders; throws where it does not.
bool isLess(const Value& left, const Value& right, int line);
/// What a loop goes through: items, keys, characters.
std::vector<Value> iterate(const Value& value, int line);
std::int64_t lengthOf(const Value& value, int line);

/// What a filter, a test or a method works on.
struct Operation {
    Interpreter& interpreter;
    const Value& value;
    const Arguments& arguments;
    int line;

    Text text() const { return toText(value); }
    /// The argument as text, or `otherwise`.
    Text textOf(std::size_t place, std::string_view name, std::string_view otherwise = "") const;
    std::int64_t integerOf(std::size_t place, std::string_view name, std::int64_t otherwise) const;
};
/// Nothing where there is no method of that name.
std::optional<Value> callMethod(const Operation& operation, const std::string& name);
std::optional<Value> callStringMethod(const Operation& operation, const std::string& name);
bool hasMethod(const Value& value, std::string_view name);
std::string formatTime(const std::tm& time, std::string_view format);

// Shared by filters and methods.
Text replaced(const Operation& operation, const Text& text, const Text& from, const Text& to,
              std::int64_t most);
Text inLetters(const Text& text, std::string (*change)(std::string_view));
std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string capitalized(std::string_view text);
std::string titled(std::string_view text);

} // namespace engine::jinja
