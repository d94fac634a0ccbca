#pragma once
#include <stdexcept>

namespace engine {

/// The world went wrong (file, device, memory). what() is one sentence a user understands; it ends what was asked, never the program.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

} // namespace engine
