#include "engine/error.h"
#include "engine/gguf_file.h"
#include "engine/model/weights.h"
#include "engine/model_config.h"
#include "kernels/devices.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/real_model.h"
#include "tests/support/toy_model.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using engine::GgufFile;
using engine::ModelConfig;
using testing::HasSubstr;

namespace {

/// A model of one layer: width 8, 2 heads of 4, 1 key/value head, feed-forward 12, 5 tokens. `change` may
/// spoil it.
struct Small {
    std::vector<std::pair<std::string, std::uint32_t>> numbers = {
        {"llama.block_count", 1},          {"llama.context_length", 64},
        {"llama.embedding_length", 8},     {"llama.feed_forward_length", 12},
        {"llama.attention.head_count", 2}, {"llama.attention.head_count_kv", 1},
    };
    std::vector<std::pair<std::string, std::vector<std::uint64_t>>> tensors = {
        {"token_embd.weight", {8, 5}},        {"output_norm.weight", {8}},
        {"blk.0.attn_norm.weight", {8}},      {"blk.0.attn_q.weight", {8, 8}},
        {"blk.0.attn_k.weight", {8, 4}},      {"blk.0.attn_v.weight", {8, 4}},
        {"blk.0.attn_output.weight", {8, 8}}, {"blk.0.ffn_norm.weight", {8}},
        {"blk.0.ffn_gate.weight", {8, 12}},   {"blk.0.ffn_up.weight", {8, 12}},
        {"blk.0.ffn_down.weight", {12, 8}},
    };
    std::string architecture = "llama";
    std::function<void(test::GgufWriter&)> more = [](test::GgufWriter&) {};

    void set(const std::string& key, std::uint32_t value) {
        std::erase_if(numbers, [&](const auto& entry) { return entry.first == key; });
        numbers.emplace_back(key, value);
    }
    void drop(const std::string& key) {
        std::erase_if(numbers, [&](const auto& entry) { return entry.first == key; });
        std::erase_if(tensors, [&](const auto& entry) { return entry.first == key; });
    }
    void reshape(const std::string& name, std::vector<std::uint64_t> shape) {
        drop(name);
        tensors.emplace_back(name, std::move(shape));
    }

    std::shared_ptr<const GgufFile> file(const std::string& name = "small.gguf") const {
        test::GgufWriter writer;
        writer.addString("general.architecture", architecture);
        for (const auto& [key, value] : numbers)
            writer.addUint(key, value);
        more(writer);
        for (const auto& [tensor, shape] : tensors) {
            std::uint64_t bytes = 4;
            for (const std::uint64_t length : shape)
                bytes *= length;
            writer.addTensor(tensor, kernels::DType::F32, shape, std::vector<std::byte>(bytes));
        }
        return GgufFile::open(writer.write(name));
    }
    std::string complaint() const {
        try {
            ModelConfig::fromGguf(*file());
            return "";
        } catch (const engine::Error& error) {
            return error.what();
        }
    }
};

template <class Change>
std::string complaintAfter(Change change) {
    Small small;
    change(small);
    return small.complaint();
}

} // namespace

TEST(ModelConfig, ReadsWhatItNeedsAndFillsInTheRest) {
    const ModelConfig config = ModelConfig::fromGguf(*Small().file());
    EXPECT_EQ(config.layers, 1);
    EXPECT_EQ(config.heads, 2);
    EXPECT_EQ(config.kvHeads, 1);
    EXPECT_EQ(config.headDim, 4);
    EXPECT_EQ(config.ropes[0].dim, 4);
    EXPECT_EQ(config.vocabulary, 5);
    EXPECT_EQ(config.ropes[0].base, 10000.0);
    EXPECT_EQ(config.ropes[0].scale, 1.0);
    EXPECT_EQ(config.ropePairing, kernels::RopePairing::Norm);
    EXPECT_TRUE(config.tiedOutput);
    EXPECT_FALSE(config.block.qkvBias);
    EXPECT_EQ(config.kvBytesPerToken(kernels::KvType::F16), 2u * 1 * 1 * 4 * 2);
}

TEST(ModelConfig, UnknownArchitecturesAreNamed) {
    Small small;
    small.architecture = "grok";
    EXPECT_THAT(small.complaint(),
                HasSubstr("small.gguf cannot be used: it holds a grok model; Sumidero can run: "
                          "llama, qwen2, qwen2moe, qwen3, qwen3moe, gpt-oss, gptneox, mpt"));
    for (const auto& [architecture, reason] :
         std::vector<std::pair<std::string, std::string>>{{"qwen35moe", "linear attention"},
                                                          {"mamba2", "state-space"},
                                                          {"deepseek2", "compresses keys and values"},
                                                          {"deepseek", "in some of its layers only"},
                                                          {"glm4moe", "whose router chooses"},
                                                          {"bert", "does not write text"}}) {
        small.architecture = architecture;
        EXPECT_THAT(small.complaint(), HasSubstr("it holds a " + architecture + " model, and "));
        EXPECT_THAT(small.complaint(), HasSubstr(reason));
    }
}

