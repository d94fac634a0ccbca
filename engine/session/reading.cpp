#include "engine/error.h"
#include "engine/session/conversation.h"

#include <algorithm>

// The second half of Conversation: what goes through the model.
namespace engine {

Conversation::Outcome Conversation::feed(const Queue& queue, bool wantLogits, Session::Observer& observer,
                                         const std::stop_token& stop) {
    const auto total = static_cast<int>(queue.tokens.size());
    SinkCache& cache = m_stream->cache();
    if (total > cache.room()) {
        unfed(queue);
        return Outcome::NoRoom;
    }
    if (total > 0)
        alignEdge(total);
    const StreamPosition start = cache.next();
    std::size_t admitted = 0;
    std::vector<TokenId> chunk;
    if (total > 0)
        m_reporter.prefill(JournalEvent::Type::PrefillBegin, start, total);
    for (int read = 0; read < total;) {
        const int n = std::min(m_stream->options().maxChunk, total - read);
        const auto now =
            std::span(queue.tokens).subspan(static_cast<std::size_t>(read), static_cast<std::size_t>(n));
        chunk.clear();
        for (const Ledger::Token& token : now)
            chunk.push_back(token.id);
        const StreamPosition first = cache.next();
        m_reporter.poll();
        m_logits =
            m_stream->feed(chunk, wantLogits && read + n == total ? LogitsWanted::Last : LogitsWanted::None,
                           m_reporter.frame(*m_stream), stop);
        if (cache.next() == first) {
            stopped(queue, start, admitted);
            return Outcome::Cancelled;
        }
        admitted = admit(queue, start, read + n, admitted);
        for (int i = 0; i < n; ++i)
            m_ledger->set(first + i, now[static_cast<std::size_t>(i)]);
        m_ledger->trim();
        m_reporter.appended(*m_stream, *m_ledger, first, n);
        m_reporter.publish();
        read += n;
        if (observer.prefill)
            observer.prefill(read, total);
    }
    admit(queue, start, total + 1, admitted); // one without tokens may stand at the end
    if (total > 0)
        m_reporter.prefill(JournalEvent::Type::PrefillEnd, cache.next(), total);
    return Outcome::Done;
}

// Messages that begin before the queue's token number `end` now belong to the ledger.
std::size_t Conversation::admit(const Queue& queue, StreamPosition start, int end, std::size_t admitted) {
    for (; admitted < queue.messages.size() && queue.messages[admitted].begin < end; ++admitted) {
        HeldMessage held = queue.messages[admitted];
        held.begin += start;
        held.contentBegin += start;
        m_ledger->messages().push_back(held);
        m_seen.insert(held.id);
        m_reporter.turn(held.contentBegin, held.id, held.role);
    }
    return admitted;
}

// Stopped while reading: whole messages stay, the one that was cut is taken back.
void Conversation::stopped(const Queue& queue, StreamPosition start, std::size_t admitted) {
    SinkCache& cache = m_stream->cache();
    m_reporter.prefill(JournalEvent::Type::PrefillEnd, cache.next(), static_cast<int>(cache.next() - start));
    const bool isWhole = admitted > 0 && admitted < queue.messages.size() &&
                         queue.messages[admitted].begin == cache.next() - start;
    if (!isWhole)
        takeBack(admitted == 0 ? start : m_ledger->messages().back().begin);
    if (cache.next() == start)
        unfed(queue);
    if (cache.forgotten() > 0 && cache.next() - cache.oldest() < windowTokens() / 2)
        startOver();
}

void Conversation::unfed(const Queue& queue) {
    if (queue.beginsWithPending)
        m_pending = queue.tokens.front();
}

std::span<const float> Conversation::logits() {
    if (!m_logits.empty())
        return m_logits;
    SinkCache& cache = m_stream->cache();
    if (cache.next() == 0)
        throw Error("There is nothing yet that could be answered.");
    const StreamPosition last = cache.next() - 1;
    const Ledger::Token token = m_ledger->at(last);
    cache.rewind(last);
    m_reporter.rewound(*m_stream);
    m_logits = m_stream->feed({&token.id, 1}, LogitsWanted::Last);
    m_reporter.appended(*m_stream, *m_ledger, last, 1);
    ++m_readAgain;
    return m_logits;
}

void Conversation::openAnswer(std::int64_t id) {
    const StreamPosition next = m_stream->cache().next();
    m_ledger->messages().push_back({id, Role::Assistant, TextMark(), next, next});
    m_seen.insert(id);
    m_reporter.turn(next, id, Role::Assistant);
}

bool Conversation::endsWithControl() const {
    const StreamPosition next = m_stream->cache().next();
    return next > 0 && m_model->tokenizer->isControl(m_ledger->at(next - 1).id);
}

void Conversation::addText(std::string_view text) {
    m_ledger->messages().back().text.add(text);
}

// Where the cut goes through a token, the half that stays is read as a token of its own. If it is none, the
// answer leaves the cache, and the next turn reads it as it was handed out.
void Conversation::cutAnswer(std::int32_t bytes) {
    const SinkCache& cache = m_stream->cache();
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
    takeBack(whole ? answer.begin : end);
    if (cache.next() > 0 && !worthKeeping(cache.next())) {
        startOver();
        return;
    }
    if (half.empty() || whole)
        return;
    if (m_ledger->messages().empty() || m_ledger->messages().back().id != answer.id)
        m_ledger->messages().push_back(answer);
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
    const SinkCache& cache = m_stream->cache();
    const StreamPosition position = cache.next();
    const Released released(m_reporter);
    m_logits =
        m_stream->feed({&m_pending->id, 1}, LogitsWanted::Last, m_reporter.tokenFrame(*m_stream), stop);
    if (m_logits.empty())
        return {};
    const TokenId token = m_pending->id;
    m_ledger->set(position, *m_pending);
    m_pending.reset();
    m_ledger->trim();
    m_reporter.appended(*m_stream, *m_ledger, position, 1);
    m_reporter.scalars(position, negativeLogLikelihood);
    m_reporter.publishToken(token);
    return m_logits;
}

std::vector<TokenId> Conversation::recentText(int count) const {
    std::vector<TokenId> tokens;
    const SinkCache& cache = m_stream->cache();
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
    status.readAgain = m_readAgain;
    status.captureCost = m_reporter.governor().cost();
    status.captureLevel = m_reporter.governor().level();
    if (!m_stream)
        return status;
    const SinkCache& cache = m_stream->cache();
    status.visible = cache.visible();
    status.sinks = cache.shape().sinks;
    status.window = cache.shape().window;
    status.capacity = status.sinks + status.window;
    status.position = cache.read();
    status.forgotten = cache.forgotten();
    status.cacheBytes = m_stream->cacheBytes();
    if (m_omitted || cache.forgotten() > 0)
        status.horizon = m_ledger->horizon();
    return status;
}

} // namespace engine
