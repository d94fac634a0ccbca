#include "engine/session/shown_branch.h"

#include "engine/chat_template.h"
#include "engine/error.h"
#include "engine/session/branch.h"
#include "engine/session/thought.h"
#include "engine/utf8_stream.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace engine {

void ShownText::append(std::string_view more, Writer writer, std::size_t offset) {
    if (more.empty())
        return;
    parts.push_back({text.size(), writer, offset});
    text += more;
}

namespace {

using Writer = ShownText::Writer;

constexpr std::size_t Nowhere = std::string::npos;

/// What the template is given to render.
struct Script {
    struct Slot { // a text: the system prompt, a message of the branch, or a word that stands in for one
        static constexpr int StandIn = -1, System = -2;
        int message = StandIn; // of the branch
        Role role = Role::User;
        bool hasWords = false;
        std::size_t hidden = 0; // bytes in front of its words that are not rendered: a thought
    };
    struct Segment { // several texts may share a message
        std::size_t begin = 0;
        int slot = 0; // -1: what stands between two
    };
    std::vector<Slot> slots;
    std::vector<ChatMessage> messages;
    std::vector<std::vector<Segment>> segments; // of each message

    void add(Slot slot, Role role, const std::string& text, bool joins);
};

void Script::add(Slot slot, Role role, const std::string& text, bool joins) {
    joins = joins && !messages.empty() && messages.back().role == role;
    if (!joins) {
        messages.push_back({0, role, ""});
        segments.emplace_back();
    } else {
        segments.back().push_back({messages.back().text.size(), -1});
        messages.back().text += "\n\n";
    }
    slot.hasWords = text.find_first_not_of(" \t\r\n") != std::string::npos;
    segments.back().push_back({messages.back().text.size(), static_cast<int>(slots.size())});
    messages.back().text += text;
    slots.push_back(slot);
}

enum class Manner : std::uint8_t {
    AsItIs,
    InTurns,         // questions and answers take turns, the first one is a question
    SystemInQuestion // besides, the system prompt stands in front of the first question
};

/// Ends with a question. What came before the branch, and the question behind an answer, is a word: it is there and nobody reads it.
Script scriptOf(const ChatFormat& format, const Branch& branch, Manner manner) {
    const std::string word = "Words";
    const bool joins = manner != Manner::AsItIs;
    const std::size_t size = branch.messages.size() - (branch.isUnfinished ? 1 : 0);
    Script script;
    if (!branch.system.empty())
        script.add({Script::Slot::System, Role::System},
                   manner == Manner::SystemInQuestion ? Role::User : Role::System, repairUtf8(branch.system),
                   false);
    const bool beginsWithAnswer = size > 0 && branch.messages.front().role == Role::Assistant;
    if (branch.hasEarlier || (joins && beginsWithAnswer))
        script.add({}, Role::User, word, joins);
    if (branch.hasEarlier && !beginsWithAnswer)
        script.add({.role = Role::Assistant}, Role::Assistant, word, joins);
    for (std::size_t i = 0; i < size; ++i) {
        const ChatMessage& message = branch.messages[i];
        const bool isInstruction = joins && message.role == Role::System;
        const std::string text = repairUtf8(message.text);
        const std::size_t begin = wordsBegin(format, message.role, text);
        script.add({.message = static_cast<int>(i), .role = message.role, .hidden = begin},
                   isInstruction ? Role::User : message.role, text.substr(begin), joins);
    }
    if (script.slots.empty() || script.slots.back().role != Role::User)
        script.add({}, Role::User, word, joins);
    return script;
}

/// `opening`: what the template puts in front of an answer by itself.
void addOpenings(const ChatFormat& format, const std::string& opening, ShownBranch& shown) {
    shown.opening = opening + format.channel;
    if (!format.thoughtChannel.empty())
        shown.thoughtOpening = opening + format.thoughtChannel;
}

/// A rendered script, from its beginning to its end.
class Cutter {
public:
    Cutter(const ChatFormat& format, const Script& script, const std::vector<RenderedPiece>& pieces)
        : m_format(format), m_script(script) {
        for (const RenderedPiece& piece : pieces)
            add(piece);
        place();
    }

    bool saysEverything() const;
    ShownBranch cut(std::size_t messages);

private:
    struct Range {
        std::size_t begin = 0, end = 0;
        int slot = -1; // -1: somebody's, but no text that was asked for; see isOwn
        std::size_t offset = 0;
        bool isOwn = false; // of the template
    };

    void add(const RenderedPiece& piece);
    void place();
    /// The text from where the last one ended, as it looks from a slot.
    ShownText take(std::size_t end, std::size_t slot);
    std::size_t endOfTurn(std::size_t slot) const;
    bool isShown(std::size_t slot) const { return m_begin[slot] != Nowhere; }

