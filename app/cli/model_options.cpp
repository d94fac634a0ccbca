#include "app/cli/model_options.h"

#include "engine/error.h"

#include <ctime>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <unistd.h>

namespace cli {

void ModelOptions::add(CLI::App& command) {
    command.add_option("-m,--model", model, "the model, a GGUF file")->required();
    addWhole(command, "--threads", threads, Threads, "threads (0: one per physical core)");
    command.add_option(
        "--device", device,
        "where it runs: cpu, vulkan, cuda, the second of a kind (vulkan:1), auto (default cpu; see devices)");
    addWhole(command, "--device-layers", deviceLayers, Layers,
             "at most so many of the model's layers on the device, the others on the CPU (0: as many as fit)")
        ->needs("--device");
    command.add_flag("--float32", float32, "float32 activations: the slow, exact reference path");
    command.add_option("--isa", isa, "instruction set instead of the best one (portable, avx2, ...)");
    command.add_option("--chat-format", chatFormat, "chat template family instead of the detected one");
}

std::shared_ptr<const engine::Model> ModelOptions::load() const {
    engine::LoadOptions options;
    options.device.device = device;
    options.deviceLayers = deviceLayers;
    options.device.cpu.threads = threads;
    options.device.cpu.isa = isa;
    options.chatFormat = chatFormat;
    options.device.cpu.activations =
        float32 ? kernels::ActivationPrecision::Float32 : kernels::ActivationPrecision::Int8;
    auto loaded = engine::Model::load(model, options);
    if (!loaded->info.deviceProblem.empty())
        complain(loaded->info.deviceProblem + " The model runs on the CPU.");
    return loaded;
}

kernels::KvType CacheChoice::sinkType() const {
    return ringType == kernels::KvType::F32 ? kernels::KvType::F32 : kernels::KvType::F16;
}

void CacheChoice::add(CLI::App& command) {
    using engine::CacheMode;
    const Choices<CacheMode> modes{{"dense", CacheMode::Dense},
                                   {"window", CacheMode::Window},
                                   {"streaming", CacheMode::Streaming},
                                   {"recompute", CacheMode::Recompute}};
    addChoice(command, "--mode", mode, modes,
              "how the past is kept: dense, window, streaming, recompute (default streaming)");
    addWhole(command, "--sinks", sinks, SinkTokens, "pinned first tokens (default 4)");
    addWhole(command, "--window", window, RingTokens,
             "tokens in the ring, without the sinks (0: as many as the model was trained for, at most 4096)");
    addRingType(command, ringType);
}

void addRingType(CLI::App& command, kernels::KvType& type) {
    using kernels::KvType;
    const Choices<KvType> types{{"f32", KvType::F32}, {"f16", KvType::F16}, {"q8_0", KvType::Q8_0}};
    addChoice(command, "--kv", type, types, "precision of the ring: f32, f16, q8_0 (default f16)");
}

void addJsonFlag(CLI::App& command, bool& json) {
    command.add_flag("--json", json, "print one JSON object");
}

std::string readFile(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file)
        throw engine::Error("The file " + path + " cannot be read.");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

namespace {

std::vector<engine::TokenId> atMost(std::vector<engine::TokenId> tokens, int limit, const std::string& what) {
    if (limit > 0 && tokens.size() > static_cast<std::size_t>(limit))
        tokens.resize(static_cast<std::size_t>(limit));
    if (tokens.size() < 2)
        throw engine::Error(what + " has less than two tokens.");
    return tokens;
}

} // namespace

std::vector<engine::TokenId> readTokens(const engine::Model& model, const std::string& path, int limit) {
    std::vector<engine::TokenId> tokens = model.tokenizer->encodePlain(readFile(path));
    const auto begin = model.tokenizer->beginToken();
    if (model.tokenizer->addsBeginToken() && begin)
        tokens.insert(tokens.begin(), *begin);
    return atMost(std::move(tokens), limit, "The text " + path);
}

std::vector<engine::TokenId> readTokenIds(const engine::Model& model, const std::string& path, int limit) {
    const auto list = nlohmann::json::parse(readFile(path), nullptr, false); // bad JSON is no list
    if (!list.is_array())
        throw engine::Error("The file " + path + " does not hold a JSON list of token ids.");
    std::vector<engine::TokenId> tokens;
    for (const nlohmann::json& id : list) {
        const std::string which = "Token " + std::to_string(tokens.size() + 1) + " of " + path;
        if (!id.is_number_integer())
            throw engine::Error(which + " is not a whole number.");
        if (id < 0 || id >= model.config.vocabulary)
            throw engine::Error(which + " is " + id.dump() + ", and the model's ids end at " +
                                std::to_string(model.config.vocabulary - 1) + ".");
        tokens.push_back(id.get<engine::TokenId>());
    }
    return atMost(std::move(tokens), limit, "The list " + path);
}

const char* name(engine::CacheMode mode) {
    switch (mode) {
    case engine::CacheMode::Dense:
        return "dense";
    case engine::CacheMode::Window:
        return "window";
    case engine::CacheMode::Streaming:
        return "streaming";
    case engine::CacheMode::Recompute:
        return "recompute";
    }
    return "?";
}

double cpuSeconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::uint64_t peakMemoryBytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024; // Linux counts in KiB
}

std::uint64_t memoryBytes() {
    std::uint64_t total = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

} // namespace cli
