#include "kernels/devices.h"
#include "tests/support/run_step.h"
#include "tests/support/toy_model.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

// Each operation of a device that SUMIDERO_BENCH_DEVICE names ("vulkan" without it), on the shapes of SmolLM2-135M: a step holds it ten times.
// Rates are by the time of this process on all processors, so that a device on the processor can be measured on a busy machine;
// --benchmark_counters_tabular=true. `plainLoop` adds two tables of floats: what the device reads when it does nothing else. For attention see
// bench_attention.
namespace {

using namespace kernels;

constexpr int timesInStep = 10;

struct Shape {
    std::int64_t rows, cols;
};
constexpr Shape shapes[] = {{576, 576}, {1536, 576}, {576, 1536}, {49152, 576}};
constexpr DType types[] = {DType::Q4_1, DType::Q4_K, DType::Q6_K, DType::Q8_0, DType::F16};

Backend& device() {
    static const auto backend = [] {
        const char* const name = std::getenv("SUMIDERO_BENCH_DEVICE");
        return makeBackend({.device = name ? name : "vulkan"});
    }();
    return *backend;
}

/// Runs `operation` in steps; the first one makes the device's programs.
template <class Operation>
void measure(benchmark::State& state, const Operation& operation) {
    const auto step = [&] {
        test::runStep(device(), {}, [&] {
            for (int i = 0; i < timesInStep; ++i)
                operation();
        });
    };
    step();
    for (auto _ : state)
        step();
}

void rate(benchmark::State& state, const char* name, double each) {
    state.counters[name] =
        benchmark::Counter(1e-9 * timesInStep * each, benchmark::Counter::kIsIterationInvariantRate);
}

void plainLoop(benchmark::State& state) {
    constexpr std::int64_t rows = 4096, cols = 1024;
    const auto x = device().makeBuffer(rows, cols), y = device().makeBuffer(rows, cols);
    measure(state, [&] { device().add(x->tensor(), y->tensor()); });
    rate(state, "GB/s", 2.0 * sizeof(float) * rows * cols);
}

void product(benchmark::State& state, DType type, Shape shape, std::int64_t tokens) {
    HostMatrix host{type, shape.rows, shape.cols, nullptr};
    const std::vector<std::byte> zeros(host.bytes());
    host.data = zeros.data();
    const auto weight = device().makeWeight(host);
    const auto x = device().makeBuffer(tokens, shape.cols), out = device().makeBuffer(tokens, shape.rows);
    const LinearJob job[] = {{weight.get(), out->tensor()}};
    measure(state, [&] { device().linear(x->tensor(), job, Rounding::Careful); });
    rate(state, "GB/s", static_cast<double>(weight->bytes()));
    rate(state, "GMAC/s", static_cast<double>(shape.rows * shape.cols * tokens));
}

void norm(benchmark::State& state) {
    const auto x = device().makeBuffer(state.range(0), 576), gain = device().makeBuffer(1, 576);
    measure(state, [&] { device().rmsNorm(x->tensor(), gain->tensor(), 1e-5f, x->tensor()); });
}

void gated(benchmark::State& state) {
    const auto gate = device().makeBuffer(state.range(0), 1536),
               up = device().makeBuffer(state.range(0), 1536);
    measure(state, [&] {
        device().gatedActivation(Activation::Silu, gate->tensor(), up->tensor(), gate->tensor());
    });
}

void topLogits(benchmark::State& state) {
    constexpr std::int64_t vocabulary = 49152;
    const auto row = device().makeBuffer(1, vocabulary);
    std::vector<float> values;
    for (std::int64_t i = 0; i < vocabulary; ++i)
        values.push_back(static_cast<float>(i * 7919 % vocabulary) * 1e-3f);
    device().write(row->tensor(), values);
    std::vector<Logit> largest(static_cast<std::size_t>(state.range(0)));
    std::vector<TopLogits> found(timesInStep, TopLogits{largest, {}});
    std::size_t next = 0;
    measure(state, [&] { device().topLogits(row->tensor(), found[next++ % found.size()]); });
}

const bool registered = [] {
    for (const DType type : types)
        for (const Shape shape : shapes)
            for (const std::int64_t tokens : {1, 128}) {
                if (shape.cols % blockLayout(type).elements != 0 || (tokens > 1 && shape.rows > 10000))
                    continue;
                const std::string title = "linear/" + std::string(name(type)) + "/" +
                                          std::to_string(shape.rows) + "x" + std::to_string(shape.cols) +
                                          "/tokens:" + std::to_string(tokens);
                benchmark::RegisterBenchmark(title.c_str(), product, type, shape, tokens)
                    ->MeasureProcessCPUTime()
                    ->Unit(benchmark::kMillisecond);
            }
    return true;
}();

} // namespace

BENCHMARK(plainLoop)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(norm)->Arg(1)->Arg(128)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(gated)->Arg(1)->Arg(128)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(topLogits)->Arg(1)->Arg(40)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
