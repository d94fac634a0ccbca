#include "tests/support/toy_vocabulary.h"

#include <algorithm>
#include <cstdio>

namespace test {

namespace {

enum TokenType : std::int32_t { Normal = 1, Unknown = 2, Control = 3, Unused = 5, Byte = 6 };

struct Vocabulary {
    std::vector<std::string> tokens;
    std::vector<std::int32_t> types;
    std::vector<float> scores;

    void add(std::string text, TokenType type, float score = 0) {
        tokens.push_back(std::move(text));
        types.push_back(type);
        scores.push_back(score);
    }
    /// Exactly `size` tokens.
    void fit(std::size_t size) {
        for (std::size_t i = 0; tokens.size() < size; ++i)
            add("<unused" + std::to_string(i) + ">", Unused);
        tokens.resize(size);
        types.resize(size);
        scores.resize(size);
    }
};

// Left and right half of each merge; "_" stands for the space in front of a word.
constexpr const char* merges[][2] = {
    {"_", "t"},  {"h", "e"},  {"_t", "he"}, {"_", "a"},  {"i", "n"}, {"r", "e"},   {"o", "n"},  {"e", "r"},
    {"a", "t"},  {"_", "s"},  {"_", "o"},   {"e", "n"},  {"_", "c"}, {"e", "s"},   {"_", "w"},  {"t", "he"},
    {"n", "d"},  {"i", "t"},  {"o", "r"},   {"i", "s"},  {"_", "b"}, {"o", "u"},   {"_", "f"},  {"e", "d"},
    {"in", "g"}, {"_", "p"},  {"_a", "nd"}, {"_", "m"},  {"_", "d"}, {"a", "n"},   {"_t", "o"}, {"a", "r"},
    {"_o", "f"}, {"_", "h"},  {"l", "l"},   {"_", "in"}, {"o", "w"}, {"l", "e"},   {"_", "l"},  {"_", "n"},
    {"_", "g"},  {"_w", "h"}, {"s", "t"},   {"_", "y"},  {"v", "e"}, {"_y", "ou"},
};

std::string spelled(std::string_view text, std::string_view space) {
    std::string result;
    for (const char c : text)
        result += c == '_' ? std::string(space) : std::string(1, c);
    return result;
}

void addByteLevel(GgufWriter& writer, std::size_t size, const std::vector<std::string>& controls) {
    Vocabulary vocabulary;
    for (const char* special : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"})
        vocabulary.add(special, Control);
    for (const std::string& control : controls)
        vocabulary.add(control, Control);
    for (int pass = 0; pass < 2; ++pass) // letters first, so that a small vocabulary can still say something
        for (int byte = 0; byte < 256; ++byte)
            if ((byte >= ' ' && byte <= '~') == (pass == 0))
                vocabulary.add(byteLevelCharacter(static_cast<unsigned char>(byte)), Normal);
    const std::string space = byteLevelCharacter(' ');
    std::vector<std::string> rules;
    for (const auto& [left, right] : merges) {
        if (vocabulary.tokens.size() >= size)
            break;
        rules.push_back(spelled(left, space) + " " + spelled(right, space));
        vocabulary.add(spelled(left, space) + spelled(right, space), Normal);
    }
    vocabulary.fit(size);
    writer.addString("tokenizer.ggml.model", "gpt2");
    writer.addString("tokenizer.ggml.pre", "smollm");
    writer.addStrings("tokenizer.ggml.tokens", vocabulary.tokens);
    writer.addInts("tokenizer.ggml.token_type", vocabulary.types);
    writer.addStrings("tokenizer.ggml.merges", rules);
    writer.addUint("tokenizer.ggml.bos_token_id", 1);
    writer.addUint("tokenizer.ggml.eos_token_id", 2);
    writer.addBool("tokenizer.ggml.add_bos_token", false);
}

void addSentencePiece(GgufWriter& writer, std::size_t size) {
    const std::string space = "\xE2\x96\x81"; // U+2581
    Vocabulary vocabulary;
    vocabulary.add("<unk>", Unknown);
    for (const char* special : {"<s>", "</s>", "<|im_start|>", "<|im_end|>"})
        vocabulary.add(special, Control);
    for (int byte = 0; byte < 256; ++byte) {
        char text[8];
        std::snprintf(text, sizeof text, "<0x%02X>", byte);
        vocabulary.add(text, Byte);
    }
    vocabulary.add(space, Normal, -1000);
    for (char letter = 'a'; letter <= 'z'; ++letter)
        vocabulary.add(std::string(1, letter), Normal, -1000.0f - static_cast<float>(letter));
    float score = -1; // earlier merges win
    for (const auto& [left, right] : merges) {
        vocabulary.add(spelled(left, space) + spelled(right, space), Normal, score);
        score -= 1;
    }
    vocabulary.fit(size);
    writer.addString("tokenizer.ggml.model", "llama");
    writer.addStrings("tokenizer.ggml.tokens", vocabulary.tokens);
    writer.addFloats("tokenizer.ggml.scores", vocabulary.scores);
    writer.addInts("tokenizer.ggml.token_type", vocabulary.types);
    writer.addUint("tokenizer.ggml.bos_token_id", 1);
    writer.addUint("tokenizer.ggml.eos_token_id", 2);
    writer.addUint("tokenizer.ggml.unknown_token_id", 0);
}

} // namespace

std::string byteLevelCharacter(unsigned char byte) {
    // Source: GPT-2's byte encoder. Printable Latin-1 stands for itself, the rest moves to U+0100 and upward
    // in order.
    const auto printable = [](int value) {
        return (value >= 0x21 && value <= 0x7E) || (value >= 0xA1 && value <= 0xAC) ||
               (value >= 0xAE && value <= 0xFF);
    };
    int codePoint = byte;
    if (!printable(byte)) {
        codePoint = 256;
        for (int value = 0; value < byte; ++value)
            codePoint += !printable(value);
    }
    if (codePoint < 0x80)
        return std::string(1, static_cast<char>(codePoint));
    return {static_cast<char>(0xC0 | codePoint >> 6), static_cast<char>(0x80 | (codePoint & 0x3F))};
}

void addToyVocabulary(GgufWriter& writer, const ToyShape& shape) {
    const auto size = static_cast<std::size_t>(shape.vocabulary);
    if (shape.sentencePiece)
        addSentencePiece(writer, size);
    else
        addByteLevel(writer, size, shape.controls);
    if (!shape.chatTemplate.empty())
        writer.addString("tokenizer.chat_template", shape.chatTemplate);
}

} // namespace test
