#include "engine/chat_format.h"
#include "engine/gguf_file.h"

#include <algorithm>

namespace engine {

namespace {

constexpr const char* plainName = "Plain text";

// Each line is what the template of the family renders, cut at the places of system prompt, question and
// answer.
std::vector<ChatFormat> makeFamilies() {
    std::vector<ChatFormat> families;
    const auto add = [&](const char* name, const char* open, const char* afterSystem,
                         const char* openWithoutSystem, const char* beforeAnswer, const char* endOfTurn,
                         const char* afterAnswer) -> ChatFormat& {
        ChatFormat format;
        format.name = name;
        format.open = open;
        format.afterSystem = afterSystem;
        format.openWithoutSystem = openWithoutSystem;
        format.beforeAnswer = beforeAnswer;
        format.endOfTurn = endOfTurn;
        format.afterAnswer = afterAnswer;
        families.push_back(format);
        return families.back();
    };
    add("ChatML", "<|im_start|>system\n", "<|im_end|>\n<|im_start|>user\n", "<|im_start|>user\n",
        "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>", "\n<|im_start|>user\n");
    add("Phi-4", "<|im_start|>system<|im_sep|>", "<|im_end|><|im_start|>user<|im_sep|>",
        "<|im_start|>user<|im_sep|>", "<|im_end|><|im_start|>assistant<|im_sep|>", "<|im_end|>",
        "<|im_start|>user<|im_sep|>");
    add("Llama 3", "<|start_header_id|>system<|end_header_id|>\n\n",
        "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
        "<|start_header_id|>user<|end_header_id|>\n\n",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>",
        "<|start_header_id|>user<|end_header_id|>\n\n");
    add("Llama 2", "[INST] <<SYS>>\n", "\n<</SYS>>\n\n", "[INST] ", " [/INST]", "</s>", "<s>[INST] ");
    add("Mistral v0.2", "[INST] ", "\n", "[INST] ", " [/INST]", "</s>", "[INST] ").systemInFirstUser = true;
    add("Mistral v1", " [INST] ", "\n\n", " [INST] ", " [/INST]", "</s>", " [INST] ").systemInFirstUser =
        true;
    add("Mistral v3", "[INST] ", "\n\n", "[INST] ", "[/INST]", "</s>", "[INST] ").systemInFirstUser = true;
    add("Mistral v3 Tekken", "[INST]", "\n\n", "[INST]", "[/INST]", "</s>", "[INST]").systemInFirstUser =
        true;
    add("Mistral v7", "[SYSTEM_PROMPT] ", "[/SYSTEM_PROMPT][INST] ", "[INST] ", "[/INST]", "</s>", "[INST] ");
    add("Mistral v7 Tekken", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT][INST]", "[INST]", "[/INST]", "</s>",
        "[INST]");
    add("Phi-3", "<|system|>\n", "<|end|>\n<|user|>\n", "<|user|>\n", "<|end|>\n<|assistant|>\n", "<|end|>",
        "\n<|user|>\n");
    add("Zephyr", "<|system|>\n", "</s>\n<|user|>\n", "<|user|>\n", "</s>\n<|assistant|>\n", "</s>",
        "\n<|user|>\n");
    add("StableLM", "<|system|>\n", "<|endoftext|>\n<|user|>\n", "<|user|>\n",
        "<|endoftext|>\n<|assistant|>\n", "<|endoftext|>", "\n<|user|>\n");
    add("Gemma", "<start_of_turn>user\n", "\n\n", "<start_of_turn>user\n",
        "<end_of_turn>\n<start_of_turn>model\n", "<end_of_turn>", "\n<start_of_turn>user\n")
        .systemInFirstUser = true;
    add("DeepSeek", "", "<｜User｜>", "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>", "<｜User｜>");
    add("DeepSeek R1", "", "<｜User｜>", "<｜User｜>", "<｜Assistant｜><think>\n", "<｜end▁of▁sentence｜>",
        "<｜User｜>");
    add("Granite", "<|start_of_role|>system<|end_of_role|>",
        "<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>", "<|start_of_role|>user<|end_of_role|>",
        "<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>", "<|end_of_text|>",
        "\n<|start_of_role|>user<|end_of_role|>");
    // gpt-oss. The answer begins in its final channel: the marks of the channel of thoughts are control tokens, which no answer may hold.
    constexpr const char* harmonySystem = "<|start|>system<|message|>You are ChatGPT, a large language model "
                                          "trained by OpenAI.\nKnowledge cutoff: "
                                          "2024-06\n\nReasoning: low\n\n# Valid channels: analysis, "
                                          "commentary, final. Channel must be included for "
                                          "every message.<|end|>";
    static const std::string harmonyOpen =
        harmonySystem + std::string("<|start|>developer<|message|># Instructions\n\n");
    static const std::string harmonyUser = harmonySystem + std::string("<|start|>user<|message|>");
    add("Harmony", harmonyOpen.c_str(), "\n\n<|end|><|start|>user<|message|>", harmonyUser.c_str(),
        "<|end|><|start|>assistant<|channel|>final<|message|>", "<|end|>", "<|start|>user<|message|>");
    add("Vicuna", "", "\n\nUSER: ", "USER: ", "\nASSISTANT:", "</s>", "\nUSER: ");
    add("Alpaca", "", "\n\n### Instruction:\n", "### Instruction:\n", "\n\n### Response:\n", "",
        "\n\n### Instruction:\n");
    add(plainName, "", "", "", "", "", "").plain = true;
    return families;
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

const std::vector<ChatFormat>& ChatFormat::families() {
    static const std::vector<ChatFormat> all = makeFamilies();
    return all;
}

std::optional<ChatFormat> ChatFormat::byName(std::string_view name) {
    const auto found = std::find_if(families().begin(), families().end(),
                                    [&](const ChatFormat& format) { return format.name == name; });
    return found == families().end() ? std::nullopt : std::optional(*found);
}

ChatFormat ChatFormat::fromTemplate(const std::string& jinja) {
    if (jinja.empty())
        return *byName(plainName);
    const std::string text = withRealLineBreaks(jinja);
    const char* family = familyOf(text);
    if (!family) {
        ChatFormat unknown = *byName(plainName);
        unknown.name += " (the file's chat template is unknown)";
        return unknown;
    }
    ChatFormat format = *byName(family);
    // Most Llama 2 templates open every question with the begin token; some only the first.
    if (format.name == "Llama 2" && text.find("bos_token + '[INST]") == std::string::npos)
        format.afterAnswer = format.openWithoutSystem;
    format.defaultSystem = defaultSystemOf(text, format);
    return format;
}

ChatFormat ChatFormat::detect(const GgufFile& file) {
    return fromTemplate(file.findString("tokenizer.chat_template").value_or(""));
}

} // namespace engine