TEST(ModelConfig, AbsurdNumbersAreNamed) {
    for (const char* key : {"llama.block_count", "llama.context_length", "llama.embedding_length",
                            "llama.feed_forward_length", "llama.attention.head_count"}) {
        EXPECT_THAT(complaintAfter([&](Small& s) { s.drop(key); }),
                    HasSubstr(std::string("lacks the key ") + key));
        EXPECT_THAT(complaintAfter([&](Small& s) { s.set(key, 0); }), HasSubstr(key));
        EXPECT_THAT(complaintAfter([&](Small& s) { s.set(key, 0xFFFFFFFF); }), HasSubstr(key));
    }
    EXPECT_THAT(complaintAfter([](Small& s) { s.set("llama.attention.head_count_kv", 0); }),
                HasSubstr("absurd"));
    EXPECT_THAT(complaintAfter([](Small& s) { s.set("llama.attention.head_count", 3); }),
                HasSubstr("divided"));
    EXPECT_THAT(complaintAfter([](Small& s) { s.set("llama.attention.head_count_kv", 3); }),
                HasSubstr("cannot share"));
    EXPECT_THAT(complaintAfter([](Small& s) { s.set("llama.rope.dimension_count", 3); }),
                HasSubstr("rotates 3"));
    EXPECT_THAT(complaintAfter([](Small& s) { s.set("llama.rope.dimension_count", 6); }),
                HasSubstr("rotates 6"));
    EXPECT_THAT(complaintAfter([](Small& s) {
                    s.set("llama.attention.key_length", 3);
                    s.set("llama.rope.dimension_count", 2);
                }),
                HasSubstr("its heads have an absurd width (3)"));
    EXPECT_THAT(complaintAfter([](Small& s) { s.set("llama.attention.value_length", 2); }),
                HasSubstr("differ in width"));
    EXPECT_THAT(complaintAfter([](Small& s) { s.set("llama.expert_count", 8); }),
                HasSubstr("lacks the key llama.expert_used_count"));
    EXPECT_THAT(complaintAfter([](Small& s) {
                    s.set("llama.expert_count", 8);
                    s.set("llama.expert_used_count", 9);
                }),
                HasSubstr("its llama.expert_used_count is absurd (9)"));
    EXPECT_THAT(complaintAfter([](Small& s) {
                    s.set("llama.expert_count", 8);
                    s.set("llama.expert_used_count", 2);
                    s.set("llama.expert_shared_count", 1);
                }),
                HasSubstr("it is a mixture of experts of the family llama, which is not supported"));
    EXPECT_THAT(complaintAfter([](Small& s) {
                    s.more = [](auto& writer) { writer.addFloat("llama.rope.freq_base", NAN); };
                }),
                HasSubstr("llama.rope.freq_base is absurd"));
}

TEST(ModelConfig, RopeScaling) {
    Small small;
    small.more = [](auto& writer) {
        writer.addString("llama.rope.scaling.type", "linear");
        writer.addFloat("llama.rope.scaling.factor", 4.0f);
    };
    EXPECT_EQ(ModelConfig::fromGguf(*small.file()).ropes[0].scale, 4.0);
    small.more = [](auto& writer) { writer.addString("llama.rope.scaling.type", "dynamic"); };
    EXPECT_THAT(small.complaint(), HasSubstr("the method dynamic"));
}

TEST(ModelConfig, FrequencyFactorsMustFitAndMakeSense) {
    const auto with = [](std::vector<float> factors) {
        Small small;
        small.more = [=](test::GgufWriter& writer) {
            writer.addTensor("rope_freqs.weight", kernels::DType::F32, {factors.size()},
                             test::ByteSink().putRaw(factors.data(), factors.size() * 4).bytes());
        };
        return small;
    };
    EXPECT_EQ(ModelConfig::fromGguf(*with({1.0f, 8.0f}).file()).ropes[0].factors,
              (std::vector<float>{1.0f, 8.0f}));
    EXPECT_THAT(with({1.0f}).complaint(), HasSubstr("rope_freqs.weight does not fit"));
    EXPECT_THAT(with({1.0f, 0.0f}).complaint(), HasSubstr("absurd value"));
    EXPECT_THAT(with({1.0f, INFINITY}).complaint(), HasSubstr("absurd value"));
}

