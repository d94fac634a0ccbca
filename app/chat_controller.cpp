#include "app/chat_controller.h"

#include "app/controller/impl.h"

namespace app {

ChatController::Impl::Impl(ChatController& controller, EnginePort& enginePort,
                           TranscriptStore& transcriptStore, ModelLibrary& modelLibrary)
    : q(controller), engine(enginePort), store(transcriptStore), library(modelLibrary),
      models(enginePort, transcriptStore, &controller), drafts(transcriptStore, &controller) {
    connectEngine();
    connectModels();
    connect(&store, &TranscriptStore::failed, &q, [this](const QString& sentence) { tell(sentence); });
    connect(&store, &TranscriptStore::opened, &q, [this](const QString& sentence) {
        if (!sentence.isEmpty())
            tell(sentence);
    });
    connect(&store, &TranscriptStore::openFailed, &q, [this](const QString& sentence) {
        openFailed = true;
        tell(sentence);
    });
    connect(&store, &TranscriptStore::improved, &q,
            [this](const QString& notice) { onStoreImproved(notice); });
}

ChatController::Impl::~Impl() {
    work.stop();
    searching.request_stop();
    reading.request_stop();
    store.retryNow(); // there may be room by now
    const auto rescue = std::make_shared<Rescue>();
    drafts.closeNow(rescue);
    for (TurnWriter* writer : std::as_const(writers))
        writer->closeNow(rescue);
    store.runLast([rescue](Database*) { rescue->write(); });
    models.close();
}

ChatController::ChatController(EnginePort& engine, TranscriptStore& store, ModelLibrary& library,
                               QObject* parent)
    : QObject(parent), m_impl(std::make_unique<Impl>(*this, engine, store, library)) {}

ChatController::~ChatController() {
    m_impl->engine.disconnect(this);
    m_impl->store.disconnect(this);
}

void ChatController::setStartupModel(const QString& path) {
    m_impl->startupModel = path;
}
void ChatController::setStartupThreads(std::optional<int> threads) {
    m_impl->startupThreads = threads;
}
void ChatController::setStartupDevice(const QString& device) {
    if (!device.isEmpty())
        m_impl->startupDevice = device;
}
void ChatController::start() {
    m_impl->start();
}

TranscriptModel& ChatController::transcript() {
    return m_impl->transcript;
}
ModelLibrary& ChatController::library() {
    return m_impl->library;
}
ModelDownloads& ChatController::downloads() {
    return m_impl->downloads;
}
Devices& ChatController::devices() {
    return m_impl->devices;
}
EnginePort& ChatController::engine() {
    return m_impl->engine;
}
const QList<ChatSummary>& ChatController::chats() const {
    return m_impl->chats;
}
ChatId ChatController::currentChat() const {
    return m_impl->current.id;
}
ChatSummary ChatController::currentSummary() const {
    return m_impl->current;
}
const Settings& ChatController::settings() const {
    return m_impl->settings;
}
const ModelState& ChatController::modelState() const {
    return m_impl->models.state();
}
engine::CacheStatus ChatController::cacheStatus() const {
    return m_impl->openStatus();
}
const engine::CacheStatus& ChatController::engineStatus() const {
    return m_impl->cache;
}

Busy ChatController::busy() const {
    return m_impl->busy();
}

ChatId ChatController::waitsFor() const {
    const std::shared_ptr<Turn> turn = m_impl->openTurn();
    return turn && turn->stage == Turn::Stage::Waiting ? m_impl->busy().answering : 0;
}

Activity ChatController::activity() const {
    const std::shared_ptr<Turn> turn = m_impl->openTurn();
    if (!turn)
        return Activity::Idle;
    return turn->answering ? Activity::Answering : Activity::Reading;
}

float ChatController::readingProgress() const {
    return m_impl->worksForOpenChat() ? m_impl->progress : 0;
}

int ChatController::readingTotal() const {
    return m_impl->worksForOpenChat() ? m_impl->total : 0;
}

bool ChatController::isPreparing() const {
    return m_impl->work.view() == m_impl->view;
}

bool ChatController::isReadOnly() const {
    return m_impl->store.isOpen() && m_impl->store.access() == Access::ReadOnly;
}

int ChatController::unsavedTurns() const {
    return static_cast<int>(std::count_if(m_impl->writers.cbegin(), m_impl->writers.cend(),
                                          [](const TurnWriter* writer) { return writer->isRefused(); }));
}

void ChatController::trySaving() {
    m_impl->store.retryNow();
    for (TurnWriter* writer : std::as_const(m_impl->writers))
        writer->retryNow();
}

void ChatController::newChat() {
    m_impl->newChat();
}
void ChatController::openChat(ChatId chat) {
    m_impl->openChat(chat);
}
bool ChatController::isOpening() const {
    return !m_impl->filled;
}
void ChatController::renameChat(ChatId chat, const QString& title) {
    m_impl->renameChat(chat, title);
}
void ChatController::deleteChat(ChatId chat) {
    m_impl->deleteChat(chat);
}
void ChatController::undoDelete(ChatId chat) {
    m_impl->undoDelete(chat);
}

void ChatController::duplicateChat(ChatId chat, MessageId upTo) {
    m_impl->duplicateChat(chat, upTo);
}

void ChatController::search(const QString& words) {
    m_impl->searching.request_stop(); // nobody waits for the last one any more
    m_impl->searching = {};
    m_impl->store.readAside(
        this, m_impl->searching.get_token(), [words](Database& database) { return database.search(words); },
        [this, words](const QList<SearchHit>& hits) { Q_EMIT searchFinished(words, hits); });
}

void ChatController::saveDraft(const QString& text) {
    m_impl->drafts.changeText(text);
}

void ChatController::saveEdit(MessageId message, const QString& text) {
    m_impl->drafts.changeEdit(message, text);
}

Draft ChatController::draft() const {
    return m_impl->drafts.current();
}

void ChatController::readChat(ChatId chat, QObject* context, std::function<void(const QString& text)> done) {
    m_impl->store.readAside(
        context, m_impl->reading.get_token(),
        [chat](Database& database) {
            QString text;
            for (const Message& message : database.branch(chat))
                text += message.text + QStringLiteral("\n\n");
            return text;
        },
        [done = std::move(done)](const QString& text) { done(text); });
}

void ChatController::chatAsMarkdown(ChatId chat, QObject* context,
                                    std::function<void(const QString& text)> done) {
    m_impl->store.readAside(
        context, m_impl->reading.get_token(),
        [chat](Database& database) {
            return QString::fromUtf8(app::exportChat(database, chat, ExportFormat::Markdown));
        },
        [done = std::move(done)](const QString& text) { done(text); });
}

void ChatController::exportChat(ChatId chat, ExportFormat format, const QString& path) {
    m_impl->exportChat(chat, format, path);
}

void ChatController::importChat(const QString& path, Twice twice) {
    m_impl->importChat(path, twice);
}

void ChatController::setChatSystemPrompt(const QString& text) {
    if (m_impl->current.systemPrompt == text)
        return;
    m_impl->setSystemPrompt(text);
}

bool ChatController::send(const QString& text, const QString& draft) {
    return m_impl->send(text, draft.isNull() ? text : draft);
}
void ChatController::stop() {
    m_impl->stop(m_impl->current.id);
}
void ChatController::stopChat(ChatId chat) {
    m_impl->stop(chat);
}
bool ChatController::canContinue() const {
    return m_impl->canContinue();
}
void ChatController::continueAnswer() {
    m_impl->continueAnswer();
}
void ChatController::regenerate(MessageId answer) {
    m_impl->regenerate(answer);
}
bool ChatController::editAndResend(MessageId userMessage, const QString& text) {
    return m_impl->edit(userMessage, text);
}
void ChatController::showVersion(MessageId message, int delta) {
    m_impl->showVersion(message, delta);
}
void ChatController::deleteMessage(MessageId message) {
    m_impl->deleteMessage(message);
}
void ChatController::undoDeleteMessages(const DeletedMessages& deleted) {
    m_impl->undoDeleteMessages(deleted);
}

void ChatController::loadModel(const QString& path) {
    m_impl->loadModel(path, path, true);
}
void ChatController::cancelLoading() {
    m_impl->models.cancel();
}
void ChatController::applySettings(const Settings& settings) {
    m_impl->applySettings(settings);
}
RereadCost ChatController::rereadCost(const Settings& settings, const QString& systemPrompt) {
    return m_impl->rereadCost(settings, systemPrompt);
}
RereadCost ChatController::switchCost(const QString& modelPath) {
    return m_impl->costOf(m_impl->settings, modelPath, m_impl->current.systemPrompt);
}

} // namespace app
