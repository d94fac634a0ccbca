#pragma once
#include "engine/template/lexer.h"
#include "engine/template/syntax.h"

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace engine::jinja {

/// Reads expressions from tokens, with the precedences of Jinja2.
class ExpressionParser {
public:
    explicit ExpressionParser(std::vector<Token> tokens) : m_tokens(std::move(tokens)) {}

protected:
    using Kind = Node::Kind;
    using Type = Token::Type;
    using Draft = std::unique_ptr<Node>;

    enum class Inline : bool { No, Yes };
    /// One expression, or a tuple of them without brackets.
    NodePtr tuple(Inline conditions = Inline::Yes);
    NodePtr expression(Inline conditions = Inline::Yes);
    NodePtr filterChain(NodePtr value); // filters and tests behind a value, which may be null
    Draft filter(NodePtr value);        // from behind the bar
    void callArguments(Node& call);
    NodePtr target(); // what is assigned to: a name, names, or an attribute of a namespace

    const Token& token(std::size_t ahead = 0) const;
    bool takes(std::string_view sign);
    bool takesName(std::string_view name);
    void expect(std::string_view sign);
    std::string expectName();
    void next();
    [[noreturn]] void unexpected() const;

    Draft draft(Kind kind) const;
    Draft draft(Kind kind, NodePtr first) const;
    Draft draft(Kind kind, NodePtr first, NodePtr second) const;
    void adopt(Node& parent, NodePtr child) const;
    NodePtr finished(Draft node) const;

    /// One level of brackets, calls or blocks; not more than the stack can bear.
    class Level {
    public:
        explicit Level(ExpressionParser& parser);
        ~Level() { --m_parser.m_level; }
        Level(const Level&) = delete;

    private:
        ExpressionParser& m_parser;
    };

private:
    NodePtr either();
    NodePtr both();
    NodePtr negation();
    NodePtr comparison();
    std::string comparisonSign();
    NodePtr binary(int level);
    NodePtr concatenation();
    NodePtr unary(bool withFilters);
    NodePtr primary();
    NodePtr postfix(NodePtr node);
    NodePtr subscript(NodePtr object);
    NodePtr test(NodePtr value);
    NodePtr brackets(); // a value in parentheses, or a tuple
    NodePtr listDisplay();
    NodePtr dictDisplay();
    NodePtr number();
    NodePtr oneTarget();
    bool beginsArgument() const;

    std::vector<Token> m_tokens;
    std::size_t m_at = 0;
    int m_level = 0;
};

} // namespace engine::jinja
