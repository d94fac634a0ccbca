#include "engine/tokenizer/bpe_tokenizer.h"
#include "engine/gguf_file.h"
#include "engine/tokenizer/byte_level.h"

namespace engine {

BpeTokenizer::BpeTokenizer(const GgufFile& file, Vocabulary vocabularyOfFile, const SplitRule& rule)
    : VocabularyTokenizer(std::move(vocabularyOfFile), {vocabularyOfFile.addsBegin.value_or(rule.addsBegin),
                                                        vocabularyOfFile.addsSpacePrefix.value_or(false)}),
      m_textIndex(indexTexts(file, vocabulary())),
      m_merges(readMerges(file, m_textIndex, vocabulary().size())), m_tokenOfByte(findBytes()),
      m_pretokenizer(rule), m_ignoreMerges(rule.ignoreMerges) {
    fillBytes(file);
}

std::array<TokenId, 256> BpeTokenizer::findBytes() const {
    std::array<TokenId, 256> tokens;
    for (std::size_t byte = 0; byte < tokens.size(); ++byte) {
        const auto found = m_textIndex.find(std::string_view(byteLevelAlphabet()[byte]));
        tokens[byte] = found == m_textIndex.end() ? -1 : found->second;
    }
    return tokens;
}

void BpeTokenizer::encodeText(std::string_view text, std::vector<TokenId>& out) const {
    std::vector<TokenId> symbols;
    for (const std::string_view word : m_pretokenizer.split(text)) {
        encodeWord(word, symbols);
        out.insert(out.end(), symbols.begin(), symbols.end());
    }
}

void BpeTokenizer::encodeWord(std::string_view word, std::vector<TokenId>& symbols) const {
    symbols.clear();
    if (m_ignoreMerges) {
        std::string spelled;
        for (const char byte : word)
            spelled += byteLevelAlphabet()[static_cast<unsigned char>(byte)];
        if (const auto whole = m_textIndex.find(std::string_view(spelled)); whole != m_textIndex.end()) {
            symbols.push_back(whole->second);
            return;
        }
    }
    for (const char byte : word)
        if (const TokenId token = m_tokenOfByte[static_cast<unsigned char>(byte)]; token >= 0)
            symbols.push_back(token);
    m_merges.apply(symbols);
}

std::string BpeTokenizer::decodeToken(TokenId token) const {
    const std::string& text = vocabulary().text(token);
    return vocabulary().type(token) == TokenType::UserDefined ? text : decodeByteLevel(text);
}

} // namespace engine
