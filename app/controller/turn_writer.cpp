#include "app/controller/turn_writer.h"

namespace app {

/// Filled on the database thread, read on the main thread when the job is over: jobs run one after the other.
struct TurnWriter::Progress {
    ChatId chat = 0;
    std::optional<Message> question, answer;
};

TurnWriter::TurnWriter(TranscriptStore& store, std::shared_ptr<Turn> turn, Ids ids, QObject* parent)
    : QObject(parent), m_store(store), m_turn(std::move(turn)), m_ids(std::move(ids)),
      m_progress(std::make_shared<Progress>()) {
    m_chunkTimer.setSingleShot(true);
    m_chunkTimer.setInterval(ChunkMs);
    connect(&m_chunkTimer, &QTimer::timeout, this, &TurnWriter::writeChunk);
    m_retryTimer.setSingleShot(true);
    m_retryTimer.setInterval(RetryMs);
    connect(&m_retryTimer, &QTimer::timeout, this, &TurnWriter::retryNow);
}

void TurnWriter::begin() {
    const ChatId chat = m_ids.chat(m_turn->chat);
    const MessageId parent = m_ids.message(m_turn->parent);
    const MessageId answer = m_ids.message(m_turn->answer.id);
    if (parent < 0 || (m_turn->goesOn && answer < 0)) {
        m_refused = true; // what it hangs on was refused itself
        m_retryTimer.start();
        Q_EMIT refused(QString());
        return;
    }
    m_busy = true;
    const bool fresh = chat <= 0;
    m_progress->chat = fresh ? m_progress->chat : chat;
    m_store.run(
        this,
        [progress = m_progress, title = m_turn->title, system = m_turn->systemPrompt, parent, answer,
         question = m_turn->question, goesOn = m_turn->goesOn, model = m_turn->answer.model,
         fresh](Database& database) {
            if (progress->chat == 0)
                progress->chat = database.createChat(title, system);
            MessageId above = parent;
            if (question) {
                if (!progress->question)
                    progress->question = database.appendUserMessage(progress->chat, parent, question->text);
                above = progress->question->id;
                database.saveDraft(progress->chat, {});
                if (fresh)
                    database.saveDraft(0, {});
            }
            if (goesOn)
                database.reopenAnswer(answer);
            else if (!progress->answer)
                progress->answer = database.beginAnswer(progress->chat, above, model);
        },
        [this] {
            m_busy = m_refused = false;
            m_begun = true;
            Message stored = m_progress->answer.value_or(m_turn->answer);
            stored.id = m_ids.message(stored.id);
            Q_EMIT begun(m_progress->chat, m_progress->question.value_or(Message{}), stored);
            writeChunk();
        },
        [this](const StoreError& error) { onRefused(error); });
}

void TurnWriter::add(const QString& text, int tokens) {
    m_waiting += text;
    m_waitingTokens += tokens;
    if (m_waitingTokens >= ChunkTokens)
        writeChunk();
    else if (!m_chunkTimer.isActive())
        m_chunkTimer.start();
}

void TurnWriter::finish(MessageState state, int tokens, double tokensPerSecond) {
    m_end = End{state, tokens, tokensPerSecond};
    writeChunk();
}

void TurnWriter::retryNow() {
    m_retryTimer.stop();
    if (m_busy || m_stored)
        return;
    if (m_begun)
        writeChunk();
    else
        begin();
}

void TurnWriter::writeChunk() {
    if (m_busy || !m_begun || m_stored)
        return; // what is in the queue comes back here
    m_chunkTimer.stop();
    if (m_waiting.isEmpty()) {
        if (m_end)
            writeEnd();
        return;
    }
    m_busy = true;
    m_inFlight = m_waiting.size();
    m_waitingTokens = 0;
    m_store.run(
        this,
        [id = m_ids.message(m_turn->answer.id), text = m_waiting](Database& database) {
            database.appendChunk(id, text);
        },
        [this, bytes = m_waiting.toUtf8().size()] {
            m_busy = m_refused = false;
            m_waiting.remove(0, m_inFlight);
            m_inFlight = 0;
            m_storedBytes += bytes;
            Q_EMIT chunkStored(m_storedBytes);
            if (m_end || m_waitingTokens >= ChunkTokens)
                writeChunk();
            else if (!m_waiting.isEmpty())
                m_chunkTimer.start();
        },
        [this](const StoreError& error) { onRefused(error); });
}

void TurnWriter::writeEnd() {
    m_busy = true;
    m_store.run(
        this,
        [id = m_ids.message(m_turn->answer.id), end = *m_end](Database& database) {
            database.finishAnswer(id, end.state, end.tokens, end.tokensPerSecond);
        },
        [this] {
            m_busy = m_refused = false;
            m_stored = true;
            Q_EMIT stored();
        },
        [this](const StoreError& error) { onRefused(error); });
}

void TurnWriter::closeNow() {
    if (m_stored)
        return;
    const End end = m_end.value_or(End{MessageState::Interrupted, m_turn->answer.tokens, 0});
    // Runs after what is in the queue already, also after a begin() of which this object will not hear any
    // more.
    m_store.run([progress = m_progress, goesOn = m_turn->goesOn, id = m_ids.message(m_turn->answer.id), end,
                 text = m_waiting.mid(m_inFlight)](Database& database) {
        const MessageId answer = goesOn ? id : progress->answer ? progress->answer->id : 0;
        if (answer <= 0)
            return; // the store never took it; the user has been told
        if (!text.isEmpty())
            database.appendChunk(answer, text);
        database.finishAnswer(answer, end.state, end.tokens, end.tokensPerSecond);
    });
}

void TurnWriter::onRefused(const StoreError& error) {
    m_busy = false;
    m_refused = true;
    m_inFlight = 0;
    m_retryTimer.start();
    Q_EMIT refused(QString::fromStdString(error.what()));
}

} // namespace app
