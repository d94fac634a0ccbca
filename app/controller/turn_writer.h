#pragma once
#include "app/controller/turn.h"
#include "app/transcript_store.h"

#include <QObject>
#include <QTimer>

#include <functional>
#include <memory>

namespace app {

/// Brings one turn to the store: the question (durable before begun()), then the answer in pieces of 8 tokens
/// or 250 ms, then its end in one transaction. What the store refuses (a full disk) is kept and tried again
/// until it is in. Main thread; owned by the controller.
class TurnWriter : public QObject {
    Q_OBJECT
public:
    static constexpr int ChunkTokens = 8, ChunkMs = 250, RetryMs = 2000;
    /// Real ids of what had a negative one; unknown ids are returned as they are.
    struct Ids {
        std::function<ChatId(ChatId)> chat;
        std::function<MessageId(MessageId)> message;
    };

    TurnWriter(TranscriptStore& store, std::shared_ptr<Turn> turn, Ids ids, QObject* parent);

    const std::shared_ptr<Turn>& turn() const { return m_turn; }
    void begin();
    void add(const QString& text, int tokens);
    void finish(MessageState state, int tokens, double tokensPerSecond);
    bool isBegun() const { return m_begun; }
    bool isStored() const { return m_stored; }
    /// The store does not take it just now.
    bool isRefused() const { return m_refused; }
    void retryNow();
    /// The program ends: what is left goes to the store without waiting for the outcome; an unfinished answer
    /// becomes Interrupted.
    void closeNow();

Q_SIGNALS:
    /// The question is durable and the answer's row exists.
    void begun(app::ChatId chat, const app::Message& question, const app::Message& answer);
    /// The store refused, the first time or again.
    void refused(const QString& sentence);
    void chunkStored(qint64 bytes); // UTF-8 bytes of the answer that are in the store
    void stored();                  // the end, too

private:
    struct Progress;
    void writeChunk();
    void writeEnd();
    void onRefused(const StoreError& error);

    TranscriptStore& m_store;
    std::shared_ptr<Turn> m_turn;
    Ids m_ids;
    std::shared_ptr<Progress> m_progress; // steps of begin() that are done
    bool m_begun = false, m_stored = false;
    bool m_refused = false;   // the last try
    bool m_busy = false;      // a job is in the store's queue
    QString m_waiting;        // text that is not in the store
    qsizetype m_inFlight = 0; // units at its front that the queue has
    int m_waitingTokens = 0;
    qint64 m_storedBytes = 0;
    struct End {
        MessageState state;
        int tokens;
        double tokensPerSecond;
    };
    std::optional<End> m_end;
    QTimer m_chunkTimer, m_retryTimer;
};

} // namespace app
