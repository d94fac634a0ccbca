#include "engine/model_config.h"

#include "engine/gguf_file.h"
#include "engine/model/families.h"
#include "engine/presentable.h"
#include "engine/types.h"

#include <algorithm>
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
    const std::vector<int> kvHeads =
        keys.perLayer("attention.head_count_kv", config.layers, 1024, config.heads);
    config.layerConfigs.resize(kvHeads.size());
    for (std::size_t i = 0; i < kvHeads.size(); ++i) {
        if (config.heads % kvHeads[i] != 0)
            file.fail("its " + std::to_string(config.heads) + " attention heads cannot share " +
                      std::to_string(kvHeads[i]) + " key/value heads");
        config.layerConfigs[i].kvHeads = kvHeads[i];
        config.kvHeads = std::max(config.kvHeads, kvHeads[i]);
    }
    if (config.dim % config.heads != 0 && !file.findUint(keys.key("attention.key_length")))
        file.fail("its width " + std::to_string(config.dim) + " cannot be divided by its " +
                  std::to_string(config.heads) + " heads");
    config.headDim = keys.findInt("attention.key_length", 1024, config.dim / config.heads);
    if (config.headDim < 1 || config.headDim > 1024 || config.headDim % 2 != 0) // values lie in pairs
        file.fail("its heads have an absurd width (" + std::to_string(config.headDim) + ")");
    if (keys.findInt("attention.value_length", 1024, config.headDim) != config.headDim)
        file.fail("its keys and values differ in width, which is not supported");
    config.trainedLength = keys.getInt("context_length", std::numeric_limits<int>::max());
    config.normEpsilon =
        keys.findFloat(config.block.norm == NormKind::Rms ? "attention.layer_norm_rms_epsilon"
                                                          : "attention.layer_norm_epsilon",
                       1e-12, 0.1, 1e-5);
    config.attention.scale = 1.0f / std::sqrt(static_cast<float>(config.headDim));
    for (LayerConfig& layer : config.layerConfigs)
        layer.headDim = config.headDim;
    config.vocabulary = static_cast<int>(file.getTensor("token_embd.weight").matrix().rows);
    const auto* tokens = file.findStrings("tokenizer.ggml.tokens");
    if (tokens && tokens->size() != static_cast<std::size_t>(config.vocabulary))
        file.fail("its vocabulary has " + std::to_string(tokens->size()) + " tokens and its embedding " +
                  std::to_string(config.vocabulary));
}

void readExperts(const Keys& keys, const Family& family, ModelConfig& config) {
    const GgufFile& file = keys.file();
    const auto has = [&](const char* name) {
        return file.findTensor("blk.0." + std::string(name)) != nullptr;
    };
    ExpertsConfig& experts = config.experts;
    experts.count = keys.findCount("expert_count", 1024, 0);
    if (experts.count == 0)
        return;
    if (!family.mixture || keys.findCount("expert_shared_count", 1024, 0) > 0)
        file.fail("it is a mixture of experts of the family " + config.architecture +
                  ", which is not supported");
    experts.used = keys.getInt("expert_used_count", static_cast<std::uint64_t>(experts.count));
    experts.ffnDim = keys.findInt("expert_feed_forward_length", 1 << 20, config.ffnDim);
    const float scale = keys.findFloat("expert_weights_scale", 0, 1e6, 0);
    if (scale != 0 && scale != 1)
        file.fail("it scales its experts' weights, which is not supported");
    experts.fusedGateUp = has("ffn_gate_up_exps.weight");
    experts.bias = has("ffn_gate_inp.bias");
    experts.besideDense = has("ffn_up.weight");
    if (!experts.besideDense)
        config.ffnDim = keys.findCount("expert_shared_feed_forward_length", 1 << 20, 0);
    experts.shared = !experts.besideDense && config.ffnDim > 0;
    experts.sharedGate = experts.shared && has("ffn_gate_inp_shexp.weight");
}

