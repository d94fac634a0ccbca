#include "engine/model_config.h"

#include "engine/gguf_file.h"
#include "engine/model/families.h"
#include "engine/presentable.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace engine {

namespace {

void readShape(const GgufFile& file, const Keys& keys, ModelConfig& config) {
    config.layers = keys.getInt("block_count", 1024);
    config.dim = keys.getInt("embedding_length", 1 << 17);
    config.ffnDim = keys.getInt("feed_forward_length", 1 << 20);
    config.heads = keys.getInt("attention.head_count", 1024);
    config.kvHeads = keys.findInt("attention.head_count_kv", 1024, config.heads);
    if (config.heads % config.kvHeads != 0)
        file.fail("its " + std::to_string(config.heads) + " attention heads cannot share " +
                  std::to_string(config.kvHeads) + " key/value heads");
    if (config.dim % config.heads != 0 && !file.findUint(keys.key("attention.key_length")))
        file.fail("its width " + std::to_string(config.dim) + " cannot be divided by its " +
                  std::to_string(config.heads) + " heads");
    config.headDim = keys.findInt("attention.key_length", 1024, config.dim / config.heads);
    if (config.headDim < 1 || config.headDim > 1024)
        file.fail("its heads have an absurd width (" + std::to_string(config.headDim) + ")");
    if (keys.findInt("attention.value_length", 1024, config.headDim) != config.headDim)
        file.fail("its keys and values differ in width, which is not supported");
    if (const auto experts = file.findUint(keys.key("expert_count")); experts && *experts > 0)
        file.fail("it is a mixture of experts of the family " + config.architecture +
                  ", which is not supported");
    config.trainedLength = keys.getInt("context_length", std::numeric_limits<int>::max());
    config.normEpsilon =
        keys.findFloat(config.block.norm == NormKind::Rms ? "attention.layer_norm_rms_epsilon"
                                                          : "attention.layer_norm_epsilon",
                       1e-12, 0.1, 1e-5);
    config.attention.scale = 1.0f / std::sqrt(static_cast<float>(config.headDim));
    config.layerConfigs.resize(static_cast<std::size_t>(config.layers));
    config.vocabulary = static_cast<int>(file.getTensor("token_embd.weight").matrix().rows);
    const auto* tokens = file.findStrings("tokenizer.ggml.tokens");
    if (tokens && tokens->size() != static_cast<std::size_t>(config.vocabulary))
        file.fail("its vocabulary has " + std::to_string(tokens->size()) + " tokens and its embedding " +
                  std::to_string(config.vocabulary));
}

std::vector<float> readFactors(const GgufFile& file, const ModelConfig& config, const char* name) {
    const GgufFile::TensorInfo* factors = file.findTensor(name);
    std::vector<float> values;
    if (!factors)
        return values;
    if (factors->type != kernels::DType::F32 || factors->shape[0] * 2 != config.ropeDim ||
        factors->matrix().rows != 1)
        file.fail("its tensor " + std::string(name) + " does not fit " + std::to_string(config.ropeDim) +
                  " rotated values");
    std::vector<std::byte> bytes;
    file.read(*factors, bytes);
    for (std::int64_t i = 0; i < factors->shape[0]; ++i) {
        float value;
        std::memcpy(&value, bytes.data() + i * static_cast<std::int64_t>(sizeof value), sizeof value);
        if (!(value > 0.0f) || !std::isfinite(value))
            file.fail("its tensor " + std::string(name) + " holds an absurd value");
        values.push_back(value);
    }
    return values;
}

RopeConfig::Yarn readYarn(const Keys& keys, const ModelConfig& config, double factor) {
    return {.factor = factor,
            .trainedLength = keys.findInt("rope.scaling.original_context_length",
                                          std::numeric_limits<int>::max(), config.trainedLength),
            .betaFast = keys.findReal("rope.scaling.yarn_beta_fast", 1e-3, 1e6, 32.0),
            .betaSlow = keys.findReal("rope.scaling.yarn_beta_slow", 1e-3, 1e6, 1.0)};
}

// What YaRN multiplies queries and keys with, so that attention stays as sharp as it was.
double yarnMagnitude(const Keys& keys, double factor) {
    const double grown = 0.1 * std::log(factor);
    const double multiplier = keys.findReal("rope.scaling.yarn_log_multiplier", 0.0, 1e3, 0.0);
    return (grown + 1.0) / (multiplier == 0.0 ? 1.0 : multiplier * grown + 1.0);
}

void readRope(const Keys& keys, const Family& family, ModelConfig& config) {
    const GgufFile& file = keys.file();
    config.ropePairing = family.ropePairing;
    // GGUF fixes the pairing by architecture. A file may state another one under a key of ours; the toy
    // models of the tests do.
    if (const auto pairing = keys.findString("rope.pairing"))
        config.ropePairing = *pairing == "neox" ? kernels::RopePairing::Neox : kernels::RopePairing::Norm;
    config.ropeDim = keys.findInt("rope.dimension_count", 1024, config.headDim);
    if (config.ropeDim > config.headDim || config.ropeDim % 2 != 0)
        file.fail("it rotates " + std::to_string(config.ropeDim) + " of " + std::to_string(config.headDim) +
                  " values of a head, which cannot be");
    RopeConfig rope;
    rope.base = keys.findReal("rope.freq_base", 1.0, 1e12, 10000.0);
    const std::string scaling = keys.findString("rope.scaling.type").value_or("linear");
    if (scaling != "none" && scaling != "linear" && scaling != "yarn")
        file.fail("it stretches positions by the method " + presentable(scaling) +
                  ", which is not supported");
    const double oldFactor = keys.findReal("rope.scale_linear", 0.0, 1e6, 0.0);
    double factor = keys.findReal("rope.scaling.factor", 0.0, 1e6, oldFactor);
    if (factor == 0.0 || scaling == "none") // 0 stands for "none" in some files
        factor = 1.0;
    if (scaling == "yarn" && factor > 1.0) {
        rope.yarn = readYarn(keys, config, factor);
        rope.magnitude =
            yarnMagnitude(keys, factor) * keys.findReal("rope.scaling.attn_factor", 1e-3, 1e3, 1.0);
    } else if (scaling != "yarn") {
        rope.scale = factor;
    }
    rope.factors = readFactors(file, config, "rope_freqs.weight");
    config.ropes = {std::move(rope)};
}

/// What layer 0 has, every layer has; checkTensors() sees to it.
void readBlock(const GgufFile& file, const Family& family, ModelConfig& config) {
    const auto has = [&](const char* name) {
        return file.findTensor("blk.0." + std::string(name)) != nullptr;
    };
    BlockConfig& block = config.block;
    block.normBias = block.norm == NormKind::Layer && has("attn_norm.bias");
    block.fusedQkv = has("attn_qkv.weight");
    block.qkvBias = family.block.qkvBias && (has("attn_q.bias") || has("attn_qkv.bias"));
    block.outputBias = family.block.outputBias && has("attn_output.bias");
    block.feedForwardBias = family.block.feedForwardBias && has("ffn_up.bias");
    config.tiedOutput = !file.findTensor("output.weight");
    config.outputBias = family.outputBias && file.findTensor("output.bias");
}

} // namespace

ModelConfig ModelConfig::fromGguf(const GgufFile& file) {
    const Family& family = familyOf(file);
    const Keys keys(file, family.architecture);
    ModelConfig config;
    config.architecture = family.architecture;
    config.displayName = engine::displayName(file);
    config.quantisation = quantisationLabel(file);
    config.block = family.block;
    readShape(file, keys, config);
    readRope(keys, family, config);
    readBlock(file, family, config);
    if (family.read)
        family.read(keys, config);
    checkTensors(file, config);
    return config;
}

std::size_t ModelConfig::kvBytesPerToken(kernels::KvType type) const {
    const auto rowValues = static_cast<std::size_t>(headDim);
    std::size_t rowBytes = rowValues * 4;
    if (type == kernels::KvType::F16)
        rowBytes = rowValues * 2;
    if (type == kernels::KvType::Q8_0)
        rowBytes = (rowValues + 31) / 32 * 34;
    return 2 * static_cast<std::size_t>(layers) * static_cast<std::size_t>(kvHeads) * rowBytes;
}

} // namespace engine
