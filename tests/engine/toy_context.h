#pragma once
#include "engine/context.h"
#include "tests/support/toy_model.h"

#include <functional>
#include <random>
#include <vector>

// What several tests of streams share.
namespace test {

inline std::shared_ptr<const engine::Model> loadToy(const std::filesystem::path& path, int threads = 1,
                                                    const std::string& device = "cpu", int deviceLayers = 0) {
    engine::LoadOptions options;
    options.device.device = device;
    options.deviceLayers = deviceLayers;
    options.device.cpu.threads = threads;
    options.device.cpu.activations = kernels::ActivationPrecision::Float32;
    return engine::Model::load(path, options);
}

inline std::vector<engine::TokenId> randomTokens(int count, int vocabulary, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<engine::TokenId> tokens;
    for (int i = 0; i < count; ++i)
        tokens.push_back(static_cast<engine::TokenId>(random() % static_cast<unsigned>(vocabulary)));
    return tokens;
}

/// Everything in float32, so that the double-precision oracle is met to 1e-4.
inline engine::ContextOptions exactOptions(int sinks, int window, int maxChunk) {
    return {.mode = engine::CacheMode::Streaming,
            .sinks = sinks,
            .window = window,
            .ringType = kernels::KvType::F32,
            .sinkType = kernels::KvType::F32,
            .maxChunk = maxChunk};
}

/// Feeds all tokens in chunks of random length up to maxChunk; `before(read)` is called before each chunk.
/// (tokens, vocabulary)
inline std::vector<std::vector<float>> feedAll(engine::Context& context,
                                               std::span<const engine::TokenId> tokens, unsigned seed,
                                               const std::function<int(int read)>& before = {}) {
    std::mt19937 random(seed);
    std::vector<std::vector<float>> logits;
    while (logits.size() < tokens.size()) {
        int longest = context.options().maxChunk;
        if (before)
            longest = std::min(longest, before(static_cast<int>(logits.size())));
        const std::size_t left = tokens.size() - logits.size();
        const auto n = std::min<std::size_t>(left, 1 + random() % static_cast<unsigned>(longest));
        const auto rows = context.feed(tokens.subspan(logits.size(), n), engine::LogitsWanted::All);
        for (std::size_t i = 0; i < n; ++i)
            logits.emplace_back(rows.begin() + static_cast<std::ptrdiff_t>(i * (rows.size() / n)),
                                rows.begin() + static_cast<std::ptrdiff_t>((i + 1) * (rows.size() / n)));
    }
    return logits;
}

} // namespace test
