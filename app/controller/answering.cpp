#include "app/controller/history.h"
#include "app/controller/horizon.h"
#include "app/controller/impl.h"

#include <QJsonDocument>
#include <QJsonObject>

// What the engine is asked and what it says. One request at a time: a waiting turn goes first and ends the
// reading ahead.
namespace app {

void ChatController::Impl::connectEngine() {
    const auto ours = [this](engine::RequestId id) { return id != 0 && id == request; };
    connect(&engine, &EnginePort::readProgress, &q,
            [this, ours](engine::RequestId id, int read, int toRead, const engine::CacheStatus& status) {
                if (ours(id))
                    onRead(read, toRead, status);
            });
    connect(&engine, &EnginePort::textGenerated, &q,
            [this, ours](engine::RequestId id, const QString& text, int tokens,
                         const engine::CacheStatus& status) {
                if (ours(id) && running)
                    onText(text, tokens, status);
            });
    connect(&engine, &EnginePort::finished, &q,
            [this, ours](engine::RequestId id, const engine::GenerationResult& result,
                         const engine::CacheStatus& status) {
                if (ours(id))
                    onFinished(result, status);
            });
    connect(&engine, &EnginePort::failed, &q, [this, ours](engine::RequestId id, const QString& sentence) {
        if (ours(id))
            onFailed(sentence);
    });
}

void ChatController::Impl::pump() {
    std::shared_ptr<Turn> next;
    for (const TurnWriter* writer : std::as_const(writers)) {
        if (!next && writer->turn()->stage == Turn::Stage::Waiting)
            next = writer->turn();
    }
    if (request != 0) {
        if (!running && next)
            stopEngine(); // what was read ahead stays in the cache
        return;
    }
    if (models.isLoading())
        return;
    if (next && models.hasModel()) {
        start(next);
    } else if (next) {
        tell(tr("There is no model to answer. Choose one in the settings."), NoticeAction::ChooseModel);
        end(next, MessageState::Error, 0);
    } else if (prepareWanted && models.hasModel()) {
        startPreparing();
    }
}

void ChatController::Impl::start(const std::shared_ptr<Turn>& turn) {
    turn->stage = Turn::Stage::Running;
    turn->request.chatId = turn->chat;
    turn->request.answerId = turn->answer.id;
    turn->request.cache = settings.cache;
    turn->request.sampling = settings.sampling;
    turn->request.maxTokens = settings.longestAnswer;
    turn->request.stopWords.clear();
    for (const QString& word : settings.stopWords)
        turn->request.stopWords.push_back(word.toStdString());
    turn->answer.model = QString::fromStdString(models.state().info.name);
    if (isVisible(*turn)) {
        firstRead = turn->firstRead;
        prepareWanted = false;
        turn->forgottenBefore = cache.forgotten; // the turn's own beginning may already push tokens out
    }
    running = turn;
    stopping = false;
    progress = 0;
    total = 0;
    request = engine.chat(turn->request);
}

void ChatController::Impl::prepare() {
    prepareWanted = true;
    if (request != 0 && !running)
        stopEngine(); // it reads for another view
    pump();
    Q_EMIT q.readingProgressChanged();
}

void ChatController::Impl::startPreparing() {
    prepareWanted = false;
    if (openTurn())
        return;
    engine::ChatRequest wanted;
    History history =
        newestMessages(transcript.messages(), transcript.count(), byteLimit(windowOf(settings.cache)));
    wanted.chatId = current.id;
    wanted.system = current.systemPrompt.toStdString();
    wanted.history = std::move(history.messages);
    wanted.purpose = engine::Purpose::ReadOnly;
    wanted.cache = settings.cache;
    wanted.sampling = settings.sampling;
    preparedView = view;
    firstRead = history.firstRead;
    stopping = false;
    progress = 0;
    total = 0;
    request = engine.chat(std::move(wanted));
}

void ChatController::Impl::stopEngine() {
    if (request == 0 || stopping)
        return;
    stopping = true;
    engine.stop(request);
}

void ChatController::Impl::onRead(int read, int toRead, const engine::CacheStatus& status) {
    models.proved();
    if (running && running->forgottenBefore < 0)
        running->forgottenBefore = status.forgotten;
    takeStatus(status);
    total = toRead;
    progress = toRead > 0 ? static_cast<float>(read) / static_cast<float>(toRead) : 1.0f;
    if (running ? isVisible(*running) : preparedView == view)
        Q_EMIT q.readingProgressChanged();
}

void ChatController::Impl::onText(const QString& text, int tokens, const engine::CacheStatus& status) {
    models.proved();
    Turn& turn = *running;
    if (turn.forgottenBefore < 0)
        turn.forgottenBefore = status.forgotten;
    const Activity before = q.activity();
    turn.answer.tokens += tokens;
    turn.answer.text += text;
    turn.answering = true;
    writerOf(turn)->add(text, tokens);
    if (isVisible(turn)) {
        if (const int row = transcript.rowOf(turn.answer.id); row >= 0 && !text.isEmpty())
            transcript.growText(row, text);
        if (q.activity() != before)
            Q_EMIT q.activityChanged();
    }
    takeStatus(status);
}

void ChatController::Impl::onFinished(const engine::GenerationResult& result,
                                      const engine::CacheStatus& status) {
    models.proved();
    request = 0;
    takeStatus(status);
    if (!running) { // read ahead
        Q_EMIT q.readingProgressChanged();
        pump();
        return;
    }
    const std::shared_ptr<Turn> turn = std::exchange(running, nullptr);
    turn->answer.tokens = turn->earlierTokens + result.generatedTokens;
    const double speed = result.generateSeconds > 0 ? result.generatedTokens / result.generateSeconds : 0;
    recordEvictions(*turn);
    if (result.reason == engine::StopReason::CacheFull)
        tell(tr("The cache is full, and in this mode nothing may be forgotten. With streaming the chat goes "
                "on."),
             NoticeAction::UseStreaming);
    end(turn, result.reason == engine::StopReason::EndOfTurn ? MessageState::Done : MessageState::Stopped,
        speed);
    if (current.id != turn->chat)
        prepare(); // the open chat's turn at the cache
}

void ChatController::Impl::onFailed(const QString& sentence) {
    request = 0;
    const std::shared_ptr<Turn> turn = std::exchange(running, nullptr);
    tell(sentence);
    if (turn)
        end(turn, MessageState::Error, 0);
    else
        pump();
}

void ChatController::Impl::end(const std::shared_ptr<Turn>& turn, MessageState state,
                               double tokensPerSecond) {
    turn->stage = Turn::Stage::Over;
    turn->answer.state = state;
    turn->answer.tokensPerSecond = tokensPerSecond;
    const bool visible = isVisible(*turn);
    if (const int row = visible ? transcript.rowOf(turn->answer.id) : -1; row >= 0)
        transcript.change(row, turn->answer);
    writerOf(*turn)->finish(state, turn->answer.tokens, tokensPerSecond);
    if (visible)
        Q_EMIT q.activityChanged();
    pump();
}

void ChatController::Impl::takeStatus(const engine::CacheStatus& status) {
    cache = status;
    Q_EMIT q.cacheStatusChanged();
    if (running ? !isVisible(*running) : preparedView != view)
        return;
    engine::Horizon horizon = status.horizon;
    horizon.messageId = storedMessages.value(horizon.messageId, horizon.messageId);
    const HorizonPlace place = horizonPlace(transcript, horizon, storedMessages.value(firstRead, firstRead));
    transcript.setHorizon(place.row, place.offset, status.forgotten);
}

void ChatController::Impl::recordEvictions(const Turn& turn) {
    const auto count = cache.forgotten - turn.forgottenBefore;
    if (turn.forgottenBefore < 0 || count <= 0 || turn.chat <= 0 || !writable())
        return;
    const QJsonObject details{{QStringLiteral("answer"), static_cast<qint64>(turn.answer.id)},
                              {QStringLiteral("tokens"), static_cast<qint64>(count)},
                              {QStringLiteral("position"), static_cast<qint64>(cache.position)}};
    store.run(
        [chat = turn.chat, text = QString::fromUtf8(QJsonDocument(details).toJson(QJsonDocument::Compact))](
            Database& database) { database.recordEvent(chat, QStringLiteral("evicted"), text); });
}

} // namespace app
