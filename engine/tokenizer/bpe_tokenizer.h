#pragma once
#include "engine/tokenizer/pretokenizer.h"
#include "engine/tokenizer/text_index.h"
#include "engine/tokenizer/vocabulary_tokenizer.h"

#include <array>

namespace engine {

/// Byte-level BPE as GPT-2 introduced it (tokenizer.ggml.model "gpt2"): text is cut into words by a regex,
/// each word starts as its bytes and is merged by rank.
class BpeTokenizer final : public VocabularyTokenizer {
public:
    BpeTokenizer(const GgufFile& file, Vocabulary vocabulary, const SplitRule& rule);

private:
    void encodeText(std::string_view text, std::vector<TokenId>& out) const override;
    std::string decodeToken(TokenId token) const override;
    void encodeWord(std::string_view word, std::vector<TokenId>& symbols) const;
    std::array<TokenId, 256> findBytes() const;

    // In this order: each needs the ones before.
    TextIndex m_textIndex; // ordinary tokens only
    BpeMerges m_merges;
    std::array<TokenId, 256> m_tokenOfByte; // -1: this vocabulary cannot say that byte
    Pretokenizer m_pretokenizer;
    bool m_ignoreMerges;
};

} // namespace engine
