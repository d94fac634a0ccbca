#pragma once
#include "app/controller/turn.h"
#include "app/rescue.h"
#include "app/transcript_store.h"

#include <QHash>
#include <QObject>
#include <QTimer>

#include <memory>

namespace app {

/// What became of ids below 0. Database thread only; shared by all writers.
struct StoredIds {
    QHash<ChatId, ChatId> chats;
    QHash<MessageId, MessageId> messages;
};

/// Brings one turn to the store: the question (durable before begun()), then the answer in pieces of 8 tokens
/// or 250 ms, then its end in one transaction.
///
/// Every job for the store does the same: it writes what the store lacks of what there is, and notes how far it came. A job that was
/// refused (a full disk) is therefore just asked for again, and what comes last, when the program ends, needs to know nothing of those
/// before it. The controller lets the turns of one chat write one after the other, so nothing overtakes the end of an answer. Main thread;
/// owned by the controller.
class TurnWriter : public QObject {
    Q_OBJECT
public:
    static constexpr int ChunkTokens = 8, ChunkMs = 250, RetryMs = 2000;

    TurnWriter(TranscriptStore& store, std::shared_ptr<Turn> turn, std::shared_ptr<StoredIds> ids,
               QObject* parent);

    const std::shared_ptr<Turn>& turn() const { return m_turn; }
    void begin();
    void add(const QString& text, int tokens);
    void finish(MessageState state, int tokens, double tokensPerSecond);
    bool isBegun() const { return m_begun; }
    bool isRefused() const { return m_refused; } // the last try; it will be tried again
    void retryNow();
    /// The program ends: what is left goes to the store without waiting for the outcome; an unfinished answer becomes Interrupted. What the
    /// store does not take goes to `rescue`, on the database thread. The writers of a chat in their order.
    void closeNow(const std::shared_ptr<Rescue>& rescue);

Q_SIGNALS:
    /// The question is durable and the answer's row exists.
    void begun(app::ChatId chat, const app::Message& question, const app::Message& answer);
    /// The store refused, the first time or again.
    void refused(const QString& sentence);
    void chunkStored(qint64 bytes); // UTF-8 bytes of the answer that are in the store
    void stored();                  // the end, too

private:
    struct End {
        MessageState state;
        int tokens;
        double tokensPerSecond;
    };
    struct Progress; // how far the store is
    struct Job;      // what there is
    Job job() const;
    static void write(Database& database, Progress& progress, const Job& job); // database thread
    static void writeRows(Database& database, Progress& progress, const Job& job);
    void post();
    void tellProgress();
    void postWhenDue();

    TranscriptStore& m_store;
    std::shared_ptr<Turn> m_turn;
    std::shared_ptr<StoredIds> m_ids;
    std::shared_ptr<Progress> m_progress; // the database thread's while m_busy
    bool m_asked = false;                 // begin() was called
    bool m_begun = false, m_stored = false;
    bool m_refused = false;
    bool m_busy = false; // a job is in the store's queue
    QString m_waiting;   // text of which the store has not said that it has it
    qsizetype m_waitingFrom = 0;
    int m_waitingTokens = 0; // since the last job
    qint64 m_storedBytes = 0;
    std::optional<End> m_end;
    QTimer m_chunkTimer, m_retryTimer;
};

} // namespace app
