#pragma once
#include "engine/chat_format.h"
#include "engine/gguf_file.h"
#include "engine/model/weights.h"
#include "engine/model_config.h"
#include "engine/tokenizer.h"
#include "kernels/backend.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace engine {

struct LoadOptions {
    int threads = 0; // 0: one per physical core
    kernels::ActivationPrecision activations = kernels::ActivationPrecision::Int8;
    std::string isa;        // "" = best
    std::string chatFormat; // "" = detected
};

/// What is told about a loaded model.
struct ModelInfo {
    std::filesystem::path path;
    std::string name;         // "SmolLM2 135M Instruct"
    std::string quantisation; // "Q4_1"
    std::string device;       // "CPU, 2 threads"
    std::string chatFormat;   // "ChatML"
    std::string defaultSystem;
    int trainedLength = 0;
    int layers = 0, heads = 0;
    std::uint64_t fileBytes = 0;
    std::uint64_t weightBytes = 0;              // in memory
    std::shared_ptr<const Tokenizer> tokenizer; // immutable: any thread may ask it for a token's text
};

/// A loaded model: configuration, tokenizer, chat format, weights on one backend. Immutable after load; the backend inside is used
/// by one thread at a time (the engine thread). Streams hold a shared pointer to it.
class Model {
public:
    /// Throws engine::Error. `progress` gets 0..1 on the calling thread; a stop request makes it return null.
    static std::shared_ptr<const Model> load(const std::filesystem::path& path, const LoadOptions& options,
                                             const std::function<void(float)>& progress = {},
                                             std::stop_token stop = {});
    ~Model();

    ModelConfig config;
    std::shared_ptr<const Tokenizer> tokenizer;
    ChatFormat chatFormat;
    ModelInfo info;

    mutable std::unique_ptr<kernels::Backend> backend; // declared before what it made: destroyed after it
    Weights weights;
};

} // namespace engine
