#include "engine/tokenizer/spm_tokenizer.h"
#include "engine/gguf_file.h"
#include "engine/tokenizer/space_marks.h"
#include "engine/tokenizer/spm_model.h"

#include <algorithm>
#include <sentencepiece_processor.h>

// In the library, but in none of its installed headers.
namespace sentencepiece::logging {
void SetMinLogLevel(int level);
}

namespace engine {

namespace {

constexpr std::size_t chunkBytes = 4 << 10;        // the library's time grows faster than the text
constexpr std::size_t forcedChunkBytes = 64 << 10; // where a text offers no exact cut

} // namespace

SpmTokenizer::SpmTokenizer(const GgufFile& file, Vocabulary vocabularyOfFile)
    : VocabularyTokenizer(std::move(vocabularyOfFile), {vocabularyOfFile.addsBegin.value_or(true),
                                                        vocabularyOfFile.addsSpacePrefix.value_or(true)}),
      m_processor(std::make_unique<sentencepiece::SentencePieceProcessor>()) {
    const auto scores = file.findFloats("tokenizer.ggml.scores");
    if (!scores || scores->size() != static_cast<std::size_t>(vocabulary().size()))
        file.fail("it is damaged: its vocabulary and the list of scores differ in length");
    // Errors come back as values; the library's own lines on stderr would only repeat them.
    sentencepiece::logging::SetMinLogLevel(4);
    const auto status = m_processor->LoadFromSerializedProto(spmModelProto(vocabulary(), *scores));
    if (!status.ok())
        file.fail("its vocabulary is refused: " + std::string(status.error_message()));
    findCuts();
    fillBytes(file);
}

SpmTokenizer::~SpmTokenizer() = default;

void SpmTokenizer::findCuts() {
    m_cutsBehindLineBreaks = m_cutsBeforeSpaces = true;
    for (TokenId token = 0; token < vocabulary().size(); ++token) {
        if (vocabulary().isReserved(token))
            continue;
        const std::string_view text = vocabulary().text(token);
        const std::size_t lineBreak = text.find('\n');
        if (lineBreak != std::string_view::npos &&
            text.find_first_not_of('\n', lineBreak) != std::string_view::npos)
            m_cutsBehindLineBreaks = false;
        std::size_t letters = 0;
        while (text.substr(letters).starts_with(spaceMark))
            letters += spaceMark.size();
        if (text.find(spaceMark, letters) != std::string_view::npos)
            m_cutsBeforeSpaces = false;
    }
}

std::size_t SpmTokenizer::chunkLength(std::string_view text) const {
    if (text.size() <= chunkBytes)
        return text.size();
    const std::size_t most = std::min(text.size(), forcedChunkBytes);
    for (std::size_t at = chunkBytes; at < most; ++at) {
        const bool behindLineBreak = m_cutsBehindLineBreaks && text[at - 1] == '\n' && text[at] != '\n';
        const bool beforeSpace = m_cutsBeforeSpaces && text[at] == ' ' && text[at - 1] != ' ';
        if (behindLineBreak || beforeSpace)
            return at;
    }
    if (most == text.size())
        return most;
    std::size_t forced = most;
    while (forced > 1 && (static_cast<unsigned char>(text[forced]) & 0xC0) == 0x80)
        --forced;
    return forced;
}

void SpmTokenizer::encodeText(std::string_view text, std::vector<TokenId>& out) const {
    std::vector<int> ids;
    while (!text.empty()) {
        const std::string_view chunk = text.substr(0, chunkLength(text));
        text.remove_prefix(chunk.size());
        if (!m_processor->Encode({chunk.data(), chunk.size()}, &ids).ok())
            continue; // not reached with valid UTF-8 and a loaded model
        for (const int id : ids)
            if (id < vocabulary().size()) // else the "unknown" that the file did not have
                out.push_back(id);
    }
}

std::string SpmTokenizer::decodeToken(TokenId token) const {
    return decodeSpaceMarks(vocabulary(), token);
}

} // namespace engine
