#include "engine/context.h"
#include "engine/model.h"
#include "tests/bench/read_bandwidth.h"

#include <string>
#include <vector>

// Decoded tokens of a real model: the bytes of weights and cache that one has to read, divided by its time, beside the read
// bandwidth. Tokens and passes over as much memory take turns (same threads); medians of both. SUMIDERO_BENCH_MODELS: model files,
// separated by ':'.
namespace {

using namespace test;

std::vector<std::string> modelFiles() {
    const char* const variable = std::getenv("SUMIDERO_BENCH_MODELS");
    std::string rest = variable ? variable : "";
    std::vector<std::string> files;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        files.push_back(rest.substr(0, end));
        rest.erase(0, end + 1);
    }
    return files;
}

void decode(benchmark::State& state, const std::string& file, int depth) {
    constexpr int tokens = 32;
    engine::LoadOptions load;
    load.device.cpu.threads = pool().threads();
    const auto model = engine::Model::load(file, load);
    engine::ContextOptions options;
    options.window = depth + tokens;
    engine::Context context(model, options);
    const std::vector<engine::TokenId> some(static_cast<std::size_t>(depth), 100);
    context.feed(some, engine::LogitsWanted::None);
    model->backend->takeBytesRead();
    ReadProbe probe(pool());
    std::vector<double> times;
    std::uint64_t bytes = 0;
    for (auto _ : state) {
        for (int i = 0; i < tokens; ++i) {
            const engine::TokenId token = 200 + i;
            const auto start = Clock::now();
            context.feed({&token, 1}, engine::LogitsWanted::Last);
            times.push_back(seconds(Clock::now() - start));
            bytes = model->backend->takeBytesRead();
            probe.pass(bytes);
        }
        context.cache().rewind(depth);
    }
    const double rate = static_cast<double>(bytes) / median(times);
    state.counters["ms_token"] = 1000 * median(times);
    state.counters["MB_token"] = 1e-6 * static_cast<double>(bytes);
    state.counters["GB_s"] = 1e-9 * rate;
    state.counters["ceiling_GB_s"] = 1e-9 * probe.bytesPerSecond();
    state.counters["share"] = rate / probe.bytesPerSecond();
}

} // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    for (const std::string& file : modelFiles()) {
        for (const int depth : {0, 1024, 4096}) {
            const std::string name =
                file.substr(file.find_last_of('/') + 1) + "/depth:" + std::to_string(depth);
            benchmark::RegisterBenchmark(name.c_str(), decode, file, depth)->Iterations(12);
        }
    }
    benchmark::RunSpecifiedBenchmarks();
}
