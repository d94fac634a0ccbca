#include "engine/tokenizer/spm_model.h"
#include "engine/tokenizer/text_hash.h"

#include <cmath>
#include <cstring>
#include <unordered_set>

namespace engine {

namespace {

// Protobuf: a field is (number << 3 | kind), then the value.
class Message {
public:
    void addNumber(std::uint32_t field, std::uint64_t value) {
        addVarint(field << 3);
        addVarint(value);
    }
    void addFloat(std::uint32_t field, float value) {
        addVarint(field << 3 | 5);
        char raw[sizeof value];
        std::memcpy(raw, &value, sizeof value);
        m_bytes.append(raw, sizeof raw);
    }
    void addBytes(std::uint32_t field, std::string_view value) {
        addVarint(field << 3 | 2);
        addVarint(value.size());
        m_bytes.append(value);
    }
    const std::string& bytes() const { return m_bytes; }

private:
    void addVarint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7)
            m_bytes += static_cast<char>(value | 0x80);
        m_bytes += static_cast<char>(value);
    }
    std::string m_bytes;
};

// Field numbers of sentencepiece_model.proto.
enum PieceField : std::uint32_t { PieceText = 1, PieceScore = 2, PieceType = 3 };
enum TrainerField : std::uint32_t { TrainerModelType = 3, TrainerByteFallback = 35 };
enum NormalizerField : std::uint32_t {
    NormalizerName = 1,
    NormalizerAddDummyPrefix = 3,
    NormalizerRemoveExtra = 4,
    NormalizerEscape = 5
};
enum ModelField : std::uint32_t { ModelPiece = 1, ModelTrainer = 2, ModelNormalizer = 3 };
constexpr std::uint64_t bpeModel = 2;

class PieceWriter {
public:
    PieceWriter(Message& model, int count) : m_model(model) {
        m_names.reserve(static_cast<std::size_t>(count));
    }

    void add(const std::string& text, TokenType type, float score) {
        if (type == TokenType::Unknown && m_hasUnknown)
            type = TokenType::Control;
        m_hasUnknown |= type == TokenType::Unknown;
        m_byteCount += type == TokenType::Byte;
        std::string name = text;
        while (name.empty() || !m_names.insert(name).second) {
            name = "\xEF\xBF\xBD" + std::to_string(m_renamed++);
            type = type == TokenType::Unknown ? type : TokenType::Control;
        }
        Message piece;
        piece.addBytes(PieceText, name);
        piece.addFloat(PieceScore, std::isfinite(score) ? score : 0.0f);
        piece.addNumber(PieceType, static_cast<std::uint64_t>(type));
        m_model.addBytes(ModelPiece, piece.bytes());
    }
    bool hasUnknown() const { return m_hasUnknown; }
    bool hasAllBytes() const { return m_byteCount == 256; }

private:
    Message& m_model;
    std::unordered_set<std::string, TextHash> m_names;
    bool m_hasUnknown = false;
    int m_byteCount = 0, m_renamed = 0;
};

} // namespace

std::string spmModelProto(const Vocabulary& vocabulary, const std::vector<float>& scores) {
    Message model;
    PieceWriter pieces(model, vocabulary.size());
    for (TokenId token = 0; token < vocabulary.size(); ++token) {
        const bool kept = !vocabulary.isReserved(token) || vocabulary.isControl(token);
        pieces.add(vocabulary.text(token), kept ? vocabulary.type(token) : TokenType::Control,
                   scores[static_cast<std::size_t>(token)]);
    }
    if (!pieces.hasUnknown())
        pieces.add("", TokenType::Unknown, 0);
    Message trainer;
    trainer.addNumber(TrainerModelType, bpeModel);
    trainer.addNumber(TrainerByteFallback, pieces.hasAllBytes());
    Message normalizer; // text stays as it is, except that blanks become U+2581; the blank in front is ours
                        // to add
    normalizer.addBytes(NormalizerName, "identity");
    normalizer.addNumber(NormalizerAddDummyPrefix, 0);
    normalizer.addNumber(NormalizerRemoveExtra, 0);
    normalizer.addNumber(NormalizerEscape, 1);
    model.addBytes(ModelTrainer, trainer.bytes());
    model.addBytes(ModelNormalizer, normalizer.bytes());
    return model.bytes();
}

} // namespace engine