std::vector<float> readFactors(const GgufFile& file, int dim, const char* name) {
    const GgufFile::TensorInfo* factors = file.findTensor(name);
    std::vector<float> values;
    if (!factors)
        return values;
    if (factors->type != kernels::DType::F32 || factors->shape[0] * 2 != dim || factors->matrix().rows != 1)
        file.fail("its tensor " + std::string(name) + " does not fit " + std::to_string(dim) +
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

// LongRoPE (Ding et al. 2024): one set of factors for texts up to the length of the first training, one for longer ones.
void readLongRope(const Keys& keys, const ModelConfig& config, RopeConfig& rope) {
    rope.longFactors = readFactors(keys.file(), rope.dim, "rope_factors_long.weight");
    std::vector<float> factors = readFactors(keys.file(), rope.dim, "rope_factors_short.weight");
    if (rope.longFactors.empty() != factors.empty())
        keys.file().fail("it has only one of the two sets of factors for positions");
    if (factors.empty())
        return;
    rope.factors = std::move(factors);
    rope.scale = 1.0;
    rope.magnitude = keys.findReal("rope.scaling.attn_factor", 1e-3, 1e3, 1.0);
    rope.shortLength = keys.findInt("rope.scaling.original_context_length", std::numeric_limits<int>::max(),
                                    config.trainedLength);
}

void readRope(const Keys& keys, const Family& family, ModelConfig& config) {
    const GgufFile& file = keys.file();
    config.ropePairing = family.ropePairing;
    // GGUF fixes the pairing by architecture. A file may state another one under a key of ours; the toy
    // models of the tests do.
    if (const auto pairing = keys.findString("rope.pairing"))
        config.ropePairing = *pairing == "neox" ? kernels::RopePairing::Neox : kernels::RopePairing::Norm;
    RopeConfig rope;
    rope.dim = keys.findInt("rope.dimension_count", 1024, config.headDim);
    if (rope.dim > config.headDim || rope.dim % 2 != 0)
        file.fail("it rotates " + std::to_string(rope.dim) + " of " + std::to_string(config.headDim) +
                  " values of a head, which cannot be");
    rope.base = keys.findReal("rope.freq_base", 1.0, 1e12, 10000.0);
    const std::string scaling = keys.findString("rope.scaling.type").value_or("linear");
    if (scaling != "none" && scaling != "linear" && scaling != "yarn" && scaling != "longrope")
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
    rope.factors = readFactors(file, rope.dim, "rope_freqs.weight");
    readLongRope(keys, config, rope);
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
    block.layerScale = has("layer_output_scale.weight");
    const GgufFile::TensorInfo* up = file.findTensor("blk.0.ffn_up.weight");
    block.fusedGateUp =
        block.gated && !has("ffn_gate.weight") && up && up->matrix().rows == 2 * config.ffnDim;
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
    if (family.refuse)
        family.refuse(keys);
    readShape(file, keys, config);
    readExperts(keys, family, config);
    readRope(keys, family, config);
    readBlock(file, family, config);
    if (family.read)
        family.read(keys, config);
    checkTensors(file, config);
    return config;
}

int ModelConfig::usualCacheTokens() const {
    int tokens = std::min(trainedLength, UsualCacheTokens);
    // A full cache and the query behind it have to fit the factors for short texts, which are the better trained ones.
    for (const RopeConfig& rope : ropes)
        if (!rope.longFactors.empty() && tokens == rope.shortLength)
            tokens = rope.shortLength - 1;
    return tokens;
}

std::size_t ModelConfig::kvBytesPerToken(kernels::KvType type) const {
    std::size_t bytes = 0;
    for (const LayerConfig& layer : layerConfigs) {
        const auto values = static_cast<std::size_t>(layer.headDim);
        std::size_t row = values * 4;
        if (type == kernels::KvType::F16)
            row = values * 2;
        if (type == kernels::KvType::Q8_0)
            row = (values + 31) / 32 * 34;
        bytes += 2 * static_cast<std::size_t>(layer.kvHeads) * row;
    }
    return bytes;
}

} // namespace engine
