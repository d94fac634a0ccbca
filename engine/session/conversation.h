#pragma once
#include "engine/context.h"
#include "engine/session.h"
#include "engine/session/branch.h"
#include "engine/session/ledger.h"
#include "engine/session/prompt_writer.h"
#include "engine/session/reading_record.h"
#include "engine/session/reporter.h"
#include "engine/session/window_plan.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace engine {

/// Keeps one cache in step with one chat: plans what of a branch is in view at its end (WindowPlan), keeps of the cache what
/// belongs to that, reads the rest, and takes in what is generated. Tokens and book-keeping advance together, a chunk at a
/// time, so that a stop leaves nothing to repair. What belongs to a branch is a matter of roles and texts: the ids of chats and
/// messages are labels, which may change from request to request. Engine thread; owned by Session.
class Conversation {
public:
    Conversation(std::shared_ptr<const Model> model, ReadingRecord record);

    void watch(Probes probes) { m_reporter.watch(std::move(probes)); }

    enum class Outcome { Done, Cancelled, NoRoom };
    /// Brings the cache to the end of the request's history.
    Outcome catchUp(const ChatRequest& request, const Session::Observer& observer,
                    const std::stop_token& stop);
    int promptTokens() const { return m_promptTokens; } // read by the last catchUp()

    /// After the newest token; reads that one again when it was not the last thing done.
    Logits logits();
    void openAnswer(std::int64_t id);
    /// What goes in front of a new answer's first token.
    using Opening = PromptWriter::Opening;
    std::vector<TokenId> opening(Opening of) const { return m_writer.opening(of); }
    const std::string& openingText(Opening of) const { return m_writer.openingText(of); }
    /// Marks of the template inside the newest message, whose text ends at `place` so far: nobody picks them, and a stop leaves all of them
    /// or none. Logits after them; empty when it was stopped, or there is no room.
    Logits readMarks(std::span<const TokenId> marks, const TokenSource& place, const std::stop_token& stop);
    bool endsWithControl() const; // the newest token is one of the template's
    /// One more token of the newest message. It is read by the next readPending(), or with the next turn.
    void add(const Ledger::Token& token) { m_pending = token; }
    /// Of the newest message.
    Utf8Stream& unfinished() { return m_ledger->messages().back().unfinished; }
    /// Text that was handed out for the newest message.
    void addText(std::string_view text) { addText(text, text); }
    /// Text that stands for marks which were read, and these.
    void addText(std::string_view text, std::string_view marks);
    /// The newest message, an answer, ends after `bytes` of what was picked: the model does not see more of it than was handed out.
    void cutAnswer(std::int32_t bytes);
    /// Logits after the added token, at least what is wanted of them; empty when it was stopped before that. Not read again when it was
    /// tried as the next one.
    Logits readPending(const std::stop_token& stop, float negativeLogLikelihood, const TopWanted& wanted);
    /// See Lookahead.
    int aheadRoom() const;
    std::span<const float> readAhead(std::span<const TokenId> tokens, const std::stop_token& stop);

    bool full() const { return m_context && m_context->cache().full(); }
    /// Before a token is picked: how closely its reading will be looked at.
    void pollCapture() { m_reporter.pollForToken(); }
    bool wantsScalars() const { return m_reporter.wantsScalars(); }
    void tokenDone(double seconds);
    /// The tokens of messages in view, oldest first.
    std::vector<TokenId> textInView() const;
    CacheStatus status() const;
    const ReadingRecord& record() const { return m_record; }
    Context* context() { return m_context.get(); }
    /// After an error: the next request starts with an empty cache.
    void drop();

private:
    struct Match {                // what of the cache belongs to the branch
        std::vector<int> heldOf;  // of each message of the branch: its place among the held ones, or -1
        std::size_t messages = 0; // held ones that stay
        StreamPosition end = 0;   // where they end in the cache
        bool keepsPending = false;
        bool dropsUnshown = false; // bytes of the newest message that are no character yet go
    };
    struct Ahead { // what was read behind the end of the stream, and taken back
        std::vector<TokenId> tokens;
        std::span<const float> logits; // (tokens, vocabulary)
        std::size_t taken = 0;         // of them, in order, into the stream
    };
    struct Queue { // tokens in reading order; a pending one stands in front of them
        struct Entry {
            HeldMessage held;                  // begin and contentBegin count from the queue's first token
            std::size_t begin = 0, tokens = 0; // in the queue
            bool isNew = true;                 // false: the rest of the newest message held
        };
        std::vector<Ledger::Token> tokens;
        std::vector<Entry> entries;
        std::size_t front = 0; // tokens of the system block
    };

    void open(const ChatRequest& request, std::vector<TokenId> block);
    void clear();
    Match match(const Branch& branch, Purpose purpose) const;
    void align(const Branch& branch, Match& match) const;
    void dropUnshown(Match& match) const;
    std::optional<WindowPlanner::Held> heldAt(const Match& match, std::size_t index) const;
    bool keep(const WindowPlan& plan, const Match& match, const Branch& branch);
    void label(const Match& match, const Branch& branch);
    void startOver(const WindowPlan& plan, const ChatRequest& request, const Branch& branch);
    void countLeftOut(const WindowPlan& plan, const ChatRequest& request, const Branch& branch);
    Queue enqueue(const WindowPlan& plan, const Branch& branch) const;
    void enqueueMessage(Queue& queue, const Branch& branch, const WindowPlan::Item& item,
                        std::size_t skipped) const;
    Outcome feed(const Queue& queue, bool wantLogits, const Session::Observer& observer,
                 const std::stop_token& stop);
    void admit(const Queue& queue, std::size_t begin, std::size_t end, StreamPosition first);
    /// The cache ends at `next` and its view begins at `edge`, exactly as it was when that had been read.
    void goTo(StreamPosition next, StreamPosition edge, std::size_t messages);
    /// The journal's readers hear of what is in view as if it had just been read: of all, or from a position on.
    void tellAnew();
    void tellAgain(StreamPosition first);
    void tellTokens(StreamPosition first, StreamPosition end);
    void takePending(StreamPosition position); // it has just been read there
    bool takeAhead();
    StreamPosition ringStart() const { return m_context->cache().shape().ringStart; }
    bool blockIsRead() const;
    int windowTokens() const { return m_context->options().window; }

    std::shared_ptr<const Model> m_model;
    PromptWriter m_writer;
    Reporter m_reporter;
    ReadingRecord m_record;
    std::unique_ptr<Context> m_context;
    std::unique_ptr<Ledger> m_ledger;

    std::int64_t m_chatId = 0;
    CacheOptions m_options;
    std::vector<TokenId> m_block; // BOS and system block

    std::optional<Ledger::Token> m_pending; // belongs to the newest message, not read yet
    Logits m_logits;                        // empty when they are not those of the newest token
    Ahead m_ahead;
    std::vector<Place> m_place;   // of a token taken from there
    bool m_isWhole = false;       // nothing of the branch was left out when it was read
    StreamPosition m_first = 0;   // the first token behind the block that was read
    StreamPosition m_edge = 0;    // the view begins here, or a window's length before the end
    StreamPosition m_leftOut = 0; // tokens of the branch before m_first
    bool m_leftOutIsAbout = false;
    bool m_readsBlockAgain = false;
    int m_promptTokens = 0;
};

} // namespace engine
