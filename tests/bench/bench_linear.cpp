#include "kernels/cpu/linear.h"
#include "tests/bench/read_bandwidth.h"
#include "tests/support/toy_model.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstring>
#include <random>

// Matrix products of the CPU backend on the shapes of SmolLM2-135M. Mat-vec walks over as many copies as it
// takes to leave the cache and is shown as GB/s, beside the read bandwidth measured in turns with it (same
// threads, as much memory, huge pages; medians of both), and as a share of that. SUMIDERO_BENCH_THREADS sets the
// number of threads, SUMIDERO_ISA the instruction set.
namespace {

using namespace kernels;
using namespace test;

struct Shape {
    std::int64_t rows, cols;
};
constexpr Shape shapes[] = {{576, 576}, {192, 576}, {1536, 576}, {576, 1536}, {49152, 576}, {2048, 2048}};
constexpr DType types[] = {DType::Q4_1,  DType::Q4_0, DType::Q8_0, DType::Q5_0, DType::Q5_1,   DType::Q4_K,
                           DType::Q5_K,  DType::Q6_K, DType::Q2_K, DType::Q3_K, DType::IQ4_NL, DType::IQ4_XS,
                           DType::MXFP4, DType::F16,  DType::BF16, DType::F32};

/// Fills `stored` with copies of `some` until it holds the whole shape.
HostMatrix repeated(DType type, Shape shape, const std::vector<std::byte>& some,
                    std::vector<std::byte>& stored) {
    HostMatrix host{type, shape.rows, shape.cols, nullptr};
    stored.resize(host.bytes());
    for (std::size_t i = 0; i < stored.size(); i += some.size()) {
        std::memcpy(stored.data() + i, some.data(), std::min(some.size(), stored.size() - i));
    }
    host.data = stored.data();
    return host;
}

struct Fixture {
    Fixture(DType type, Shape shape, std::int64_t tokenCount, std::size_t bytes)
        : linear(pool(), chooseIsa(""), ActivationPrecision::Int8), tokens(tokenCount),
          x(static_cast<std::size_t>(tokenCount * shape.cols)),
          out(static_cast<std::size_t>(tokenCount * shape.rows)) {
        std::mt19937 generator(1);
        std::normal_distribution<float> normal;
        // Quantising plainly is slow and the values do not matter: 48 rows, repeated.
        constexpr std::int64_t distinctRows = 48;
        std::vector<float> values(static_cast<std::size_t>(distinctRows * shape.cols));
        std::generate(values.begin(), values.end(), [&] { return normal(generator); });
        std::generate(x.begin(), x.end(), [&] { return normal(generator); });
        const std::vector<std::byte> some = test::quantise(type, values.data(), distinctRows, shape.cols);
        std::vector<std::byte> stored;
        const HostMatrix host = repeated(type, shape, some, stored);
        const auto memory = WeightMemory::create();
        do {
            copies.push_back(packWeight(host, pool(), chooseIsa(""), ActivationPrecision::Int8, memory));
        } while (copies.size() * copies.front()->bytes() < bytes);
    }

    void run() {
        const PackedWeight& weight = *copies[next++ % copies.size()];
        const MatrixJob job{&weight, {out.data(), tokens, weight.rows()}};
        linear.run({x.data(), tokens, weight.cols()}, {&job, 1}, rounding);
    }

    Linear linear;
    Rounding rounding = Rounding::Careful;
    std::int64_t tokens;
    std::vector<float> x;
    std::vector<float> out;
    std::vector<std::unique_ptr<PackedWeight>> copies;
    std::size_t next = 0;
};

void matVec(benchmark::State& state, DType type, Shape shape) {
    Fixture fixture(type, shape, 1, footprintBytes);
    ReadProbe probe(pool());
    std::vector<double> rates;
    for (auto _ : state) {
        const auto start = Clock::now();
        for (std::size_t i = 0; i < fixture.copies.size(); ++i) {
            fixture.run();
        }
        const auto bytes = static_cast<double>(fixture.linear.takeBytesRead());
        rates.push_back(bytes / seconds(Clock::now() - start));
        probe.pass(footprintBytes);
    }
    state.counters["GB/s"] = 1e-9 * median(rates);
    state.counters["ceiling_GB/s"] = 1e-9 * probe.bytesPerSecond();
    state.counters["share"] = median(rates) / probe.bytesPerSecond();
}

void product512(benchmark::State& state, DType type, Shape shape) {
    Fixture fixture(type, shape, 512, 1);
    const auto start = Clock::now();
    for (auto _ : state) {
        fixture.run();
    }
    const double operations =
        2.0 * 512 * static_cast<double>(shape.rows * shape.cols) * static_cast<double>(state.iterations());
    state.counters["Gop/s"] = operations * 1e-9 / seconds(Clock::now() - start);
}

const bool registered = [] {
    for (const DType type : types) {
        for (const Shape shape : shapes) {
            if (shape.cols % blockLayout(type).elements != 0) {
                continue;
            }
            const std::string suffix = std::string("/") + name(type) + "/" + std::to_string(shape.rows) +
                                       "x" + std::to_string(shape.cols);
            benchmark::RegisterBenchmark(("matvec" + suffix).c_str(), matVec, type, shape)
                ->Iterations(40) // of all copies
                ->UseRealTime()
                ->Unit(benchmark::kMillisecond);
            if (shape.rows < 10000) {
                benchmark::RegisterBenchmark(("gemm512" + suffix).c_str(), product512, type, shape)
                    ->MinTime(0.1)
                    ->UseRealTime()
                    ->Unit(benchmark::kMicrosecond);
            }
        }
    }
    return true;
}();

} // namespace
