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

/// Bytes a second that all threads together read from memory: the best of three plain passes and three that
/// prefetch.
inline double readBandwidth(kernels::ThreadPool& pool) {
    static const auto memory = kernels::WeightMemory::create();
    static const kernels::WeightMemory::Piece piece = [] {
        kernels::WeightMemory::Piece made = memory->allocate(footprintBytes);
        std::memset(made.data(), 1, footprintBytes);
        return made;
    }();
    constexpr int chunks = 512;
    double best = 0;
    for (int pass = 0; pass < 6; ++pass) {
        const auto start = Clock::now();
        pool.run(chunks, [&](int chunk, int) {
            const std::size_t size = footprintBytes / chunks;
            const std::byte* const from = piece.data() + static_cast<std::size_t>(chunk) * size;
            benchmark::DoNotOptimize(sumOf(from, size, pass % 2 ? 4096 : 0));
        });
        best = std::max(best, static_cast<double>(footprintBytes) / seconds(Clock::now() - start));
    }
    return best;
}

} // namespace test
