#include "engine/tokenizer/vocabulary_tokenizer.h"
#include "engine/gguf_file.h"
#include "engine/utf8_stream.h"

namespace engine {

namespace {

// Longer ones do not occur (known ones reach 93); a hostile one would make matching slow.
constexpr std::size_t maxSpecialBytes = 256;

} // namespace

VocabularyTokenizer::VocabularyTokenizer(Vocabulary&& vocabulary, Habits habits)
    : m_vocabulary(std::move(vocabulary)), m_addsBegin(habits.addsBegin && m_vocabulary.begin),
      m_addsSpacePrefix(habits.addsSpacePrefix) {
    std::vector<TokenMatcher::Entry> everywhere,
        special; // of texts that stay where they are, in m_vocabulary
    for (TokenId token = 0; token < m_vocabulary.size(); ++token) {
        const std::string& text = m_vocabulary.text(token);
        if (text.size() > maxSpecialBytes)
            continue;
        const bool reserved = m_vocabulary.isReserved(token);
        const bool userDefined = m_vocabulary.type(token) == TokenType::UserDefined;
        if (userDefined && !reserved)
            everywhere.push_back({text, token});
        if (userDefined || reserved)
            special.push_back({text, token});
    }
    m_userDefined = TokenMatcher(std::move(everywhere));
    m_special = TokenMatcher(std::move(special));
}

void VocabularyTokenizer::fillBytes(const GgufFile& file) {
    m_bytes.resize(m_vocabulary.texts.size());
    for (TokenId token = 0; token < m_vocabulary.size(); ++token) {
        file.checkStop();
        std::string& bytes = m_bytes[static_cast<std::size_t>(token)];
        switch (m_vocabulary.type(token)) {
        case TokenType::Control:
        case TokenType::Unused:
            break;
        case TokenType::Unknown:
            bytes = "\xEF\xBF\xBD";
            break; // U+FFFD
        default:
            bytes = decodeToken(token);
        }
    }
}

std::vector<TokenId> VocabularyTokenizer::encode(std::span<const TextPart> parts) const {
    std::vector<TokenId> tokens;
    std::string plain; // glue and content up to the next special token: one text
    bool afterSpecial = true;
    for (const TextPart& part : parts) {
        std::size_t position = 0;
        if (part.trust == TextPart::Trust::Special) {
            while (const auto match = m_special.find(part.text, position)) {
                plain.append(part.text.substr(position, match->begin - position));
                encodePlainRun(std::move(plain), afterSpecial, tokens);
                plain.clear();
                tokens.push_back(match->token);
                afterSpecial = true;
                position = match->begin + match->length;
            }
        }
        plain.append(part.text.substr(position));
    }
    encodePlainRun(std::move(plain), afterSpecial, tokens);
    return tokens;
}

void VocabularyTokenizer::encodePlainRun(std::string text, bool afterSpecial,
                                         std::vector<TokenId>& out) const {
    if (text.empty())
        return;
    const std::string repaired = repairUtf8(text);
    const std::string_view view = repaired;
    std::size_t position = 0;
    while (const auto match = m_userDefined.find(view, position)) {
        encodeFragment(view.substr(position, match->begin - position), afterSpecial, out);
        out.push_back(match->token);
        afterSpecial = true;
        position = match->begin + match->length;
    }
    encodeFragment(view.substr(position), afterSpecial, out);
}

void VocabularyTokenizer::encodeFragment(std::string_view text, bool afterSpecial,
                                         std::vector<TokenId>& out) const {
    if (text.empty())
        return;
    if (m_addsSpacePrefix && afterSpecial)
        encodeText(" " + std::string(text), out);
    else
        encodeText(text, out);
}

std::string_view VocabularyTokenizer::bytes(TokenId token) const {
    return isValid(token) ? std::string_view(m_bytes[static_cast<std::size_t>(token)]) : std::string_view();
}

std::string VocabularyTokenizer::displayText(TokenId token) const {
    if (!isValid(token))
        return "";
    const std::string_view raw = bytes(token);
    if (raw.empty() || m_vocabulary.type(token) == TokenType::Unknown)
        return repairUtf8(m_vocabulary.text(token));
    if (std::string text = repairUtf8(raw); text == raw)
        return text;
    std::string text; // a part of a character
    for (const char byte : raw) {
        constexpr const char* digits = "0123456789ABCDEF";
        const auto value = static_cast<unsigned char>(byte);
        text += std::string("<0x") + digits[value >> 4] + digits[value & 15] + ">";
    }
    return text;
}

bool VocabularyTokenizer::endsTurn(TokenId token) const {
    return isValid(token) && m_vocabulary.endOfGeneration[static_cast<std::size_t>(token)];
}

bool VocabularyTokenizer::isControl(TokenId token) const {
    return isValid(token) && m_vocabulary.isControl(token);
}

std::optional<TokenId> VocabularyTokenizer::findSpecial(std::string_view text) const {
    return m_special.exact(text);
}

} // namespace engine
