#include "engine/chat_format.h"
#include "engine/gguf_file.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/real_model.h"

#include <gtest/gtest.h>
#include <set>

using engine::ChatFormat;

namespace {

bool isPlain(const engine::ChatFormat& format) { // no roles at all: text is continued
    return format.open.empty() && format.beforeAnswer.empty() && format.afterAnswer.empty();
}

struct Turn {
    std::string question, answer;
};

/// The conversation as the model reads it, up to where it writes the next answer.
std::string render(const ChatFormat& format, const std::string& system, const std::vector<Turn>& turns,
                   const std::string& lastQuestion) {
    std::string text = system.empty() ? format.openWithoutSystem : format.open + system + format.afterSystem;
    for (const Turn& turn : turns)
        text += turn.question + format.beforeAnswer + format.channel + turn.answer + format.endOfTurn +
                format.afterAnswer;
    return text + lastQuestion + format.beforeAnswer + format.channel;
}

struct Golden {
    const char* family;
    const char* withSystem;    // system "S", one turn "Q1" "A1", question "Q2"
    const char* withoutSystem; // question "Q1" alone
};

// Written down from the published templates of the families, without the begin token in front.
const Golden goldens[] = {
    {"ChatML",
     "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ1<|im_end|>\n<|im_start|>assistant\nA1<|im_end|>\n"
     "<|im_start|>user\nQ2<|im_end|>\n<|im_start|>assistant\n",
     "<|im_start|>user\nQ1<|im_end|>\n<|im_start|>assistant\n"},
    {"Phi-4",
     "<|im_start|>system<|im_sep|>S<|im_end|><|im_start|>user<|im_sep|>Q1<|im_end|><|im_start|>assistant<|im_"
     "sep|>"
     "A1<|im_end|><|im_start|>user<|im_sep|>Q2<|im_end|><|im_start|>assistant<|im_sep|>",
     "<|im_start|>user<|im_sep|>Q1<|im_end|><|im_start|>assistant<|im_sep|>"},
    {"Llama 3",
     "<|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>"
     "\n\nQ1<|eot_id|>"
     "<|start_header_id|>assistant<|end_header_id|>\n\nA1<|eot_id|><|start_header_id|>user<|end_header_id|>"
     "\n\nQ2"
     "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
     "<|start_header_id|>user<|end_header_id|>\n\nQ1<|eot_id|><|start_header_id|>assistant<|end_header_id|>"
     "\n\n"},
    {"Llama 2", "[INST] <<SYS>>\nS\n<</SYS>>\n\nQ1 [/INST]A1</s><s>[INST] Q2 [/INST]", "[INST] Q1 [/INST]"},
    {"Mistral v0.2", "[INST] S\nQ1 [/INST]A1</s>[INST] Q2 [/INST]", "[INST] Q1 [/INST]"},
    {"Mistral v1", " [INST] S\n\nQ1 [/INST]A1</s> [INST] Q2 [/INST]", " [INST] Q1 [/INST]"},
    {"Mistral v3", "[INST] S\n\nQ1[/INST]A1</s>[INST] Q2[/INST]", "[INST] Q1[/INST]"},
    {"Mistral v3 Tekken", "[INST]S\n\nQ1[/INST]A1</s>[INST]Q2[/INST]", "[INST]Q1[/INST]"},
    {"Mistral v7", "[SYSTEM_PROMPT] S[/SYSTEM_PROMPT][INST] Q1[/INST]A1</s>[INST] Q2[/INST]",
     "[INST] Q1[/INST]"},
    {"Mistral v7 Tekken", "[SYSTEM_PROMPT]S[/SYSTEM_PROMPT][INST]Q1[/INST]A1</s>[INST]Q2[/INST]",
     "[INST]Q1[/INST]"},
    {"Phi-3",
     "<|system|>\nS<|end|>\n<|user|>\nQ1<|end|>\n<|assistant|>\nA1<|end|>\n<|user|>\nQ2<|end|>\n<|assistant|>"
     "\n",
     "<|user|>\nQ1<|end|>\n<|assistant|>\n"},
    {"Zephyr",
     "<|system|>\nS</s>\n<|user|>\nQ1</s>\n<|assistant|>\nA1</s>\n<|user|>\nQ2</s>\n<|assistant|>\n",
     "<|user|>\nQ1</s>\n<|assistant|>\n"},
    {"StableLM",
     "<|system|>\nS<|endoftext|>\n<|user|>\nQ1<|endoftext|>\n<|assistant|>\nA1<|endoftext|>\n<|user|>\nQ2<|"
     "endoftext|>\n"
     "<|assistant|>\n",
     "<|user|>\nQ1<|endoftext|>\n<|assistant|>\n"},
    {"Gemma",
     "<start_of_turn>user\nS\n\nQ1<end_of_turn>\n<start_of_turn>model\nA1<end_of_turn>\n<start_of_turn>"
     "user\nQ2"
     "<end_of_turn>\n<start_of_turn>model\n",
     "<start_of_turn>user\nQ1<end_of_turn>\n<start_of_turn>model\n"},
    {"DeepSeek", "S<｜User｜>Q1<｜Assistant｜>A1<｜end▁of▁sentence｜><｜User｜>Q2<｜Assistant｜>",
     "<｜User｜>Q1<｜Assistant｜>"},
    {"DeepSeek R1",
     "S<｜User｜>Q1<｜Assistant｜><think>\nA1<｜end▁of▁sentence｜><｜User｜>Q2<｜Assistant｜><think>\n",
     "<｜User｜>Q1<｜Assistant｜><think>\n"},
    {"Granite",
     "<|start_of_role|>system<|end_of_role|>S<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>Q1<|end_of_"
     "text|>\n"
     "<|start_of_role|>assistant<|end_of_role|>A1<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>Q2"
     "<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>",
     "<|start_of_role|>user<|end_of_role|>Q1<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>"},
    {"Harmony",
     "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\nKnowledge "
     "cutoff: 2024-06\n\nReasoning: low\n\n# Valid channels: analysis, commentary, final. Channel must be "
     "included for every message.<|end|><|start|>developer<|message|># "
     "Instructions\n\nS\n\n<|end|><|start|>user<|message|>Q1<|end|><|start|>assistant<|channel|>final<|"
     "message|>A1<|end|><|start|>user<|message|>Q2<|end|><|start|>assistant<|channel|>final<|message|>",
     "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\nKnowledge "
     "cutoff: 2024-06\n\nReasoning: low\n\n# Valid channels: analysis, commentary, final. Channel must be "
     "included for every "
     "message.<|end|><|start|>user<|message|>Q1<|end|><|start|>assistant<|channel|>final<|message|>"},
    {"Vicuna", "S\n\nUSER: Q1\nASSISTANT:A1</s>\nUSER: Q2\nASSISTANT:", "USER: Q1\nASSISTANT:"},
    {"Alpaca", "S\n\n### Instruction:\nQ1\n\n### Response:\nA1\n\n### Instruction:\nQ2\n\n### Response:\n",
     "### Instruction:\nQ1\n\n### Response:\n"},
    {"Plain text", "SQ1A1Q2", "Q1"},
};

} // namespace

