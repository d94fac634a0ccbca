#include "engine/session/conversation.h"

#include "engine/error.h"
#include "engine/reading_chunk.h"

#include <algorithm>
#include <cassert>

// The first half of Conversation: what of the cache stays, and what has to be read.
namespace engine {
namespace {

ContextOptions contextOptions(const ModelConfig& config, const CacheOptions& options,
                              std::size_t blockTokens) {
    const CacheSize size = cacheSize(config.usualCacheTokens(), options, blockTokens);
    ContextOptions context;
    context.mode = options.mode;
    context.ringType = options.ringType;
    context.maxChunk = readingChunk(config);
    context.sinks = size.sinks;
    context.window = size.window;
    return context;
}

} // namespace

Conversation::Conversation(std::shared_ptr<const Model> model, ReadingRecord record)
    : m_model(std::move(model)), m_writer(*m_model->tokenizer, m_model->chatFormat),
      m_record(std::move(record)) {}

Conversation::Outcome Conversation::read(const ChatRequest& request, Session::Observer& observer,
                                         const std::stop_token& stop) {
    if (request.cache.mode == CacheMode::Recompute)
        throw Error("Recomputing the window for every token is a measurement, not a way to chat.");
    m_promptTokens = 0;
    const std::string system = request.system.empty() ? m_model->chatFormat.defaultSystem : request.system;
    const bool opens =
        !m_context || request.cache != m_options || request.chatId != m_chatId || system != m_system;
    if (opens) {
        m_chatId = request.chatId;
        m_system = system;
        m_record.open(m_chatId);
        open(request);
    }
    m_logits = {};
    m_reporter.prepare(observer, *m_context, request.sampling.seed);
    const auto held = static_cast<int>(m_context->cache().next());
    if (opens || held == 0) {
        m_reporter.reset(*m_context);
        m_reporter.appended(*m_context, *m_ledger, 0, held); // the system block of the last chat, if it stays
    }

    const SinkCache::Shape& shape = m_context->cache().shape();
    const WindowPlanner planner(m_writer, m_system, m_block.size(), m_options.mode,
                                {shape.sinks, shape.window});
    const bool hasEarlier = request.earlierBytes > 0;
    const Match same = match(request);
    WindowPlan plan = planner.plan(
        request.history, hasEarlier, [&](std::size_t index) { return heldAt(same, index); }, stop);
    if (!keep(plan, same, request)) {
        if (std::any_of(plan.items.begin(), plan.items.end(), [](const auto& item) { return item.isHeld; }) ||
            !plan.isComplete)
            plan = planner.plan(request.history, hasEarlier, {}, stop);
        if (plan.isComplete && plan.fits)
            startOver(plan, request);
    }
    if (!plan.isComplete)
        return Outcome::Cancelled;
    if (!plan.fits)
        return Outcome::NoRoom;
    const Queue queue = enqueue(plan, request);
    m_promptTokens = static_cast<int>(queue.tokens.size()) + (m_pending ? 1 : 0);
    return feed(queue, request.purpose != Purpose::ReadOnly, observer, stop);
}

void Conversation::open(const ChatRequest& request) {
    std::vector<TokenId> block = m_writer.systemBlock(m_system);
    const bool sameBlock = block == m_block;
    m_block = std::move(block);
    const ContextOptions wanted = contextOptions(m_model->config, request.cache, m_block.size());
    if (m_context && request.cache == m_options && wanted.sinks == m_context->options().sinks) {
        // Another chat goes on behind the same system block.
        WindowPlan nothing;
        nothing.everything = true;
        if (!sameBlock)
            goTo(0, ringStart(), 0);
        startOver(nothing, {});
    } else {
        drop(); // the old cache goes before the new one is made
        m_context = std::make_unique<Context>(m_model, wanted);
        m_ledger = std::make_unique<Ledger>(m_context->cache());
        m_options = request.cache;
        m_first = m_written = 0;
        m_edge = ringStart();
    }
}

// Compares the history with what is held. Nothing is changed yet.
Conversation::Match Conversation::match(const ChatRequest& request) const {
    const std::vector<ChatMessage>& history = request.history;
    const auto& held = m_ledger->messages();
    Match match;
    match.heldOf.assign(history.size(), -1);
    std::size_t h = history.size(), l = 0;
    for (; l < held.size() && h == history.size(); ++l)
        h = static_cast<std::size_t>(std::find_if(history.begin(), history.end(),
                                                  [&](const ChatMessage& m) { return m.id == held[l].id; }) -
                                     history.begin());
    if (h == history.size() || (l > 1 && h > 0)) // nothing in common, or another branch
        return match;
    for (--l; l < held.size() && h < history.size(); ++h) {
        if (history[h].role == Role::System)
            continue;
        if (history[h].id != held[l].id || history[h].role != held[l].role ||
            TextMark(history[h].text) != held[l].text)
            break;
        match.heldOf[h] = static_cast<int>(l++);
    }
    match.messages = l;
    match.end = l == held.size() ? m_context->cache().next() : held[l].begin;
    match.keepsPending = l == held.size() && m_pending.has_value();
    if (h < history.size() || request.purpose == Purpose::Answer)
        dropUnshown(match);
    return match;
}

// An answer that was stopped inside a character holds bytes that nobody has seen. They stay only as long as it may go on.
void Conversation::dropUnshown(Match& match) const {
    if (match.messages == 0 || !m_ledger->messages()[match.messages - 1].isGenerated)
        return;
    const HeldMessage& answer = m_ledger->messages()[match.messages - 1];
    const auto isUnshown = [&](const Ledger::Token& token) {
        return token.source.messageId == answer.id &&
               static_cast<std::size_t>(token.source.byteEnd) > answer.text.length();
    };
    match.dropsUnshown = true;
    if (match.keepsPending && isUnshown(*m_pending))
        match.keepsPending = false;
    if (match.keepsPending)
        return;
    while (match.end > std::max(answer.begin, oldestIntact()) && isUnshown(m_ledger->at(match.end - 1)))
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
bool Conversation::keep(const WindowPlan& plan, const Match& match, const ChatRequest& request) {
    if (match.messages == 0 || !plan.isComplete || !plan.fits)
        return false;
    int unread = 0;
    for (const WindowPlan::Item& item : plan.items) {
        const auto held = heldAt(match, item.index);
        unread += held ? held->unread : static_cast<int>(item.passage.tokens.size());
        if (held && !held->isTail)
            m_record.setTokens(request.history[item.index].id, held->tokens);
    }
    const StreamPosition end = match.end + (match.keepsPending ? 1 : 0);
    StreamPosition edge = plan.everything ? ringStart() : end - (plan.tokens - unread);
    if (plan.everything ? !m_isWhole : edge < m_first || edge >= end)
        return false;
    edge = std::max(edge, ringStart());
    if (edge < oldestIntact())
        return false;
    if (!match.keepsPending)
        m_pending.reset();
    goTo(match.end, std::min(edge, std::max(match.end, ringStart())), match.messages);
    if (match.dropsUnshown)
        m_ledger->messages().back().unfinished = {};
    return true;
}

// Only the system block stays; of the branch what the plan shows will be read.
void Conversation::startOver(const WindowPlan& plan, const ChatRequest& request) {
    const SinkCache& cache = m_context->cache();
    const auto block = static_cast<StreamPosition>(m_block.size());
    const StreamPosition pinned = std::min<StreamPosition>(block, cache.shape().sinks);
    m_pending.reset();
    const StreamPosition stays = plan.everything && blockIsRead() ? block
                                 : cache.sinkCount() >= pinned    ? pinned
                                                                  : 0;
    goTo(stays, ringStart(), 0);
    m_first = m_written = cache.next();
    m_isWhole = plan.everything;
    countLeftOut(plan, request);
}

bool Conversation::blockIsRead() const {
    return m_context->cache().read() >= static_cast<StreamPosition>(m_block.size()) &&
           m_context->cache().oldest() == ringStart();
}

// What is out of view is forgotten, whether it was ever read or not. Short texts are counted, long ones estimated from
// those that are in view.
void Conversation::countLeftOut(const WindowPlan& plan, const ChatRequest& request) {
    constexpr std::size_t countedBytes = 64 << 10;
    constexpr double glue = 5; // the template's text round a message
    m_leftOut = 0;
    m_leftOutIsAbout = false;
    if (plan.everything || plan.items.empty())
        return;
    double tokens = 0, bytes = 0, estimated = static_cast<double>(request.earlierBytes);
    std::size_t counted = 0;
    for (const WindowPlan::Item& item : plan.items) {
        const ChatMessage& message = request.history[item.index];
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
        const ChatMessage& message = request.history[index];
        if (message.role == Role::System)
            continue;
        int known = m_record.tokensOf(message.id);
        if (known == 0 && counted + message.text.size() <= countedBytes) {
            counted += message.text.size();
            known = static_cast<int>(
                m_writer.message(message, PromptWriter::After::Assistant, m_system).tokens.size());
            m_record.setTokens(message.id, known);
        }
        sum += known > 0 ? known : glue;
        estimated += known > 0 ? 0 : static_cast<double>(message.text.size());
    }
    m_leftOutIsAbout = estimated > 0;
    m_leftOut = static_cast<StreamPosition>(sum + estimated * tokens / std::max(1.0, bytes));
}

Conversation::Queue Conversation::enqueue(const WindowPlan& plan, const ChatRequest& request) const {
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
            enqueueMessage(queue, request.history[item.index], item.passage, skipped);
            skipped = 0;
        }
    return queue;
}

/// `skipped`: tokens of the message that are left out.
void Conversation::enqueueMessage(Queue& queue, const ChatMessage& message, const Passage& passage,
                                  std::size_t skipped) const {
    const auto begin = static_cast<StreamPosition>(queue.tokens.size());
    const auto& messages = m_ledger->messages();
    Queue::Entry entry;
    entry.begin = queue.tokens.size();
    entry.held.id = message.id;
    if (queue.entries.empty() && !messages.empty() && messages.back().id == message.id) {
        entry.isNew = false; // a stop came in the middle of it
        skipped = passage.tokens.size() - static_cast<std::size_t>(messages.back().unread);
    } else {
        entry.held = {.id = message.id,
                      .role = message.role,
                      .text = TextMark(message.text),
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
}

} // namespace engine
