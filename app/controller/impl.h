#pragma once
#include "app/chat_controller.h"
#include "app/controller/draft_keeper.h"
#include "app/controller/engine_work.h"
#include "app/controller/history.h"
#include "app/controller/model_switcher.h"
#include "app/controller/reread_counter.h"
#include "app/controller/turn.h"
#include "app/controller/turn_writer.h"
#include "app/devices.h"
#include "app/model_downloads.h"

#include <QElapsedTimer>
#include <QHash>

namespace app {

/// Everything the start needs, read in one go.
struct StartState {
    QMap<QString, QString> settings;
    QList<ChatSummary> chats;
    std::optional<ChatSummary> chat;
    BranchPart branch{{}, true};
    QHash<ChatId, Draft> drafts;
};
StartState readStartState(Database& database, qint64 characters);

/// A chat is shown as soon as its newest messages are read; the older ones come in pieces, growing ones.
constexpr int RowsAtOnce = 100, FirstRowsLater = 500, MostRowsLater = 4000;

/// The controller's state and its work: chats.cpp (which chat is open), list.cpp (which there are), messages.cpp
/// (questions and versions), deleting.cpp (messages that go), turns.cpp (a turn on its way to the disk and the engine), answering.cpp (what the engine is asked and says),
/// settings.cpp (model and settings).
struct ChatController::Impl {
    Impl(ChatController& controller, EnginePort& enginePort, TranscriptStore& transcriptStore,
         ModelLibrary& modelLibrary);
    ~Impl();

    // chats.cpp
    void start();
    void readStart();
    void tellOfRescued();
    void choose(const ChatSummary& chat);
    void fill(const BranchPart& branch);
    void onStoreImproved(const QString& notice); // store_changes.cpp, as the next
    void takeStartLate(const StartState& state);
    void loadEarlier(int rows); // long_chats.cpp, as the next
    void whenWhole(std::function<void()> work);
    qint64 charactersAtOnce() const;
    void openChat(ChatId chat);
    void newChat();
    QList<Message> withTurns(ChatId chat, QList<Message> messages) const;
    void rememberOpenChat();

    // list.cpp
    void refreshChats();
    void listUnsaved();
    void deleteChat(ChatId chat);
    void undoDelete(ChatId chat);
    QString titleOf(ChatId chat) const;
    void duplicateChat(ChatId chat, MessageId upTo);
    void renameChat(ChatId chat, const QString& title);
    void setSystemPrompt(const QString& text); // of the open chat
    void exportChat(ChatId chat, ExportFormat format, const QString& path);
    void importChat(const QString& path, Twice twice);
    bool writable() const { return store.isOpen() && store.access() == Access::ReadWrite; }
    void tell(const QString& sentence, NoticeAction action = NoticeAction::None);

    // messages.cpp
    bool mayAsk();
    bool send(const QString& text, const QString& draft);
    void regenerate(MessageId answer);
    bool edit(MessageId userMessage, const QString& text);
    bool canContinue() const;
    void continueAnswer();
    void showVersion(MessageId message, int delta);
    void bringBack(MessageId message);
    void showBranch(const QList<Message>& branch);
    std::shared_ptr<Turn> newTurn(int messagesBefore) const;
    History historyOf(int messages, int window) const;

    // deleting.cpp
    void deleteMessage(MessageId message);
    void deleteWhenStored(MessageId message);
    void undoDeleteMessages(const DeletedMessages& deleted);
    void showTail(const DeletedMessages& deleted, const QList<Message>& tail);
    void whenStored(ChatId chat, std::function<void()> task, std::function<void()> refused = {});
    void runWhatIsStored();
    void giveUpWhatIsRefused(ChatId chat);

    // turns.cpp
    void stop(ChatId chat);
    void begin(const std::shared_ptr<Turn>& turn);
    void onBegun(TurnWriter* writer, ChatId chat, const Message& question, const Message& answer);
    void onRefused(TurnWriter* writer);
    void onStored(TurnWriter* writer);
    void goOnInMemory(const std::shared_ptr<Turn>& turn);
    void takeChatId(Turn& turn, ChatId chat);
    void takeMessageIds(Turn& turn, const Message& question, const Message& answer);
    void replaceId(MessageId temporary, MessageId real);
    TurnWriter* firstOf(ChatId chat) const;
    void ready(const std::shared_ptr<Turn>& turn);
    void showRows(const Turn& turn);
    bool isVisible(const Turn& turn) const;
    TurnWriter* writerOf(const Turn& turn) const;
    std::shared_ptr<Turn> openTurn() const; // of the open chat, not over; or null
    Busy busy() const;
    void tellBusy();

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
    bool worksForOpenChat() const;
    engine::CacheStatus openStatus() const;

    // settings.cpp
    void connectModels();
    engine::LoadOptions loadOptions() const;
    void loadAtStart(const QMap<QString, QString>& stored);
    void tellOfDevice(const QString& sentence);
    void loadModel(const QString& path, const QString& setting, bool remember);
    void reloadModel();
    void onModelLoaded(const QString& path);
    void applySettings(const Settings& wanted);
    void saveSettings(const Settings& before);
    RereadCost rereadCost(const Settings& wanted, const QString& systemPrompt);
    RereadCost costOf(const Settings& wanted, const QString& modelPath, const QString& systemPrompt);
    int windowOf(const engine::CacheOptions& options) const;

    ChatController& q;
    EnginePort& engine;
    TranscriptStore& store;
    ModelLibrary& library;
    ModelDownloads downloads;
    Devices devices;
    TranscriptModel transcript;
    ModelSwitcher models;
    DraftKeeper drafts;
    RereadCounter rereadCounter;
    Settings settings;
    QString startupModel;
    std::optional<int> startupThreads;
    std::optional<QString> startupDevice; // instead of the settings'
    QString whyStartupDevice;             // a sentence; empty: it was asked for
    QString lastDeviceProblem;            // that was told
    bool openFailed = false;

    QList<ChatSummary> chats; // as stored, and those that could not be stored yet
    ChatSummary current;      // id 0: new
    bool hasOwnPrompt =
        false; // the open chat, while it is new: its instructions are no longer those of the settings
    std::stop_source searching; // the newest search; ended by the next one, and when the program goes
    std::stop_source reading;   // texts of chats for the window; ended when the program goes
    int listing = 0;            // newest list of chats asked for
    int view = 0;               // grows with every chat that is shown
    bool filled = false;        // the transcript holds its messages
    std::vector<std::function<void()>> waitingForWhole; // what needs all messages of the open chat

    QList<TurnWriter*> writers;                 // turns that are not over or not stored, oldest first
    QHash<MessageId, MessageId> storedMessages; // negative id to the real one
    struct WaitingForStore {
        ChatId chat;
        std::function<void()> task, refused;
    };
    std::vector<WaitingForStore> waitingForStore; // for all turns of their chat
    QList<ChatId> changing; // messages of these chats are going to the trash or coming back
    std::shared_ptr<StoredIds> storedIds = std::make_shared<StoredIds>(); // the database thread's
    std::int64_t lastTemporary = 0;

    EngineWork work;
    MessageId firstRead = 0; // of the open chat; see History
    float progress = 0;      // of reading
    int total = 0;           // tokens to read
    engine::CacheStatus cache;
    int cacheView = -1; // the view that `cache` speaks of; -1: another chat
    Busy lastBusy;

    QString modelSetting; // settings.modelPath when the loading succeeds
    bool rememberModel = false;
    QString lastNotice;
    QElapsedTimer noticeTime;
};

} // namespace app
