#include "engine/session/prompt_writer.h"

#include "engine/utf8_stream.h"

#include <algorithm>

namespace engine {
namespace {

using Trust = TextPart::Trust;

/// The bytes from `begin` to `end` of what is shown, each part trusted as its writer is.
void addParts(const ShownText& shown, std::size_t begin, std::size_t end, std::vector<TextPart>& parts) {
    for (std::size_t i = 0; i < shown.parts.size(); ++i) {
        const std::size_t from = std::max(begin, shown.parts[i].begin), to = std::min(end, shown.partEnd(i));
        if (from < to)
            parts.push_back(
                {std::string_view(shown.text).substr(from, to - from),
                 shown.parts[i].writer == ShownText::Writer::Template ? Trust::Special : Trust::Plain});
    }
}

void addParts(const ShownText& shown, std::vector<TextPart>& parts) {
    addParts(shown, 0, shown.text.size(), parts);
}

/// Where in the message byte `at` of what is shown stands, as far as its parts begin at `last` or before; what the template put in stands
/// behind the words in front of it.
std::int32_t placeInMessage(const ShownText& shown, std::size_t at, std::size_t last) {
    std::size_t place = 0;
    for (std::size_t i = 0; i < shown.parts.size(); ++i) {
        const ShownText::Part& part = shown.parts[i];
        if (part.begin > last)
            break;
        if (part.writer == ShownText::Writer::Message)
            place = part.offset + std::min(at, shown.partEnd(i)) - part.begin;
    }
    return static_cast<std::int32_t>(place);
}

/// How many bytes of `rest` this token stands for. A tokenizer may put a space of its own in front.
std::size_t bytesTaken(const Tokenizer& tokenizer, TokenId token, std::string_view rest) {
    const std::string special = tokenizer.isControl(token) ? tokenizer.displayText(token) : std::string();
    std::string_view piece = special.empty() ? tokenizer.bytes(token) : std::string_view(special);
    if (!rest.starts_with(piece) && piece.starts_with(' ') && rest.starts_with(piece.substr(1)))
        piece.remove_prefix(1);
    return std::min(piece.size(), rest.size());
}

constexpr std::size_t PieceBytes = 16 << 10;

std::size_t characterAt(std::string_view text, std::size_t position) {
    while (position < text.size() && (static_cast<unsigned char>(text[position]) & 0xC0) == 0x80)
        ++position;
    return position;
}

/// Where piece `number` of a text begins: at the first word behind a multiple of PieceBytes, or at a character where
/// there is no word.
std::size_t cutAt(std::string_view text, std::size_t number) {
    constexpr std::size_t longestWord = 1024;
    const std::size_t from = number * PieceBytes;
    if (number == 0)
        return 0;
    const auto isBlank = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
    for (std::size_t at = from; at < std::min(text.size(), from + longestWord); ++at)
        if (text[at] == ' ' && !isBlank(text[at - 1]))
            return at;
    return characterAt(text, from);
}

} // namespace

void PromptWriter::show(const Branch& branch) {
    m_shown = engine::show(m_format, branch);
}

std::vector<TokenId> PromptWriter::opening(Opening of) const {
    const std::string& text = openingText(of);
    if (text.empty())
        return {};
    return encodeAfter({{m_format.beforeAnswer, Trust::Special}}, {{text, Trust::Special}});
}

std::vector<TokenId> PromptWriter::systemBlock() const {
    std::vector<TextPart> parts;
    addParts(m_shown.block, parts);
    std::vector<TokenId> tokens = m_tokenizer.encode(parts);
    const auto begin = m_tokenizer.beginToken();
    if (m_tokenizer.addsBeginToken() && begin && (tokens.empty() || tokens.front() != *begin))
        tokens.insert(tokens.begin(), *begin);
    return tokens;
}

TextMark PromptWriter::markOf(std::size_t index) const {
    const ShownMessage& shown = m_shown.messages[index];
    TextMark mark(shown.before.text);
    mark.add(shown.content.text);
    mark.add(shown.behind.text);
    return mark;
}

PromptWriter::After PromptWriter::afterMessage(Role role) {
    switch (role) {
    case Role::System:
        return After::System;
    case Role::User:
        return After::User;
    case Role::Assistant:
        break;
    }
    return After::Assistant;
}

Passage PromptWriter::message(const ChatMessage& message, std::size_t index, std::size_t limit,
                              const std::stop_token& stop) const {
    const ShownMessage& shown = m_shown.messages[index];
    const std::string& text = shown.content.text;
    std::vector<Passage> pieces; // newest first
    std::size_t tokens = 0, end = text.size(), number = text.empty() ? 0 : (text.size() - 1) / PieceBytes;
    for (;; --number) {
        const std::size_t begin = cutAt(text, number);
        if (begin < end || number == 0) {
            pieces.push_back(piece(message, shown, begin, end));
            tokens += pieces.back().tokens.size();
            end = begin;
        }
        if (number == 0 || tokens >= limit || stop.stop_requested())
            break;
    }
    if (pieces.size() == 1) {
        pieces.front().isTail = number > 0;
        return std::move(pieces.front());
    }
    Passage whole;
    whole.isTail = number > 0;
    whole.contentBegin = pieces.back().contentBegin;
    for (auto part = pieces.rbegin(); part != pieces.rend(); ++part) {
        whole.tokens.insert(whole.tokens.end(), part->tokens.begin(), part->tokens.end());
        whole.sources.insert(whole.sources.end(), part->sources.begin(), part->sources.end());
    }
    return whole;
}

/// The bytes from `begin` to `end` of a message; the first piece and the last one with what the template puts there.
Passage PromptWriter::piece(const ChatMessage& message, const ShownMessage& shown, std::size_t begin,
                            std::size_t end) const {
    constexpr std::size_t sight = 64; // so much of the text in front is seen while words are cut
    const std::string_view text = shown.content.text;
    const std::string_view content = text.substr(begin, end - begin);
    const std::string_view before = begin == 0 ? std::string_view(shown.before.text) : std::string_view();
    const std::string_view behind =
        end == text.size() ? std::string_view(shown.behind.text) : std::string_view();
    std::vector<TextPart> context, parts;
    if (begin == 0)
        addParts(shown.context, context);
    else
        addParts(shown.content, characterAt(text, begin - std::min(begin, sight)), begin, context);
    addParts(shown.before, 0, before.size(), parts);
    addParts(shown.content, begin, end, parts);
    addParts(shown.behind, 0, behind.size(), parts);
    Passage passage;
    passage.tokens = encodeAfter(context, parts);

    const std::string all = std::string(before) + std::string(content) + std::string(behind);
    const std::size_t contentEnd = before.size() + content.size();
    std::size_t cursor = 0;
    passage.contentBegin = passage.tokens.size();
    for (std::size_t i = 0; i < passage.tokens.size(); ++i) {
        const std::size_t from = cursor;
        cursor += bytesTaken(m_tokenizer, passage.tokens[i], std::string_view(all).substr(cursor));
        TokenSource source{.role = message.role};
        if (cursor > before.size() && from < contentEnd) {
            source.messageId = message.id;
            const std::size_t first = begin + std::max(from, before.size()) - before.size(),
                              last = begin + std::min(cursor, contentEnd) - before.size();
            source.byteBegin = placeInMessage(shown.content, first, first);
            source.byteEnd = placeInMessage(shown.content, last, std::max(first, last - 1));
            source.isText = source.byteEnd > source.byteBegin;
            passage.contentBegin = std::min(passage.contentBegin, i);
        }
        passage.sources.push_back(source);
    }
    if (begin > 0)
        passage.contentBegin = 0;
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
