#include "engine/chat_format.h"
#include "engine/chat_template.h"
#include "engine/gguf_file.h"
#include "engine/template/probe.h"

#include <algorithm>

namespace engine {

namespace {

constexpr const char* plainName = "Plain text";

// gpt-oss.
const std::string HARMONY_SYSTEM =
    "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: "
    "2024-06\n\nReasoning: low\n\n# Valid channels: analysis, commentary, final. Channel must be included "
    "for "
    "every message.<|end|>";

// Each line is what the template of the family renders, cut at the places of system prompt, question and
// answer.
std::vector<ChatFormat> makeFamilies() {
    return {
        {.name = "ChatML",
         .open = "<|im_start|>system\n",
         .afterSystem = "<|im_end|>\n<|im_start|>user\n",
         .openWithoutSystem = "<|im_start|>user\n",
         .beforeAnswer = "<|im_end|>\n<|im_start|>assistant\n",
         .endOfTurn = "<|im_end|>",
         .afterAnswer = "\n<|im_start|>user\n"},
        {.name = "Phi-4",
         .open = "<|im_start|>system<|im_sep|>",
         .afterSystem = "<|im_end|><|im_start|>user<|im_sep|>",
         .openWithoutSystem = "<|im_start|>user<|im_sep|>",
         .beforeAnswer = "<|im_end|><|im_start|>assistant<|im_sep|>",
         .endOfTurn = "<|im_end|>",
         .afterAnswer = "<|im_start|>user<|im_sep|>"},
        {.name = "Llama 3",
         .open = "<|start_header_id|>system<|end_header_id|>\n\n",
         .afterSystem = "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
         .openWithoutSystem = "<|start_header_id|>user<|end_header_id|>\n\n",
         .beforeAnswer = "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
         .endOfTurn = "<|eot_id|>",
         .afterAnswer = "<|start_header_id|>user<|end_header_id|>\n\n"},
        {.name = "Llama 2",
         .open = "[INST] <<SYS>>\n",
         .afterSystem = "\n<</SYS>>\n\n",
         .openWithoutSystem = "[INST] ",
         .beforeAnswer = " [/INST]",
         .endOfTurn = "</s>",
         .afterAnswer = "<s>[INST] "},
        {.name = "Mistral v0.2",
         .open = "[INST] ",
         .afterSystem = "\n",
         .openWithoutSystem = "[INST] ",
         .beforeAnswer = " [/INST]",
         .endOfTurn = "</s>",
         .afterAnswer = "[INST] "},
        {.name = "Mistral v1",
         .open = " [INST] ",
         .afterSystem = "\n\n",
         .openWithoutSystem = " [INST] ",
         .beforeAnswer = " [/INST]",
         .endOfTurn = "</s>",
         .afterAnswer = " [INST] "},
        {.name = "Mistral v3",
         .open = "[INST] ",
         .afterSystem = "\n\n",
         .openWithoutSystem = "[INST] ",
         .beforeAnswer = "[/INST]",
         .endOfTurn = "</s>",
         .afterAnswer = "[INST] "},
        {.name = "Mistral v3 Tekken",
         .open = "[INST]",
         .afterSystem = "\n\n",
         .openWithoutSystem = "[INST]",
         .beforeAnswer = "[/INST]",
         .endOfTurn = "</s>",
         .afterAnswer = "[INST]"},
        {.name = "Mistral v7",
         .open = "[SYSTEM_PROMPT] ",
         .afterSystem = "[/SYSTEM_PROMPT][INST] ",
         .openWithoutSystem = "[INST] ",
         .beforeAnswer = "[/INST]",
         .endOfTurn = "</s>",
         .afterAnswer = "[INST] "},
        {.name = "Mistral v7 Tekken",
         .open = "[SYSTEM_PROMPT]",
         .afterSystem = "[/SYSTEM_PROMPT][INST]",
         .openWithoutSystem = "[INST]",
         .beforeAnswer = "[/INST]",
         .endOfTurn = "</s>",
         .afterAnswer = "[INST]"},
        {.name = "Phi-3",
         .open = "<|system|>\n",
         .afterSystem = "<|end|>\n<|user|>\n",
         .openWithoutSystem = "<|user|>\n",
         .beforeAnswer = "<|end|>\n<|assistant|>\n",
         .endOfTurn = "<|end|>",
         .afterAnswer = "\n<|user|>\n"},
        {.name = "Zephyr",
         .open = "<|system|>\n",
         .afterSystem = "</s>\n<|user|>\n",
         .openWithoutSystem = "<|user|>\n",
         .beforeAnswer = "</s>\n<|assistant|>\n",
         .endOfTurn = "</s>",
         .afterAnswer = "\n<|user|>\n"},
        {.name = "StableLM",
         .open = "<|system|>\n",
         .afterSystem = "<|endoftext|>\n<|user|>\n",
         .openWithoutSystem = "<|user|>\n",
         .beforeAnswer = "<|endoftext|>\n<|assistant|>\n",
         .endOfTurn = "<|endoftext|>",
         .afterAnswer = "\n<|user|>\n"},
        {.name = "Gemma",
         .open = "<start_of_turn>user\n",
         .afterSystem = "\n\n",
         .openWithoutSystem = "<start_of_turn>user\n",
         .beforeAnswer = "<end_of_turn>\n<start_of_turn>model\n",
         .endOfTurn = "<end_of_turn>",
         .afterAnswer = "\n<start_of_turn>user\n"},
        {.name = "DeepSeek",
         .afterSystem = "<｜User｜>",
         .openWithoutSystem = "<｜User｜>",
         .beforeAnswer = "<｜Assistant｜>",
         .endOfTurn = "<｜end▁of▁sentence｜>",
         .afterAnswer = "<｜User｜>"},
        {.name = "DeepSeek R1",
         .afterSystem = "<｜User｜>",
         .openWithoutSystem = "<｜User｜>",
         .beforeAnswer = "<｜Assistant｜><think>\n",
         .endOfTurn = "<｜end▁of▁sentence｜>",
         .afterAnswer = "<｜User｜>"},
        {.name = "Granite",
         .open = "<|start_of_role|>system<|end_of_role|>",
         .afterSystem = "<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>",
         .openWithoutSystem = "<|start_of_role|>user<|end_of_role|>",
         .beforeAnswer = "<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>",
         .endOfTurn = "<|end_of_text|>",
         .afterAnswer = "\n<|start_of_role|>user<|end_of_role|>"},
        {.name = "Harmony",
         .open = HARMONY_SYSTEM + "<|start|>developer<|message|># Instructions\n\n",
         .afterSystem = "\n\n<|end|><|start|>user<|message|>",
         .openWithoutSystem = HARMONY_SYSTEM + "<|start|>user<|message|>",
         .beforeAnswer = "<|end|><|start|>assistant",
         .channel = "<|channel|>final<|message|>",
         .thoughtChannel = "<|channel|>analysis<|message|>",
         .afterThought = "<|end|><|start|>assistant<|channel|>final<|message|>",
         .endOfTurn = "<|end|>",
         .afterAnswer = "<|start|>user<|message|>"},
        {.name = "Vicuna",
         .afterSystem = "\n\nUSER: ",
         .openWithoutSystem = "USER: ",
         .beforeAnswer = "\nASSISTANT:",
         .endOfTurn = "</s>",
         .afterAnswer = "\nUSER: "},
        {.name = "Alpaca",
         .afterSystem = "\n\n### Instruction:\n",
         .openWithoutSystem = "### Instruction:\n",
         .beforeAnswer = "\n\n### Response:\n",
         .afterAnswer = "\n\n### Instruction:\n"},
        {.name = plainName},
    };
}

/// The name of the family a template belongs to; the order of the questions matters. Null: none that we know.
const char* familyOf(std::string_view text) {
    const auto has = [text](std::string_view part) { return text.find(part) != std::string_view::npos; };
    if (has("<|im_start|>"))
        return has("<|im_sep|>") ? "Phi-4" : "ChatML";
    if (has("[INST]")) {
        if (has("[SYSTEM_PROMPT]"))
            return has("[SYSTEM_PROMPT] ") ? "Mistral v7" : "Mistral v7 Tekken";
        if (has("' [INST] ' + system_message") || has("[AVAILABLE_TOOLS]")) {
            if (has(" [INST]"))
                return "Mistral v1";
            return has("\"[INST]\"") ? "Mistral v3 Tekken" : "Mistral v3";
        }
        return has("<<SYS>>") ? "Llama 2" : "Mistral v0.2";
    }
    if (has("<|channel|>") && has("<|message|>") && has("<|start|>"))
        return "Harmony";
    if (has("<|assistant|>") && has("<|end|>"))
        return "Phi-3";
    if (has("<|user|>") && !has("[gMASK]") && (has("<|endoftext|>") || has("eos_token") || has("</s>")))
        return has("<|endoftext|>") ? "StableLM" : "Zephyr";
    if (has("<start_of_turn>"))
        return "Gemma";
    if (has("USER: ") && has("ASSISTANT:"))
        return "Vicuna";
    if (has("<|start_header_id|>"))
        return "Llama 3";
    if (has("<｜User｜>") && has("<｜Assistant｜>"))
        return has("<｜Assistant｜><think>") ? "DeepSeek R1" : "DeepSeek";
    if (has("<|start_of_role|>"))
        return "Granite";
    if (has("### Instruction:") && has("### Response:") && !has("<|EOT|>"))
        return "Alpaca";
    return nullptr;
}

/// Line breaks stand in a template as such or, inside its string literals, as "\n".
std::string withRealLineBreaks(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool written = text.substr(at).starts_with("\\n");
        result += written ? '\n' : text[at];
        at += written;
    }
    return result;
}

/// Finds one thing again and again, from places that only go forward: a search that has been made is not made a second time, so that all
/// of them together read the text once.
template <class Search>
class Onward {
public:
    explicit Onward(Search search) : m_search(search) {}
    std::size_t from(std::size_t at) {
        if (!m_searched || m_found < at)
            m_found = m_search(at);
        m_searched = true;
        return m_found;
    }

private:
    Search m_search;
    std::size_t m_found = 0;
    bool m_searched = false;
};

/// The system prompt that a template writes out itself: fixed text between `open` and the end of the turn.
std::string defaultSystemOf(std::string_view text, const ChatFormat& format) {
    if (format.open.empty() || format.endOfTurn.empty())
        return "";
    Onward ends([&](std::size_t at) { return text.find(format.endOfTurn, at); });
    Onward code([&](std::size_t at) { return text.find_first_of("{}'\"", at); });
    for (std::size_t at = 0; (at = text.find(format.open, at)) != std::string_view::npos;) {
        at += format.open.size();
        const std::size_t end = ends.from(at);
        if (end == std::string_view::npos)
            return "";
        if (end > at && code.from(at) >= end) // else it is put together by code
            return std::string(text.substr(at, end - at));
    }
    return "";
}

} // namespace

