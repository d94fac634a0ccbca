#include "engine/template/parser.h"

namespace engine::jinja {
namespace {

/// Reads statements; what stands between their tags is a Block.
class Parser : public ExpressionParser {
public:
    using ExpressionParser::ExpressionParser;

    NodePtr run() {
        NodePtr all = block({});
        if (token().type != Type::End)
            failAt(token().line, "{% " + token(1).text + " %} closes nothing");
        return all;
    }

private:
    using Ends = std::initializer_list<std::string_view>;

    /// Up to a tag that begins with one of `ends`, which is not taken, or to the end of the template.
    NodePtr block(Ends ends) {
        const Level level(*this);
        Draft body = draft(Kind::Block);
        while (token().type != Type::End && !isTag(ends))
            if (NodePtr statement = this->statement())
                adopt(*body, std::move(statement));
            else
                break;
        return body;
    }

    bool isTag(Ends names) const {
        if (token().type != Type::TagBegin)
            return false;
        for (const std::string_view name : names)
            if (token(1).isName(name))
                return true;
        return false;
    }

    /// Null at a tag that ends something.
    NodePtr statement() {
        if (token().type == Type::Data) {
            Draft data = draft(Kind::Data);
            data->constant = Value(token().text);
            next();
            return data;
        }
        if (token().type == Type::PrintBegin) {
            next();
            Draft print = draft(Kind::Print, tuple());
            if (token().type != Type::PrintEnd)
                unexpected();
            next();
            return print;
        }
        const std::string& name = token(1).text;
        if (name.starts_with("end") || name == "else" || name == "elif")
            return nullptr;
        next();
        return tag(expectName());
    }

    NodePtr tag(const std::string& name) {
        const int line = token().line;
        if (name == "if")
            return conditional();
        if (name == "for")
            return loop();
        if (name == "set")
            return assignment();
        if (name == "macro")
            return macro();
        if (name == "call")
            return callBlock();
        if (name == "filter") {
            Draft node = draft(Kind::FilterBlock, filterChain(filter(nullptr)));
            adopt(*node, body("endfilter"));
            return node;
        }
        if (name == "with")
            return with();
        if (name == "generation") // marks what an assistant wrote, for training; nothing to us
            return body("endgeneration");
        if (name == "break" || name == "continue") {
            Draft node = draft(name == "break" ? Kind::Break : Kind::Continue);
            closeTag();
            return node;
        }
        failAt(line, "{% " + name + " %} is not known");
    }

    void closeTag() {
        if (token().type != Type::TagEnd)
            unexpected();
        next();
    }

    /// From the end of the opening tag to behind the closing one.
    NodePtr body(std::string_view end) {
        const int line = token().line;
        closeTag();
        NodePtr inner = block({end});
        takeEnd(end, line);
        return inner;
    }

    void takeEnd(std::string_view end, int line) {
        if (!isTag({end}))
            failAt(line, "there is no {% " + std::string(end) + " %}");
        next();
        next();
        if (end == "endmacro" && token().type == Type::Name)
            next();
        closeTag();
    }

    NodePtr conditional() {
        const int line = token().line;
        Draft node = draft(Kind::If);
        for (bool more = true; more;) {
            adopt(*node, tuple());
            closeTag();
            adopt(*node, block({"elif", "else", "endif"}));
            more = isTag({"elif"});
            if (more) {
                next();
                next();
            }
        }
        if (isTag({"else"})) {
            next();
            next();
            closeTag();
            adopt(*node, block({"endif"}));
        }
        takeEnd("endif", line);
        return node;
    }

    NodePtr loop() {
        const int line = token().line;
        Draft node = draft(Kind::For, target());
        if (!takesName("in"))
            unexpected();
        adopt(*node, tuple(Inline::No));
        adopt(*node, takesName("if") ? expression() : nullptr);
        if (token().isName("recursive"))
            failAt(line, "\"recursive\" in {% for %} is not known");
        closeTag();
        adopt(*node, block({"else", "endfor"}));
        NodePtr otherwise;
        if (isTag({"else"})) {
            next();
            next();
            closeTag();
            otherwise = block({"endfor"});
        }
        adopt(*node, std::move(otherwise));
        takeEnd("endfor", line);
        return node;
    }

    NodePtr assignment() {
        Draft node = draft(Kind::Set, target());
        if (takes("=")) {
            adopt(*node, tuple());
            closeTag();
            return node;
        }
        node->kind = Kind::SetBlock;
        NodePtr filters = token().isOperator("|") ? filterChain(nullptr) : nullptr;
        adopt(*node, body("endset"));
        adopt(*node, std::move(filters));
        return node;
    }

    void parameters(Node& node) {
        expect("(");
        while (!takes(")")) {
            std::string name = expectName();
            NodePtr value = takes("=") ? expression() : nullptr;
            node.parameters.push_back({std::move(name), std::move(value)});
            if (!token().isOperator(")"))
                expect(",");
        }
    }

    NodePtr macro() {
        Draft node = draft(Kind::Macro);
        node->name = expectName();
        parameters(*node);
        adopt(*node, body("endmacro"));
        return finished(std::move(node));
    }

    NodePtr callBlock() {
        Draft node = draft(Kind::CallBlock);
        if (token().isOperator("("))
            parameters(*node);
        NodePtr call = expression();
        if (call->kind != Kind::Call)
            failAt(node->line, "{% call %} needs something to call");
        adopt(*node, std::move(call));
        adopt(*node, body("endcall"));
        return finished(std::move(node));
    }

    NodePtr with() {
        Draft node = draft(Kind::With);
        while (token().type != Type::TagEnd) {
            adopt(*node, target());
            expect("=");
            adopt(*node, expression());
            if (token().type != Type::TagEnd)
                expect(",");
        }
        adopt(*node, body("endwith"));
        return node;
    }
};

} // namespace

NodePtr ExpressionParser::oneTarget() {
    if (token().isOperator("(")) {
        const Level level(*this);
        expect("(");
        NodePtr inner = target();
        expect(")");
        return inner;
    }
    Draft node = draft(Kind::Name);
    node->name = expectName();
    if (!takes("."))
        return node;
    Draft outer = draft(Kind::Attribute, std::move(node));
    outer->name = expectName();
    return outer;
}

NodePtr ExpressionParser::target() {
    NodePtr first = oneTarget();
    if (!token().isOperator(","))
        return first;
    Draft node = draft(Kind::Tuple, std::move(first));
    while (takes(","))
        adopt(*node, oneTarget());
    return node;
}

NodePtr parse(std::string_view source) {
    constexpr std::size_t longest = 256 << 10; // the longest published ones have 30 KB
    if (source.size() > longest)
        failAt(1, "it is absurdly long");
    return Parser(tokenize(source)).run();
}

} // namespace engine::jinja
