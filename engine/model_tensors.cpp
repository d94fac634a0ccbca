#include "engine/gguf_file.h"
#include "engine/model_config.h"

#include <map>

namespace engine {

namespace {

using Shape = std::vector<std::int64_t>;

enum class Kind { Matrix, Vector };

struct Demand {
    Shape shape;
    Kind kind;
};

std::map<std::string, Demand, std::less<>> demandsOf(const ModelConfig& config) {
    const std::int64_t dim = config.dim, ffn = config.ffnDim;
    const std::int64_t queries = std::int64_t{config.heads} * config.headDim;
    const std::int64_t keys = std::int64_t{config.kvHeads} * config.headDim;
    std::map<std::string, Demand, std::less<>> demands;
    const auto matrix = [&](const std::string& name, std::int64_t columns, std::int64_t rows) {
        demands[name] = {{columns, rows}, Kind::Matrix};
    };
    const auto vector = [&](const std::string& name, std::int64_t length) {
        demands[name] = {{length}, Kind::Vector};
    };
    matrix("token_embd.weight", dim, config.vocabulary);
    vector("output_norm.weight", dim);
    if (!config.tiedOutput)
        matrix("output.weight", dim, config.vocabulary);
    if (!config.ropeFrequencyFactors.empty())
        vector("rope_freqs.weight", config.ropeDim / 2);
    for (int layer = 0; layer < config.layers; ++layer) {
        const std::string block = "blk." + std::to_string(layer) + ".";
        vector(block + "attn_norm.weight", dim);
        matrix(block + "attn_q.weight", dim, queries);
        matrix(block + "attn_k.weight", dim, keys);
        matrix(block + "attn_v.weight", dim, keys);
        matrix(block + "attn_output.weight", queries, dim);
        vector(block + "ffn_norm.weight", dim);
        matrix(block + "ffn_gate.weight", dim, ffn);
        matrix(block + "ffn_up.weight", dim, ffn);
        matrix(block + "ffn_down.weight", ffn, dim);
        if (config.hasQkvBias) {
            vector(block + "attn_q.bias", queries);
            vector(block + "attn_k.bias", keys);
            vector(block + "attn_v.bias", keys);
        }
        if (config.hasQkNorm) {
            vector(block + "attn_q_norm.weight", config.headDim);
            vector(block + "attn_k_norm.weight", config.headDim);
        }
    }
    return demands;
}

std::string describe(const Shape& shape) {
    std::string text;
    for (const std::int64_t length : shape)
        text += (text.empty() ? "" : " x ") + std::to_string(length);
    return text;
}

Shape withoutTrailingOnes(Shape shape) {
    while (shape.size() > 1 && shape.back() == 1)
        shape.pop_back();
    return shape;
}

/// Left over in some old files; computed, not read, by everybody.
bool isSuperfluous(std::string_view name) {
    return name.ends_with(".attn_rot_embd") || name.ends_with(".attn_rot_embd.weight");
}

} // namespace

void checkTensors(const GgufFile& file, const ModelConfig& config) {
    const auto demands = demandsOf(config);
    for (const auto& [name, demand] : demands) {
        const GgufFile::TensorInfo* tensor = file.findTensor(name);
        if (!tensor)
            file.fail("it lacks the tensor " + name);
        if (withoutTrailingOnes(tensor->shape) != withoutTrailingOnes(demand.shape))
            file.fail("its tensor " + name + " has the shape " + describe(tensor->shape) +
                      " and should have " + describe(demand.shape));
        if (demand.kind == Kind::Vector && tensor->type != kernels::DType::F32)
            file.fail("its tensor " + name + " is stored as " + kernels::name(tensor->type) +
                      " and should be F32");
    }
    for (const GgufFile::TensorInfo& tensor : file.tensors())
        if (!demands.contains(tensor.name) && !isSuperfluous(tensor.name))
            file.fail("it holds the tensor " + tensor.name + ", which is unknown in a " +
                      config.architecture + " model");
}

} // namespace engine
