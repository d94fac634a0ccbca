#include "engine/tokenizer/line_bpe_tokenizer.h"

#include "engine/gguf_file.h"
#include "engine/tokenizer/space_marks.h"

namespace engine {
namespace {

/// Of a character of valid UTF-8 that begins with this byte.
std::size_t lengthOfCharacter(char first) {
    const auto byte = static_cast<unsigned char>(first);
    return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

} // namespace

LineBpeTokenizer::LineBpeTokenizer(const GgufFile& file, Vocabulary vocabularyOfFile)
    : VocabularyTokenizer(std::move(vocabularyOfFile), {vocabularyOfFile.addsBegin.value_or(true),
                                                        vocabularyOfFile.addsSpacePrefix.value_or(false)}),
      m_textIndex(indexTexts(file, vocabulary())),
      m_merges(readMerges(file, m_textIndex, vocabulary().size())), m_tokenOfByte(findBytes()) {
    fillBytes(file);
}

std::array<TokenId, 256> LineBpeTokenizer::findBytes() const {
    std::array<TokenId, 256> tokens;
    tokens.fill(-1);
    for (TokenId token = 0; token < vocabulary().size(); ++token)
        if (vocabulary().type(token) == TokenType::Byte)
            tokens[static_cast<unsigned char>(decodeSpaceMarks(vocabulary(), token)[0])] = token;
    return tokens;
}

void LineBpeTokenizer::encodeText(std::string_view text, std::vector<TokenId>& out) const {
    std::vector<TokenId> symbols;
    while (!text.empty()) {
        const bool isBreak = text[0] == '\n';
        const std::size_t end = isBreak ? text.find_first_not_of('\n') : text.find('\n');
        const std::string_view piece = text.substr(0, end);
        encodePiece(piece, symbols);
        out.insert(out.end(), symbols.begin(), symbols.end());
        text.remove_prefix(piece.size());
    }
}

void LineBpeTokenizer::encodePiece(std::string_view piece, std::vector<TokenId>& symbols) const {
    symbols.clear();
    for (std::size_t at = 0; at < piece.size();) {
        const std::size_t length = lengthOfCharacter(piece[at]);
        const std::string_view character = piece[at] == ' ' ? spaceMark : piece.substr(at, length);
        if (const auto found = m_textIndex.find(character); found != m_textIndex.end()) {
            symbols.push_back(found->second);
        } else {
            for (const char byte : character)
                if (const TokenId token = m_tokenOfByte[static_cast<unsigned char>(byte)]; token >= 0)
                    symbols.push_back(token);
        }
        at += length;
    }
    m_merges.apply(symbols);
}

std::string LineBpeTokenizer::decodeToken(TokenId token) const {
    return decodeSpaceMarks(vocabulary(), token);
}

} // namespace engine
