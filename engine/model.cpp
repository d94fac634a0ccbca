#include "engine/model.h"

#include "engine/error.h"
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
    ModelInfo info;
    info.path = file.path();
    info.name = model.config.displayName;
    info.quantisation = model.config.quantisation;
    info.device = model.backend->info().name;
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

} // namespace

Model::~Model() = default;

std::shared_ptr<const Model> Model::load(const std::filesystem::path& path, const LoadOptions& options,
                                         const std::function<void(float)>& progress, std::stop_token stop) {
    const auto file = GgufFile::open(path);
    auto model = std::make_shared<Model>();
    model->config = ModelConfig::fromGguf(*file);
    model->chatFormat = chooseFormat(*file, options.chatFormat);
    model->tokenizer = Tokenizer::fromGguf(*file, model->chatFormat);
    const ModelConfig& c = model->config;
    if (model->tokenizer->vocabularySize() > c.vocabulary)
        throw Error("The tokenizer of " + path.filename().string() +
                    " knows more tokens than its weights do.");
    model->backend = kernels::makeBackend(options.device);

    if (!model->weights.load(*file, c, *model->backend, progress, stop))
        return nullptr;
    model->info = describe(*model, *file);
    return model;
}

} // namespace engine
