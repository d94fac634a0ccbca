#include "kernels/devices.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/reference_ops.h"
#include "tests/support/run_step.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

// Each operation of a device that SUMIDERO_BENCH_DEVICE names ("vulkan" without it), on the shapes of SmolLM2-135M: a step holds it ten times.
// A device on the processor is measured by the time of this process on all processors, so that it can be measured on a busy machine; a card by
// the clock. --benchmark_counters_tabular=true. `add` is the plain loop that others are compared with: it reads and writes and does nothing else, on
// tables that no cache holds. Attention in all layers at once, beside a loop that reads memory, is in bench_attention.
namespace {

using namespace kernels;

constexpr int timesInStep = 10;
constexpr std::int64_t dim = 576, hidden = 1536, vocabulary = 49152;
constexpr int heads = 9, kvHeads = 3, headDim = 64, sinks = 4;
constexpr int experts = 8, used = 2; // as in Mixtral

struct Shape {
    std::int64_t rows, cols;
};
constexpr Shape shapes[] = {{dim, dim}, {hidden, dim}, {dim, hidden}, {vocabulary, dim}};
constexpr DType types[] = {DType::Q4_1, DType::Q4_K, DType::Q6_K, DType::Q8_0, DType::F16};

std::string deviceName() {
    const char* const name = std::getenv("SUMIDERO_BENCH_DEVICE");
    return name ? name : "vulkan";
}

Backend& device() {
    static const auto backend = makeBackend({.device = deviceName()});
    return *backend;
}

bool runsOnTheProcessor() {
    for (const Device& one : listDevices().devices)
        if (one.name.starts_with(deviceName()))
            return one.isSoftware || one.name == "cpu";
    return false;
}

/// Runs `operation` in steps; the first one makes the device's programs.
template <class Operation>
void measure(benchmark::State& state, const StepInputs& inputs, const Operation& operation) {
    const auto step = [&] {
        test::runStep(device(), inputs, [&] {
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

std::unique_ptr<Buffer> filled(std::int64_t rows, std::int64_t cols, std::uint32_t seed = 1) {
    auto buffer = device().makeBuffer(rows, cols);
    device().write(buffer->tensor(), test::randomFloats(static_cast<std::size_t>(rows * cols), seed));
    return buffer;
}

/// 0, 1, 2, ...: tokens or slots.
std::vector<std::int32_t> counted(std::int64_t count) {
    std::vector<std::int32_t> numbers(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
}

std::vector<std::byte> zeros(const HostMatrix& matrix) {
    return std::vector<std::byte>(matrix.bytes());
}

std::unique_ptr<Weight> weightOf(DType type, Shape shape) {
    HostMatrix host{type, shape.rows, shape.cols, nullptr};
    const std::vector<std::byte> bytes = zeros(host);
    host.data = bytes.data();
    return device().makeWeight(host);
}

void linear(benchmark::State& state, DType type, Shape shape, std::int64_t tokens) {
    const auto weight = weightOf(type, shape);
    const auto x = device().makeBuffer(tokens, shape.cols), out = device().makeBuffer(tokens, shape.rows);
    const LinearJob job[] = {{weight.get(), out->tensor()}};
    measure(state, {}, [&] { device().linear(x->tensor(), job, Rounding::Careful); });
    rate(state, "GB/s", static_cast<double>(weight->bytes()));
    rate(state, "GMAC/s", static_cast<double>(shape.rows * shape.cols * tokens));
}

// What works on each number by itself. Argument of all that follow: tokens.

void add(benchmark::State& state) {
    constexpr std::int64_t rows = 4096, cols = 1024;
    const auto x = device().makeBuffer(rows, cols), y = device().makeBuffer(rows, cols);
    measure(state, {}, [&] { device().add(x->tensor(), y->tensor()); });
    rate(state, "GB/s", 2.0 * sizeof(float) * rows * cols);
}

void gatedActivation(benchmark::State& state) {
    const auto gate = filled(state.range(0), hidden), up = filled(state.range(0), hidden, 2),
               out = device().makeBuffer(state.range(0), hidden);
    measure(state, {},
            [&] { device().gatedActivation(Activation::Silu, gate->tensor(), up->tensor(), out->tensor()); });
}

/// Operations that change (tokens, cols) numbers in their place.
template <class Operation>
void inPlace(benchmark::State& state, std::int64_t cols, const Operation& operation) {
    const auto x = filled(state.range(0), cols);
    measure(state, {}, [&] { operation(x->tensor()); });
}

void activation(benchmark::State& state) {
    inPlace(state, hidden, [](Tensor x) { device().activation(Activation::GeluTanh, x); });
}
void clamp(benchmark::State& state) {
    inPlace(state, dim, [](Tensor x) { device().clamp(x, 8.0f); });
}
void softcap(benchmark::State& state) {
    inPlace(state, dim, [](Tensor x) { device().softcap(x, 30.0f); });
}
void scale(benchmark::State& state) {
    inPlace(state, dim, [](Tensor x) { device().scale(x, 1.0f); });
}

// What works on rows.

void embed(benchmark::State& state) {
    const auto table = weightOf(DType::Q4_1, {vocabulary, dim});
    const auto out = device().makeBuffer(state.range(0), dim);
    const auto tokens = counted(state.range(0));
    measure(state, {.tokens = tokens}, [&] { device().embed(*table, out->tensor()); });
}

void rmsNorm(benchmark::State& state) {
    const auto gain = filled(1, dim, 2);
    inPlace(state, dim, [&](Tensor x) { device().rmsNorm(x, gain->tensor(), 1e-5f, x); });
}

void layerNorm(benchmark::State& state) {
    const auto gain = filled(1, dim, 2), bias = filled(1, dim, 3);
    inPlace(state, dim, [&](Tensor x) { device().layerNorm(x, gain->tensor(), bias.get(), 1e-5f, x); });
}

void rope(benchmark::State& state) {
    const auto angles = test::randomFloats(static_cast<std::size_t>(state.range(0) * headDim), 4);
    const std::span<const float> tables[] = {angles};
    const auto x = filled(state.range(0), dim), out = device().makeBuffer(state.range(0), dim);
    measure(state, {.angles = tables},
            [&] { device().rope(x->tensor(), headDim, headDim, RopePairing::Neox, 0, out->tensor()); });
}

void topLogits(benchmark::State& state) {
    const auto row = device().makeBuffer(1, vocabulary);
    std::vector<float> values;
    for (std::int64_t i = 0; i < vocabulary; ++i)
        values.push_back(static_cast<float>(i * 7919 % vocabulary) * 1e-3f);
    device().write(row->tensor(), values);
    std::vector<Logit> largest(static_cast<std::size_t>(state.range(0))); // the argument: how many
    std::vector<TopLogits> found(timesInStep, TopLogits{largest, {}});
    std::size_t next = 0;
    measure(state, {}, [&] { device().topLogits(row->tensor(), found[next++ % found.size()]); });
}

// Mixtures. Tokens go to experts of their own.

std::unique_ptr<ExpertChoice> chosen(std::int64_t tokens) {
    const auto logits = filled(tokens, experts);
    auto choice = device().makeExpertChoice(tokens, experts, used);
    test::runStep(device(), {},
                  [&] { device().chooseExperts(logits->tensor(), ExpertWeights::OfChosen, *choice); });
    return choice;
}

void chooseExperts(benchmark::State& state) {
    const auto logits = filled(state.range(0), experts);
    const auto choice = device().makeExpertChoice(state.range(0), experts, used);
    measure(state, {}, [&] { device().chooseExperts(logits->tensor(), ExpertWeights::OfChosen, *choice); });
}

void linearExperts(benchmark::State& state) {
    HostMatrix host{DType::Q4_1, experts * hidden, dim, nullptr};
    const std::vector<std::byte> bytes = zeros(host);
    host.data = bytes.data();
    const auto weights = device().makeExperts(host, experts);
    const auto choice = chosen(state.range(0));
    const auto x = device().makeBuffer(state.range(0), dim),
               out = device().makeBuffer(state.range(0) * used, hidden);
    const ExpertJob job[] = {{weights.get(), out->tensor()}};
    measure(state, {}, [&] { device().linearExperts(x->tensor(), job, *choice, Rounding::Careful); });
    rate(state, "GMAC/s", static_cast<double>(state.range(0) * used * hidden * dim));
}

void combineExperts(benchmark::State& state) {
    const auto choice = chosen(state.range(0));
    const auto parts = filled(state.range(0) * used, dim), out = device().makeBuffer(state.range(0), dim);
    measure(state, {}, [&] {
        device().combineExperts(parts->tensor(), *choice, nullptr, Write::Replace, out->tensor());
    });
}

// Keys and values. Arguments: tokens, ring tokens behind them, KvType of the ring (1 = F16, 2 = Q8_0), and for attend what is captured
// (0, 1 = shares, 2 = and slot mass, 3 = and rows).

std::unique_ptr<KvCache> emptyCache(const benchmark::State& state) {
    return device().makeKvCache({.layers = {{kvHeads, headDim}},
                                 .sinkSlots = sinks,
                                 .ringSlots = static_cast<int>(state.range(0) + state.range(1)),
                                 .ringType = static_cast<KvType>(state.range(2))});
}

void storeKv(benchmark::State& state) {
    const auto cache = emptyCache(state);
    const auto k = filled(state.range(0), kvHeads * headDim),
               v = filled(state.range(0), kvHeads * headDim, 2);
    std::vector<std::int32_t> slots = counted(state.range(0));
    for (std::int32_t& slot : slots)
        slot += sinks;
    measure(state, {.slots = slots}, [&] { device().storeKv(*cache, 0, k->tensor(), v->tensor()); });
}

void attend(benchmark::State& state) {
    const auto tokens = static_cast<int>(state.range(0)), behind = static_cast<int>(state.range(1));
    const auto cache = emptyCache(state);
    const std::int64_t slots = cache->shape().slots();
    const auto k = filled(slots, kvHeads * headDim), v = filled(slots, kvHeads * headDim, 2);
    const auto all = counted(slots);
    test::runStep(device(), {.slots = all}, [&] { device().storeKv(*cache, 0, k->tensor(), v->tensor()); });
    std::vector<std::vector<KeyRun>> queries;
    for (int token = 0; token < tokens; ++token)
        queries.push_back(test::runsOf(cache->shape(), {sinks, 0, behind + token + 1}));
    const test::ListedRuns runs(queries);
    const KeyView view = runs.view();

    std::vector<HeadStats> stats(heads);
    std::vector<float> mass(static_cast<std::size_t>(slots)), rows(heads * mass.size());
    AttentionCapture capture;
    capture.heads = stats;
    if (state.range(3) >= 2)
        capture.slotMass = mass;
    if (state.range(3) >= 3)
        capture.rows = rows;
    const auto ring = filled(tokens, dim, 3), sink = filled(tokens, dim, 4),
               out = device().makeBuffer(tokens, dim);
    const Tensor query[] = {ring->tensor(), sink->tensor()};
    measure(state, {.views = {&view, 1}}, [&] {
        device().attend({.queries = query,
                         .cache = cache.get(),
                         .style = {.scale = 0.125f},
                         .out = out->tensor(),
                         .capture = state.range(3) > 0 ? &capture : nullptr});
    });
    const double keys = sinks + behind + (tokens + 1) / 2.0;
    rate(state, "GMAC/s", 2.0 * keys * tokens * heads * headDim);
}

// Names of benchmarks are those of the operations.

template <class... Arguments>
benchmark::internal::Benchmark* operation(const std::string& title, Arguments... arguments) {
    static const bool byProcessorTime = runsOnTheProcessor();
    auto* const made =
        benchmark::RegisterBenchmark(title.c_str(), arguments...)->Unit(benchmark::kMillisecond);
    return byProcessorTime ? made->MeasureProcessCPUTime() : made->UseRealTime();
}

void registerLinear() {
    for (const DType type : types)
        for (const Shape shape : shapes)
            for (const std::int64_t tokens : {1, 128})
                if (shape.cols % blockLayout(type).elements == 0 && (tokens == 1 || shape.rows <= 10000))
                    operation("linear/" + std::string(name(type)) + "/" + std::to_string(shape.rows) + "x" +
                                  std::to_string(shape.cols) + "/tokens:" + std::to_string(tokens),
                              linear, type, shape, tokens);
}

const bool registered = [] {
    operation("add", add);
    registerLinear();
    const std::pair<const char*, void (*)(benchmark::State&)> ofTokens[] = {
        {"embed", embed},
        {"rmsNorm", rmsNorm},
        {"layerNorm", layerNorm},
        {"rope", rope},
        {"gatedActivation", gatedActivation},
        {"activation", activation},
        {"clamp", clamp},
        {"softcap", softcap},
        {"scale", scale},
        {"chooseExperts", chooseExperts},
        {"linearExperts", linearExperts},
        {"combineExperts", combineExperts}};
    for (const auto& [title, function] : ofTokens)
        operation(title, function)->ArgName("tokens")->Arg(1)->Arg(32);
    operation("topLogits", topLogits)->ArgName("count")->Arg(1)->Arg(40);
    operation("storeKv", storeKv)
        ->ArgNames({"tokens", "behind", "ring"})
        ->ArgsProduct({{1, 32}, {0}, {1, 2}});
    operation("attend", attend)
        ->ArgNames({"tokens", "behind", "ring", "capture"})
        ->ArgsProduct({{1}, {1024}, {1, 2}, {0, 1, 2, 3}})
        ->ArgsProduct({{32}, {0, 1024}, {1, 2}, {0}});
    return true;
}();

} // namespace
