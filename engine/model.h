#pragma once
#include "engine/chat_format.h"
#include "engine/gguf_file.h"
#include "engine/model/weights.h"
#include "engine/model_config.h"
#include "engine/model_info.h"
#include "engine/tokenizer.h"
#include "kernels/backend.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>

namespace engine {

class Executor;

/// A loaded model: configuration, tokenizer, chat format, weights on one device and what runs them. Immutable after load; backend and
/// executor are used by one thread at a time (the engine thread). Contexts hold a shared pointer to it.
class Model {
public:
    /// Throws engine::Error. `progress` gets 0..1 on the calling thread; a stop request makes it return null.
    static std::shared_ptr<const Model> load(const std::filesystem::path& path, const LoadOptions& options,
                                             const std::function<void(float)>& progress = {},
                                             std::stop_token stop = {});
    Model();
    ~Model();

    bool runsOnCpu() const { return info.deviceName == "cpu"; }
    /// kernels::Backend::takeBytesRead() of all its layers.
    std::uint64_t takeBytesRead() const;
    /// The same file again, with the same options but on the CPU: its device failed, which is what `problem` says. As load().
    std::shared_ptr<const Model> loadOnCpu(const std::string& problem, std::stop_token stop) const;

    ModelConfig config;
    std::shared_ptr<const Tokenizer> tokenizer;
    ChatFormat chatFormat;
    ModelInfo info;
    LoadOptions options; // that it was loaded with

    // Declared before what they made: destroyed after it.
    mutable std::unique_ptr<kernels::Backend> backend; // of the device: the last layers, and logits
    mutable std::unique_ptr<kernels::Backend>
        otherBackend; // of the layers that are not on the device; null: none
    Weights weights;
    mutable std::unique_ptr<Executor> executor;
    /// Tells models from each other, of one shape too: what a saved context names.
    std::uint64_t identity = 0;
};

} // namespace engine
