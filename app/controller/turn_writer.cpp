#include "app/controller/turn_writer.h"

#include <algorithm>

namespace app {

/// Filled on the database thread, read on the main thread when the job is over: jobs run one after the other.
struct TurnWriter::Progress {
    ChatId chat = 0;
    std::optional<Message> question, answer;
    bool begun = false;  // the rows are there
    qsizetype units = 0; // of the turn's text, UTF-16
    bool ended = false;
};

/// Everything of the turn that the store may lack.
struct TurnWriter::Job {
    std::shared_ptr<StoredIds> ids;
    StoredTurn turn;
    QString text;
    qsizetype from = 0; // where `text` begins in the turn's text
    std::optional<End> end;
};

TurnWriter::TurnWriter(TranscriptStore& store, std::shared_ptr<Turn> turn, std::shared_ptr<StoredIds> ids,
                       QObject* parent)
    : QObject(parent), m_store(store), m_turn(std::move(turn)), m_ids(std::move(ids)),
      m_progress(std::make_shared<Progress>()) {
    m_chunkTimer.setSingleShot(true);
    m_chunkTimer.setInterval(ChunkMs);
    connect(&m_chunkTimer, &QTimer::timeout, this, &TurnWriter::post);
    m_retryTimer.setSingleShot(true);
    m_retryTimer.setInterval(RetryMs);
    connect(&m_retryTimer, &QTimer::timeout, this, &TurnWriter::post);
}

TurnWriter::Job TurnWriter::job() const {
    return {m_ids, *m_turn, m_waiting, m_waitingFrom, m_end};
}

void TurnWriter::write(Database& database, Progress& progress, const Job& job) {
    if (!progress.begun)
        writeRows(database, progress, job);
    const QString rest = job.text.mid(std::max<qsizetype>(0, progress.units - job.from));
    if (!rest.isEmpty()) {
        database.appendChunk(progress.answer->id, rest);
        progress.units += rest.size();
    }
    if (job.end && !progress.ended) {
        database.finishAnswer(progress.answer->id, job.end->state, job.end->tokens, job.end->tokensPerSecond);
        progress.ended = true;
    }
}

void TurnWriter::writeRows(Database& database, Progress& progress, const Job& job) {
    StoredIds& ids = *job.ids;
    const StoredTurn& turn = job.turn;
    MessageId above = ids.messages.value(turn.parent, turn.parent);
    Message answer = turn.answer;
    answer.id = ids.messages.value(answer.id, answer.id);
    if (above < 0 || (turn.goesOn && answer.id < 0))
        throw StoreError(StoreError::Kind::Other, tr("What this follows could not be stored."));
    if (progress.chat == 0)
        progress.chat = ids.chats.value(turn.chat, turn.chat);
    if (progress.chat <= 0) {
        progress.chat = database.createChat(turn.title, turn.systemPrompt);
        ids.chats[turn.chat] = progress.chat;
    }
    if (turn.question && !progress.question)
        progress.question = database.appendUserMessage(progress.chat, above, turn.question->text);
    if (progress.question) {
        above = progress.question->id;
        ids.messages[turn.question->id] = above;
    }
    if (turn.goesOn) {
        database.reopenAnswer(answer.id);
        progress.answer = answer;
    } else {
        progress.answer = database.beginAnswer(progress.chat, above, answer.model);
        ids.messages[answer.id] = progress.answer->id;
    }
    ids.chats.remove(0); // 0 is no name for anything
    ids.messages.remove(0);
    progress.begun = true;
}

void TurnWriter::begin() {
    m_asked = true;
    post();
}

void TurnWriter::add(const QString& text, int tokens) {
    m_waiting += text;
    m_waitingTokens += tokens;
    postWhenDue();
}

void TurnWriter::finish(MessageState state, int tokens, double tokensPerSecond) {
    m_end = End{state, tokens, tokensPerSecond};
    postWhenDue();
}

void TurnWriter::retryNow() {
    if (m_refused)
        post();
}

void TurnWriter::postWhenDue() {
    if (!m_begun || m_busy || isRefused() || m_stored)
        return; // what is in the queue or refused comes back here
    if (m_end || m_waitingTokens >= ChunkTokens)
        post();
    else if (!m_waiting.isEmpty() && !m_chunkTimer.isActive())
        m_chunkTimer.start();
}

void TurnWriter::post() {
    if (m_busy || !m_asked)
        return;
    m_busy = true;
    m_chunkTimer.stop();
    m_retryTimer.stop();
    m_waitingTokens = 0;
    const auto over = [this] {
        m_busy = false;
        tellProgress();
    };
    m_store.run(
        this, [progress = m_progress, job = job()](Database& database) { write(database, *progress, job); },
        [this, over] {
            m_refused = false;
            over();
            postWhenDue();
        },
        [this, over](const StoreError& error) {
            m_refused = true;
            m_retryTimer.start();
            over();
            Q_EMIT refused(QString::fromUtf8(error.what()));
        });
}

void TurnWriter::tellProgress() {
    const Progress& progress = *m_progress;
    if (progress.begun && !m_begun) {
        m_begun = true;
        Q_EMIT begun(progress.chat, progress.question.value_or(Message{}), *progress.answer);
    }
    if (const qsizetype units = progress.units - m_waitingFrom; units > 0) {
        m_storedBytes += QStringView(m_waiting).first(units).toUtf8().size();
        m_waiting.remove(0, units);
        m_waitingFrom = progress.units;
        Q_EMIT chunkStored(m_storedBytes);
    }
    if (progress.ended) {
        m_stored = true;
        Q_EMIT stored();
    }
}

void TurnWriter::closeNow(const std::shared_ptr<Rescue>& rescue) {
    Job last = job();
    if (!last.end)
        last.end = End{MessageState::Interrupted, m_turn->answer.tokens, 0};
    m_store.runLast([progress = m_progress, last, rescue](Database* database) {
        try {
            if (database && !progress->ended)
                write(*database, *progress, last);
        } catch (const std::exception&) {
            // Seen below.
        }
        if (progress->ended)
            return;
        if (last.turn.question && !progress->question)
            rescue->add(tr("You, in “%1”").arg(last.turn.title), last.turn.question->text);
        rescue->add(tr("Answer"), last.turn.answer.text);
    });
}

} // namespace app
