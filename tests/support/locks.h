#pragma once
#include <cstdint>

namespace test {

/// Mutexes that this thread has locked so far. In every program that links this, the counting function stands
/// in front of the library's. Not under ThreadSanitizer, which does the same for purposes of its own.
struct LockCount {
    LockCount();
    std::int64_t calls = 0;
    static bool works();
};

} // namespace test
