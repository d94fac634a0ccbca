#include "engine/tokenizer.h"
#include "engine/chat_format.h"
#include "engine/gguf_file.h"
#include "engine/presentable.h"
#include "engine/tokenizer/bpe_tokenizer.h"
#include "engine/tokenizer/line_bpe_tokenizer.h"
#include "engine/tokenizer/spm_tokenizer.h"
#include "engine/utf8_stream.h"

namespace engine {

std::unique_ptr<const Tokenizer> Tokenizer::fromGguf(const GgufFile& file) {
    return fromGguf(file, ChatFormat::detect(file));
}

std::unique_ptr<const Tokenizer> Tokenizer::fromGguf(const GgufFile& file, const ChatFormat& format) {
    const std::string kind = file.getString("tokenizer.ggml.model");
    if (kind == "gpt2") {
        const std::string name = file.findString("tokenizer.ggml.pre").value_or("");
        const SplitRule* rule = findSplitRule(name);
        if (!rule)
            file.fail("its tokenizer cuts text into words by the rule " + presentable(name) +
                      ", which is not supported");
        return std::make_unique<BpeTokenizer>(file, Vocabulary::fromGguf(file, format), *rule);
    }
    if (kind == "gemma4")
        return std::make_unique<LineBpeTokenizer>(file, Vocabulary::fromGguf(file, format));
    if (kind == "llama")
        return std::make_unique<SpmTokenizer>(file, Vocabulary::fromGguf(file, format));
    file.fail("it has a tokenizer of the kind " + presentable(kind) + ", which is not supported");
}

std::vector<TokenId> Tokenizer::encodePlain(std::string_view text) const {
    const TextPart part{text, TextPart::Trust::Plain};
    return encode({&part, 1});
}

std::string Tokenizer::decode(std::span<const TokenId> tokens) const {
    std::string raw;
    bool atPrefix = addsSpacePrefix();
    for (const TokenId token : tokens) {
        std::string_view piece = bytes(token);
        if (atPrefix && piece.starts_with(' '))
            piece.remove_prefix(1);
        raw.append(piece);
        atPrefix = addsSpacePrefix() && isControl(token);
    }
    return repairUtf8(raw);
}

} // namespace engine