TEST(ChatFormat, EveryFamilyHasItsGolden) {
    std::set<std::string> seen;
    for (const Golden& golden : goldens) {
        const auto format = ChatFormat::byName(golden.family);
        ASSERT_TRUE(format) << golden.family;
        EXPECT_EQ(render(*format, "S", {{"Q1", "A1"}}, "Q2"), golden.withSystem) << golden.family;
        EXPECT_EQ(render(*format, "", {}, "Q1"), golden.withoutSystem) << golden.family;
        seen.insert(golden.family);
    }
    EXPECT_EQ(seen.size(), ChatFormat::families().size());
    EXPECT_FALSE(ChatFormat::byName("ChatMl"));
}

TEST(ChatFormat, OnlyPlainTextIsPlain) {
    for (const ChatFormat& format : ChatFormat::families())
        EXPECT_EQ(isPlain(format), format.name == "Plain text");
}

TEST(ChatFormat, FamiliesAreRecognisedByTheirMarkers) {
    const std::pair<const char*, const char*> cases[] = {
        {"{{ '<|im_start|>' + role }}", "ChatML"},
        {"{{ '<|im_start|>user<|im_sep|>' }}", "Phi-4"},
        {"{{ '<|start|>user<|message|>' + u + '<|end|>' }}{{ '<|start|>assistant<|channel|>final<|message|>' "
         "}}",
         "Harmony"},
        {"{{ '[SYSTEM_PROMPT] ' + s }}{{ '[INST] ' + u }}", "Mistral v7"},
        {"{{ '[SYSTEM_PROMPT]' + s }}{{ '[INST]' + u }}", "Mistral v7 Tekken"},
        {"{{ ' [INST] ' + system_message }}", "Mistral v1"},
        {"{{ '[AVAILABLE_TOOLS]' }}{{ '[INST] ' + u }}", "Mistral v3"},
        {"{{ '[AVAILABLE_TOOLS]' }}{{ \"[INST]\" + u }}", "Mistral v3 Tekken"},
        {"{{ '<<SYS>>' }}{{ bos_token + '[INST] ' + u }}", "Llama 2"},
        {"{{ '[INST] ' + u + ' [/INST]' }}", "Mistral v0.2"},
        {"{{ '<|assistant|>' }}{{ '<|end|>' }}", "Phi-3"},
        {"{{ '<|user|>\\n' + u + '<|endoftext|>' }}{{ '<|assistant|>' }}", "StableLM"},
        {"{{ '<|user|>\\n' + u + eos_token }}{{ '<|assistant|>' }}", "Zephyr"},
        {"{{ '<start_of_turn>' + role }}", "Gemma"},
        {"{{ '<|start_header_id|>' + role }}", "Llama 3"},
        {"{{ '<｜User｜>' + u + '<｜Assistant｜>' }}", "DeepSeek"},
        {"{{ '<｜User｜>' + u }}{{ '<｜Assistant｜><think>\\n' }}", "DeepSeek R1"},
        {"{{ '<|start_of_role|>' + role }}", "Granite"},
        {"{{ 'USER: ' + u }}{{ 'ASSISTANT: ' + a }}", "Vicuna"},
        {"{{ '### Instruction:' }}{{ '### Response:' }}", "Alpaca"},
        {"", "Plain text"},
        {"{{ messages | length }}", "Plain text (the file's chat template is unknown)"},
    };
    for (const auto& [text, family] : cases)
        EXPECT_EQ(ChatFormat::fromTemplate(text).name, family) << text;
    EXPECT_TRUE(isPlain(ChatFormat::fromTemplate("{{ messages | length }}")));
}

