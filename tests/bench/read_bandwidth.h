#pragma once
#include "kernels/cpu/thread_pool.h"
#include "kernels/cpu/weight_memory.h"
#include "kernels/cpu/work_shares.h"
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

template <bool prefetch>
std::uint64_t sumOf(const std::byte* from, std::size_t bytes) {
    std::uint64_t sums[8] = {};
    for (std::size_t i = 0; i + 64 <= bytes; i += 64) {
        if (prefetch) {
            __builtin_prefetch(from + i + 4096);
        }
        std::uint64_t words[8];
        std::memcpy(words, from + i, 64);
        for (int w = 0; w < 8; ++w) {
            sums[w] += words[w];
        }
    }
    std::uint64_t sum = 0;
    for (const std::uint64_t part : sums) {
        sum += part;
    }
    return sum;
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
    kernels::WorkShares shares(pool.threads());
    double best = 0;
    for (int pass = 0; pass < 6; ++pass) {
        const auto start = Clock::now();
        shares.deal(chunks);
        pool.run(chunks, [&](int, int worker) {
            const std::size_t size = footprintBytes / chunks;
            const std::byte* const from = piece.data() + static_cast<std::size_t>(shares.take(worker)) * size;
            benchmark::DoNotOptimize(pass % 2 ? sumOf<true>(from, size) : sumOf<false>(from, size));
        });
        best = std::max(best, static_cast<double>(footprintBytes) / seconds(Clock::now() - start));
    }
    return best;
}

} // namespace test
