#pragma once
#include "kernels/cpu/thread_pool.h"
#include "kernels/cpu/weight_memory.h"
#include "kernels/cpu_backend.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

// The ceiling that the benchmarks compare with: how fast this machine reads memory right now.
namespace test {

using Clock = std::chrono::steady_clock;

inline constexpr std::size_t footprintBytes = std::size_t{160} << 20; // well beyond the last-level cache

inline double seconds(Clock::duration time) {
    return std::chrono::duration<double>(time).count();
}

/// SUMIDERO_BENCH_THREADS threads, or one for each core.
inline kernels::ThreadPool& pool() {
    static kernels::ThreadPool instance([] {
        const char* const wanted = std::getenv("SUMIDERO_BENCH_THREADS");
        return wanted ? std::atoi(wanted) : kernels::physicalCores();
    }());
    return instance;
}

inline double median(std::vector<double> values) {
    if (values.empty()) {
        return 0;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

using Line = std::uint64_t __attribute__((vector_size(64), may_alias));

#if defined(__x86_64__)
#define SUMIDERO_WIDEST __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define SUMIDERO_WIDEST
#endif

/// As wide as the processor reads, several lines in flight.
SUMIDERO_WIDEST inline std::uint64_t sumOf(const std::byte* from, std::size_t bytes, std::size_t ahead) {
    Line sums[4] = {};
    for (std::size_t i = 0; i + sizeof sums <= bytes; i += sizeof sums) {
        for (std::size_t part = 0; part < 4; ++part) {
            if (ahead != 0) {
                __builtin_prefetch(from + i + ahead + part * sizeof(Line));
            }
            sums[part] += *reinterpret_cast<const Line*>(from + i + part * sizeof(Line));
        }
    }
    const Line sum = sums[0] + sums[1] + sums[2] + sums[3];
    return sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7];
}

/// footprintBytes that nothing but the probe reads.
inline const std::byte* otherMemory() {
    static const auto owner = kernels::WeightMemory::create();
    static const kernels::WeightMemory::Piece piece = [] {
        kernels::WeightMemory::Piece made = owner->allocate(footprintBytes);
        std::memset(made.data(), 1, footprintBytes);
        return made;
    }();
    return piece.data();
}

/// How fast memory is read right now. Benchmarks put a pass between any two measurements of their own, of as many bytes: a
/// machine that others disturb changes its speed from second to second, and only neighbours can be compared. A pass
/// also pushes everything else out of the processor's caches.
class ReadProbe {
public:
    explicit ReadProbe(kernels::ThreadPool& threads) : m_pool(threads), m_memory(otherMemory()) {}

    /// Reads about `bytes` (at most footprintBytes) that were not read for a while: plainly or fetching ahead, in turn.
    void pass(std::size_t bytes) {
        const std::size_t size = std::min(bytes, footprintBytes) / chunks / linesAtOnce * linesAtOnce;
        if (m_offset + chunks * size > footprintBytes) {
            m_offset = 0;
        }
        const bool ahead = m_plain.size() > m_ahead.size();
        const auto start = Clock::now();
        m_pool.run(chunks, [&](int chunk, int) {
            const std::byte* const from = m_memory + m_offset + static_cast<std::size_t>(chunk) * size;
            benchmark::DoNotOptimize(sumOf(from, size, ahead ? 4096 : 0));
        });
        (ahead ? m_ahead : m_plain)
            .push_back(static_cast<double>(chunks * size) / seconds(Clock::now() - start));
        m_offset += chunks * size;
    }

    /// Bytes a second that all threads together read: the median of the passes of the faster kind.
    double bytesPerSecond() const { return std::max(median(m_plain), median(m_ahead)); }

private:
    static constexpr std::size_t chunks = 256, linesAtOnce = 256;

    kernels::ThreadPool& m_pool;
    const std::byte* m_memory;
    std::size_t m_offset = 0;
    std::vector<double> m_plain, m_ahead;
};

} // namespace test
