#include "kernels/cpu/huge_memory.h"
#include "kernels/cpu_backend.h"
#include "tests/support/guarded_buffer.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

// Attention of SmolLM2-135M (30 layers, 9 query heads on 3 KV heads of 64) over a ring with 4 sinks, as bytes
// of keys and values per second, beside what the same number of threads reads from memory right afterwards.
// Arguments: visible ring slots, KvType of the ring (1 = F16, 2 = Q8_0), capture level (0, 1 = shares, 2 =
// and slot mass).
namespace {

using Clock = std::chrono::steady_clock;

double seconds(Clock::time_point from) {
    return std::chrono::duration<double>(Clock::now() - from).count();
}

std::uint64_t sumOf(const std::uint64_t* words, std::size_t count) {
    std::uint64_t sums[8] = {};
    for (std::size_t i = 0; i + 8 <= count; i += 8)
        for (std::size_t lane = 0; lane < 8; ++lane)
            sums[lane] += words[i + lane];
    std::uint64_t sum = 0;
    for (std::uint64_t lane : sums)
        sum += lane;
    return sum;
}

// Bytes per second that `threads` threads read from 256 MiB together, the best of several passes.
double readBandwidth(int threads) {
    static const kernels::HugeMemory memory = [] {
        kernels::HugeMemory fresh(std::size_t{256} << 20);
        std::memset(fresh.data(), 1, fresh.size());
        return fresh;
    }();
    const std::size_t words = memory.size() / sizeof(std::uint64_t) / static_cast<std::size_t>(threads);
    const std::uint64_t* data = reinterpret_cast<const std::uint64_t*>(memory.data());
    double best = 0;
    for (int pass = 0; pass < 8; ++pass) {
        const Clock::time_point start = Clock::now();
        std::vector<std::thread> others;
        for (int thread = 0; thread < threads; ++thread)
            others.emplace_back([=] {
                benchmark::DoNotOptimize(sumOf(data + words * static_cast<std::size_t>(thread), words));
            });
        for (std::thread& other : others)
            other.join();
        best = std::max(best, static_cast<double>(memory.size()) / seconds(start));
    }
    return best;
}

constexpr int LAYERS = 30, HEADS = 9, KV_HEADS = 3, HEAD_DIM = 64, SINKS = 4, THREADS = 2;

std::unique_ptr<kernels::Backend> makeBackend() {
    kernels::CpuOptions options;
    options.threads = THREADS;
    return kernels::makeCpuBackend(options);
}

struct Setup {
    std::unique_ptr<kernels::Backend> backend = makeBackend();
    std::unique_ptr<kernels::KvCache> cache;
    std::unique_ptr<kernels::Buffer> ringQuery, sinkQuery, out;
    std::vector<kernels::QueryView> views;

    Setup(int ringSlots, kernels::KvType ringType, int tokens) {
        cache = backend->makeKvCache({.layers = LAYERS,
                                      .kvHeads = KV_HEADS,
                                      .headDim = HEAD_DIM,
                                      .sinkSlots = SINKS,
                                      .ringSlots = ringSlots + tokens,
                                      .ringType = ringType});
        ringQuery = filled(tokens, HEADS * HEAD_DIM, 1);
        sinkQuery = filled(tokens, HEADS * HEAD_DIM, 2);
        out = backend->makeBuffer(tokens, HEADS * HEAD_DIM);
        const int slots = cache->shape().slots();
        const auto k = filled(slots, KV_HEADS * HEAD_DIM, 3), v = filled(slots, KV_HEADS * HEAD_DIM, 4);
        std::vector<std::int32_t> all(static_cast<std::size_t>(slots));
        for (std::size_t i = 0; i < all.size(); ++i)
            all[i] = static_cast<std::int32_t>(i);
        for (int layer = 0; layer < LAYERS; ++layer)
            backend->storeKv(*cache, layer, k->tensor(), v->tensor(), all);
        for (int token = 0; token < tokens; ++token)
            views.push_back({SINKS, 0, ringSlots + token});
    }

    std::unique_ptr<kernels::Buffer> filled(int rows, int cols, std::uint32_t seed) {
        auto buffer = backend->makeBuffer(rows, cols);
        backend->write(
            buffer->tensor(),
            test::randomFloats(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols), seed));
        return buffer;
    }

    void attend(int layer, kernels::AttentionCapture* capture) {
        backend->attend({.ringQuery = ringQuery->tensor(),
                         .sinkQuery = sinkQuery->tensor(),
                         .cache = cache.get(),
                         .layer = layer,
                         .views = views,
                         .scale = 0.125f,
                         .out = out->tensor(),
                         .capture = capture});
    }
};

void decodeAttention(benchmark::State& state) {
    Setup setup(static_cast<int>(state.range(0)), static_cast<kernels::KvType>(state.range(1)), 1);
    std::vector<kernels::HeadStats> heads(HEADS);
    std::vector<float> mass(static_cast<std::size_t>(setup.cache->shape().slots()));
    kernels::AttentionCapture capture;
    capture.heads = heads;
    if (state.range(2) == 2)
        capture.slotMass = mass;
    setup.backend->takeBytesRead();
    double elapsed = 0;
    for (auto _ : state) {
        const Clock::time_point start = Clock::now();
        for (int layer = 0; layer < LAYERS; ++layer)
            setup.attend(layer, state.range(2) > 0 ? &capture : nullptr);
        elapsed += seconds(start);
    }
    const double rate = static_cast<double>(setup.backend->takeBytesRead()) / elapsed;
    state.counters["GB/s"] = rate / 1e9;
    state.counters["of_read"] = rate / readBandwidth(THREADS);
    state.counters["ms/token"] = elapsed * 1e3 / static_cast<double>(state.iterations());
}

void prefillAttention(benchmark::State& state) {
    const int tokens = 256;
    Setup setup(static_cast<int>(state.range(0)), static_cast<kernels::KvType>(state.range(1)), tokens);
    double elapsed = 0;
    for (auto _ : state) {
        const Clock::time_point start = Clock::now();
        for (int layer = 0; layer < LAYERS; ++layer)
            setup.attend(layer, nullptr);
        elapsed += seconds(start);
    }
    const double keys = static_cast<double>(state.range(0) + SINKS) + (tokens + 1) / 2.0;
    const double products =
        2.0 * keys * tokens * HEADS * HEAD_DIM * LAYERS * static_cast<double>(state.iterations());
    state.counters["GMAC/s"] = products / elapsed / 1e9;
    state.counters["tokens/s"] = tokens * static_cast<double>(state.iterations()) / elapsed;
}

} // namespace

BENCHMARK(decodeAttention)
    ->ArgsProduct({{256, 1024, 4096}, {1, 2}, {0, 1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(prefillAttention)
    ->ArgsProduct({{0, 1024, 4096}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
