#pragma once
#include "engine/session.h"
#include "engine/session/ledger.h"
#include "engine/session/prompt_writer.h"
#include "engine/session/reporter.h"
#include "engine/stream.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

namespace engine {

/// Keeps one cache in step with one chat: finds out what of a request's history has to be read, moves the
/// window's edge to message starts, reads, and takes in what is generated. Engine thread; owned by Session.
class Conversation {
public:
    explicit Conversation(std::shared_ptr<const Model> model);

    enum class Outcome { Done, Cancelled, NoRoom };
    /// Brings the cache to the end of the request's history.
    Outcome read(const ChatRequest& request, Session::Observer& observer, const std::stop_token& stop);
    int promptTokens() const { return m_promptTokens; } // read by the last read()

    /// (vocabulary) after the newest token; reads that one again when it was not the last thing done.
    std::span<const float> logits();
    void openAnswer(std::int64_t id);
    bool endsWithControl() const; // the newest token is one of the template's
    /// One more token of the newest message. It is read by the next readPending(), or with the next turn.
    void add(const Ledger::Token& token) { m_pending = token; }
    /// Of the newest message.
    Utf8Stream& unfinished() { return m_ledger->messages().back().unfinished; }
    /// Text that was handed out for the newest message.
    void addText(std::string_view text);
    /// The newest message, an answer, ends after `bytes` of what was picked: the model does not see more of it than was handed out.
    void cutAnswer(std::int32_t bytes);
    /// Logits after the added token; empty when it was stopped before that.
    std::span<const float> readPending(const std::stop_token& stop, float negativeLogLikelihood);

    bool full() const { return m_stream && m_stream->cache().full(); }
    /// Before a token is picked: how closely its reading will be looked at.
    void pollCapture() { m_reporter.pollForToken(); }
    bool wantsScalars() const { return m_reporter.wantsScalars(); }
    void tokenDone(double seconds) { m_reporter.tokenDone(seconds); }
    /// The tokens of messages in view, oldest first: what the repetition penalty looks at.
    std::vector<TokenId> recentText(int count) const;
    CacheStatus status() const;
    Stream* stream() { return m_stream.get(); }
    /// After an error: the next request starts with an empty cache.
    void drop();

private:
    struct Unread { // a message that has to be read
        const ChatMessage* message = nullptr;
        Passage passage;
    };
    struct Queue { // tokens in reading order
        std::vector<Ledger::Token> tokens;
        std::vector<HeldMessage> messages; // begin and contentBegin count from the queue's first token
        bool beginsWithPending = false;
    };

    void open(const ChatRequest& request);
    std::size_t match(const std::vector<ChatMessage>& history);
    bool worthKeeping(StreamPosition position) const;
    std::vector<Unread> unreadFrom(const std::vector<ChatMessage>& history, std::size_t first) const;
    std::vector<Unread> newestTurns(const std::vector<ChatMessage>& history) const;
    PromptWriter::After after() const;
    Queue enqueue(const std::vector<Unread>& unread);
    void alignEdge(int comingTokens);
    Outcome feed(const Queue& queue, bool wantLogits, Session::Observer& observer,
                 const std::stop_token& stop);
    std::size_t admit(const Queue& queue, StreamPosition start, int end, std::size_t admitted);
    void stopped(const Queue& queue, StreamPosition start, std::size_t admitted);
    void unfed(const Queue& queue);
    void takeBack(StreamPosition position);
    void startOver();
    bool blockIsRead() const;
    StreamPosition blockEnd() const;
    int windowTokens() const { return m_stream->options().window; }

    std::shared_ptr<const Model> m_model;
    PromptWriter m_writer;
    Reporter m_reporter;
    std::unique_ptr<Stream> m_stream;
    std::unique_ptr<Ledger> m_ledger;

    std::int64_t m_chatId = 0;
    std::string m_system;
    CacheOptions m_options;
    std::vector<TokenId> m_block; // BOS and system block

    std::optional<Ledger::Token> m_pending; // belongs to the newest message, not read yet
    std::span<const float> m_logits;        // empty when they are not those of the newest token
    bool m_omitted = false;                 // older messages were left out when the chat was read
    int m_promptTokens = 0;
    std::int64_t m_readAgain = 0;
    std::unordered_set<std::int64_t> m_seen;       // messages this model has read
    std::unordered_set<std::int64_t> m_seenBlocks; // chats whose system block it has read
};

} // namespace engine