    const ChatFormat& m_format;
    const Script& m_script;
    std::string m_text;
    std::vector<Range> m_ranges;
    std::vector<std::size_t> m_begin, m_end; // of the words of each slot; Nowhere: it has none
    std::vector<std::size_t> m_next;         // where the next words begin behind each slot
    std::size_t m_at = 0, m_range = 0;
};

void Cutter::add(const RenderedPiece& piece) {
    const std::size_t begin = m_text.size(), end = begin + piece.text.size();
    m_text += piece.text;
    if (piece.message == RenderedPiece::templates) {
        m_ranges.push_back({.begin = begin, .end = end, .isOwn = true});
        return;
    }
    const auto& segments = m_script.segments[static_cast<std::size_t>(piece.message)];
    const auto isBehind = [](std::size_t offset, const Script::Segment& segment) {
        return offset < segment.begin;
    };
    auto segment = std::prev(std::upper_bound(segments.begin(), segments.end(), piece.offset, isBehind));
    for (std::size_t at = begin, offset = piece.offset; at < end; ++segment) {
        const bool isLast = segment + 1 == segments.end();
        const std::size_t size = isLast ? end - at : std::min(end - at, (segment + 1)->begin - offset);
        const std::size_t hidden =
            segment->slot < 0 ? 0 : m_script.slots[static_cast<std::size_t>(segment->slot)].hidden;
        m_ranges.push_back({at, at + size, segment->slot, hidden + offset - segment->begin, false});
        at += size;
        offset += size;
    }
}

/// Texts come in their order; one that comes again, or too late, is a part of whatever stands there.
void Cutter::place() {
    const std::size_t slots = m_script.slots.size();
    m_begin.assign(slots, Nowhere);
    m_end.assign(slots, Nowhere);
    int current = -1;
    for (const Range& range : m_ranges) {
        if (range.isOwn || range.slot < std::max(current, 0))
            continue;
        const auto slot = static_cast<std::size_t>(range.slot);
        if (range.slot > current)
            m_begin[slot] = range.begin;
        m_end[slot] = range.end;
        current = range.slot;
    }
    m_next.assign(slots, m_text.size());
    for (std::size_t slot = slots; slot-- > 1;)
        m_next[slot - 1] = isShown(slot) ? m_begin[slot] : m_next[slot];
}

/// No instruction and not the newest question is left out.
bool Cutter::saysEverything() const {
    const std::size_t slots = m_script.slots.size();
    std::vector<bool> isThere(slots, false);
    for (const Range& range : m_ranges)
        if (range.slot >= 0)
            isThere[static_cast<std::size_t>(range.slot)] = true;
    for (std::size_t slot = 0; slot < slots; ++slot) {
        const Script::Slot& text = m_script.slots[slot];
        const bool matters = text.role == Role::System || slot + 1 == slots;
        if (matters && text.hasWords && !isThere[slot])
            return false;
    }
    return true;
}

ShownText Cutter::take(std::size_t end, std::size_t slot) {
    ShownText text;
    for (; m_at < end; ++m_range) {
        const Range& range = m_ranges[m_range];
        const std::size_t to = std::min(end, range.end);
        const Writer writer = range.isOwn                            ? Writer::Template
                              : range.slot == static_cast<int>(slot) ? Writer::Message
                                                                     : Writer::Other;
        text.append(std::string_view(m_text).substr(m_at, to - m_at), writer,
                    range.offset + m_at - range.begin);
        m_at = to;
        if (to < range.end)
            break;
    }
    return text;
}

/// Behind a question: where the answer begins, its opening not included. Behind instructions: where the question begins.
std::size_t Cutter::endOfTurn(std::size_t slot) const {
    const Role role = m_script.slots[slot].role;
    const bool isLast = slot + 1 == m_script.slots.size();
    if (role == Role::User) {
        if (m_text.compare(m_at, m_format.beforeAnswer.size(), m_format.beforeAnswer) == 0)
            return m_at + m_format.beforeAnswer.size();
        if (isLast || (m_script.slots[slot + 1].role == Role::Assistant && isShown(slot + 1)))
            return m_next[slot];
    }
    const bool opensQuestion =
        role == Role::System && m_script.slots[slot + 1].role == Role::User && isShown(slot + 1);
    return opensQuestion ? m_next[slot] : m_at;
}

ShownBranch Cutter::cut(std::size_t messages) {
    const auto& slots = m_script.slots;
    const std::size_t first = slots.front().message == Script::Slot::System ? 1 : 0;
    ShownBranch shown;
    shown.messages.resize(messages);
    const std::size_t blockEnd = isShown(first) ? m_begin[first] : m_next[first];
    shown.block = take(blockEnd, slots.size());
    ShownText context = shown.block;
    for (std::size_t slot = first; slot < slots.size(); ++slot) {
        ShownMessage message;
        if (isShown(slot) && slots[slot].role != Role::Assistant)
            message.before = take(m_begin[slot], slot);
        if (isShown(slot))
            message.content = take(m_end[slot], slot);
        message.behind = take(endOfTurn(slot), slot);
        if (message.before.text.empty())
            message.context = std::move(context);
        context = message.behind;
        if (slots[slot].message >= 0)
            shown.messages[static_cast<std::size_t>(slots[slot].message)] = std::move(message);
    }
    addOpenings(m_format, m_text.substr(m_at), shown);
    return shown;
}

std::optional<ShownBranch> rendered(const ChatFormat& format, const Branch& branch, Manner manner) {
    try {
        const Script script = scriptOf(format, branch, manner);
        Cutter cutter(format, script,
                      format.source->render(script.messages, ChatTemplate::Ending::GenerationPrompt));
        if (cutter.saysEverything())
            return cutter.cut(branch.messages.size());
    } catch (const Error&) { // it refuses this conversation, or would take too long with it
    }
    return {};
}

/// A text of the template.
ShownText own(std::string_view text) {
    ShownText shown;
    shown.append(text, Writer::Template);
    return shown;
}

// Instructions in the middle of a chat are put as the template puts those at its beginning: behind them a user's turn is open.
ShownMessage pieced(const ChatFormat& format, const ChatMessage& message, PromptWriter::After after,
                    const ShownText& block) {
    using After = PromptWriter::After;
    const std::string text = repairUtf8(message.text);
    const std::size_t begin = wordsBegin(format, message.role, text);
    ShownMessage shown;
    if (message.role == Role::Assistant && !format.channel.empty())
        shown.content = own(format.opening + format.channel); // in the history, too
    shown.content.append(std::string_view(text).substr(begin), Writer::Message, begin);
    if (message.role == Role::System) {
        shown.before =
            own(format.endOfTurn + std::string(format.betweenTurns()) + std::string(format.openInside()));
        shown.behind = own(format.afterSystem);
        return shown;
    }
    const bool isOpen = after == After::SystemBlock || after == After::System;
    const bool isAnswer = message.role == Role::Assistant, isAnswered = isAnswer && after == After::User;
    std::string before = isOpen || isAnswered ? "" : format.endOfTurn + format.afterAnswer;
    if (isAnswer && !isAnswered)
        before += format.beforeAnswer; // an answer to nothing
    shown.before = own(before);
    shown.behind = own(isAnswer ? "" : format.beforeAnswer);
    if (after == After::SystemBlock)
        shown.context = block;
    else if (after == After::System)
        shown.context = own(format.afterSystem);
    else if (isAnswered)
        shown.context = own(format.beforeAnswer);
    return shown;
}

ShownBranch pieced(const ChatFormat& format, const Branch& branch) {
    ShownBranch shown;
    if (branch.system.empty()) {
        shown.block = own(format.openWithoutSystem);
    } else {
        shown.block = own(format.open);
        shown.block.append(repairUtf8(branch.system), Writer::Other);
        shown.block.append(format.afterSystem, Writer::Template);
    }
    for (std::size_t i = 0; i < branch.messages.size(); ++i)
        shown.messages.push_back(pieced(format, branch.messages[i], branch.before(i), shown.block));
    addOpenings(format, format.opening, shown);
    return shown;
}

ShownBranch shownHistory(const ChatFormat& format, const Branch& branch) {
    if (format.source) {
        for (const Manner manner : {Manner::AsItIs, Manner::InTurns, Manner::SystemInQuestion})
            if (auto shown = rendered(format, branch, manner))
                return *std::move(shown);
    }
    return pieced(format, branch);
}

/// An answer that goes on stands there as it was written, with its thought.
ShownText unfinished(const ChatFormat& format, const ShownBranch& shown, const std::string& text) {
    const auto thought = thoughtOf(format, text);
    if (!thought) {
        ShownText answer = own(shown.opening);
        answer.append(text, Writer::Message);
        return answer;
    }
    const std::string_view all = text;
    ShownText answer = own(shown.thoughtOpening);
    answer.append(all.substr(thought->begin, thought->end - thought->begin), Writer::Message, thought->begin);
    if (!thought->isOpen)
        answer.append(format.afterThought, Writer::Template);
    answer.append(all.substr(thought->answerBegin), Writer::Message, thought->answerBegin);
    return answer;
}

} // namespace

ShownBranch show(const ChatFormat& format, const Branch& branch) {
    ShownBranch shown = shownHistory(format, branch);
    if (branch.isUnfinished) {
        ShownMessage& answer = shown.messages.back();
        answer.content = unfinished(format, shown, repairUtf8(branch.messages.back().text));
        if (answer.before.text.empty())
            answer.context = own(format.beforeAnswer);
    }
    return shown;
}

} // namespace engine
