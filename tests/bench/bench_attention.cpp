#include "kernels/backend.h"
#include "kernels/devices.h"
#include "tests/bench/read_bandwidth.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/reference_ops.h"
#include "tests/support/run_step.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

// Attention of SmolLM2-135M (30 layers, 9 query heads on 3 KV heads of 64) over a ring with 4 sinks, as bytes
// of keys and values per second, beside what the same number of threads reads from memory in turns with it (64 MiB a pass).
// Arguments: visible ring slots, KvType of the ring (1 = F16, 2 = Q8_0), capture level (0, 1 = shares, 2 =
// and slot mass). SUMIDERO_BENCH_DEVICE names another device than the CPU.
namespace {

using namespace test;

constexpr int LAYERS = 30, HEADS = 9, KV_HEADS = 3, HEAD_DIM = 64, SINKS = 4;

std::unique_ptr<kernels::Backend> makeBackend() {
    const char* const device = std::getenv("SUMIDERO_BENCH_DEVICE");
    return kernels::makeBackend({.device = device ? device : "cpu", .cpu = {.threads = pool().threads()}});
}

struct Setup {
    std::unique_ptr<kernels::Backend> backend = makeBackend();
    std::unique_ptr<kernels::KvCache> cache;
    std::unique_ptr<kernels::Buffer> ringQuery, sinkQuery, out;
    std::unique_ptr<test::ListedRuns> runs;
    kernels::KeyView view;

    Setup(int ringSlots, kernels::KvType ringType, int tokens) {
        cache = backend->makeKvCache({.layers = std::vector<kernels::KvLayer>(LAYERS, {KV_HEADS, HEAD_DIM}),
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
        test::runStep(*backend, {.slots = all}, [&] {
            for (int layer = 0; layer < LAYERS; ++layer)
                backend->storeKv(*cache, layer, k->tensor(), v->tensor());
        });
        std::vector<std::vector<kernels::KeyRun>> queries;
        for (int token = 0; token < tokens; ++token)
            queries.push_back(test::runsOf(cache->shape(), {SINKS, 0, ringSlots + token}));
        runs = std::make_unique<test::ListedRuns>(queries);
        view = runs->view();
    }

    std::unique_ptr<kernels::Buffer> filled(int rows, int cols, std::uint32_t seed) {
        auto buffer = backend->makeBuffer(rows, cols);
        backend->write(
            buffer->tensor(),
            test::randomFloats(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols), seed));
        return buffer;
    }

    /// One token's or one chunk's, in all layers.
    void attendAll(kernels::AttentionCapture* capture) {
        test::runStep(*backend, {.views = {&view, 1}}, [&] {
            for (int layer = 0; layer < LAYERS; ++layer)
                attend(layer, capture);
        });
    }

private:
    void attend(int layer, kernels::AttentionCapture* capture) {
        const kernels::Tensor queries[] = {ringQuery->tensor(), sinkQuery->tensor()};
        backend->attend({.queries = queries,
                         .cache = cache.get(),
                         .layer = layer,
                         .view = 0,
                         .style = {.scale = 0.125f},
                         .out = out->tensor(),
                         .capture = capture});
    }
};

// One token's attention in all layers, without capture, with shares and with slot mass in turn, forth and
// back (ABCCBA).
void decodeAttention(benchmark::State& state) {
    Setup setup(static_cast<int>(state.range(0)), static_cast<kernels::KvType>(state.range(1)), 1);
    ReadProbe probe(pool());
    std::vector<kernels::HeadStats> heads(HEADS);
    std::vector<float> mass(static_cast<std::size_t>(setup.cache->shape().slots()));
    kernels::AttentionCapture shares;
    shares.heads = heads;
    kernels::AttentionCapture all = shares;
    all.slotMass = mass;
    kernels::AttentionCapture* const levels[] = {nullptr, &shares, &all};
    std::vector<double> plain, sharesExtra, massExtra;
    setup.backend->takeBytesRead();
    std::uint64_t bytes = 0;
    for (auto _ : state) {
        double round[3] = {};
        for (int level : {0, 1, 2, 2, 1, 0}) {
            probe.pass(std::size_t{64} << 20);
            const auto start = Clock::now();
            setup.attendAll(levels[level]);
            const double elapsed = seconds(Clock::now() - start);
            round[level] += elapsed / 2;
            if (level == 0)
                plain.push_back(elapsed);
            bytes = setup.backend->takeBytesRead();
        }
        sharesExtra.push_back(round[1] - round[0]);
        massExtra.push_back(round[2] - round[0]);
    }
    const double rate = static_cast<double>(bytes) / median(plain);
    state.counters["GB/s"] = rate / 1e9;
    state.counters["of_read"] = rate / probe.bytesPerSecond();
    state.counters["ms/token"] = median(plain) * 1e3;
    state.counters["C1_us"] = median(sharesExtra) * 1e6;
    state.counters["C2_us"] = median(massExtra) * 1e6;
}

void prefillAttention(benchmark::State& state) {
    const int tokens = 256;
    Setup setup(static_cast<int>(state.range(0)), static_cast<kernels::KvType>(state.range(1)), tokens);
    double elapsed = 0;
    for (auto _ : state) {
        const auto start = Clock::now();
        setup.attendAll(nullptr);
        elapsed += seconds(Clock::now() - start);
    }
    const double keys = static_cast<double>(state.range(0) + SINKS) + (tokens + 1) / 2.0;
    const double products =
        2.0 * keys * tokens * HEADS * HEAD_DIM * LAYERS * static_cast<double>(state.iterations());
    state.counters["GMAC/s"] = products / elapsed / 1e9;
    state.counters["tokens/s"] = tokens * static_cast<double>(state.iterations()) / elapsed;
}

} // namespace

BENCHMARK(decodeAttention)
    ->ArgsProduct({{256, 1024, 4096}, {1, 2}})
    ->Iterations(40)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(prefillAttention)
    ->ArgsProduct({{0, 1024, 4096}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
