#include "engine/template/parser.h"

#include <algorithm>
#include <charconv>

namespace engine::jinja {

const Token& ExpressionParser::token(std::size_t ahead) const {
    return m_tokens[std::min(m_at + ahead, m_tokens.size() - 1)];
}

void ExpressionParser::next() {
    m_at = std::min(m_at + 1, m_tokens.size() - 1);
}

bool ExpressionParser::takes(std::string_view sign) {
    if (!token().isOperator(sign))
        return false;
    next();
    return true;
}

bool ExpressionParser::takesName(std::string_view name) {
    if (!token().isName(name))
        return false;
    next();
    return true;
}

void ExpressionParser::expect(std::string_view sign) {
    if (!takes(sign))
        unexpected();
}

std::string ExpressionParser::expectName() {
    if (token().type != Type::Name)
        unexpected();
    std::string name = token().text;
    next();
    return name;
}

void ExpressionParser::unexpected() const {
    const bool isEnd =
        token().type == Type::PrintEnd || token().type == Type::TagEnd || token().type == Type::End;
    failAt(token().line, isEnd ? "something is missing at the end of a tag"
                               : "\"" + token().text + "\" is not expected there");
}

ExpressionParser::Level::Level(ExpressionParser& parser) : m_parser(parser) {
    if (++parser.m_level > deepestTree / 2)
        failAt(parser.token().line, "it is nested too deeply");
}

ExpressionParser::Draft ExpressionParser::draft(Kind kind) const {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->line = token().line;
    return node;
}

ExpressionParser::Draft ExpressionParser::draft(Kind kind, NodePtr first) const {
    Draft node = draft(kind);
    if (first)
        node->line = first->line;
    adopt(*node, std::move(first));
    return node;
}

ExpressionParser::Draft ExpressionParser::draft(Kind kind, NodePtr first, NodePtr second) const {
    Draft node = draft(kind, std::move(first));
    adopt(*node, std::move(second));
    return node;
}

void ExpressionParser::adopt(Node& parent, NodePtr child) const {
    if (child)
        parent.depth = std::max(parent.depth, child->depth + 1);
    if (parent.depth > deepestTree)
        failAt(parent.line, "it is nested too deeply");
    parent.children.push_back(std::move(child));
}

NodePtr ExpressionParser::finished(Draft node) const {
    for (const auto& [name, value] : node->named)
        node->depth = std::max(node->depth, value->depth + 1);
    for (const Node::Parameter& parameter : node->parameters)
        if (parameter.defaultValue)
            node->depth = std::max(node->depth, parameter.defaultValue->depth + 1);
    if (node->depth > deepestTree)
        failAt(node->line, "it is nested too deeply");
    return node;
}

NodePtr ExpressionParser::tuple(Inline conditions) {
    NodePtr first = expression(conditions);
    if (!token().isOperator(","))
        return first;
    Draft node = draft(Kind::Tuple, std::move(first));
    while (takes(",")) {
        if (token().type == Type::TagEnd || token().type == Type::PrintEnd || token().isOperator(")"))
            break;
        adopt(*node, expression(conditions));
    }
    return finished(std::move(node));
}

NodePtr ExpressionParser::expression(Inline conditions) {
    const Level level(*this);
    NodePtr value = either();
    while (conditions == Inline::Yes && takesName("if")) {
        NodePtr condition = either();
        Draft node = draft(Kind::Condition, std::move(condition), std::move(value));
        adopt(*node, takesName("else") ? expression() : nullptr);
        value = finished(std::move(node));
    }
    return value;
}

NodePtr ExpressionParser::either() {
    NodePtr left = both();
    while (takesName("or"))
        left = draft(Kind::Or, std::move(left), both());
    return left;
}

NodePtr ExpressionParser::both() {
    NodePtr left = negation();
    while (takesName("and"))
        left = draft(Kind::And, std::move(left), negation());
    return left;
}

NodePtr ExpressionParser::negation() {
    if (!token().isName("not"))
        return comparison();
    const Level level(*this);
    next();
    return draft(Kind::Not, negation());
}

std::string ExpressionParser::comparisonSign() {
    constexpr std::string_view signs[] = {"==", "!=", "<=", ">=", "<", ">"};
    for (const std::string_view sign : signs)
        if (takes(sign))
            return std::string(sign);
    if (takesName("in"))
        return "in";
    if (token().isName("not") && token(1).isName("in")) {
        next();
        next();
        return "not in";
    }
    return "";
}

NodePtr ExpressionParser::comparison() {
    NodePtr left = binary(0);
    std::string sign = comparisonSign();
    if (sign.empty())
        return left;
    Draft node = draft(Kind::Comparison, std::move(left));
    for (; !sign.empty(); sign = comparisonSign()) {
        node->operators.push_back(sign);
        adopt(*node, binary(0));
    }
    return node;
}

/// Level 0: + and -, level 1: * and its kin, level 2: powers. Between the first two stands ~.
NodePtr ExpressionParser::binary(int level) {
    constexpr std::string_view signs[][4] = {{"+", "-"}, {"*", "/", "//", "%"}, {"**"}};
    const auto operand = [&] { return level == 0 ? concatenation() : level == 1 ? binary(2) : unary(true); };
    NodePtr left = operand();
    for (;;) {
        const auto sign =
            std::ranges::find_if(signs[level], [&](std::string_view s) { return !s.empty() && takes(s); });
        if (sign == std::end(signs[level]))
            return left;
        Draft node = draft(Kind::Binary, std::move(left), operand());
        node->name = *sign;
        left = std::move(node);
    }
}

NodePtr ExpressionParser::concatenation() {
    NodePtr left = binary(1);
    if (!token().isOperator("~"))
        return left;
    Draft node = draft(Kind::Concatenate, std::move(left));
    while (takes("~"))
        adopt(*node, binary(1));
    return node;
}

NodePtr ExpressionParser::unary(bool withFilters) {
    const Level level(*this);
    NodePtr node;
    if (takes("-"))
        node = draft(Kind::Negative, unary(false));
    else if (takes("+"))
        node = unary(false);
    else
        node = postfix(primary());
    return withFilters ? filterChain(std::move(node)) : std::move(node);
}

NodePtr ExpressionParser::primary() {
    const Token& first = token();
    if (first.isOperator("("))
        return brackets();
    if (first.isOperator("["))
        return listDisplay();
    if (first.isOperator("{"))
        return dictDisplay();
    if (first.type == Type::Integer || first.type == Type::Float)
        return number();
    Draft node = draft(Kind::Constant);
    if (first.type == Type::String) {
        std::string text;
        for (; token().type == Type::String; next())
            text += token().text;
        node->constant = Value(text);
        return node;
    }
    const std::string name = expectName();
    if (name == "true" || name == "True" || name == "false" || name == "False") {
        node->constant = Value(name == "true" || name == "True");
    } else if (name == "none" || name == "None") {
        node->constant = Value(None{});
    } else {
        node->kind = Kind::Name;
        node->name = name;
    }
    return node;
}

NodePtr ExpressionParser::number() {
    Draft node = draft(Kind::Constant);
    const std::string& text = token().text;
    if (token().type == Type::Float) {
        double value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        node->constant = Value(value);
    } else {
        std::int64_t value = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
            failAt(token().line, "a number is too large");
        node->constant = Value(value);
    }
    next();
    return node;
}

NodePtr ExpressionParser::brackets() {
    const Level level(*this);
    expect("(");
    if (takes(")"))
        return draft(Kind::Tuple);
    NodePtr inner = tuple();
    expect(")");
    return inner;
}

NodePtr ExpressionParser::listDisplay() {
    Draft node = draft(Kind::List);
    expect("[");
    while (!takes("]")) {
        adopt(*node, expression());
        if (!token().isOperator("]"))
            expect(",");
    }
    return node;
}

NodePtr ExpressionParser::dictDisplay() {
    Draft node = draft(Kind::Dict);
    expect("{");
    while (!takes("}")) {
        adopt(*node, expression());
        expect(":");
        adopt(*node, expression());
        if (!token().isOperator("}"))
            expect(",");
    }
    return node;
}

NodePtr ExpressionParser::postfix(NodePtr node) {
    for (;;) {
        if (takes(".")) {
            Draft outer = draft(Kind::Attribute, std::move(node));
            if (token().type == Type::Integer) { // x.0
                adopt(*outer, number());
                outer->kind = Kind::Item;
            } else {
                outer->name = expectName();
            }
            node = std::move(outer);
        } else if (token().isOperator("[")) {
            node = subscript(std::move(node));
        } else if (token().isOperator("(")) {
            Draft call = draft(Kind::Call, std::move(node));
            callArguments(*call);
            node = finished(std::move(call));
        } else {
            return node;
        }
    }
}

NodePtr ExpressionParser::subscript(NodePtr object) {
    expect("[");
    const auto part = [&]() -> NodePtr {
        return token().isOperator(":") || token().isOperator("]") ? nullptr : expression();
    };
    NodePtr first = part();
    if (first && takes("]"))
        return draft(Kind::Item, std::move(object), std::move(first));
    Draft node = draft(Kind::Slice, std::move(object), std::move(first));
    expect(":");
    adopt(*node, part());
    adopt(*node, takes(":") ? part() : nullptr);
    expect("]");
    return node;
}

/// From the bracket on.
void ExpressionParser::callArguments(Node& call) {
    expect("(");
    while (!takes(")")) {
        if (token().isOperator("**"))
            failAt(token().line, "arguments from a dictionary (\"**\") are not known");
        if (takes("*")) {
            adopt(call, draft(Kind::Spread, expression()));
        } else if (token().type == Type::Name && token(1).isOperator("=")) {
            std::string name = expectName();
            expect("=");
            call.named.emplace_back(std::move(name), expression());
        } else {
            adopt(call, expression());
        }
        if (!token().isOperator(")"))
            expect(",");
    }
}

NodePtr ExpressionParser::filterChain(NodePtr value) {
    for (;;) {
        if (takes("|")) {
            value = finished(filter(std::move(value)));
        } else if (value && takesName("is")) {
            value = test(std::move(value));
        } else if (value && token().isOperator("(")) {
            Draft call = draft(Kind::Call, std::move(value));
            callArguments(*call);
            value = finished(std::move(call));
        } else {
            return value;
        }
    }
}

ExpressionParser::Draft ExpressionParser::filter(NodePtr value) {
    Draft node = draft(Kind::Filter, std::move(value));
    node->line = token().line;
    node->name = expectName();
    if (token().isOperator("("))
        callArguments(*node);
    return node;
}

bool ExpressionParser::beginsArgument() const {
    const Token& first = token();
    if (first.type == Type::Name)
        return !first.isName("else") && !first.isName("or") && !first.isName("and") && !first.isName("if") &&
               !first.isName("is") && !first.isName("not") && !first.isName("in") &&
               !first.isName("recursive");
    return first.type == Type::String || first.type == Type::Integer || first.type == Type::Float ||
           first.isOperator("(") || first.isOperator("[") || first.isOperator("{");
}

NodePtr ExpressionParser::test(NodePtr value) {
    Draft node = draft(Kind::Test, std::move(value));
    node->line = token().line;
    node->isNegated = takesName("not");
    node->name = expectName();
    if (token().isOperator("("))
        callArguments(*node);
    else if (beginsArgument())
        adopt(*node, postfix(primary()));
    return finished(std::move(node));
}

} // namespace engine::jinja
