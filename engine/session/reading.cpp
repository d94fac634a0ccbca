#include "engine/error.h"
#include "engine/session/conversation.h"

#include <algorithm>
#include <cassert>

// The second half of Conversation: what goes through the model.
namespace engine {

Conversation::Outcome Conversation::feed(const Queue& queue, bool wantLogits,
                                         const Session::Observer& observer, const std::stop_token& stop) {
    const SinkCache& cache = m_context->cache();
    const int total = m_promptTokens;
    std::vector<TokenId> chunk;
    if (total > 0)
        m_reporter.prefill(JournalEvent::Type::PrefillBegin, cache.next(), total);
    std::size_t queued = 0; // read of the queue
    for (int read = 0; read < total;) {
        const int n = std::min(m_context->options().maxChunk, total - read);
        const bool withPending = m_pending.has_value(); // only the first chunk has it
        const std::size_t queuedNow = static_cast<std::size_t>(n) - (withPending ? 1 : 0);
        chunk.clear();
        if (withPending)
            chunk.push_back(m_pending->id);
        for (std::size_t i = queued; i < queued + queuedNow; ++i)
            chunk.push_back(queue.tokens[i].id);
        const StreamPosition first = cache.next();
        m_reporter.poll();
        m_logits =
            m_context->feed(chunk, wantLogits && read + n == total ? LogitsWanted::Last : LogitsWanted::None,
                            m_reporter.frame(*m_context), stop);
        if (cache.next() == first) { // stopped: the stream is as it was, and so is everything here
            m_reporter.prefill(JournalEvent::Type::PrefillEnd, first, read);
            return Outcome::Cancelled;
        }
        if (withPending)
            takePending(first);
        admit(queue, queued, queued + queuedNow, first + (withPending ? 1 : 0));
        m_ledger->trim(cache.oldestIntact());
        m_reporter.appended(*m_context, *m_ledger, first, n);
        m_reporter.publish();
        queued += queuedNow;
        read += n;
        if (observer.prefill)
            observer.prefill(read, total);
    }
    admit(queue, queued, queued + 1, cache.next()); // one without tokens may stand at the end
    if (total > 0)
        m_reporter.prefill(JournalEvent::Type::PrefillEnd, cache.next(), total);
    return Outcome::Done;
}

// The queue's tokens from `begin` to `end` have been read and stand in the cache from `first` on.
void Conversation::admit(const Queue& queue, std::size_t begin, std::size_t end, StreamPosition first) {
    auto& messages = m_ledger->messages();
    if (begin == 0 && queue.front > 0)
        m_readsBlockAgain = m_record.markBlock();
    if (begin < queue.front && m_readsBlockAgain)
        m_record.add(static_cast<std::int64_t>(std::min(end, queue.front) - begin));
    for (const Queue::Entry& entry : queue.entries) {
        if (entry.begin >= begin && entry.begin < end) {
            m_record.begin(entry.held.id);
            if (entry.isNew) {
                HeldMessage held = entry.held;
                const StreamPosition shift = first - static_cast<StreamPosition>(begin);
                held.begin += shift;
                held.contentBegin += shift;
                held.unread = static_cast<int>(entry.tokens);
                messages.push_back(held);
                m_reporter.turn(std::max(held.begin, held.contentBegin), held.id, held.role);
            }
        }
        const std::size_t from = std::max(begin, entry.begin), to = std::min(end, entry.begin + entry.tokens);
        for (std::size_t i = from; i < to; ++i) {
            m_record.wasRead(queue.tokens[i].source);
            --messages.back().unread;
        }
    }
    for (std::size_t i = begin; i < std::min(end, queue.tokens.size()); ++i)
        m_ledger->set(first + static_cast<StreamPosition>(i - begin), queue.tokens[i]);
}

void Conversation::takePending(StreamPosition position) {
    m_ledger->set(position, *m_pending);
    m_record.generated(m_pending->source);
    m_pending.reset();
}

// Both ends of the view may go back as long as the slots have not been written again.
void Conversation::goTo(StreamPosition next, StreamPosition edge, std::size_t messages) {
    SinkCache& cache = m_context->cache();
    m_ledger->messages().resize(messages);
    m_edge = edge;
    const SinkCache::Mark before = cache.mark();
    const StreamPosition oldest = std::max(edge, next - windowTokens());
    if (next == before.next && oldest == before.oldest)
        return;
    cache.goTo(next, oldest);
    if (oldest < before.oldest && next > oldest)
        return tellAgain(oldest);
    if (next != before.next)
        m_reporter.rewound(next, oldest);
    m_reporter.forgot(*m_context);
}

void Conversation::tellAgain(StreamPosition first) {
    const SinkCache& cache = m_context->cache();
    m_reporter.rewound(first, cache.oldest());
    tellTokens(first, cache.next());
}

void Conversation::tellAnew() {
    const SinkCache& cache = m_context->cache();
    m_reporter.reset(*m_context);
    if (cache.oldest() == ringStart())
        return tellTokens(0, cache.next());
    tellTokens(0, cache.sinkCount());
    m_reporter.forgot(*m_context);
    tellTokens(cache.oldest(), cache.next());
}

void Conversation::tellTokens(StreamPosition first, StreamPosition end) {
    m_reporter.appended(*m_context, *m_ledger, first, static_cast<int>(end - first));
    for (const HeldMessage& message : m_ledger->messages())
        if (message.contentBegin >= first && message.contentBegin < end)
            m_reporter.turn(message.contentBegin, message.id, message.role);
}

Logits Conversation::logits() {
    if (!m_logits.empty())
        return m_logits;
    SinkCache& cache = m_context->cache();
    if (cache.next() == 0)
        throw Error("There is nothing yet that could be answered.");
    const StreamPosition last = cache.next() - 1;
    const Ledger::Token token = m_ledger->at(last);
    m_reporter.rewound(last, cache.oldest());
    cache.goTo(last, std::max(m_edge, last - windowTokens())); // it sees what it saw
    m_logits = m_context->feed({&token.id, 1}, LogitsWanted::Last);
    m_reporter.appended(*m_context, *m_ledger, last, 1);
    m_record.add(1);
    return m_logits;
}

void Conversation::openAnswer(std::int64_t id) {
    const StreamPosition next = m_context->cache().next();
    m_record.begin(id);
    auto& messages = m_ledger->messages();
    const PromptWriter::After after = messages.empty() ? PromptWriter::After::SystemBlock
                                                       : PromptWriter::afterMessage(messages.back().role);
    messages.push_back({.id = id,
                        .role = Role::Assistant,
                        .after = after,
                        .begin = next,
                        .contentBegin = next,
                        .isGenerated = true});
    m_reporter.turn(next, id, Role::Assistant);
}

bool Conversation::endsWithControl() const {
    const StreamPosition next = m_context->cache().next();
    return next > 0 && m_model->tokenizer->isControl(m_ledger->at(next - 1).id);
}

void Conversation::addText(std::string_view text, std::string_view marks) {
    HeldMessage& answer = m_ledger->messages().back();
    answer.text.add(text);
    answer.shown.add(marks);
}

Logits Conversation::readMarks(std::span<const TokenId> marks, const TokenSource& place,
                               const std::stop_token& stop) {
    const SinkCache& cache = m_context->cache();
    const auto count = static_cast<int>(marks.size());
    const StreamPosition first = cache.next();
    if (count > cache.room())
        return {};
    m_ahead = {};
    m_reporter.poll();
    m_logits = m_context->feed(marks, LogitsWanted::Last, m_reporter.frame(*m_context), stop);
    if (m_logits.empty())
        return {};
    for (int i = 0; i < count; ++i)
        m_ledger->set(first + i, {marks[static_cast<std::size_t>(i)], place});
    m_ledger->trim(cache.oldestIntact());
    m_reporter.appended(*m_context, *m_ledger, first, count);
    m_reporter.publish();
    return m_logits;
}

namespace {

/// Of a token's text what its message keeps when it ends after `bytes`; without a space in front that nobody wrote.
std::string_view keptPart(const Tokenizer& tokenizer, const Ledger::Token& token, std::int32_t bytes) {
    std::string_view text = tokenizer.bytes(token.id);
    const auto size = static_cast<std::size_t>(token.source.byteEnd - token.source.byteBegin);
    text.remove_prefix(text.size() - std::min(size, text.size()));
    return text.substr(0, static_cast<std::size_t>(std::max(0, bytes - token.source.byteBegin)));
}

std::optional<TokenId> asOneToken(const Tokenizer& tokenizer, std::string_view text) {
    const std::vector<TokenId> tokens = tokenizer.encodePlain(text);
    const bool isOne = tokens.size() == 1 && tokenizer.bytes(tokens.front()) == text;
    return isOne ? std::optional(tokens.front()) : std::nullopt;
}

} // namespace

// Where the cut goes through a token, the part that stays is read as a token of its own. If it is none, the
// answer leaves the cache, and the next turn reads it as it was handed out.
void Conversation::cutAnswer(std::int32_t bytes) {
    const SinkCache& cache = m_context->cache();
    auto& messages = m_ledger->messages();
    const HeldMessage answer = messages.back();
    const auto isBehind = [&](const Ledger::Token& token) { return token.source.byteEnd > bytes; };
    std::optional<Ledger::Token> cut = m_pending;
    StreamPosition end = cache.next();
    while (end > std::max(cache.oldest(), answer.begin) && isBehind(m_ledger->at(end - 1)))
        cut = m_ledger->at(--end);
    if (!cut || !isBehind(*cut))
        return;
    const std::string_view part = keptPart(*m_model->tokenizer, *cut, bytes);
    const std::optional<TokenId> rest = part.empty() ? std::nullopt : asOneToken(*m_model->tokenizer, part);
    if (!part.empty() && !rest)
        end = answer.begin;
    const bool leaves = answer.begin >= end;
    m_pending.reset();
    m_logits = {};
    goTo(end, std::max(m_edge, cache.oldestIntact()), messages.size() - (leaves ? 1 : 0));
    if (!rest)
        return;
    if (leaves)
        messages.push_back(answer);
    cut->source.byteEnd = bytes;
    m_pending = Ledger::Token{*rest, cut->source};
}

namespace {

struct Released { // whatever way a token ends, a recording does not wait for its frame
    explicit Released(Reporter& owner) : reporter(owner) {}
    ~Released() { reporter.release(); }
    Reporter& reporter;
};

} // namespace

Logits Conversation::readPending(const std::stop_token& stop, float negativeLogLikelihood,
                                 const TopWanted& wanted) {
    const SinkCache& cache = m_context->cache();
    const StreamPosition position = cache.next();
    const Released released(m_reporter);
    if (takeAhead())
        return m_logits;
    m_ahead = {};
    m_logits = m_context->feedForTop({&m_pending->id, 1}, wanted, m_reporter.tokenFrame(*m_context), stop);
    if (m_logits.empty())
        return {};
    const TokenId token = m_pending->id;
    takePending(position);
    m_ledger->trim(cache.oldestIntact());
    m_reporter.appended(*m_context, *m_ledger, position, 1);
    m_reporter.scalars(position, negativeLogLikelihood);
    m_reporter.publishToken(token);
    return m_logits;
}

int Conversation::aheadRoom() const {
    if (m_reporter.looksAtTokens())
        return 0;
    return std::min(m_context->options().maxChunk, m_context->cache().room());
}

std::span<const float> Conversation::readAhead(std::span<const TokenId> tokens, const std::stop_token& stop) {
    assert(!m_pending && static_cast<int>(tokens.size()) <= aheadRoom());
    SinkCache& cache = m_context->cache();
    const SinkCache::Mark mark = cache.mark();
    m_logits = {};
    m_ahead = {};
    const std::span<const float> logits = m_context->feed(tokens, LogitsWanted::All, nullptr, stop);
    if (logits.empty())
        return {};
    cache.rollBack(mark);
    m_place.reserve(1);
    m_ahead = {.tokens = {tokens.begin(), tokens.end()}, .logits = logits};
    return logits;
}

// The pending token is the next one of those that were tried: its keys are in its slot already.
bool Conversation::takeAhead() {
    if (m_ahead.taken == m_ahead.tokens.size() || m_ahead.tokens[m_ahead.taken] != m_pending->id ||
        m_reporter.looksAtTokens())
        return false;
    SinkCache& cache = m_context->cache();
    const StreamPosition position = cache.next();
    cache.append(1, m_place);
    takePending(position);
    m_ledger->trim(cache.oldestIntact());
    m_reporter.appended(*m_context, *m_ledger, position, 1);
    const std::size_t vocabulary = m_ahead.logits.size() / m_ahead.tokens.size();
    m_logits = m_ahead.logits.subspan(m_ahead.taken++ * vocabulary, vocabulary);
    return true;
}

// A token that had been read already says nothing about what looking at attention costs.
void Conversation::tokenDone(double seconds) {
    if (m_ahead.tokens.empty())
        m_reporter.tokenDone(seconds);
}

std::vector<TokenId> Conversation::textInView() const {
    std::vector<TokenId> tokens;
    const SinkCache& cache = m_context->cache();
    for (StreamPosition position = cache.oldest(); position < cache.next(); ++position)
        if (const Ledger::Token& token = m_ledger->at(position); token.source.isText)
            tokens.push_back(token.id);
    if (m_pending)
        tokens.push_back(m_pending->id);
    return tokens;
}

CacheStatus Conversation::status() const {
    CacheStatus status;
    status.readAgain = m_record.readAgain();
    status.captureCost = m_reporter.governor().cost();
    status.captureLevel = m_reporter.governor().level();
    if (!m_context)
        return status;
    const SinkCache& cache = m_context->cache();
    status.visible = cache.visible();
    status.sinks = cache.shape().sinks;
    status.window = cache.shape().window;
    status.capacity = status.sinks + status.window;
    status.position = cache.length();
    status.forgotten = m_leftOut + cache.forgotten();
    status.forgottenIsAbout = m_leftOutIsAbout;
    status.cacheBytes = m_context->cacheBytes();
    if (status.forgotten > 0)
        status.horizon = m_ledger->horizon();
    return status;
}

} // namespace engine
