#include "tests/support/toy_families.h"

#include "tests/support/toy_model.h"

#include <stdexcept>

namespace test {

namespace {

const std::vector<ToyFamily>& families() {
    static const std::vector<ToyFamily> all{
        {.architecture = "llama"},
        {.architecture = "qwen2", .qkvBias = true},
        {.architecture = "qwen3", .queryKeyNorm = ToyFamily::EachHead},
        {.architecture = "gptneox",
         .layerNorm = true,
         .normBias = true,
         .fusedQkv = true,
         .qkvBias = true,
         .outputBias = true,
         .feedForwardBias = true,
         .gated = false},
        {.architecture = "mpt",
         .layerNorm = true,
         .fusedQkv = true,
         .gated = false,
         .floats = {{"attention.max_alibi_bias", 8.0f}, {"attention.clamp_kqv", 1.5f}}},
        {.architecture = "falcon",
         .layerNorm = true,
         .normBias = true,
         .fusedQkv = true,
         .gated = false,
         .secondNorm = false},
        {.architecture = "olmo2",
         .normBefore = false,
         .normAfter = true,
         .queryKeyNorm = ToyFamily::WholeRow},
        {.architecture = "phi3",
         .fusedGateUp = true,
         .longRope = true,
         .fusedQkv = true,
         .floats = {{"rope.scaling.attn_factor", 1.2f}},
         .numbers = {{"rope.scaling.original_context_length", 19}}},
        {.architecture = "mistral3",
         .floats = {{"attention.temperature_scale", 0.2f}, {"rope.scaling.yarn_log_multiplier", 1.0f}},
         .numbers = {{"rope.scaling.original_context_length", 9}},
         .yarn = true},
        {.architecture = "granite",
         .floats = {{"embedding_scale", 1.5f},
                    {"residual_scale", 0.7f},
                    {"logit_scale", 1.3f},
                    {"attention.scale", 0.3f}}},
        {.architecture = "gemma2",
         .normAfter = true,
         .floats = {{"attn_logit_softcapping", 4.0f}, {"final_logit_softcapping", 3.0f}},
         .numbers = {{"attention.sliding_window", 11}}},
        {.architecture = "stablelm",
         .layerNorm = true,
         .normBias = true,
         .secondNorm = false,
         .queryKeyNorm = ToyFamily::OwnForEachHead},
        {.architecture = "qwen3moe", .queryKeyNorm = ToyFamily::EachHead, .experts = 7},
        {.architecture = "gpt-oss",
         .qkvBias = true,
         .outputBias = true,
         .feedForwardNorm = "post_attention_norm",
         .numbers = {{"attention.sliding_window", 11}, {"rope.scaling.original_context_length", 32}},
         .yarn = true,
         .experts = 6,
         .expertBias = true,
         .learnedSinks = true},
        {.architecture = "gemma"},
        {.architecture = "starcoder2",
         .layerNorm = true,
         .normBias = true,
         .qkvBias = true,
         .outputBias = true,
         .feedForwardBias = true,
         .gated = false},
        {.architecture = "command-r",
         .layerNorm = true,
         .secondNorm = false,
         .queryKeyNorm = ToyFamily::OwnForEachHead,
         .floats = {{"logit_scale", 0.4f}}},
        // Full layers without positions: sinks have to be near enough for the others, or nothing depends on their place.
        {.architecture = "cohere2",
         .layerNorm = true,
         .secondNorm = false,
         .floats = {{"logit_scale", 0.4f}},
         .numbers = {{"attention.sliding_window", 15}}},
        {.architecture = "chatglm", .fusedGateUp = true, .fusedQkv = true, .qkvBias = true},
        {.architecture = "glm4", .fusedGateUp = true, .qkvBias = true, .normAfter = true},
        {.architecture = "exaone4",
         .normBefore = false,
         .normAfter = true,
         .queryKeyNorm = ToyFamily::EachHead,
         .numbers = {{"attention.sliding_window", 15}}},
        {.architecture = "olmoe", .queryKeyNorm = ToyFamily::WholeRow, .experts = 7},
        {.architecture = "granitemoe",
         .floats = {{"residual_scale", 0.7f}, {"attention.scale", 0.3f}},
         .experts = 6,
         .sharedExpert = true},
        {.architecture = "qwen2moe", .qkvBias = true, .experts = 6, .sharedExpert = true, .sharedGate = true},
        {.architecture = "gemma4",
         .normAfter = true,
         .queryKeyNorm = ToyFamily::EachHead,
         .numbers = {{"attention.sliding_window", 11}},
         .twoWidths = true},
        {.architecture = "gemma3",
         .normAfter = true,
         .queryKeyNorm = ToyFamily::EachHead,
         .numbers = {{"attention.sliding_window", 11}}},
    };
    return all;
}

} // namespace

const ToyFamily& toyFamily(const std::string& architecture) {
    for (const ToyFamily& family : families())
        if (architecture == family.architecture)
            return family;
    throw std::runtime_error("no toy of the family " + architecture);
}

std::vector<std::string> toyFamilies() {
    std::vector<std::string> names;
    for (const ToyFamily& family : families())
        names.emplace_back(family.architecture);
    return names;
}

} // namespace test
