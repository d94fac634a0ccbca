#pragma once
#include <chrono>

namespace kernels {

/// How long the calling thread has been ready to run while the system gave its core to another thread, as Linux counts it. What a
/// host of virtual machines takes away is not in it. Thread: the one that made it.
class RunDelay {
public:
    RunDelay();
    ~RunDelay();
    RunDelay(const RunDelay&) = delete;
    RunDelay& operator=(const RunDelay&) = delete;

    /// Since the thread began; zero where the system does not tell. About a microsecond.
    std::chrono::nanoseconds sum() const;

private:
    int m_file = -1;
};

} // namespace kernels
