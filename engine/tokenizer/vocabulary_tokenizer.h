#pragma once
#include "engine/tokenizer.h"
#include "engine/tokenizer/token_matcher.h"
#include "engine/tokenizer/vocabulary.h"

namespace engine {

/// What byte-level BPE and SentencePiece have in common: special tokens are cut out first, the text between
/// them is left to the kind. Immutable; any thread.
class VocabularyTokenizer : public Tokenizer {
public:
    std::vector<TokenId> encode(std::span<const TextPart> parts) const final;
    std::string_view bytes(TokenId token) const final;
    std::string displayText(TokenId token) const final;
    int vocabularySize() const final { return m_vocabulary.size(); }
    std::optional<TokenId> beginToken() const final { return m_vocabulary.begin; }
    bool addsBeginToken() const final { return m_addsBegin; }
    bool addsSpacePrefix() const final { return m_addsSpacePrefix; }
    bool endsTurn(TokenId token) const final;
    bool isControl(TokenId token) const final;
    std::optional<TokenId> findSpecial(std::string_view text) const final;

protected:
    struct Habits {
        bool addsBegin;
        bool addsSpacePrefix;
    };
    VocabularyTokenizer(Vocabulary&& vocabulary, Habits habits);
    VocabularyTokenizer(const VocabularyTokenizer&) = delete; // the matchers look into m_vocabulary

    /// Valid UTF-8 without special tokens, not empty.
    virtual void encodeText(std::string_view text, std::vector<TokenId>& out) const = 0;
    /// The bytes an ordinary token stands for; called once per token by fillBytes().
    virtual std::string decodeToken(TokenId token) const = 0;
    /// The last act of a derived constructor.
    void fillBytes(const GgufFile& file);

    const Vocabulary& vocabulary() const { return m_vocabulary; }

private:
    void encodePlainRun(std::string text, bool afterSpecial, std::vector<TokenId>& out) const;
    void encodeFragment(std::string_view text, bool afterSpecial, std::vector<TokenId>& out) const;
    bool isValid(TokenId token) const { return token >= 0 && token < m_vocabulary.size(); }

    Vocabulary m_vocabulary;
    bool m_addsBegin, m_addsSpacePrefix;
    TokenMatcher m_userDefined; // found in every text; none that is reserved
    TokenMatcher m_special;     // found in trusted text only; the user-defined ones too
    std::vector<std::string> m_bytes;
};

} // namespace engine
