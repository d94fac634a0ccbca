#include "engine/session/prompt_writer.h"

#include "engine/utf8_stream.h"

#include <algorithm>

namespace engine {
namespace {

using Trust = TextPart::Trust;

std::vector<TextPart> systemParts(const ChatFormat& format, const std::string& system) {
    if (system.empty())
        return {{format.openWithoutSystem, Trust::Special}};
    return {{format.open, Trust::Special}, {system, Trust::Plain}, {format.afterSystem, Trust::Special}};
}

/// How many bytes of `rest` this token stands for. A tokenizer may put a space of its own in front.
std::size_t bytesTaken(const Tokenizer& tokenizer, TokenId token, std::string_view rest) {
    const std::string special = tokenizer.isControl(token) ? tokenizer.displayText(token) : std::string();
    std::string_view piece = special.empty() ? tokenizer.bytes(token) : std::string_view(special);
    if (!rest.starts_with(piece) && piece.starts_with(' ') && rest.starts_with(piece.substr(1)))
        piece.remove_prefix(1);
    return std::min(piece.size(), rest.size());
}

} // namespace

std::vector<TokenId> PromptWriter::systemBlock(const std::string& system) const {
    std::vector<TokenId> tokens = m_tokenizer.encode(systemParts(m_format, system));
    const auto begin = m_tokenizer.beginToken();
    if (m_tokenizer.addsBeginToken() && begin && (tokens.empty() || tokens.front() != *begin))
        tokens.insert(tokens.begin(), *begin);
    return tokens;
}

Passage PromptWriter::message(const ChatMessage& message, After after, const std::string& system) const {
    const std::string text = repairUtf8(message.text);
    std::string before, behind;
    if (after != After::SystemBlock)
        before = m_format.endOfTurn + m_format.afterAnswer;
    if (message.role == Role::User)
        behind = m_format.beforeAnswer;
    else if (after != After::User)
        before += m_format.beforeAnswer; // an answer to nothing
    else
        before.clear();

    std::vector<TextPart> context;
    if (after == After::SystemBlock)
        context = systemParts(m_format, system);
    else if (message.role == Role::Assistant && before.empty())
        context = {{m_format.beforeAnswer, Trust::Special}};
    Passage passage;
    passage.tokens =
        encodeAfter(context, {{before, Trust::Special}, {text, Trust::Plain}, {behind, Trust::Special}});

    const std::string all = before + text + behind;
    std::size_t cursor = 0;
    passage.contentBegin = passage.tokens.size();
    for (std::size_t i = 0; i < passage.tokens.size(); ++i) {
        const std::size_t begin = cursor;
        cursor += bytesTaken(m_tokenizer, passage.tokens[i], std::string_view(all).substr(cursor));
        TokenSource source{.role = message.role};
        const std::size_t textEnd = before.size() + text.size();
        if (cursor > before.size() && begin < textEnd) {
            source.messageId = message.id;
            source.byteBegin = static_cast<std::int32_t>(std::max(begin, before.size()) - before.size());
            source.byteEnd = static_cast<std::int32_t>(std::min(cursor, textEnd) - before.size());
            passage.contentBegin = std::min(passage.contentBegin, i);
        }
        passage.sources.push_back(source);
    }
    return passage;
}

// Words and prefixes are cut with the text in front in sight, as if all had been tokenized at once. Where the
// two would melt into one token, what has been read stays as it is.
std::vector<TokenId> PromptWriter::encodeAfter(const std::vector<TextPart>& before,
                                               const std::vector<TextPart>& parts) const {
    if (before.empty())
        return m_tokenizer.encode(parts);
    std::vector<TextPart> whole = before;
    whole.insert(whole.end(), parts.begin(), parts.end());
    const std::vector<TokenId> head = m_tokenizer.encode(before);
    std::vector<TokenId> tokens = m_tokenizer.encode(whole);
    if (tokens.size() < head.size() || !std::equal(head.begin(), head.end(), tokens.begin()))
        return m_tokenizer.encode(parts);
    tokens.erase(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(head.size()));
    return tokens;
}

} // namespace engine