TEST(ModelConfig, EveryTensorIsNeededInItsShape) {
    EXPECT_EQ(Small().complaint(), "");
    for (const auto& [name, shape] : Small().tensors) {
        const std::string tensor = name;
        EXPECT_THAT(complaintAfter([&](Small& s) { s.drop(tensor); }),
                    HasSubstr("lacks the tensor " + tensor));
        if (tensor == "token_embd.weight")
            continue; // its rows define the vocabulary
        auto wrong = shape;
        wrong.back() += 4;
        EXPECT_THAT(complaintAfter([&](Small& s) { s.reshape(tensor, wrong); }),
                    HasSubstr("its tensor " + tensor));
    }
    EXPECT_THAT(complaintAfter([](Small& s) {
                    s.reshape("token_embd.weight", {12, 5});
                }),
                HasSubstr("token_embd"));
    EXPECT_THAT(complaintAfter([](Small& s) {
                    s.reshape("output.weight", {8, 4});
                }),
                HasSubstr("output.weight"));
    EXPECT_THAT(complaintAfter([](Small& s) { s.reshape("blk.0.attn_q.bias", {8}); }),
                HasSubstr("attn_k.bias"));
    EXPECT_THAT(complaintAfter([](Small& s) { s.reshape("blk.0.attn_sub_norm.weight", {8}); }),
                HasSubstr("attn_sub_norm.weight, which is unknown"));
    EXPECT_THAT(complaintAfter([](Small& s) { s.reshape("blk.1.attn_norm.weight", {8}); }),
                HasSubstr("unknown"));
}

// ggml leaves out last dimensions of 1, so the weights of one expert are a matrix.
TEST(ModelConfig, AMixtureOfOneExpert) {
    Small small;
    for (const char* name : {"gate", "up", "down"})
        small.drop("blk.0.ffn_" + std::string(name) + ".weight");
    small.set("llama.expert_count", 1);
    small.set("llama.expert_used_count", 1);
    small.tensors.insert(small.tensors.end(), {{"blk.0.ffn_gate_inp.weight", {8}},
                                               {"blk.0.ffn_gate_exps.weight", {8, 12}},
                                               {"blk.0.ffn_up_exps.weight", {8, 12}},
                                               {"blk.0.ffn_down_exps.weight", {12, 8}}});
    const auto file = small.file("one-expert.gguf");
    const ModelConfig config = ModelConfig::fromGguf(*file);
    const auto backend = kernels::makeBackend({.device = "cpu"});
    engine::Weights weights;
    weights.load(*file, config, *backend, {});
    EXPECT_EQ(weights.layers[0].downExperts.weights->count(), 1);
}

TEST(ModelConfig, VocabularyMustMatchTheEmbedding) {
    Small small;
    small.more = [](auto& writer) { writer.addStrings("tokenizer.ggml.tokens", {"a", "b"}); };
    EXPECT_THAT(small.complaint(), HasSubstr("2 tokens and its embedding 5"));
}

TEST(ModelConfig, NamesThatPeopleKnow) {
    const auto named = [](const std::string& file, const std::string& metadata) {
        Small small;
        if (!metadata.empty())
            small.more = [&](auto& writer) { writer.addString("general.name", metadata); };
        return engine::displayName(*small.file(file));
    };
    EXPECT_EQ(named("SmolLM2-135M-Instruct.Q4_1.gguf", "Smollm2 135M 8k Lc100K Mix1 Ep2"),
              "SmolLM2 135M Instruct");
    EXPECT_EQ(named("gemma-3-270m-q4_k_m.gguf", "Gemma 3 270m"), "Gemma 3 270m");
    EXPECT_EQ(named("Meta-Llama-3.1-8B-Instruct-IQ4_XS.gguf", ""), "Meta Llama 3.1 8B Instruct");
    EXPECT_EQ(named("model.gguf", "A Name"), "A Name");
    EXPECT_EQ(named("sha256-1f3a5b7c9d1f3a5b7c9d1f3a5b7c9d1f3a5b7c9d1f3a5b7c9d1f3a5b7c9d1f3a", "A Name"),
              "A Name");
    EXPECT_EQ(named("Qwen2.5-0.5B.gguf", ""), "Qwen2.5 0.5B");
    EXPECT_EQ(named("tiny-chat-1b-q4_k_m.gguf", "Tiny-Chat 1B GGUF"), "Tiny-Chat 1B");
    EXPECT_EQ(named("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", ""), "Qwen2.5 Coder 1.5B Instruct");
}

