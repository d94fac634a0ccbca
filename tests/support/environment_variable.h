#pragma once
#include <cstdlib>

namespace test {

/// Sets a variable of the environment while it lives.
class EnvironmentVariable {
public:
    EnvironmentVariable(const char* name, const char* value) : m_name(name) { setenv(name, value, 1); }
    ~EnvironmentVariable() { unsetenv(m_name); }
    EnvironmentVariable(const EnvironmentVariable&) = delete;
    EnvironmentVariable& operator=(const EnvironmentVariable&) = delete;

private:
    const char* m_name;
};

} // namespace test
