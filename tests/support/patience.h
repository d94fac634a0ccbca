#pragma once
#include <QTest>

#include <time.h>

namespace test {

/// Milliseconds that a test gives what a loaded machine (other builds, sanitizers) may be slow at, where coming late is no fault. When all
/// is well nobody waits for its end.
inline constexpr int PatienceMs = 30'000;

/// Processor time of this thread in milliseconds: other programs on the machine do not count.
inline double threadMs() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

} // namespace test

// By themselves these give 5 s.
#undef QTRY_VERIFY
#undef QTRY_VERIFY2
#undef QTRY_COMPARE
#define QTRY_VERIFY(expr) QTRY_VERIFY_WITH_TIMEOUT(expr, test::PatienceMs)
#define QTRY_VERIFY2(expr, message) QTRY_VERIFY2_WITH_TIMEOUT(expr, message, test::PatienceMs)
#define QTRY_COMPARE(expr, expected) QTRY_COMPARE_WITH_TIMEOUT(expr, expected, test::PatienceMs)
