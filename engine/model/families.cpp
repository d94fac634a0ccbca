#include "engine/model/families.h"

#include "engine/presentable.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

// Sources: the families' reference implementations and the GGUF files' own keys. Each entry is tested against logits of an
// independent implementation (tests/engine/family_test.cpp).
namespace engine {
namespace {

using kernels::Activation;
using kernels::RopePairing;

// Every `period`th layer sees everything, the others only `window` positions.
void slide(ModelConfig& config, int window, int period, int firstFull) {
    if (window <= 0)
        return;
    for (int i = 0; i < config.layers; ++i)
        if (i % period != firstFull)
            config.layerConfigs[static_cast<std::size_t>(i)].window = window;
}

// As a list of the file says.
void slideBy(const std::vector<bool>& sliding, ModelConfig& config, int window) {
    for (std::size_t i = 0; i < sliding.size(); ++i)
        if (sliding[i])
            config.layerConfigs[i].window = window;
}

void readGranite(const Keys& keys, ModelConfig& config) {
    const auto factor = [&](const char* name) {
        const float value = keys.findFloat(name, 0, 1e6, 0);
        return value == 0 ? 1.0f : value;
    };
    config.embeddingScale = factor("embedding_scale");
    config.residualScale = factor("residual_scale");
    config.logitScale = 1 / factor("logit_scale");
    const float scale = keys.findFloat("attention.scale", 0, 1e3, 0);
    if (scale > 0)
        config.attention.scale = scale;
    if (keys.findBool("rope.scaling.finetuned") == false)
        for (LayerConfig& layer : config.layerConfigs)
            layer.rope = NoRope;
}

void readSmolLm3(const Keys&, ModelConfig& config) {
    for (int i = 3; i < config.layers; i += 4)
        config.layerConfigs[static_cast<std::size_t>(i)].rope = NoRope;
}

void readMpt(const Keys& keys, ModelConfig& config) {
    config.attention.maxAlibiBias = keys.findFloat("attention.max_alibi_bias", 0, 1e3, 0);
    config.block.clampQkv = keys.findFloat("attention.clamp_kqv", 0, 1e6, 0);
    if (config.attention.maxAlibiBias == 0)
        keys.file().fail("it marks positions in a way that Sumidero does not know");
    for (LayerConfig& layer : config.layerConfigs)
        layer.rope = NoRope;
}

void readNeox(const Keys& keys, ModelConfig& config) {
    if (keys.findBool("use_parallel_residual") == false)
        config.block.order = BlockOrder::Sequential;
}

// 40B and 180B have a norm for each branch, and `attn_norm` is the feed-forward's then.
void readFalcon(const Keys& keys, ModelConfig& config) {
    if (!keys.file().findTensor("blk.0.attn_norm_2.weight"))
        return;
    config.block.order = BlockOrder::Parallel;
    config.block.attentionNorm = "attn_norm_2";
    config.block.feedForwardNorm = "attn_norm";
}

void readStableLm(const Keys& keys, ModelConfig& config) {
    if (!keys.file().findTensor("blk.0.ffn_norm.weight"))
        config.block.order = BlockOrder::ParallelOneNorm;
    if (keys.file().findTensor("blk.0.attn_q_norm.weight")) // 12B
        config.block.queryKeyNorm = QueryKeyNorm::OwnForEachHead;
}

// Queries grow with the logarithm of their place, from the length of the first training on (Llama 4's temperature).
void readMistral3(const Keys& keys, ModelConfig& config) {
    config.attention.temperature = keys.findFloat("attention.temperature_scale", 0, 1e3, 0);
    config.attention.temperatureLength = keys.findInt("rope.scaling.original_context_length",
                                                      std::numeric_limits<int>::max(), config.trainedLength);
    if (config.attention.temperature > 0 && config.ropes[0].dim != config.headDim)
        keys.file().fail("its queries have a temperature and are rotated in part, which is not supported");
}

// Every fourth layer sees everything, unless a list says otherwise. False: no layer slides.
bool slideByFours(const Keys& keys, ModelConfig& config) {
    const int window = keys.findCount("attention.sliding_window", 1 << 24, 0);
    if (const auto sliding = keys.findSliding(config.layers))
        slideBy(*sliding, config, window);
    else
        slide(config, window, 4, 3);
    return window > 0;
}

// OLMo 3 has the architecture of OLMo 2 and slides; only its full layers stretch positions.
void readOlmo2(const Keys& keys, ModelConfig& config) {
    if (!slideByFours(keys, config))
        return;
    config.ropes.push_back({.dim = config.ropes[0].dim, .base = config.ropes[0].base});
    for (LayerConfig& layer : config.layerConfigs)
        layer.rope = layer.window > 0 ? 1 : 0;
}

void readGemma(const Keys&, ModelConfig& config) {
    config.embeddingScale = std::sqrt(static_cast<float>(config.dim));
}

void readGemma2(const Keys& keys, ModelConfig& config) {
    config.embeddingScale = std::sqrt(static_cast<float>(config.dim));
    config.attention.softcap = keys.findFloat("attn_logit_softcapping", 0, 1e4, 50);
    config.logitSoftcap = keys.findFloat("final_logit_softcapping", 0, 1e4, 30);
    if (config.layers == 46) // 27B: no key says it
        config.attention.scale = 1 / std::sqrt(static_cast<float>(config.dim / config.heads));
    slide(config, keys.findCount("attention.sliding_window", 1 << 24, 4096), 2, 1);
}

void readGemma3(const Keys& keys, ModelConfig& config) {
    config.embeddingScale = std::sqrt(static_cast<float>(config.dim));
    config.logitSoftcap = keys.findFloat("final_logit_softcapping", 0, 1e4, 0);
    if (config.layers == 62) // 27B
        config.attention.scale = 1 / std::sqrt(static_cast<float>(config.dim / config.heads));
    slide(config, keys.findCount("attention.sliding_window", 1 << 24, 0), 6, 5);
    config.ropes.push_back(
        {.dim = config.ropes[0].dim, .base = keys.findReal("rope.freq_base_swa", 1.0, 1e12, 10000.0)});
    for (LayerConfig& layer : config.layerConfigs)
        layer.rope = layer.window > 0 ? 1 : 0;
}

// Cohere's models: here the key is a factor.
void readCommandR(const Keys& keys, ModelConfig& config) {
    const float scale = keys.findFloat("logit_scale", 0, 1e6, 0);
    config.logitScale = scale == 0 ? 1.0f : scale;
    if (keys.file().findTensor("blk.0.attn_q_norm.weight")) // R+
        config.block.queryKeyNorm = QueryKeyNorm::OwnForEachHead;
}

// Where some layers slide, those that see everything know no positions.
void readExaone4(const Keys& keys, ModelConfig& config) {
    if (slideByFours(keys, config))
        for (LayerConfig& layer : config.layerConfigs)
            layer.rope = layer.window > 0 ? 0 : NoRope;
}

void readCohere2(const Keys& keys, ModelConfig& config) {
    readCommandR(keys, config);
    readExaone4(keys, config);
}

// Weights of experts are shares of all experts, and stay that.
void readSharesOfAll(const Keys&, ModelConfig& config) {
    config.experts.weights = kernels::ExpertWeights::OfAll;
}

// Even layers look back 128 tokens. The ramp of YaRN is not rounded: no key says so.
void readGptOss(const Keys& keys, ModelConfig& config) {
    config.attention.learnedSinks = true;
    slide(config, keys.findCount("attention.sliding_window", 1 << 24, 128), 2, 1);
    if (config.ropes[0].yarn)
        config.ropes[0].yarn->wholeBounds = false;
}

void refuseGemma4(const Keys& keys) {
    if (keys.findCount("embedding_length_per_layer_input", 1 << 20, 0) > 0)
        keys.file().fail(
            "it holds a gemma4 model, and it looks words up again in every layer (per-layer embeddings)");
    if (keys.findCount("attention.shared_kv_layers", 1024, 0) > 0)
        keys.file().fail(
            "it holds a gemma4 model, and some of its layers share keys and values, which is not supported");
}

float readLayerScale(const GgufFile& file, int layer) {
    const GgufFile::TensorInfo* tensor =
        file.findTensor("blk." + std::to_string(layer) + ".layer_output_scale.weight");
    if (!tensor || tensor->type != kernels::DType::F32 || tensor->bytes != sizeof(float))
        return 1;
    std::vector<std::byte> bytes;
    file.read(*tensor, bytes);
    float scale;
    std::memcpy(&scale, bytes.data(), sizeof scale);
    if (!std::isfinite(scale))
        file.fail("its tensor " + tensor->name + " holds an absurd value");
    return scale;
}

// Full layers have wider heads than sliding ones, and may use their keys as values.
void readGemma4(const Keys& keys, ModelConfig& config) {
    config.embeddingScale = std::sqrt(static_cast<float>(config.dim));
    config.logitSoftcap = keys.findFloat("final_logit_softcapping", 0, 1e4, 0);
    config.attention.scale = 1;
    const auto sliding = keys.findSliding(config.layers);
    if (!sliding)
        keys.file().fail("it does not say which of its layers slide");
    slideBy(*sliding, config, keys.getInt("attention.sliding_window", 1 << 24));
    const int narrow = keys.findInt("attention.key_length_swa", 1024, config.headDim),
              rotated = keys.findInt("rope.dimension_count_swa", 1024, narrow);
    if (rotated > narrow || rotated % 2 != 0 || narrow > config.headDim || narrow % 2 != 0)
        keys.file().fail("its sliding layers have heads of an absurd width");
    config.ropes.push_back({.dim = rotated, .base = keys.findReal("rope.freq_base_swa", 1.0, 1e12, 10000.0)});
    for (int i = 0; i < config.layers; ++i) {
        LayerConfig& layer = config.layerConfigs[static_cast<std::size_t>(i)];
        layer.rope = layer.window > 0 ? 1 : 0;
        layer.headDim = layer.window > 0 ? narrow : config.headDim;
        layer.ownValues = config.block.fusedQkv ||
                          keys.file().findTensor("blk." + std::to_string(i) + ".attn_v.weight") != nullptr;
        layer.outputScale = readLayerScale(keys.file(), i);
    }
}

constexpr BlockConfig SANDWICH{
    .normAfter = true, .queryKeyNorm = QueryKeyNorm::None, .activation = Activation::GeluTanh};

const Family FAMILIES[] = {
    {.architecture = "llama", .ropePairing = RopePairing::Norm, .block = {.qkvBias = true}, .mixture = true},
    {.architecture = "qwen2", .block = {.qkvBias = true}},
    {.architecture = "qwen2moe", .block = {.qkvBias = true}, .mixture = true, .read = readSharesOfAll},
    {.architecture = "qwen3", .block = {.queryKeyNorm = QueryKeyNorm::EachHead}},
    {.architecture = "qwen3moe", .block = {.queryKeyNorm = QueryKeyNorm::EachHead}, .mixture = true},
    {.architecture = "gpt-oss",
     .block = {.qkvBias = true,
               .outputBias = true,
               .activation = Activation::ClampedSilu,
               .feedForwardNorm = "post_attention_norm"},
     .mixture = true,
     .read = readGptOss},
    {.architecture = "gptneox",
     .block = {.norm = NormKind::Layer,
               .order = BlockOrder::Parallel,
               .qkvBias = true,
               .outputBias = true,
               .activation = Activation::GeluErf,
               .gated = false,
               .feedForwardBias = true},
     .read = readNeox},
    {.architecture = "mpt",
     .block = {.norm = NormKind::Layer,
               .qkvBias = true,
               .outputBias = true,
               .activation = Activation::GeluErf,
               .gated = false,
               .feedForwardBias = true},
     .read = readMpt},
    {.architecture = "falcon",
     .block = {.norm = NormKind::Layer,
               .order = BlockOrder::ParallelOneNorm,
               .activation = Activation::GeluErf,
               .gated = false},
     .read = readFalcon},
    {.architecture = "phi2",
     .block = {.norm = NormKind::Layer,
               .order = BlockOrder::ParallelOneNorm,
               .qkvBias = true,
               .outputBias = true,
               .activation = Activation::GeluTanh,
               .gated = false,
               .feedForwardBias = true},
     .outputBias = true},
    {.architecture = "stablelm", .block = {.norm = NormKind::Layer, .qkvBias = true}, .read = readStableLm},
    {.architecture = "granite", .ropePairing = RopePairing::Norm, .read = readGranite},
    {.architecture = "granitemoe", .ropePairing = RopePairing::Norm, .mixture = true, .read = readGranite},
    {.architecture = "smollm3", .ropePairing = RopePairing::Norm, .read = readSmolLm3},
    {.architecture = "olmo2",
     .block = {.normBefore = false, .normAfter = true, .queryKeyNorm = QueryKeyNorm::WholeRow},
     .read = readOlmo2},
    {.architecture = "phi3"},
    {.architecture = "starcoder2",
     .block = {.norm = NormKind::Layer,
               .qkvBias = true,
               .outputBias = true,
               .activation = Activation::GeluTanh,
               .gated = false,
               .feedForwardBias = true}},
    {.architecture = "command-r",
     .ropePairing = RopePairing::Norm,
     .block = {.norm = NormKind::Layer, .order = BlockOrder::ParallelOneNorm},
     .read = readCommandR},
    {.architecture = "cohere2",
     .ropePairing = RopePairing::Norm,
     .block = {.norm = NormKind::Layer, .order = BlockOrder::ParallelOneNorm},
     .read = readCohere2},
    {.architecture = "chatglm", .ropePairing = RopePairing::Norm, .block = {.qkvBias = true}},
    {.architecture = "glm4", .ropePairing = RopePairing::Norm, .block = {.normAfter = true, .qkvBias = true}},
    {.architecture = "exaone4",
     .block = {.normBefore = false, .normAfter = true, .queryKeyNorm = QueryKeyNorm::EachHead},
     .read = readExaone4},
    {.architecture = "ernie4_5", .ropePairing = RopePairing::Norm},
    {.architecture = "olmoe",
     .block = {.queryKeyNorm = QueryKeyNorm::WholeRow},
     .mixture = true,
     .read = readSharesOfAll},
    {.architecture = "mistral3", .ropePairing = RopePairing::Norm, .read = readMistral3},
    {.architecture = "gemma", .block = {.activation = Activation::GeluTanh}, .read = readGemma},
    {.architecture = "gemma2", .block = SANDWICH, .read = readGemma2},
    {.architecture = "gemma4",
     .block = {.normAfter = true,
               .queryKeyNorm = QueryKeyNorm::EachHead,
               .valueNorm = true,
               .activation = Activation::GeluTanh},
     .mixture = true,
     .read = readGemma4,
     .refuse = refuseGemma4},
    {.architecture = "gemma3",
     .block = {.normAfter = true, .queryKeyNorm = QueryKeyNorm::EachHead, .activation = Activation::GeluTanh},
     .read = readGemma3},
};

struct Refusal {
    std::string_view architecture; // or its beginning, when it ends with *
    const char* reason;
};

constexpr const char* LINEAR = "most of its layers keep a running summary instead of a memory of tokens "
                               "(linear attention), which Sumidero does not do yet";
constexpr const char* STATE_SPACE = "it is a state-space model or contains such layers";
constexpr const char* CONVOLUTION = "some of its layers are convolutions";
constexpr const char* COMPRESSED = "it compresses keys and values (MLA)";
constexpr const char* NO_TEXT = "it does not write text";
constexpr const char* SOME_LAYERS = "it is a mixture in some of its layers only, which is not supported yet";
constexpr const char* ROUTER =
    "it is a mixture whose router chooses experts in another way, which is not supported yet";

constexpr Refusal REFUSALS[] = {
    {"qwen35*", LINEAR},
    {"qwen3next", LINEAR},
    {"kimi-linear", LINEAR},
    {"minimax-01", LINEAR},
    {"mamba*", STATE_SPACE},
    {"rwkv*", STATE_SPACE},
    {"granitehybrid", STATE_SPACE},
    {"nemotron_h*", STATE_SPACE},
    {"falcon-h1", STATE_SPACE},
    {"jamba", STATE_SPACE},
    {"plamo2", STATE_SPACE},
    {"lfm2*", CONVOLUTION},
    {"deepseek2", COMPRESSED},
    {"deepseek3*", COMPRESSED},
    {"deepseek4", COMPRESSED},
    {"mistral4", COMPRESSED},
    {"kimi-k3", COMPRESSED},
    {"glm-dsa", COMPRESSED},
    {"minicpm3", COMPRESSED},
    {"plm", COMPRESSED},
    {"gemma3n", "it looks words up again in every layer (per-layer embeddings)"},
    {"deepseek", SOME_LAYERS},
    {"bailingmoe", SOME_LAYERS},
    {"bailingmoe2", ROUTER},
    {"dbrx", ROUTER},
    {"dots1", ROUTER},
    {"ernie4_5-moe", ROUTER},
    {"glm4moe", ROUTER},
    {"hunyuan-moe", ROUTER},
    {"llama4", ROUTER},
    {"phimoe", ROUTER},
    {"t5*", NO_TEXT},
    {"bert", NO_TEXT},
    {"nomic-bert*", NO_TEXT},
    {"jina-bert*", NO_TEXT},
    {"clip", NO_TEXT},
    {"whisper", NO_TEXT},
};

bool matches(std::string_view pattern, std::string_view name) {
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
}

} // namespace

const Family& familyOf(const GgufFile& file) {
    const std::string name = file.getString("general.architecture");
    std::string known;
    for (const Family& family : FAMILIES) {
        if (name == family.architecture)
            return family;
        known += (known.empty() ? "" : ", ") + std::string(family.architecture);
    }
    for (const Refusal& refusal : REFUSALS)
        if (matches(refusal.architecture, name))
            file.fail("it holds a " + name + " model, and " + refusal.reason);
    file.fail("it holds a " + presentable(name) + " model; Sumidero can run: " + known);
}

} // namespace engine