std::string_view ChatFormat::betweenTurns() const {
    std::string_view between = afterAnswer;
    if (between.ends_with(openWithoutSystem)) {
        between.remove_suffix(openWithoutSystem.size());
    } else if (
        source) { // what a template writes in front of the first question has more than what opens a question
        const auto [end, other] = std::mismatch(between.rbegin(), between.rend(), openWithoutSystem.rbegin(),
                                                openWithoutSystem.rend());
        between.remove_suffix(static_cast<std::size_t>(end - between.rbegin()));
    }
    return between;
}

std::string_view ChatFormat::openInside() const {
    std::string_view inside = open;
    if (source && inside.starts_with(source->setting().beginToken))
        inside.remove_prefix(source->setting().beginToken.size());
    return inside;
}

const std::vector<ChatFormat>& ChatFormat::families() {
    static const std::vector<ChatFormat> all = makeFamilies();
    return all;
}

std::optional<ChatFormat> ChatFormat::byName(std::string_view name) {
    const auto found = std::find_if(families().begin(), families().end(),
                                    [&](const ChatFormat& format) { return format.name == name; });
    return found == families().end() ? std::nullopt : std::optional(*found);
}

namespace {

ChatFormat fromFamily(const std::string& text) {
    const char* family = familyOf(text);
    if (!family) {
        ChatFormat unknown = *ChatFormat::byName(plainName);
        unknown.name += " (the file's chat template is unknown)";
        return unknown;
    }
    ChatFormat format = *ChatFormat::byName(family);
    // Most Llama 2 templates open every question with the begin token; some only the first.
    if (format.name == "Llama 2" && text.find("bos_token + '[INST]") == std::string::npos)
        format.afterAnswer = format.openWithoutSystem;
    format.defaultSystem = defaultSystemOf(text, format);
    return format;
}

TemplateSetting settingOf(const GgufFile& file) {
    TemplateSetting setting;
    const std::vector<std::string>* tokens = file.findStrings("tokenizer.ggml.tokens");
    const auto textOf = [&](const char* key) {
        const auto id = file.findUint(key);
        return id && tokens && *id < tokens->size() ? (*tokens)[*id] : std::string();
    };
    setting.beginToken = textOf("tokenizer.ggml.bos_token_id");
    setting.endToken = textOf("tokenizer.ggml.eos_token_id");
    setting.padToken = textOf("tokenizer.ggml.padding_token_id");
    setting.unknownToken = textOf("tokenizer.ggml.unknown_token_id");
    const std::time_t now = std::time(nullptr);
    localtime_r(&now, &setting.now);
    return setting;
}

} // namespace

ChatFormat ChatFormat::fromTemplate(const std::string& jinja) {
    return fromTemplate(jinja, {});
}

ChatFormat ChatFormat::fromTemplate(const std::string& jinja, const TemplateSetting& setting,
                                    const std::stop_token& stop) {
    if (jinja.empty())
        return *byName(plainName);
    const std::string text = withRealLineBreaks(jinja);
    Probed probed = probe(jinja, setting, stop);
    if (!probed.format) {
        ChatFormat format = fromFamily(text);
        format.trouble = probed.trouble;
        return format;
    }
    const char* family = familyOf(text);
    probed.format->name = family ? family : "The file's own";
    return *probed.format;
}

ChatFormat ChatFormat::detect(const GgufFile& file) {
    const std::string jinja = file.findString("tokenizer.chat_template").value_or("");
    ChatFormat format = fromTemplate(jinja, settingOf(file), file.stopToken());
    file.checkStop();
    return format;
}

} // namespace engine