TEST(ChatFormat, Llama2WithoutBeginTokensInHistory) {
    const ChatFormat format = ChatFormat::fromTemplate("{{ '[INST] <<SYS>>' }}");
    EXPECT_EQ(render(format, "", {{"Q1", "A1"}}, "Q2"), "[INST] Q1 [/INST]A1</s>[INST] Q2 [/INST]");
}

TEST(ChatFormat, DefaultSystemIsReadFromTheTemplate) {
    const auto systemOf = [](const char* text) { return ChatFormat::fromTemplate(text).defaultSystem; };
    EXPECT_EQ(systemOf("{{ '<|im_start|>system\\nBe kind.<|im_end|>\\n' }}"), "Be kind.");
    EXPECT_EQ(systemOf("{{ '<|im_start|>system\nBe kind.\nAlways.<|im_end|>\n' }}"), "Be kind.\nAlways.");
    EXPECT_EQ(systemOf("{{ '<|im_start|>' + role + '\\n' + text + '<|im_end|>' }}"), "");
    // Put together by code first, fixed later.
    EXPECT_EQ(
        systemOf(
            "{{ '<|im_start|>system\\n' + s + '<|im_end|>' }}{{ '<|im_start|>system\\nI am Q.<|im_end|>' }}"),
        "I am Q.");
    EXPECT_EQ(systemOf("{{ '<|im_start|>system\\n' }}"), "");
    EXPECT_EQ(systemOf(""), "");
}

TEST(ChatFormat, IsDetectedFromAFile) {
    test::GgufWriter writer;
    EXPECT_TRUE(isPlain(ChatFormat::detect(*engine::GgufFile::open(writer.write("none.gguf")))));
    writer.addString("tokenizer.chat_template", "<start_of_turn>");
    EXPECT_EQ(ChatFormat::detect(*engine::GgufFile::open(writer.write("some.gguf"))).name, "Gemma");
    SKIP_WITHOUT_REAL_MODEL();
    const ChatFormat real = ChatFormat::detect(*engine::GgufFile::open(test::realModelPath()));
    EXPECT_EQ(real.name, "ChatML");
    EXPECT_EQ(real.defaultSystem, "You are a helpful AI assistant named SmolLM, trained by Hugging Face");
}
