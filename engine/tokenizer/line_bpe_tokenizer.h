#pragma once
#include "engine/tokenizer/text_index.h"
#include "engine/tokenizer/vocabulary_tokenizer.h"

#include <array>

namespace engine {

/// BPE on the text itself (tokenizer.ggml.model "gemma4"): blanks become U+2581, runs of line breaks and what lies between them are cut
/// apart, each piece starts as its characters and is merged by rank. Characters that the vocabulary lacks are written as bytes.
class LineBpeTokenizer final : public VocabularyTokenizer {
public:
    LineBpeTokenizer(const GgufFile& file, Vocabulary vocabulary);

private:
    void encodeText(std::string_view text, std::vector<TokenId>& out) const override;
    std::string decodeToken(TokenId token) const override;
    void encodePiece(std::string_view piece, std::vector<TokenId>& symbols) const;
    std::array<TokenId, 256> findBytes() const;

    // In this order: each needs the ones before.
    TextIndex m_textIndex;
    BpeMerges m_merges;
    std::array<TokenId, 256> m_tokenOfByte; // -1: this vocabulary cannot say that byte
};

} // namespace engine
