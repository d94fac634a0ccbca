#include "engine/model_config.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

// A model's block in words, for those who want to know what is computed.
namespace engine {
namespace {

using Lines = std::vector<std::string>;

std::string joined(const Lines& parts, const char* between) {
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : between) + part;
    return text;
}

/// Without trailing zeros: "0.125", "8", "10000".
std::string number(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
}

std::string range(int least, int most) {
    return least == most ? std::to_string(least) : std::to_string(least) + " or " + std::to_string(most);
}

std::string norms(const BlockConfig& block) {
    const std::string kind = block.norm == NormKind::Rms ? "RMS norm" : "layer norm";
    const std::string bias = block.normBias ? " with bias" : "";
    const std::string place = !block.normBefore                            ? " behind each branch"
                              : block.normAfter                            ? " before and behind each branch"
                              : block.order == BlockOrder::ParallelOneNorm ? ", one for both branches"
                                                                           : " before each branch";
    return kind + bias + place + (block.order == BlockOrder::Sequential ? "" : ", branches side by side");
}

std::string rope(const RopeConfig& config, int headDim) {
    Lines parts;
    parts.push_back("RoPE of base " + number(config.base));
    if (config.dim < headDim)
        parts.push_back(std::to_string(config.dim) + " of " + std::to_string(headDim) + " values");
    if (config.scale != 1)
        parts.push_back("positions divided by " + number(config.scale));
    if (config.yarn)
        parts.push_back("YaRN by " + number(config.yarn->factor) + " from " +
                        std::to_string(config.yarn->trainedLength) + " positions");
    if (!config.longFactors.empty())
        parts.push_back("factors for caches up to " + std::to_string(config.shortLength) +
                        " positions and for larger ones");
    else if (!config.factors.empty())
        parts.push_back("a factor for each frequency");
    return joined(parts, ", ");
}

std::string positions(const ModelConfig& config) {
    if (config.attention.maxAlibiBias > 0)
        return "ALiBi, slopes up to 2^-" +
               number(static_cast<double>(config.attention.maxAlibiBias) / config.heads);
    Lines parts;
    for (std::size_t i = 0; i < config.ropes.size(); ++i) {
        const auto uses = [&](const LayerConfig& layer) { return layer.rope == static_cast<int>(i); };
        const auto layer = std::find_if(config.layerConfigs.begin(), config.layerConfigs.end(), uses);
        if (layer == config.layerConfigs.end())
            continue;
        const auto count = std::count_if(config.layerConfigs.begin(), config.layerConfigs.end(), uses);
        const bool all = count == config.layers;
        parts.push_back(rope(config.ropes[i], layer->headDim) +
                        (all ? "" : " in " + std::to_string(count) + " layers"));
    }
    const auto none = std::count_if(config.layerConfigs.begin(), config.layerConfigs.end(),
                                    [](const LayerConfig& layer) { return layer.rope == NoRope; });
    if (none > 0)
        parts.push_back("no positions in " + std::to_string(none) + " layers");
    if (config.attention.temperature > 0)
        parts.push_back("queries grow beyond " + std::to_string(config.attention.temperatureLength) +
                        " positions");
    return joined(parts, "; ");
}

std::string attentionOf(const ModelConfig& config) {
    const BlockConfig& block = config.block;
    int narrow = config.headDim, fewest = config.kvHeads, window = 0, sliding = 0;
    for (const LayerConfig& layer : config.layerConfigs) {
        narrow = std::min(narrow, layer.headDim);
        fewest = std::min(fewest, layer.kvHeads);
        window = std::max(window, layer.window);
        sliding += layer.window > 0 ? 1 : 0;
    }
    Lines parts;
    parts.push_back(std::to_string(config.heads) + " heads of " + range(narrow, config.headDim) + " on " +
                    range(fewest, config.kvHeads) + " of keys and values");
    if (block.queryKeyNorm != QueryKeyNorm::None)
        parts.push_back(block.queryKeyNorm == QueryKeyNorm::WholeRow ? "queries and keys normed as a whole"
                                                                     : "queries and keys normed by head");
    if (block.valueNorm)
        parts.push_back("values normed by head");
    if (block.qkvBias || block.outputBias)
        parts.push_back("biases");
    if (block.clampQkv > 0)
        parts.push_back("cut to " + number(block.clampQkv));
    if (config.attention.softcap > 0)
        parts.push_back("scores capped at " + number(config.attention.softcap));
    if (config.attention.learnedSinks)
        parts.push_back("a learned sink for each head");
    if (sliding > 0)
        parts.push_back(std::to_string(sliding) + " of " + std::to_string(config.layers) +
                        " layers see the newest " + std::to_string(window) + " tokens only");
    return joined(parts, ", ");
}

std::string activationName(kernels::Activation activation) {
    switch (activation) {
    case kernels::Activation::Silu:
        return "SiLU";
    case kernels::Activation::GeluTanh:
        return "GELU (tanh)";
    case kernels::Activation::GeluErf:
        return "GELU";
    case kernels::Activation::ClampedSilu:
        return "SiLU with limits";
    }
    return "";
}

std::string feedForward(const ModelConfig& config) {
    const std::string act = activationName(config.block.activation) + (config.block.gated ? ", gated" : "");
    const ExpertsConfig& experts = config.experts;
    Lines parts;
    if (config.ffnDim > 0)
        parts.push_back((experts.sharedGate ? "a gated expert for all tokens, "
                         : experts.shared   ? "an expert for all tokens, "
                                            : "") +
                        std::to_string(config.dim) + " to " + std::to_string(config.ffnDim));
    if (experts.count > 0)
        parts.push_back(std::to_string(experts.used) + " of " + std::to_string(experts.count) +
                        " experts for each token, " + std::to_string(config.dim) + " to " +
                        std::to_string(experts.ffnDim));
    return joined(parts, " beside ") + ", " + act;
}

} // namespace

std::vector<std::pair<std::string, std::string>> ModelConfig::inWords() const {
    Lines ends;
    if (embeddingScale != 1)
        ends.push_back("embedding times " + number(static_cast<double>(embeddingScale)));
    if (residualScale != 1)
        ends.push_back("branches times " + number(static_cast<double>(residualScale)));
    if (logitScale != 1)
        ends.push_back("logits times " + number(static_cast<double>(logitScale)));
    if (logitSoftcap > 0)
        ends.push_back("logits capped at " + number(static_cast<double>(logitSoftcap)));
    ends.push_back(tiedOutput ? "the embedding is the output, too" : "an output matrix of its own");
    return {{"layers", std::to_string(layers) + " of width " + std::to_string(dim) +
                           ", trained on texts of " + std::to_string(trainedLength) + " tokens"},
            {"block", norms(block)},
            {"attention", attentionOf(*this)},
            {"positions", positions(*this)},
            {"feed-forward", feedForward(*this)},
            {"ends", joined(ends, ", ")},
            {"cache", std::to_string(kvBytesPerToken(kernels::KvType::F16)) + " bytes a token in F16"}};
}

} // namespace engine
