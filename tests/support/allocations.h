#pragma once
#include <cstdint>

namespace test {

/// Calls of operator new by this thread and what is alive of them in the program. The counting operators
/// replace the standard ones in every program that links this.
struct AllocationCount {
    AllocationCount();
    std::int64_t calls = 0;     // by this thread
    std::int64_t liveBytes = 0; // of the whole program
};

} // namespace test
