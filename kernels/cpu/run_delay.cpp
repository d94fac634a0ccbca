#include "kernels/cpu/run_delay.h"

#ifdef __linux__
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>
#endif

namespace kernels {

#ifdef __linux__

RunDelay::RunDelay() : m_file(open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)) {}

RunDelay::~RunDelay() {
    if (m_file >= 0)
        close(m_file);
}

std::chrono::nanoseconds RunDelay::sum() const {
    char text[96]; // nanoseconds on a core, nanoseconds waiting for one, how often
    const ssize_t length = m_file < 0 ? 0 : pread(m_file, text, sizeof text - 1, 0);
    if (length <= 0)
        return {};
    text[length] = '\0';
    long long waited = 0;
    return std::chrono::nanoseconds(std::sscanf(text, "%*s %lld", &waited) == 1 ? waited : 0);
}

#else

RunDelay::RunDelay() = default;
RunDelay::~RunDelay() = default;
std::chrono::nanoseconds RunDelay::sum() const {
    return {};
}

#endif

} // namespace kernels
