#include "engine/session/conversation.h"

#include "engine/reading_chunk.h"

#include <algorithm>
#include <cassert>

// The first half of Conversation: what of the cache stays, and what has to be read.
namespace engine {
namespace {

ContextOptions contextOptions(const Model& model, const CacheOptions& options, std::size_t blockTokens) {
    const CacheSize size = cacheSize(model.config.usualCacheTokens(), options, blockTokens);
    ContextOptions context;
    context.mode = options.mode;
    context.ringType = options.ringType;
    context.maxChunk = readingChunk(model);
    context.inFlight = largestChunk(model.config);
    context.sinks = size.sinks;
    context.window = size.window;
    return context;
}

} // namespace

Conversation::Conversation(std::shared_ptr<const Model> model, ReadingRecord record)
    : m_model(std::move(model)), m_writer(*m_model->tokenizer, m_model->chatFormat),
      m_record(std::move(record)) {}

Conversation::Outcome Conversation::catchUp(const ChatRequest& request, const Session::Observer& observer,
                                            const std::stop_token& stop) {
    m_promptTokens = 0;
    const Branch branch(request, m_model->chatFormat);
    m_writer.show(branch);
    std::vector<TokenId> block = m_writer.systemBlock();
    const bool opens = !m_context || request.cache != m_options || block != m_block;
    const bool switches = opens || request.chatId != m_chatId;
    if (switches) {
        m_chatId = request.chatId;
        m_record.open(m_chatId);
    }
    if (opens)
        open(request, std::move(block));
    m_logits = {};
    m_ahead = {};
    m_reporter.prepare(*m_context, request.sampling.seed);
    const bool wasEmpty = m_context->cache().next() == 0;

    const SinkCache::Shape& shape = m_context->cache().shape();
    const WindowPlanner planner(m_writer, m_block.size(), m_options.mode, {shape.sinks, shape.window});
    const Match same = match(branch, request.purpose);
    WindowPlan plan = planner.plan(
        branch.messages, branch.hasEarlier, [&](std::size_t index) { return heldAt(same, index); }, stop);
    if (!keep(plan, same, branch)) {
        if (switches)
            clear(); // nothing of another chat stays
        if (std::any_of(plan.items.begin(), plan.items.end(), [](const auto& item) { return item.isHeld; }) ||
            !plan.isComplete)
            plan = planner.plan(branch.messages, branch.hasEarlier, {}, stop);
        if (plan.isComplete && plan.fits)
            startOver(plan, request, branch);
    }
    if (switches || wasEmpty)
        tellAnew();
    if (!plan.isComplete)
        return Outcome::Cancelled;
    if (!plan.fits)
        return Outcome::NoRoom;
    const Queue queue = enqueue(plan, branch);
    m_promptTokens = static_cast<int>(queue.tokens.size()) + (m_pending ? 1 : 0);
    return feed(queue, request.purpose != Purpose::Prepare, observer, stop);
}

void Conversation::open(const ChatRequest& request, std::vector<TokenId> block) {
    const bool sameBlock = block == m_block;
    m_block = std::move(block);
    const ContextOptions wanted = contextOptions(*m_model, request.cache, m_block.size());
    if (m_context && request.cache == m_options && wanted.sinks == m_context->options().sinks) {
        if (!sameBlock)
            goTo(0, ringStart(), 0);
        clear();
    } else {
        drop(); // the old cache goes before the new one is made
        m_context = std::make_unique<Context>(m_model, wanted);
        m_ledger = std::make_unique<Ledger>(m_context->cache());
        m_options = request.cache;
        m_first = 0;
        m_edge = ringStart();
    }
}

// Another chat goes on behind the same system block.
void Conversation::clear() {
    WindowPlan nothing;
    nothing.everything = true;
    const ChatRequest none;
    startOver(nothing, none, {none, m_model->chatFormat});
}

// Compares the branch with what is held. Nothing is changed yet.
Conversation::Match Conversation::match(const Branch& branch, Purpose purpose) const {
    const auto& held = m_ledger->messages();
    Match match;
    align(branch, match);
    if (match.messages == 0)
        return match;
    const bool holdsNewest = match.messages == held.size();
    match.end = holdsNewest ? m_context->cache().next() : held[match.messages].begin;
    match.keepsPending = holdsNewest && m_pending.has_value();
    if (match.heldOf.back() < 0 || purpose == Purpose::Answer)
        dropUnshown(match);
    return match;
}

// Either of the two may begin earlier. Of all ways to put them side by side that in which most messages are the same, one after
// the other; where a chat repeats itself, several may be: then the
// newest.
void Conversation::align(const Branch& branch, Match& match) const {
    const auto& held = m_ledger->messages();
    const std::size_t size = branch.messages.size();
    std::vector<TextMark> texts, shown;
    texts.reserve(size);
    shown.reserve(size);
    for (std::size_t index = 0; index < size; ++index) {
        texts.emplace_back(branch.messages[index].text);
        shown.push_back(m_writer.markOf(index));
    }
    const auto isSame = [&](std::size_t index, const HeldMessage& other) {
        return branch.messages[index].role == other.role && texts[index] == other.text &&
               shown[index] == other.shown && branch.before(index) == other.after;
    };
    std::size_t most = 0, firstIndex = 0, firstHeld = 0;
    const auto tryAt = [&](std::size_t index, std::size_t place, bool isLater) {
        std::size_t count = 0;
        while (index + count < size && place + count < held.size() &&
               isSame(index + count, held[place + count]))
            ++count;
        if (count > most || (isLater && count > 0 && count == most)) {
            most = count;
            firstIndex = index;
            firstHeld = place;
        }
    };
    for (std::size_t index = 0; index < size; ++index)
        tryAt(index, 0, true);
    for (std::size_t place = 1; place < held.size(); ++place)
        tryAt(0, place, false);
    match.heldOf.assign(size, -1);
    for (std::size_t i = 0; i < most; ++i)
        match.heldOf[firstIndex + i] = static_cast<int>(firstHeld + i);
    match.messages = most > 0 ? firstHeld + most : 0;
}

// An answer that was stopped inside a character holds bytes that nobody has seen. They stay only as long as it may go on.
void Conversation::dropUnshown(Match& match) const {
    if (match.messages == 0 || !m_ledger->messages()[match.messages - 1].isGenerated)
        return;
    const HeldMessage& answer = m_ledger->messages()[match.messages - 1];
    const auto isUnshown = [&](const Ledger::Token& token) {
        return token.source.isText && static_cast<std::size_t>(token.source.byteEnd) > answer.text.length();
    };
    match.dropsUnshown = true;
    if (match.keepsPending && isUnshown(*m_pending))
        match.keepsPending = false;
    if (match.keepsPending)
        return;
    while (match.end > std::max(answer.begin, m_context->cache().oldestIntact()) &&
           isUnshown(m_ledger->at(match.end - 1)))
        --match.end;
}

std::optional<WindowPlanner::Held> Conversation::heldAt(const Match& match, std::size_t index) const {
    const int place = match.heldOf[index];
    if (place < 0)
        return {};
    const auto& messages = m_ledger->messages();
    const auto next = static_cast<std::size_t>(place) + 1;
    const HeldMessage& message = messages[next - 1];
    const StreamPosition end =
        next < match.messages ? messages[next].begin : match.end + (match.keepsPending ? 1 : 0);
    const StreamPosition begin = message.begin - message.skipped;
    return WindowPlanner::Held{static_cast<int>(end - begin) + message.unread,
                               static_cast<int>(message.contentBegin - begin), message.isTail,
                               message.unread};
}

// True when the cache has all of the view that it should have, unchanged: then it ends where the branch begins to differ, and
// its view begins where the plan says.
bool Conversation::keep(const WindowPlan& plan, const Match& match, const Branch& branch) {
    if (match.messages == 0 || !plan.isComplete || !plan.fits || plan.items.empty() ||
        match.heldOf[plan.items.front().index] < 0)
        return false;
    int unread = 0;
    for (const WindowPlan::Item& item : plan.items) {
        const auto held = heldAt(match, item.index);
        unread += held ? held->unread : static_cast<int>(item.passage.tokens.size());
        if (held && !held->isTail)
            m_record.setTokens(branch.messages[item.index].id, held->tokens);
    }
    const StreamPosition end = match.end + (match.keepsPending ? 1 : 0);
    StreamPosition edge = plan.everything ? ringStart() : end - (plan.tokens - unread);
    if (plan.everything ? !m_isWhole : edge < m_first || edge >= end)
        return false;
    edge = std::max(edge, ringStart());
    if (edge < m_context->cache().oldestIntact())
        return false;
    if (!match.keepsPending)
        m_pending.reset();
    goTo(match.end, std::min(edge, std::max(match.end, ringStart())), match.messages);
    if (match.dropsUnshown)
        m_ledger->messages().back().unfinished = {};
    label(match, branch);
    return true;
}

// Messages that stay get the ids that they go by now.
void Conversation::label(const Match& match, const Branch& branch) {
    const SinkCache& cache = m_context->cache();
    auto& messages = m_ledger->messages();
    StreamPosition first = cache.next();
    for (std::size_t index = 0; index < match.heldOf.size(); ++index) {
        if (match.heldOf[index] < 0)
            continue;
        const auto place = static_cast<std::size_t>(match.heldOf[index]);
        HeldMessage& message = messages[place];
        const std::int64_t id = branch.messages[index].id;
        if (message.id == id)
            continue;
        message.id = id;
        const bool isNewest = place + 1 == messages.size();
        if (isNewest && m_pending)
            m_pending->source.messageId = id;
        const StreamPosition end = isNewest ? cache.next() : messages[place + 1].begin;
        m_ledger->label(id, message.begin, std::min(end, ringStart()));
        m_ledger->label(id, std::max(message.begin, cache.oldestIntact()), end);
        first = std::min(first, message.begin);
    }
    if (first < cache.next())
        tellAgain(cache.oldest() == ringStart() ? first : std::max(first, cache.oldest()));
}

// Only the system block stays; of the branch what the plan shows will be read.
void Conversation::startOver(const WindowPlan& plan, const ChatRequest& request, const Branch& branch) {
    SinkCache& cache = m_context->cache();
    const auto block = static_cast<StreamPosition>(m_block.size());
    const StreamPosition pinned = std::min<StreamPosition>(block, cache.shape().sinks);
    m_pending.reset();
    const StreamPosition stays = plan.everything && blockIsRead() ? block
                                 : cache.sinkCount() >= pinned    ? pinned
                                                                  : 0;
    goTo(stays, ringStart(), 0);
    cache.forgetMarks();
    m_first = cache.next();
    m_isWhole = plan.everything;
    countLeftOut(plan, request, branch);
}

bool Conversation::blockIsRead() const {
    return m_context->cache().length() >= static_cast<StreamPosition>(m_block.size()) &&
           m_context->cache().oldest() == ringStart();
}

// What is out of view is forgotten, whether it was ever read or not. Short texts are counted, long ones estimated from
// those that are in view.
void Conversation::countLeftOut(const WindowPlan& plan, const ChatRequest& request, const Branch& branch) {
    constexpr std::size_t countedBytes = 64 << 10;
    constexpr double glue = 5; // the template's text round a message
    m_leftOut = 0;
    m_leftOutIsAbout = false;
    if (plan.everything || plan.items.empty())
        return;
    double tokens = 0, bytes = 0, estimated = static_cast<double>(request.earlierBytes);
    std::size_t counted = 0;
    for (const WindowPlan::Item& item : plan.items) {
        const ChatMessage& message = branch.messages[item.index];
        const auto& sources = item.passage.sources;
        tokens += static_cast<double>(item.passage.tokens.size());
        bytes += static_cast<double>(message.text.size());
        if (item.passage.isTail && !sources.empty()) {
            bytes -= sources.front().byteBegin;
            estimated += sources.front().byteBegin;
        }
    }
    double sum = tokens - plan.tokens;
    for (std::size_t index = 0; index < plan.items.front().index; ++index) {
        const ChatMessage& message = branch.messages[index];
        int known = m_record.tokensOf(message.id);
        if (known == 0 && counted + message.text.size() <= countedBytes) {
            counted += message.text.size();
            known = static_cast<int>(m_writer.message(message, index).tokens.size());
            m_record.setTokens(message.id, known);
        }
        sum += known > 0 ? known : glue;
        estimated += known > 0 ? 0 : static_cast<double>(message.text.size());
    }
    m_leftOutIsAbout = estimated > 0;
    m_leftOut = static_cast<StreamPosition>(sum + estimated * tokens / std::max(1.0, bytes));
}

Conversation::Queue Conversation::enqueue(const WindowPlan& plan, const Branch& branch) const {
    Queue queue;
    const auto& held = m_ledger->messages();
    if (held.empty()) {
        const auto read = static_cast<std::size_t>(m_context->cache().next());
        const auto sinks = static_cast<std::size_t>(m_context->cache().shape().sinks);
        const std::size_t wanted = m_isWhole ? m_block.size() : std::min(m_block.size(), sinks);
        for (std::size_t i = read; i < wanted; ++i)
            queue.tokens.push_back({m_block[i], {}});
        queue.front = queue.tokens.size();
    }
    std::size_t total = 0;
    for (const WindowPlan::Item& item : plan.items)
        total += item.passage.tokens.size();
    // Out of view before the branch ends: not read.
    std::size_t skipped =
        held.empty() && !plan.everything ? total - static_cast<std::size_t>(plan.tokens) : 0;
    for (const WindowPlan::Item& item : plan.items)
        if (!item.isHeld) {
            enqueueMessage(queue, branch, item, skipped);
            skipped = 0;
        }
    return queue;
}

/// `skipped`: tokens of the message that are left out.
void Conversation::enqueueMessage(Queue& queue, const Branch& branch, const WindowPlan::Item& item,
                                  std::size_t skipped) const {
    const ChatMessage& message = branch.messages[item.index];
    const Passage& passage = item.passage;
    const auto begin = static_cast<StreamPosition>(queue.tokens.size());
    const auto& messages = m_ledger->messages();
    Queue::Entry entry;
    entry.begin = queue.tokens.size();
    entry.held.id = message.id;
    if (queue.entries.empty() && !messages.empty() && messages.back().unread > 0) {
        entry.isNew = false; // a stop came in the middle of it
        skipped = passage.tokens.size() - static_cast<std::size_t>(messages.back().unread);
    } else {
        entry.held = {.id = message.id,
                      .role = message.role,
                      .text = TextMark(message.text),
                      .shown = m_writer.markOf(item.index),
                      .after = branch.before(item.index),
                      .begin = begin,
                      .contentBegin = begin + static_cast<StreamPosition>(passage.contentBegin) -
                                      static_cast<StreamPosition>(skipped),
                      .skipped = static_cast<int>(skipped),
                      .isTail = passage.isTail};
    }
    entry.tokens = passage.tokens.size() - skipped;
    for (std::size_t i = skipped; i < passage.tokens.size(); ++i)
        queue.tokens.push_back({passage.tokens[i], passage.sources[i]});
    queue.entries.push_back(std::move(entry));
}

void Conversation::drop() {
    m_ledger.reset();
    m_context.reset();
    m_pending.reset();
    m_logits = {};
    m_ahead = {};
}

} // namespace engine
