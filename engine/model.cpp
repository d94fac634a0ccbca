#include "engine/model.h"

#include "engine/error.h"
#include "kernels/cpu_backend.h"

#include <cstring>

namespace engine {
namespace {

using kernels::Buffer;
using kernels::Weight;

/// Takes tensors out of the file one by one, checks their shapes, hands them to the backend and counts the
/// bytes for the progress.
class Loader {
public:
    Loader(const GgufFile& file, kernels::Backend& backend, const std::function<void(float)>& progress,
           std::stop_token stop)
        : m_file(file), m_backend(backend), m_progress(progress), m_stop(std::move(stop)) {
        for (const auto& tensor : file.tensors())
            m_total += tensor.data.size();
    }

    bool stopped() const { return m_stop.stop_requested(); }
    std::uint64_t weightBytes() const { return m_weightBytes; }

    std::unique_ptr<Weight> matrix(const std::string& name, std::int64_t rows, std::int64_t cols) {
        const auto& tensor = m_file.getTensor(name);
        check(tensor, rows, cols);
        auto weight = m_backend.makeWeight(tensor.matrix());
        m_weightBytes += weight->bytes();
        done(tensor);
        return weight;
    }

    std::unique_ptr<Buffer> vector(const std::string& name, std::int64_t size) {
        const auto& tensor = m_file.getTensor(name);
        check(tensor, 1, size);
        if (tensor.type != kernels::DType::F32)
            throw Error("Tensor " + name + " is " + kernels::name(tensor.type) + "; it has to be F32.");
        std::vector<float> values(static_cast<std::size_t>(size));
        std::memcpy(values.data(), tensor.data.data(), values.size() * sizeof(float));
        auto buffer = m_backend.makeBuffer(1, size);
        m_backend.write(buffer->tensor(), values);
        m_weightBytes += values.size() * sizeof(float);
        done(tensor);
        return buffer;
    }

private:
    static void check(const GgufFile::TensorInfo& tensor, std::int64_t rows, std::int64_t cols) {
        const kernels::HostMatrix matrix = tensor.matrix();
        if (matrix.rows == rows && matrix.cols == cols)
            return;
        throw Error("Tensor " + tensor.name + " is " + std::to_string(matrix.rows) + " x " +
                    std::to_string(matrix.cols) + ", but the model's numbers ask for " +
                    std::to_string(rows) + " x " + std::to_string(cols) + ".");
    }

    void done(const GgufFile::TensorInfo& tensor) {
        m_file.release(tensor);
        m_read += tensor.data.size();
        if (m_progress && m_total > 0)
            m_progress(static_cast<float>(m_read) / static_cast<float>(m_total));
    }

    const GgufFile& m_file;
    kernels::Backend& m_backend;
    const std::function<void(float)>& m_progress;
    std::stop_token m_stop;
    std::uint64_t m_total = 0, m_read = 0, m_weightBytes = 0;
};

Model::Layer loadLayer(Loader& loader, const ModelConfig& c, int index) {
    const std::string prefix = "blk." + std::to_string(index) + ".";
    const std::int64_t queryDim = std::int64_t{c.heads} * c.headDim;
    const std::int64_t kvDim = std::int64_t{c.kvHeads} * c.headDim;
    Model::Layer layer;
    layer.attentionNorm = loader.vector(prefix + "attn_norm.weight", c.dim);
    layer.query = loader.matrix(prefix + "attn_q.weight", queryDim, c.dim);
    layer.key = loader.matrix(prefix + "attn_k.weight", kvDim, c.dim);
    layer.value = loader.matrix(prefix + "attn_v.weight", kvDim, c.dim);
    if (c.hasQkvBias) {
        layer.queryBias = loader.vector(prefix + "attn_q.bias", queryDim);
        layer.keyBias = loader.vector(prefix + "attn_k.bias", kvDim);
        layer.valueBias = loader.vector(prefix + "attn_v.bias", kvDim);
    }
    if (c.hasQkNorm) {
        layer.queryNorm = loader.vector(prefix + "attn_q_norm.weight", c.headDim);
        layer.keyNorm = loader.vector(prefix + "attn_k_norm.weight", c.headDim);
    }
    layer.attentionOut = loader.matrix(prefix + "attn_output.weight", c.dim, queryDim);
    layer.ffnNorm = loader.vector(prefix + "ffn_norm.weight", c.dim);
    layer.gate = loader.matrix(prefix + "ffn_gate.weight", c.ffnDim, c.dim);
    layer.up = loader.matrix(prefix + "ffn_up.weight", c.ffnDim, c.dim);
    layer.down = loader.matrix(prefix + "ffn_down.weight", c.dim, c.ffnDim);
    return layer;
}

ChatFormat chooseFormat(const GgufFile& file, const std::string& wanted) {
    if (wanted.empty())
        return ChatFormat::detect(file);
    if (auto format = ChatFormat::byName(wanted))
        return *format;
    throw Error("There is no chat format called \"" + wanted + "\".");
}

ModelInfo describe(const Model& model, const GgufFile& file, std::uint64_t weightBytes) {
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
    info.weightBytes = weightBytes;
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
    model->tokenizer = Tokenizer::fromGguf(*file);
    model->chatFormat = chooseFormat(*file, options.chatFormat);
    const ModelConfig& c = model->config;
    if (model->tokenizer->vocabularySize() > c.vocabulary)
        throw Error("The tokenizer of " + path.filename().string() +
                    " knows more tokens than its weights do.");
    model->backend = kernels::makeCpuBackend(
        {.threads = options.threads, .activations = options.activations, .isa = options.isa});

    Loader loader(*file, *model->backend, progress, std::move(stop));
    model->embedding = loader.matrix("token_embd.weight", c.vocabulary, c.dim);
    for (int i = 0; i < c.layers && !loader.stopped(); ++i)
        model->layers.push_back(loadLayer(loader, c, i));
    if (loader.stopped())
        return nullptr;
    model->outputNorm = loader.vector("output_norm.weight", c.dim);
    if (!c.tiedOutput)
        model->output = loader.matrix("output.weight", c.vocabulary, c.dim);
    model->info = describe(*model, *file, loader.weightBytes());
    return model;
}

} // namespace engine
