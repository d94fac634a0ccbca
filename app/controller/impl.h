#pragma once
#include "app/chat_controller.h"
#include "app/controller/draft_keeper.h"
#include "app/controller/model_switcher.h"
#include "app/controller/turn.h"
#include "app/controller/turn_writer.h"

#include <QElapsedTimer>
#include <QHash>

namespace app {

/// Everything the start needs, read in one go.
struct StartState {
    QMap<QString, QString> settings;
    QList<ChatSummary> chats;
    std::optional<ChatSummary> chat;
    BranchPart branch{{}, true};
    QString draft, newChatDraft;
};
StartState readStartState(Database& database, qint64 characters);

/// A chat is shown as soon as its newest messages are read; the older ones come in pieces, growing ones.
constexpr int RowsAtOnce = 100, FirstRowsLater = 500, MostRowsLater = 4000;

/// The controller's state and its work, in four files: chats.cpp (which chat is open), messages.cpp
/// (questions and versions), answering.cpp (what the engine is asked and says), settings.cpp (model and
/// settings).
struct ChatController::Impl {
    Impl(ChatController& controller, EnginePort& enginePort, TranscriptStore& transcriptStore,
         ModelLibrary& modelLibrary);
    ~Impl();

    // chats.cpp
    void start();
    void readStart();
    void onStoreImproved(const QString& notice); // store_changes.cpp, as the next
    void takeStartLate(const StartState& state);
    void show(const ChatSummary& chat, const BranchPart& branch, const QString& draft);
    void loadEarlier(int rows); // long_chats.cpp, as the next
    void whenWhole(std::function<void()> work);
    qint64 charactersAtOnce() const;
    void openChat(ChatId chat);
    void newChat();
    void refreshChats();
    void listUnsaved();
    QList<Message> withTurns(ChatId chat, QList<Message> messages) const;
    void rememberOpenChat();
    void deleteChat(ChatId chat);
    void undoDelete(ChatId chat);
    QString titleOf(ChatId chat) const;
    void duplicateChat(ChatId chat, MessageId upTo);
    void renameChat(ChatId chat, const QString& title);
    void exportChat(ChatId chat, ExportFormat format, const QString& path);
    void importChat(const QString& path, Twice twice);
    bool writable() const { return store.isOpen() && store.access() == Access::ReadWrite; }
    void tell(const QString& sentence, NoticeAction action = NoticeAction::None);

    // messages.cpp
    bool mayAsk();
    bool send(const QString& text);
    void regenerate(MessageId answer);
    void edit(MessageId userMessage, const QString& text);
    bool canContinue() const;
    void continueAnswer();
    void showVersion(MessageId message, int delta);
    void stop(ChatId chat);
    std::shared_ptr<Turn> newTurn(int messagesBefore) const;
    void begin(const std::shared_ptr<Turn>& turn);
    void onBegun(TurnWriter* writer, ChatId chat, const Message& question, const Message& answer);
    void onRefused(TurnWriter* writer);
    void onStored(TurnWriter* writer);
    void ready(const std::shared_ptr<Turn>& turn);
    void showRows(const Turn& turn);
    bool isVisible(const Turn& turn) const;
    TurnWriter* writerOf(const Turn& turn) const;
    std::shared_ptr<Turn> openTurn() const; // of the open chat, not over; or null

    // answering.cpp
    void connectEngine();
    void pump();
    void start(const std::shared_ptr<Turn>& turn);
    void startPreparing();
    void onRead(int read, int toRead, const engine::CacheStatus& status);
    void onText(const QString& text, int tokens, const engine::CacheStatus& status);
    void onFinished(const engine::GenerationResult& result, const engine::CacheStatus& status);
    void onFailed(const QString& sentence);
    void end(const std::shared_ptr<Turn>& turn, MessageState state, double tokensPerSecond);
    void stopEngine();
    void takeStatus(const engine::CacheStatus& status);
    void recordEvictions(const Turn& turn);
    void prepare(); // soon: bring the cache up to date with the open chat

    // settings.cpp
    void connectModels();
    engine::LoadOptions loadOptions() const;
    void loadAtStart(const QString& crashedModel);
    void loadModel(const QString& path, const QString& setting, bool remember);
    void reloadModel();
    void onModelLoaded(const QString& path);
    void applySettings(const Settings& wanted);
    void saveSettings(const Settings& before);
    int rereadCost(const Settings& wanted) const;
    int costOf(const engine::CacheOptions& options) const;
    int windowOf(const engine::CacheOptions& options) const;

    ChatController& q;
    EnginePort& engine;
    TranscriptStore& store;
    ModelLibrary& library;
    TranscriptModel transcript;
    ModelSwitcher models;
    DraftKeeper drafts;
    Settings settings;
    QString startupModel;
    std::optional<int> startupThreads;
    bool openFailed = false;

    QList<ChatSummary> chats;                           // as stored, and those that could not be stored yet
    ChatSummary current;                                // id 0: new
    int view = 0;                                       // grows with every chat that is shown
    int opening = 0;                                    // newest chat asked for
    std::vector<std::function<void()>> waitingForWhole; // what needs all messages of the open chat

    QList<TurnWriter*> writers;                 // turns that are not over or not stored, oldest first
    QHash<ChatId, ChatId> storedChats;          // negative id to the real one
    QHash<MessageId, MessageId> storedMessages; // the same
    std::int64_t lastTemporary = 0;

    engine::RequestId request = 0; // what the engine works on for us; 0: nothing
    std::shared_ptr<Turn> running; // its turn; null: it reads ahead
    bool stopping = false;
    bool prepareWanted = false;
    int preparedView = -1;       // what is read ahead belongs to this view
    MessageId preparedFirst = 0; // see History::firstRead
    MessageId firstRead = 0;     // of the open chat
    float progress = 0;          // of reading
    int total = 0;               // tokens to read
    engine::CacheStatus cache;

    QString modelSetting; // settings.modelPath when the loading succeeds
    bool rememberModel = false;
    QString lastNotice;
    QElapsedTimer noticeTime;
};

} // namespace app
