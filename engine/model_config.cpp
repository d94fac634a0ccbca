#include "engine/model_config.h"
#include "engine/gguf_file.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace engine {

namespace {

// A decoder-only transformer with RMS norms before attention and feed-forward, a gated feed-forward and RoPE.
// What differs between families of that shape stands here; another one is another line.
struct Architecture {
    const char* name;
    kernels::RopePairing ropePairing;
    kernels::Activation activation;
    bool mayHaveQkvBias;
    bool mayHaveQkNorm;
};

constexpr Architecture architectures[] = {
    {"llama", kernels::RopePairing::Norm, kernels::Activation::Silu, true, false},
};

const Architecture& architectureOf(const GgufFile& file) {
    const std::string name = file.getString("general.architecture");
    std::string known;
    for (const Architecture& architecture : architectures) {
        if (name == architecture.name)
            return architecture;
        known += (known.empty() ? "" : ", ") + std::string(architecture.name);
    }
    file.fail("it holds a " + name + " model; Sumidero can run: " + known);
}

/// Hyperparameters under the architecture's prefix, each within its bounds.
class Keys {
public:
    Keys(const GgufFile& file, std::string prefix) : m_file(file), m_prefix(std::move(prefix)) {}

    std::string key(const char* name) const { return m_prefix + "." + name; }

    int getInt(const char* name, std::uint64_t most) const {
        return checked(name, m_file.getUint(key(name)), most);
    }
    int findInt(const char* name, std::uint64_t most, int otherwise) const {
        const auto value = m_file.findUint(key(name));
        return value ? checked(name, *value, most) : otherwise;
    }
    double findReal(const char* name, double least, double most, double otherwise) const {
        const auto value = m_file.findFloat(key(name));
        if (!value)
            return otherwise;
        if (!(*value >= least && *value <= most)) // also false for NaN
            m_file.fail("its " + key(name) + " is absurd (" + std::to_string(*value) + ")");
        return *value;
    }
    std::optional<std::string> findString(const char* name) const { return m_file.findString(key(name)); }

private:
    int checked(const char* name, std::uint64_t value, std::uint64_t most) const {
        if (value < 1 || value > most)
            m_file.fail("its " + key(name) + " is absurd (" + std::to_string(value) + ")");
        return static_cast<int>(value);
    }

    const GgufFile& m_file;
    std::string m_prefix;
};

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
        file.fail("it is a mixture of experts, which is not supported");
    config.trainedLength = keys.getInt("context_length", std::numeric_limits<int>::max());
    config.normEpsilon =
        static_cast<float>(keys.findReal("attention.layer_norm_rms_epsilon", 1e-12, 0.1, 1e-5));
    config.vocabulary = static_cast<int>(file.getTensor("token_embd.weight").matrix().rows);
    const auto* tokens = file.findStrings("tokenizer.ggml.tokens");
    if (tokens && tokens->size() != static_cast<std::size_t>(config.vocabulary))
        file.fail("its vocabulary has " + std::to_string(tokens->size()) + " tokens and its embedding " +
                  std::to_string(config.vocabulary));
}

void readRope(const GgufFile& file, const Keys& keys, const Architecture& architecture, ModelConfig& config) {
    config.ropePairing = architecture.ropePairing;
    // GGUF fixes the pairing by architecture. A file may state another one under a key of ours; the toy
    // models of the tests do.
    if (const auto pairing = keys.findString("rope.pairing"))
        config.ropePairing = *pairing == "neox" ? kernels::RopePairing::Neox : kernels::RopePairing::Norm;
    config.ropeDim = keys.findInt("rope.dimension_count", 1024, config.headDim);
    if (config.ropeDim > config.headDim || config.ropeDim % 2 != 0)
        file.fail("it rotates " + std::to_string(config.ropeDim) + " of " + std::to_string(config.headDim) +
                  " values of a head, which cannot be");
    config.ropeBase = keys.findReal("rope.freq_base", 1.0, 1e12, 10000.0);
    const std::string scaling = keys.findString("rope.scaling.type").value_or("linear");
    if (scaling != "none" && scaling != "linear")
        file.fail("it stretches positions by the method " + scaling + ", which is not supported");
    const double oldFactor = keys.findReal("rope.scale_linear", 0.0, 1e6, 0.0);
    const double factor = keys.findReal("rope.scaling.factor", 0.0, 1e6, oldFactor);
    config.ropeScale = scaling == "none" || factor == 0.0 ? 1.0 : factor; // 0 stands for "none" in some files
    if (const GgufFile::TensorInfo* factors = file.findTensor("rope_freqs.weight")) {
        if (factors->type != kernels::DType::F32 || factors->shape[0] * 2 != config.ropeDim ||
            factors->matrix().rows != 1)
            file.fail("its tensor rope_freqs.weight does not fit " + std::to_string(config.ropeDim) +
                      " rotated values");
        for (std::int64_t i = 0; i < factors->shape[0]; ++i) {
            float value;
            std::memcpy(&value, factors->data.data() + i * static_cast<std::int64_t>(sizeof value),
                        sizeof value);
            if (!(value > 0.0f) || !std::isfinite(value))
                file.fail("its tensor rope_freqs.weight holds an absurd value");
            config.ropeFrequencyFactors.push_back(value);
        }
    }
}

} // namespace

ModelConfig ModelConfig::fromGguf(const GgufFile& file) {
    const Architecture& architecture = architectureOf(file);
    if (const auto parts = file.findUint("split.count"); parts && *parts > 1)
        file.fail("it is one of " + std::to_string(*parts) +
                  " parts of a model, and models in parts are not supported");
    const Keys keys(file, architecture.name);
    ModelConfig config;
    config.architecture = architecture.name;
    config.displayName = engine::displayName(file);
    config.quantisation = quantisationLabel(file);
    config.activation = architecture.activation;
    readShape(file, keys, config);
    readRope(file, keys, architecture, config);
    config.tiedOutput = !file.findTensor("output.weight");
    config.hasQkvBias = architecture.mayHaveQkvBias && file.findTensor("blk.0.attn_q.bias");
    config.hasQkNorm = architecture.mayHaveQkNorm && file.findTensor("blk.0.attn_q_norm.weight");
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
