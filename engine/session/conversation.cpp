#include "engine/session/conversation.h"

#include "engine/error.h"

#include <algorithm>
#include <cassert>

namespace engine {
namespace {

// A stop is noticed between two layers; this many multiplications of one layer take well under 100 ms on two
// cores.
int chunkFor(const ModelConfig& c) {
    const double layerWeights =
        double{2} * c.dim * c.headDim * (c.heads + c.kvHeads) + double{3} * c.dim * c.ffnDim;
    int chunk = 256;
    while (chunk > 16 && chunk * layerWeights > 1.5e9)
        chunk /= 2;
    return chunk;
}

// The sinks grow to hold the whole system block and the window shrinks by as much: the cache's size stays
// what was asked for.
StreamOptions streamOptions(const ModelConfig& config, const CacheOptions& options, std::size_t blockTokens) {
    StreamOptions stream;
    stream.mode = options.mode;
    stream.ringType = options.ringType;
    stream.maxChunk = chunkFor(config);
    const int asked = options.mode == CacheMode::Streaming ? std::max(0, options.sinks) : 0;
    const int window =
        options.window > 0 ? options.window : std::max(1, std::min(config.trainedLength, 4096) - asked);
    const int capacity = asked + window;
    stream.sinks = asked;
    if (options.mode == CacheMode::Streaming)
        stream.sinks =
            std::min(std::max(asked, static_cast<int>(blockTokens)), std::max(asked, capacity / 2));
    stream.window = std::max(1, capacity - stream.sinks);
    return stream;
}

} // namespace

Conversation::Conversation(std::shared_ptr<const Model> model)
    : m_model(std::move(model)), m_writer(*m_model->tokenizer, m_model->chatFormat) {}

Conversation::Outcome Conversation::read(const ChatRequest& request, Session::Observer& observer,
                                         const std::stop_token& stop) {
    if (request.cache.mode == CacheMode::Recompute)
        throw Error("Recomputing the window for every token is a measurement, not a way to chat.");
    const std::string system = request.system.empty() ? m_model->chatFormat.defaultSystem : request.system;
    const bool opens =
        !m_stream || request.cache != m_options || request.chatId != m_chatId || system != m_system;
    if (opens) {
        m_chatId = request.chatId;
        m_system = system;
        open(request);
    }
    m_logits = {};
    m_reporter.prepare(observer, *m_stream, request.sampling.seed);
    const auto held = static_cast<int>(m_stream->cache().next());
    if (opens || held == 0) {
        m_reporter.reset(*m_stream);
        m_reporter.appended(*m_stream, *m_ledger, 0, held); // the system block of the last chat, if it stays
    }

    const std::size_t first = match(request.history);
    std::vector<Unread> unread =
        m_ledger->messages().empty() ? newestTurns(request.history) : unreadFrom(request.history, first);
    std::size_t tokens = 0;
    for (const Unread& message : unread)
        tokens += message.passage.tokens.size();
    if (!m_ledger->messages().empty() && unread.size() > 1 &&
        tokens > static_cast<std::size_t>(windowTokens()) && m_options.mode != CacheMode::Dense) {
        startOver();
        unread = newestTurns(request.history);
    }
    if (m_ledger->messages().empty())
        m_omitted = !unread.empty() && unread.front().message != &request.history.front();
    const Queue queue = enqueue(unread);
    m_promptTokens = static_cast<int>(queue.tokens.size());
    return feed(queue, request.purpose != Purpose::ReadOnly, observer, stop);
}

void Conversation::open(const ChatRequest& request) {
    std::vector<TokenId> block = m_writer.systemBlock(m_system);
    const bool sameBlock = block == m_block;
    m_block = std::move(block);
    const StreamOptions wanted = streamOptions(m_model->config, request.cache, m_block.size());
    if (m_stream && request.cache == m_options && wanted.sinks == m_stream->options().sinks) {
        takeBack(sameBlock ? blockEnd() : 0); // another chat goes on behind the same system block
    } else {
        drop(); // the old cache goes before the new one is made
        m_stream = std::make_unique<Stream>(m_model, wanted);
        m_ledger = std::make_unique<Ledger>(m_stream->cache());
        m_options = request.cache;
    }
}

// Compares the history with what is held, rewinds to the first difference and returns the first message that
// has to be read.
std::size_t Conversation::match(const std::vector<ChatMessage>& history) {
    const auto& held = m_ledger->messages();
    if (held.empty())
        return 0;
    std::size_t h = 0, l = 0;
    const auto sameId = [&](const ChatMessage& message) { return message.id == held[l].id; };
    for (; l < held.size(); ++l) {
        h = static_cast<std::size_t>(std::find_if(history.begin(), history.end(), sameId) - history.begin());
        if (h < history.size())
            break;
    }
    if (h == history.size() || (l > 0 && h > 0)) { // another branch
        startOver();
        return 0;
    }
    while (l < held.size() && h < history.size() && history[h].id == held[l].id &&
           history[h].role == held[l].role && TextMark(history[h].text) == held[l].text) {
        ++l;
        ++h;
    }
    if (l == held.size())
        return h;
    const StreamPosition position = held[l].begin;
    if (l > 0 && worthKeeping(position))
        takeBack(position);
    else
        startOver();
    return m_ledger->messages().empty() ? 0 : h;
}

// A rewound window is shorter by what was taken back. Half of it is what a turn boundary may leave, too;
// nothing forgotten is perfect.
bool Conversation::worthKeeping(StreamPosition position) const {
    const SinkCache& cache = m_stream->cache();
    if (cache.forgotten() == 0 && !m_omitted)
        return true;
    return position - cache.oldest() >= windowTokens() / 2;
}

std::vector<Conversation::Unread> Conversation::unreadFrom(const std::vector<ChatMessage>& history,
                                                           std::size_t first) const {
    std::vector<Unread> unread;
    PromptWriter::After previous = after();
    for (std::size_t i = first; i < history.size(); ++i) {
        if (history[i].role == Role::System)
            continue;
        unread.push_back({&history[i], m_writer.message(history[i], previous, m_system)});
        previous = history[i].role == Role::User ? PromptWriter::After::User : PromptWriter::After::Assistant;
    }
    return unread;
}

// Whole turns from the newest backwards, as many as leave the answer a quarter of the window. Dense has to
// take them all.
std::vector<Conversation::Unread> Conversation::newestTurns(const std::vector<ChatMessage>& history) const {
    if (m_options.mode == CacheMode::Dense)
        return unreadFrom(history, 0);
    const auto budget = static_cast<std::size_t>(windowTokens()) * 3 / 4;
    std::size_t first = history.size(), sum = 0, turnEnd = history.size();
    while (turnEnd > 0) {
        std::size_t turn = turnEnd - 1;
        while (turn > 0 && history[turn].role != Role::User)
            --turn;
        std::size_t tokens = 0;
        for (std::size_t i = turn; i < turnEnd; ++i)
            tokens += m_writer.message(history[i], PromptWriter::After::Assistant, m_system).tokens.size();
        if (first < history.size() && sum + tokens > budget)
            break;
        sum += tokens;
        first = turnEnd = turn;
    }
    return unreadFrom(history, first);
}

PromptWriter::After Conversation::after() const {
    if (m_ledger->messages().empty())
        return PromptWriter::After::SystemBlock;
    return m_ledger->messages().back().role == Role::User ? PromptWriter::After::User
                                                          : PromptWriter::After::Assistant;
}

bool Conversation::blockIsRead() const {
    return m_stream->cache().read() >= static_cast<StreamPosition>(m_block.size()) &&
           m_stream->cache().forgotten() == 0;
}

Conversation::Queue Conversation::enqueue(const std::vector<Unread>& unread) {
    Queue queue;
    queue.beginsWithPending = m_pending.has_value();
    if (m_pending)
        queue.tokens.push_back(*m_pending);
    m_pending.reset();
    if (m_ledger->messages().empty() && !blockIsRead()) {
        assert(m_stream->cache().next() == 0);
        for (const TokenId token : m_block)
            queue.tokens.push_back({token, {}});
        if (!m_seenBlocks.insert(m_chatId).second)
            m_readAgain += static_cast<std::int64_t>(m_block.size());
    }
    for (const Unread& item : unread) {
        const auto begin = static_cast<StreamPosition>(queue.tokens.size());
        const Passage& passage = item.passage;
        for (std::size_t i = 0; i < passage.tokens.size(); ++i)
            queue.tokens.push_back({passage.tokens[i], passage.sources[i]});
        queue.messages.push_back({item.message->id, item.message->role, TextMark(item.message->text), begin,
                                  begin + static_cast<StreamPosition>(passage.contentBegin)});
        if (m_seen.contains(item.message->id))
            m_readAgain += static_cast<std::int64_t>(passage.tokens.size());
    }
    return queue;
}

// At a turn boundary the window's edge moves up to the start of a user's message, where the pinned system
// block reads on naturally: the first one that leaves room for what comes, but never one that would leave
// less than half of the window.
void Conversation::alignEdge(int comingTokens) {
    SinkCache& cache = m_stream->cache();
    if (m_options.mode != CacheMode::Streaming)
        return;
    const StreamPosition end = cache.next() + comingTokens;
    const int window = windowTokens();
    if (cache.forgotten() == 0 && end - cache.oldest() <= window)
        return;
    for (const HeldMessage& message : m_ledger->messages()) {
        if (message.role != Role::User || message.contentBegin < cache.oldest())
            continue;
        const StreamPosition left = end - message.contentBegin;
        if (left > window)
            continue;
        if (left >= window / 2) {
            cache.forgetBefore(message.contentBegin);
            m_reporter.forgot(*m_stream);
        }
        return;
    }
}

// Where the system block ends if the cache still holds all of it, else 0.
StreamPosition Conversation::blockEnd() const {
    const auto tokens = static_cast<int>(m_block.size());
    const bool isPinned =
        m_stream->cache().shape().sinks == tokens && m_stream->cache().sinkCount() == tokens;
    return isPinned || blockIsRead() ? tokens : 0;
}

void Conversation::startOver() {
    takeBack(blockEnd());
}

void Conversation::takeBack(StreamPosition position) {
    m_pending.reset();
    m_logits = {};
    auto& messages = m_ledger->messages();
    while (!messages.empty() && messages.back().begin >= position)
        messages.pop_back();
    if (position == m_stream->cache().next())
        return;
    m_stream->cache().rewind(position);
    m_reporter.rewound(*m_stream);
}

void Conversation::drop() {
    m_ledger.reset();
    m_stream.reset();
    m_pending.reset();
    m_logits = {};
    m_omitted = false;
}

} // namespace engine
