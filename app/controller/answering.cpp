#include "app/controller/history.h"
#include "app/controller/horizon.h"
#include "app/controller/impl.h"

#include <QJsonDocument>
#include <QJsonObject>

// What the engine is asked and what it says. One request at a time: a waiting turn goes first and ends the
// reading ahead.
namespace app {

void ChatController::Impl::connectEngine() {
    const auto ours = [this](engine::RequestId id) { return work.isOurs(id); };
    connect(&engine, &EnginePort::readProgress, &q,
            [this, ours](engine::RequestId id, int read, int toRead, const engine::CacheStatus& status) {
                if (ours(id))
                    onRead(read, toRead, status);
            });
    connect(&engine, &EnginePort::textGenerated, &q,
            [this, ours](engine::RequestId id, const QString& text, int tokens,
                         const engine::CacheStatus& status) {
                if (ours(id) && work.turn())
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
    if (!work.isIdle()) {
        if (!work.turn() && next)
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
    } else if (work.wanted() && filled && models.hasModel()) {
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
        work.setWanted(false);
        turn->forgottenBefore = cache.forgotten; // the turn's own beginning may already push tokens out
    }
    progress = 0;
    total = 0;
    work.answer(engine.chat(turn->request), turn);
    tellBusy();
}

void ChatController::Impl::prepare() {
    work.setWanted(true);
    if (!work.turn())
        stopEngine(); // it reads for another view
    pump();
    Q_EMIT q.readingProgressChanged();
}

void ChatController::Impl::startPreparing() {
    work.setWanted(false);
    if (openTurn())
        return;
    engine::ChatRequest wanted;
    History history = historyOf(transcript.count(), windowOf(settings.cache));
    wanted.chatId = current.id;
    wanted.system = current.systemPrompt.toStdString();
    wanted.history = std::move(history.messages);
    wanted.earlierBytes = history.earlierBytes;
    wanted.purpose = engine::Purpose::Prepare;
    wanted.cache = settings.cache;
    wanted.sampling = settings.sampling;
    firstRead = history.firstRead;
    progress = 0;
    total = 0;
    work.prepare(engine.chat(std::move(wanted)), view);
}

void ChatController::Impl::stopEngine() {
    work.stop();
}

bool ChatController::Impl::worksForOpenChat() const {
    return work.turn() ? isVisible(*work.turn()) : work.view() == view;
}

void ChatController::Impl::onRead(int read, int toRead, const engine::CacheStatus& status) {
    models.proved();
    if (work.turn() && work.turn()->forgottenBefore < 0)
        work.turn()->forgottenBefore = status.forgotten;
    takeStatus(status);
    total = toRead;
    progress = toRead > 0 ? static_cast<float>(read) / static_cast<float>(toRead) : 1.0f;
    if (worksForOpenChat())
        Q_EMIT q.readingProgressChanged();
}

void ChatController::Impl::onText(const QString& text, int tokens, const engine::CacheStatus& status) {
    models.proved();
    Turn& turn = *work.turn();
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
    takeStatus(status);
    const std::shared_ptr<Turn> turn = work.over();
    if (!turn) { // read ahead
        Q_EMIT q.readingProgressChanged();
        pump();
        return;
    }
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
    const std::shared_ptr<Turn> turn = work.over();
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
    tellBusy();
}

void ChatController::Impl::takeStatus(const engine::CacheStatus& status) {
    cache = status;
    cacheView = worksForOpenChat() ? view : -1;
    Q_EMIT q.cacheStatusChanged();
    if (cacheView != view)
        return;
    engine::Horizon horizon = status.horizon;
    horizon.messageId = storedMessages.value(horizon.messageId, horizon.messageId);
    const HorizonPlace place = horizonPlace(transcript, horizon, storedMessages.value(firstRead, firstRead));
    transcript.setHorizon(place.row, place.offset, status.forgotten);
}

/// While the cache holds another chat nothing of the open one is in it; only its size is the same.
engine::CacheStatus ChatController::Impl::openStatus() const {
    if (cacheView == view)
        return cache;
    engine::CacheStatus status;
    status.capacity = cache.capacity;
    status.sinks = cache.sinks;
    status.window = cache.window;
    status.cacheBytes = cache.cacheBytes;
    status.captureCost = cache.captureCost;
    status.captureLevel = cache.captureLevel;
    return status;
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
