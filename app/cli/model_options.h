#pragma once
#include "app/cli/output.h"
#include "app/cli/values.h"
#include "engine/model.h"
#include "engine/types.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <vector>

// Options that several subcommands share.
namespace cli {

struct ModelOptions {
    std::string model;
    std::string device;
    std::string isa;
    std::string chatFormat;
    int threads = 0;
    int deviceLayers = 0;
    bool float32 = false;

    void add(CLI::App& command);
    /// Throws engine::Error.
    std::shared_ptr<const engine::Model> load() const;
};

struct CacheChoice {
    engine::CacheMode mode = engine::CacheMode::Streaming;
    int sinks = 4;
    int window = 0;
    kernels::KvType ringType = kernels::KvType::F16;

    /// Sinks are F32 when the ring is, else F16.
    kernels::KvType sinkType() const;
    void add(CLI::App& command);
};

/// Takes --json: the command prints one object at the end.
void addJsonFlag(CLI::App& command, bool& json);
/// The precision of a ring of keys and values.
void addRingType(CLI::App& command, kernels::KvType& type);

/// The tokens of a text file, with BOS where the model asks for it; at most `limit` (0: all). Throws
/// engine::Error.
std::vector<engine::TokenId> readTokens(const engine::Model& model, const std::string& path, int limit);
/// The token ids of a JSON list, as they are; at most `limit` (0: all). Throws engine::Error.
std::vector<engine::TokenId> readTokenIds(const engine::Model& model, const std::string& path, int limit);
std::string readFile(const std::string& path);

const char* name(engine::CacheMode mode);
double cpuSeconds(); // of all threads of this process
std::uint64_t peakMemoryBytes();
std::uint64_t memoryBytes(); // resident now

} // namespace cli
