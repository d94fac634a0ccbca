#include "engine/tokenizer/pretokenizer.h"

#include <sstream>

namespace engine {

namespace {

// Regexes as the models' authors published them (tokenizer.json of each family). "\s" is Unicode's
// White_Space, see pretokenizer.cpp.

constexpr const char* gpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

constexpr const char* llama3 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
                               R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr const char* qwen2 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)"
                              R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr const char* qwen35 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|)"
                               R"( ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr const char* gpt4o =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr const char* tekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
    R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Ranges of code points as numbers: a tool that normalises text would change the characters themselves.
constexpr const char* deepseekIdeographs = R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)";

constexpr const char* deepseek3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|)"
    R"( ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

const std::vector<SplitRule>& rules() {
    static const std::vector<SplitRule> all = {
        {"gpt-2 phi-2 mpt olmo jais gigachat jina-es jina-de jina-v1-en jina-v2-es jina-v2-de jina-v2-code "
         "exaone4 "
         "roberta-bpe "
         "modern-bert mellum a.x-4.0 trillion granite-docling",
         {gpt2}},
        {"smollm starcoder refact command-r codeshell exaone minerva-7b mellum2", {R"(\p{N})", gpt2}},
        {"llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2", {llama3}, true, true},
        {"dbrx smaug-bpe glm4 chatglm-bpe", {llama3}},
        {"qwen2 deepseek-r1-qwen stablelm2 kormo f2llmv2 hunyuan megrez solar-open grok-2", {qwen2}},
        {"qwen35", {qwen35}},
        {"gpt-4o llama4 kanana2 minimax-m2 talkie", {gpt4o}},
        {"tekken", {tekken}, true, true},
        {"deepseek-v3 hunyuan-dense joyai-llm", {R"(\p{N}{1,3})", deepseekIdeographs, deepseek3}},
        {"falcon", {R"([\p{P}\$\+<=>\^~\|`]+)", gpt2, R"([0-9][0-9][0-9])"}},
        {"default", {R"([\p{P}\$\+<=>\^~\|]+)", gpt2, R"(\p{N}+)", R"([0-9][0-9][0-9])"}},
    };
    return all;
}

} // namespace

const SplitRule* findSplitRule(std::string_view name) {
    const std::string_view wanted = name.empty() ? std::string_view("default") : name;
    for (const SplitRule& rule : rules()) {
        std::istringstream names(rule.names);
        for (std::string one; names >> one;)
            if (one == wanted)
                return &rule;
    }
    return nullptr;
}

} // namespace engine
