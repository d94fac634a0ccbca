#include "engine/tokenizer/bpe_tokenizer.h"
#include "engine/gguf_file.h"
#include "engine/tokenizer/byte_level.h"

namespace engine {

BpeTokenizer::BpeTokenizer(const GgufFile& file, Vocabulary vocabularyOfFile, const SplitRule& rule)
    : VocabularyTokenizer(std::move(vocabularyOfFile), {vocabularyOfFile.addsBegin.value_or(rule.addsBegin),
                                                        vocabularyOfFile.addsSpacePrefix.value_or(false)}),
      m_textIndex(indexTexts()), m_merges(readMerges(file)), m_tokenOfByte(findBytes()), m_pretokenizer(rule),
      m_ignoreMerges(rule.ignoreMerges) {
    fillBytes();
}

BpeTokenizer::TextIndex BpeTokenizer::indexTexts() const {
    TextIndex index(static_cast<std::size_t>(vocabulary().size()));
    for (TokenId token = 0; token < vocabulary().size(); ++token)
        if (!vocabulary().isReserved(token)) // a word of plain text must never become one of those
            index.emplace(vocabulary().text(token), token);
    return index;
}

BpeMerges BpeTokenizer::readMerges(const GgufFile& file) const {
    const std::vector<std::string>* merges = file.findStrings("tokenizer.ggml.merges");
    if (!merges)
        file.fail("its metadata lacks the key tokenizer.ggml.merges");
    std::vector<BpeMerges::Rule> rules;
    rules.reserve(merges->size());
    for (std::size_t rank = 0; rank < merges->size(); ++rank) {
        const std::string_view merge = (*merges)[rank];
        const std::size_t blank = merge.find(' ', 1); // the left half may itself be a blank
        if (blank == std::string_view::npos)
            file.fail("it is damaged: its vocabulary has a merge without two halves");
        std::string whole(merge.substr(0, blank));
        whole.append(merge.substr(blank + 1));
        const auto left = m_textIndex.find(merge.substr(0, blank));
        const auto right = m_textIndex.find(merge.substr(blank + 1));
        const auto result = m_textIndex.find(std::string_view(whole));
        // Vocabularies that were cut down keep merges of tokens that are gone; those can never apply.
        if (left != m_textIndex.end() && right != m_textIndex.end() && result != m_textIndex.end())
            rules.push_back({left->second, right->second, result->second, static_cast<std::uint32_t>(rank)});
    }
    return BpeMerges(std::move(rules), vocabulary().size());
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