TEST(ModelConfig, ToyModelsAreWellFormed) {
    for (const bool other : {false, true}) {
        test::ToyShape shape;
        shape.neox = shape.ropeFactors = shape.sentencePiece = other;
        shape.tied = !other;
        shape.type = other ? kernels::DType::F16 : kernels::DType::F32;
        const auto file = GgufFile::open(test::writeToyModel(shape));
        const ModelConfig config = ModelConfig::fromGguf(*file);
        EXPECT_EQ(config.dim, shape.dim);
        EXPECT_EQ(config.vocabulary, shape.vocabulary);
        EXPECT_EQ(config.ropePairing, other ? kernels::RopePairing::Neox : kernels::RopePairing::Norm);
        EXPECT_EQ(config.tiedOutput, !other);
        EXPECT_EQ(config.ropes[0].factors.size(), other ? 8u : 0u);
        EXPECT_EQ(config.quantisation, other ? "F16" : "F32");
    }
}

TEST(ModelConfig, TellsItsBlockInWords) {
    const auto words = [](const char* architecture) {
        test::ToyShape shape;
        shape.architecture = architecture;
        shape.layers = 3;
        std::string text;
        for (const auto& [part, line] :
             ModelConfig::fromGguf(*GgufFile::open(test::writeToyModel(shape))).inWords())
            text += part + ": " + line + "\n";
        return text;
    };
    EXPECT_THAT(words("llama"), HasSubstr("block: RMS norm before each branch\n"
                                          "attention: 4 heads of 16 on 2 of keys and values\n"
                                          "positions: RoPE of base 10000\n"
                                          "feed-forward: 64 to 128, SiLU, gated\n"
                                          "ends: the embedding is the output, too\n"
                                          "cache: 384 bytes a token in F16\n"));
    EXPECT_THAT(words("gpt-oss"),
                HasSubstr("a learned sink for each head, 2 of 3 layers see the newest 11 tokens"));
    EXPECT_THAT(words("gpt-oss"),
                HasSubstr("3 of 6 experts for each token, 64 to 64, SiLU with limits, gated"));
    EXPECT_THAT(
        words("granitemoe"),
        HasSubstr("an expert for all tokens, 64 to 32 beside 3 of 6 experts for each token, 64 to 64"));
    EXPECT_THAT(words("gemma4"), HasSubstr("4 heads of 8 or 16 on 2 of keys and values"));
    EXPECT_THAT(words("gemma4"), HasSubstr("cache: 256 bytes a token"));
    EXPECT_THAT(words("falcon"), HasSubstr("one for both branches, branches side by side"));
    EXPECT_THAT(words("phi3"), HasSubstr("factors for caches up to 19 positions and for larger ones"));
    EXPECT_THAT(words("mpt"), HasSubstr("ALiBi"));
}

TEST(ModelConfig, ToyModelsHoldEveryType) {
    using kernels::DType;
    for (const DType type : {DType::F32, DType::F16, DType::BF16, DType::Q4_0, DType::Q4_1, DType::Q5_0,
                             DType::Q5_1, DType::Q8_0, DType::Q4_K, DType::Q5_K, DType::Q6_K, DType::Q2_K,
                             DType::Q3_K, DType::IQ4_NL, DType::IQ4_XS, DType::MXFP4}) {
        test::ToyShape shape;
        shape.dim = shape.ffnDim = 256;
        shape.headDim = 64;
        shape.type = type;
        const ModelConfig config = ModelConfig::fromGguf(*GgufFile::open(test::writeToyModel(shape)));
        EXPECT_EQ(config.quantisation, kernels::name(type));
    }
}

TEST(ModelConfig, ReadsTheRealModel) {
    SKIP_WITHOUT_REAL_MODEL();
    const ModelConfig config = ModelConfig::fromGguf(*GgufFile::open(test::realModelPath()));
    EXPECT_EQ(config.displayName, "SmolLM2 135M Instruct");
    EXPECT_EQ(config.quantisation, "Q4_1");
    EXPECT_EQ(config.layers, 30);
    EXPECT_EQ(config.dim, 576);
    EXPECT_EQ(config.ffnDim, 1536);
    EXPECT_EQ(config.heads, 9);
    EXPECT_EQ(config.kvHeads, 3);
    EXPECT_EQ(config.headDim, 64);
    EXPECT_EQ(config.vocabulary, 49152);
    EXPECT_EQ(config.trainedLength, 8192);
    EXPECT_EQ(config.ropes[0].base, 100000.0);
    EXPECT_TRUE(config.tiedOutput);
}
