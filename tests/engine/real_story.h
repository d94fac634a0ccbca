#pragma once
#include "engine/model.h"
#include "tests/support/real_model.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace test {

/// The real model with float32 activations, so that its numbers are the same on every machine. Loaded once.
inline std::shared_ptr<const engine::Model> exactRealModel() {
    static const auto loaded = [] {
        engine::LoadOptions options;
        options.device.cpu.activations = kernels::ActivationPrecision::Float32;
        return engine::Model::load(realModelPath(), options);
    }();
    return loaded;
}

/// The first tokens of the story that the program ships.
inline std::vector<engine::TokenId> storyTokens(std::size_t count) {
    std::ifstream file(SUMIDERO_SOURCE_DIR "/resources/texts/story.txt", std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    std::vector<engine::TokenId> tokens = exactRealModel()->tokenizer->encodePlain(text);
    EXPECT_GT(tokens.size(), count);
    tokens.resize(count);
    return tokens;
}

} // namespace test
