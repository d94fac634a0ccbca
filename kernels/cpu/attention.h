#pragma once
#include "kernels/backend.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/kv_store.h"
#include "kernels/cpu/thread_pool.h"

#include <cstdint>
#include <vector>

namespace kernels {

/// Runs Backend::attend. One thread at a time.
class Attention {
public:
    Attention(ThreadPool& pool, Isa isa);
    void run(const AttendArgs& args);
    /// Bytes of keys and values read since the last call.
    std::uint64_t takeBytesRead();

private:
    ThreadPool& m_pool;
    std::vector<float> m_scratch;
    std::uint64_t m_bytesRead = 0;
};

} // namespace kernels
