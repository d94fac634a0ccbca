#pragma once
#include <cstdlib>
#include <string_view>

namespace kernels {

/// Whether an environment variable has this value. Any thread.
inline bool isSetTo(const char* variable, std::string_view value) {
    const char* const found = std::getenv(variable);
    return found && found == value;
}

} // namespace kernels
