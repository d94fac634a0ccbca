#include "engine/model.h"

#include "engine/error.h"
#include "engine/executor.h"
#include "kernels/devices.h"

namespace engine {
namespace {

ChatFormat chooseFormat(const GgufFile& file, const std::string& wanted) {
    if (wanted.empty())
        return ChatFormat::detect(file);
    if (auto format = ChatFormat::byName(wanted))
        return *format;
    throw Error("There is no chat format called \"" + wanted + "\".");
}

ModelInfo describe(const Model& model, const GgufFile& file) {
    ModelInfo info = model.info;
    info.path = file.path();
    info.name = model.config.displayName;
    info.quantisation = model.config.quantisation;
    info.device = model.backend->info().name;
    info.deviceLayers = model.config.layers - model.weights.firstLayerOfDevice;
    // The share first: names of devices are long, and cut at their end where there is little room.
    if (model.otherBackend)
        info.device = std::to_string(info.deviceLayers) + " of " + std::to_string(model.config.layers) +
                      " layers on " + info.device + ", the others on the CPU";
    info.chatFormat = model.chatFormat.name;
    info.defaultSystem = model.chatFormat.defaultSystem;
    info.trainedLength = model.config.trainedLength;
    info.layers = model.config.layers;
    info.heads = model.config.heads;
    info.fileBytes = file.fileBytes();
    info.weightBytes = model.weights.bytes;
    info.tokenizer = model.tokenizer;
    return info;
}

/// FNV-1a of the file's size and of every tensor's name, shape, type and first numbers: versions of a model differ in their numbers only.
std::uint64_t identify(const GgufFile& file) {
    constexpr std::size_t looked = 1024; // bytes of a tensor
    std::uint64_t hash = 0xCBF29CE484222325u;
    const auto add = [&](const auto* values, std::size_t bytes) {
        for (const std::byte byte : std::as_bytes(std::span(values, bytes / sizeof *values)))
            hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001B3u;
    };
    const std::uint64_t fileBytes = file.fileBytes();
    add(&fileBytes, sizeof fileBytes);
    std::vector<std::byte> first;
    for (const GgufFile::TensorInfo& tensor : file.tensors()) {
        add(tensor.name.data(), tensor.name.size());
        add(&tensor.type, sizeof tensor.type);
        add(tensor.shape.data(), tensor.shape.size() * sizeof tensor.shape[0]);
        first.resize(std::min(looked, static_cast<std::size_t>(tensor.bytes)));
        file.read(tensor, std::span(first));
        add(first.data(), first.size());
    }
    return hash;
}

/// On the device asked for, or on the CPU where that one fails; then info.deviceProblem says why.
void loadWeights(Model& model, const GgufFile& file, const LoadOptions& options,
                 const std::function<void(float)>& progress) {
    kernels::DeviceOptions device = options.device;
    if (device.device == "auto")
        device.device = kernels::suitableDevice(kernels::listDevices(), file.fileBytes());
    if (device.device.empty())
        device.device = "cpu";
    model.info.deviceName = device.device;
    if (device.device != "cpu")
        try {
            model.backend = kernels::makeBackend(device);
            const auto makeOther = [&]() -> kernels::Backend& {
                model.otherBackend = kernels::makeCpuBackend(device.cpu);
                return *model.otherBackend;
            };
            const int tokens =
                options.cacheTokens > 0 ? options.cacheTokens : model.config.usualCacheTokens();
            model.weights.loadFromTheEnd(file, model.config, *model.backend,
                                         {options.deviceLayers, options.mayBeSplit, tokens, makeOther},
                                         progress);
            return;
        } catch (const Error&) { // of the file
            throw;
        } catch (const std::runtime_error& error) {
            model.info.deviceProblem = Error(error.what()).what(); // as people may see it
            model.weights = {};
            model.otherBackend.reset();
            model.backend.reset();
            model.info.deviceName = device.device = "cpu";
        }
    model.backend = kernels::makeBackend(device);
    model.weights.load(file, model.config, *model.backend, progress);
}

std::shared_ptr<Model> read(const GgufFile& file, const LoadOptions& options,
                            const std::function<void(float)>& progress) {
    auto model = std::make_shared<Model>();
    model->config = ModelConfig::fromGguf(file);
    model->chatFormat = chooseFormat(file, options.chatFormat);
    model->tokenizer = Tokenizer::fromGguf(file, model->chatFormat);
    const ModelConfig& c = model->config;
    if (model->tokenizer->vocabularySize() > c.vocabulary)
        throw Error("The tokenizer of " + file.path().filename().string() +
                    " knows more tokens than its weights do.");
    loadWeights(*model, file, options, progress);
    model->executor =
        std::make_unique<Executor>(c, model->weights, *model->backend, model->otherBackend.get());
    model->identity = identify(file);
    model->info = describe(*model, file);
    model->options = options;
    return model;
}

std::shared_ptr<Model> loadModel(const std::filesystem::path& path, const LoadOptions& options,
                                 const std::function<void(float)>& progress, std::stop_token stop) {
    try {
        return read(*GgufFile::open(path, std::move(stop)), options, progress);
    } catch (const Stopped&) {
        return nullptr;
    }
}

} // namespace

Model::Model() = default;
Model::~Model() = default;

std::shared_ptr<const Model> Model::load(const std::filesystem::path& path, const LoadOptions& options,
                                         const std::function<void(float)>& progress, std::stop_token stop) {
    return loadModel(path, options, progress, std::move(stop));
}

std::uint64_t Model::takeBytesRead() const {
    return backend->takeBytesRead() + (otherBackend ? otherBackend->takeBytesRead() : 0);
}

std::shared_ptr<const Model> Model::loadOnCpu(const std::string& problem, std::stop_token stop) const {
    LoadOptions onCpu = options;
    onCpu.device.device = "cpu";
    const auto model = loadModel(info.path, onCpu, {}, std::move(stop));
    if (model)
        model->info.deviceProblem = problem;
    return model;
}

} // namespace engine
