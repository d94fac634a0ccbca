#include "kernels/cpu/huge_memory.h"
#include "kernels/cpu/thread_pool.h"
#include "kernels/cpu_backend.h"
#include "tests/support/guarded_buffer.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
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

double medianOf(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                     values.end());
    return values[values.size() / 2];
}

std::uint64_t sumOf(const std::byte* bytes, std::size_t count) {
    std::uint64_t sums[8] = {};
    for (std::size_t i = 0; i + sizeof sums <= count; i += sizeof sums) {
        std::uint64_t words[8];
        std::memcpy(words, bytes + i, sizeof words);
        for (std::size_t lane = 0; lane < 8; ++lane)
            sums[lane] += words[lane];
    }
    std::uint64_t sum = 0;
    for (std::uint64_t lane : sums)
        sum += lane;
    return sum;
}

// Reads 64 MiB of memory that was not read for a while, with the threads of a pool like the backend's: the
// ceiling, measured between the rounds of attention so that both see the same machine. It also pushes the
// cache out of the processor, as the weights do.
class Reader {
public:
    explicit Reader(int threads) : m_pool(threads), m_memory(std::size_t{256} << 20) {
        std::memset(m_memory.data(), 1, m_memory.size());
    }
    double bytesPerSecond() {
        constexpr int PIECES = 64;
        constexpr std::size_t PIECE = std::size_t{1} << 20;
        const std::byte* from = m_memory.data() + m_offset;
        const Clock::time_point start = Clock::now();
        m_pool.run(PIECES, [&](int piece, int) {
            benchmark::DoNotOptimize(sumOf(from + static_cast<std::size_t>(piece) * PIECE, PIECE));
        });
        m_offset = (m_offset + PIECES * PIECE) % m_memory.size();
        return static_cast<double>(PIECES * PIECE) / seconds(start);
    }

private:
    kernels::ThreadPool m_pool;
    kernels::HugeMemory m_memory;
    std::size_t m_offset = 0;
};

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

// One token's attention in all layers, without capture, with shares and with slot mass in turn, forth and
// back (ABCCBA).
void decodeAttention(benchmark::State& state) {
    Setup setup(static_cast<int>(state.range(0)), static_cast<kernels::KvType>(state.range(1)), 1);
    Reader reader(THREADS);
    std::vector<kernels::HeadStats> heads(HEADS);
    std::vector<float> mass(static_cast<std::size_t>(setup.cache->shape().slots()));
    kernels::AttentionCapture shares;
    shares.heads = heads;
    kernels::AttentionCapture all = shares;
    all.slotMass = mass;
    kernels::AttentionCapture* const levels[] = {nullptr, &shares, &all};
    std::vector<double> plain, read, sharesExtra, massExtra;
    setup.backend->takeBytesRead();
    std::uint64_t bytes = 0;
    for (auto _ : state) {
        double round[3] = {};
        for (int level : {0, 1, 2, 2, 1, 0}) {
            read.push_back(reader.bytesPerSecond());
            const Clock::time_point start = Clock::now();
            for (int layer = 0; layer < LAYERS; ++layer)
                setup.attend(layer, levels[level]);
            const double elapsed = seconds(start);
            round[level] += elapsed / 2;
            if (level == 0)
                plain.push_back(elapsed);
            bytes = setup.backend->takeBytesRead();
        }
        sharesExtra.push_back(round[1] - round[0]);
        massExtra.push_back(round[2] - round[0]);
    }
    const double rate = static_cast<double>(bytes) / medianOf(plain);
    state.counters["GB/s"] = rate / 1e9;
    state.counters["of_read"] = rate / medianOf(read);
    state.counters["ms/token"] = medianOf(plain) * 1e3;
    state.counters["C1_us"] = medianOf(sharesExtra) * 1e6;
    state.counters["C2_us"] = medianOf(massExtra) * 1e6;
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
    ->ArgsProduct({{256, 1024, 4096}, {1, 2}})
    ->Iterations(40)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(prefillAttention)
    ->ArgsProduct({{0, 1024, 4096}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
