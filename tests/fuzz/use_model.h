#pragma once
#include "engine/context.h"
#include "engine/error.h"
#include "engine/model.h"

#include <string>
#include <vector>

// What the fuzzers of model files share.
namespace fuzz {

/// Zeros behind the input: a description of tensors without their values is a whole model then.
constexpr std::uint64_t WeightBytes = 4 << 20;

template <class Work>
void attempt(Work work) {
    try {
        work();
    } catch (const engine::Error&) { // the expected answer to most inputs
    }
}

/// Loads a model and reads text until its window has rolled.
inline void runModel(const std::filesystem::path& path) {
    engine::LoadOptions options;
    options.device.device = "cpu";
    options.device.cpu.threads = 1;
    const auto model = engine::Model::load(path, options);
    engine::Context context(model, {.sinks = 2, .window = 6, .maxChunk = 4});
    std::vector<engine::TokenId> text;
    for (int i = 0; i < 11; ++i)
        text.push_back(i * 7 % model->config.vocabulary);
    context.feed(text, engine::LogitsWanted::Last);
}

} // namespace fuzz
