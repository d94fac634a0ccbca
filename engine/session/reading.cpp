#include "engine/error.h"
#include "engine/session/conversation.h"

#include <algorithm>

// The second half of Conversation: what goes through the model.
namespace engine {

Conversation::Outcome Conversation::feed(const Queue& queue, bool wantLogits, Session::Observer& observer,
                                         const std::stop_token& stop) {
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
        willWrite(n);
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
        m_ledger->trim(oldestIntact());
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
            m_record.read(queue.tokens[i].source);
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

void Conversation::willWrite(int tokens) {
    m_written = std::max(m_written, m_context->cache().next() + tokens);
}

// Slots before this place hold newer tokens by now.
StreamPosition Conversation::oldestIntact() const {
    const SinkCache& cache = m_context->cache();
    return cache.shape().dense ? ringStart() : std::max(ringStart(), m_written - cache.ringSlots());
}

// Both ends of the view may go back as long as the slots have not been written again. The journal is told of tokens that come
// back into view as if they were read again.
void Conversation::goTo(StreamPosition next, StreamPosition edge, std::size_t messages) {
    SinkCache& cache = m_context->cache();
    m_ledger->messages().resize(messages);
    m_edge = edge;
    const StreamPosition oldest = std::max(edge, next - windowTokens());
    if (next == cache.next() && oldest == cache.oldest())
        return;
    const bool goesBack = oldest < cache.oldest() && next > oldest;
    if (goesBack) {
        cache.restore(oldest, oldest);
        m_reporter.rewound(*m_context);
        cache.restore(next, edge);
        m_reporter.appended(*m_context, *m_ledger, oldest, static_cast<int>(next - oldest));
        for (const HeldMessage& message : m_ledger->messages())
            if (message.contentBegin >= oldest && message.contentBegin < next)
                m_reporter.turn(message.contentBegin, message.id, message.role);
        return;
    }
    const bool rewinds = next != cache.next();
    cache.restore(next, oldest);
    if (rewinds)
        m_reporter.rewound(*m_context);
    m_reporter.forgot(*m_context);
}

std::span<const float> Conversation::logits() {
    if (!m_logits.empty())
        return m_logits;
    SinkCache& cache = m_context->cache();
    if (cache.next() == 0)
        throw Error("There is nothing yet that could be answered.");
    const StreamPosition last = cache.next() - 1;
    const Ledger::Token token = m_ledger->at(last);
    cache.rewind(last);
    m_reporter.rewound(*m_context);
    if (!cache.shape().dense)
        cache.restore(last, std::max(m_edge, last - windowTokens())); // it sees what it saw
    m_logits = m_context->feed({&token.id, 1}, LogitsWanted::Last);
    m_reporter.appended(*m_context, *m_ledger, last, 1);
    m_record.add(1);
    return m_logits;
}

void Conversation::openAnswer(std::int64_t id) {
    const StreamPosition next = m_context->cache().next();
    m_record.begin(id);
    m_ledger->messages().push_back({.id = id,
                                    .role = Role::Assistant,
                                    .begin = next,
                                    .contentBegin = next,
                                    .isGenerated = true,
                                    .isBeingWritten = true});
    m_reporter.turn(next, id, Role::Assistant);
}

bool Conversation::endsWithControl() const {
    const StreamPosition next = m_context->cache().next();
    return next > 0 && m_model->tokenizer->isControl(m_ledger->at(next - 1).id);
}

void Conversation::addText(std::string_view text) {
    m_ledger->messages().back().text.add(text);
}

// Where the cut goes through a token, the half that stays is read as a token of its own. If it is none, the
// answer leaves the cache, and the next turn reads it as it was handed out.
void Conversation::cutAnswer(std::int32_t bytes) {
    const SinkCache& cache = m_context->cache();
    const HeldMessage answer = m_ledger->messages().back();
    const auto isBehind = [&](const Ledger::Token& token) {
        return token.source.messageId == answer.id && token.source.byteEnd > bytes;
    };
    std::optional<Ledger::Token> cut = m_pending;
    StreamPosition end = cache.next();
    while (end > std::max(cache.oldest(), answer.begin) && isBehind(m_ledger->at(end - 1)))
        cut = m_ledger->at(--end);
    if (!cut || !isBehind(*cut))
        return;
    const Tokenizer& tokenizer = *m_model->tokenizer;
    TokenSource source = cut->source;
    const auto size = static_cast<std::size_t>(source.byteEnd - source.byteBegin);
    std::string_view half = tokenizer.bytes(cut->id);
    half.remove_prefix(half.size() - std::min(size, half.size())); // without a space that nobody wrote
    half = half.substr(0, static_cast<std::size_t>(std::max(0, bytes - source.byteBegin)));
    const auto tokens = tokenizer.encodePlain(half);
    const bool isToken = tokens.size() == 1 && tokenizer.bytes(tokens.front()) == half;
    source.byteEnd = bytes;
    const bool whole = !half.empty() && !isToken;
    const StreamPosition stays = whole ? answer.begin : end;
    auto& messages = m_ledger->messages();
    m_pending.reset();
    m_logits = {};
    goTo(stays, std::max(m_edge, oldestIntact()), messages.size() - (answer.begin >= stays ? 1 : 0));
    if (half.empty() || whole)
        return;
    if (messages.empty() || messages.back().id != answer.id)
        messages.push_back(answer);
    m_pending = Ledger::Token{tokens.front(), source};
}

namespace {

struct Released { // whatever way a token ends, a recording does not wait for its frame
    explicit Released(Reporter& owner) : reporter(owner) {}
    ~Released() { reporter.release(); }
    Reporter& reporter;
};

} // namespace

std::span<const float> Conversation::readPending(const std::stop_token& stop, float negativeLogLikelihood) {
    const SinkCache& cache = m_context->cache();
    const StreamPosition position = cache.next();
    const Released released(m_reporter);
    willWrite(1);
    m_logits =
        m_context->feed({&m_pending->id, 1}, LogitsWanted::Last, m_reporter.tokenFrame(*m_context), stop);
    if (m_logits.empty())
        return {};
    const TokenId token = m_pending->id;
    takePending(position);
    m_ledger->trim(oldestIntact());
    m_reporter.appended(*m_context, *m_ledger, position, 1);
    m_reporter.scalars(position, negativeLogLikelihood);
    m_reporter.publishToken(token);
    return m_logits;
}

std::vector<TokenId> Conversation::recentText(int count) const {
    std::vector<TokenId> tokens;
    const SinkCache& cache = m_context->cache();
    for (StreamPosition position = cache.next() - 1;
         position >= cache.oldest() && static_cast<int>(tokens.size()) < count; --position)
        if (const Ledger::Token& token = m_ledger->at(position); token.source.messageId != 0)
            tokens.push_back(token.id);
    std::reverse(tokens.begin(), tokens.end());
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
    status.position = cache.read();
    status.forgotten = m_leftOut + cache.forgotten();
    status.forgottenIsAbout = m_leftOutIsAbout;
    status.cacheBytes = m_context->cacheBytes();
    if (status.forgotten > 0)
        status.horizon = m_ledger->horizon();
    return status;
}

} // namespace engine
