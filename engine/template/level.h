#pragma once
#include "engine/template/interpreter.h"
#include "engine/template/lexer.h"

namespace engine::jinja {

/// One more level of expressions, statements and calls; each is also a step.
class Interpreter::Level {
public:
    Level(Interpreter& interpreter, int line) : m_interpreter(interpreter) {
        constexpr int deepest = 600; // about a megabyte of stack
        constexpr std::size_t stepWork = 100;
        interpreter.charge(stepWork, line);
        if (interpreter.m_level >= deepest)
            failAt(line, "it calls itself too deeply");
        ++interpreter.m_level;
    }
    ~Level() { --m_interpreter.m_level; }
    Level(const Level&) = delete;

private:
    Interpreter& m_interpreter;
};

} // namespace engine::jinja
