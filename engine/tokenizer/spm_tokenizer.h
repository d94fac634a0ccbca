#pragma once
#include "engine/tokenizer/vocabulary_tokenizer.h"

#include <memory>

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace engine {

/// SentencePiece's BPE (tokenizer.ggml.model "llama": Llama 1 and 2, Mistral, Gemma, Phi-3), by
/// libsentencepiece on a model that is built in memory from the file's metadata.
class SpmTokenizer final : public VocabularyTokenizer {
public:
    SpmTokenizer(const GgufFile& file, Vocabulary vocabulary);
    ~SpmTokenizer() override;

private:
    void encodeText(std::string_view text, std::vector<TokenId>& out) const override;
    std::string decodeToken(TokenId token) const override;
    std::size_t chunkLength(std::string_view text) const;
    void findCuts();

    std::unique_ptr<sentencepiece::SentencePieceProcessor> m_processor;
    // Places where no piece of the vocabulary reaches across, so that long texts can be encoded in parts with
    // the same result.
    bool m_cutsBehindLineBreaks = false;
    bool m_cutsBeforeSpaces = false;
};

} // namespace engine
