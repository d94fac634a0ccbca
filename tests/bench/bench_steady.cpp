#include "engine/context.h"
#include "engine/model.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <vector>

// Whether a stream stays as fast for ever. Blocks of 16 tokens of a memory of 1,024 that rolls; after every second one a block of
// a memory that is as full and does not roll (taken back each time), the same work. What disturbs both is the machine.
// SUMIDERO_BENCH_MODELS: one model file; SUMIDERO_BENCH_TOKENS (100,000), SUMIDERO_BENCH_THREADS; SUMIDERO_BENCH_DEVICE (the CPU), of which
// time by the clock is measured, for the processor's is not its own.
namespace {

constexpr int blockTokens = 16, memoryTokens = 1024, sinks = 4;

const char* const device = std::getenv("SUMIDERO_BENCH_DEVICE");

double secondsNow() {
    timespec now{};
    clock_gettime(device ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

int numberFrom(const char* variable, int otherwise) {
    const char* const text = std::getenv(variable);
    return text ? std::atoi(text) : otherwise;
}

double quantile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void report(const char* name, const std::vector<double>& milliseconds) {
    const double middle = quantile(milliseconds, 0.5);
    std::printf("%-10s %6zu blocks: median %.2f ms a token, 90th percentile %.3f of it, 95th %.3f, 99th "
                "%.3f, longest %.2f\n",
                name, milliseconds.size(), middle, quantile(milliseconds, 0.90) / middle,
                quantile(milliseconds, 0.95) / middle, quantile(milliseconds, 0.99) / middle,
                quantile(milliseconds, 1.0) / middle);
}

std::vector<double> tenth(const std::vector<double>& values, std::size_t index) {
    const auto at = [&](std::size_t i) {
        return values.begin() + static_cast<std::ptrdiff_t>(values.size() * i / 10);
    };
    return {at(index), at(index + 1)};
}

engine::TokenId someToken(std::int64_t index, int vocabulary) {
    return static_cast<engine::TokenId>(100 + index * 7919 % (vocabulary - 200));
}

/// Milliseconds a token of one block.
double block(engine::Context& context, std::int64_t first) {
    const double began = secondsNow();
    for (int i = 0; i < blockTokens; ++i) {
        const engine::TokenId token = someToken(first + i, context.model().config.vocabulary);
        context.feed({&token, 1}, engine::LogitsWanted::Last);
    }
    return 1000 * (secondsNow() - began) / blockTokens;
}

std::unique_ptr<engine::Context> fullContext(const std::shared_ptr<const engine::Model>& model,
                                             engine::CacheMode mode) {
    engine::ContextOptions options;
    options.mode = mode;
    options.sinks = mode == engine::CacheMode::Streaming ? sinks : 0;
    options.window = mode == engine::CacheMode::Streaming ? memoryTokens - sinks : memoryTokens + blockTokens;
    auto context = std::make_unique<engine::Context>(model, options);
    std::vector<engine::TokenId> tokens;
    for (int i = 0; i < memoryTokens; ++i)
        tokens.push_back(someToken(i, model->config.vocabulary));
    context->feed(tokens, engine::LogitsWanted::None);
    return context;
}

} // namespace

int main() {
    const char* const file = std::getenv("SUMIDERO_BENCH_MODELS");
    if (file == nullptr) {
        std::fprintf(stderr, "Set SUMIDERO_BENCH_MODELS to a model file.\n");
        return 2;
    }
    engine::LoadOptions load;
    load.device.device = device ? device : "cpu";
    load.device.cpu.threads = numberFrom("SUMIDERO_BENCH_THREADS", 0);
    const auto model = engine::Model::load(file, load);
    if (!model->info.deviceProblem.empty()) { // its figures would be the processor's
        std::fprintf(stderr, "%s\n", model->info.deviceProblem.c_str());
        return 1;
    }
    const auto rolling = fullContext(model, engine::CacheMode::Streaming);
    const auto standing = fullContext(model, engine::CacheMode::Dense);
    std::vector<double> rolls, stands;
    constexpr int fewest = 20; // so that there is something in each tenth of every second one
    const int blocks = std::max(fewest, numberFrom("SUMIDERO_BENCH_TOKENS", 100'000) / blockTokens);
    for (int i = 0; i < blocks; ++i) {
        rolls.push_back(block(*rolling, memoryTokens + std::int64_t{i} * blockTokens));
        if (i % 2 == 0) {
            stands.push_back(block(*standing, memoryTokens));
            standing->cache().rewind(memoryTokens);
        }
    }
    report("rolling", rolls);
    report("standing", stands);
    std::printf("medians of the tenths of the run, rolling / standing:");
    for (std::size_t i = 0; i < 10; ++i)
        std::printf(" %.3f", quantile(tenth(rolls, i), 0.5) / quantile(tenth(stands, i), 0.5));
    std::printf("\n");
    return 0;
}
