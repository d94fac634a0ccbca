#pragma once
#include "app/busy.h"
#include "app/chat_types.h"
#include "app/draft.h"
#include "app/engine_port.h"
#include "app/export.h"
#include "app/model_library.h"
#include "app/model_state.h"
#include "app/reread_cost.h"
#include "app/settings.h"
#include "app/transcript_model.h"
#include "app/transcript_store.h"

#include <functional>
#include <memory>
#include <QObject>

namespace app {

class Devices;
class ModelDownloads;

/// What the open chat waits for. Reading: its question or text is being stored or read, or waits for the
/// engine.
enum class Activity { Idle, Reading, Answering };

/// What a notice offers to do.
enum class NoticeAction { None, ChooseModel, UseStreaming };

/// Whether a chat may be imported a second time.
enum class Twice { Ask, Allow };

/// Everything the window can ask for, and everything it is told. Main thread only; owns no threads, touches
/// no widgets. Order of one question: user text durable in the store -> answer row -> engine; chunks of 8
/// tokens or 250 ms go to the store. An answer belongs to its chat: it goes on while another chat is open,
/// and a question asked there waits for it. What the store refuses (a full disk) is shown, answered and tried
/// again until it is stored; until then its ids are negative.
class ChatController : public QObject {
    Q_OBJECT
public:
    ChatController(EnginePort& engine, TranscriptStore& store, ModelLibrary& library,
                   QObject* parent = nullptr);
    ~ChatController() override;

    /// Loaded at the start instead of the chosen model; not remembered.
    void setStartupModel(const QString& path);
    /// Instead of the settings' number until that is changed; not remembered.
    void setStartupThreads(std::optional<int> threads);
    void setStartupDevice(const QString& device); // the same; empty: the settings'
    /// Once, after store.open() was asked for: settings, chat list, last chat, its draft, then the model.
    /// started() follows.
    void start();

    // State
    TranscriptModel& transcript();
    ModelLibrary& library();
    ModelDownloads& downloads();
    Devices& devices();
    EnginePort& engine();
    const QList<ChatSummary>& chats() const;
    ChatId
    currentChat() const; // 0: a new chat that is not stored yet; chatsChanged() tells when it got an id
    ChatSummary currentSummary() const;
    const Settings& settings() const;
    const ModelState& modelState() const;
    Activity activity() const;     // of the open chat
    float readingProgress() const; // 0..1 while Reading or preparing
    /// The open chat is read ahead of the next question; nothing waits for it.
    bool isPreparing() const;
    int readingTotal() const; // tokens to read for this answer, while Reading
    Busy busy() const;
    /// The chat whose answer is finished before the open chat's question is read; 0: none.
    ChatId waitsFor() const;
    engine::CacheStatus cacheStatus() const; // of the open chat; nothing read while the cache holds another
    const engine::CacheStatus& engineStatus() const; // of the cache, whatever chat it holds
    bool isReadOnly() const;
    int
    unsavedTurns() const; // questions and answers that are not, or not in full, on the disk and wait for it
    void trySaving();     // at once what would be tried again soon

    // Chats
    void newChat(); // at once
    /// Is the open chat at once, with its draft; its messages follow with chatOpened().
    void openChat(ChatId chat);
    bool isOpening() const; // they are not here yet
    void renameChat(ChatId chat, const QString& title);
    void deleteChat(ChatId chat); // undoable: chatDeleted() is emitted
    void undoDelete(ChatId chat);
    /// A copy beside it, which is opened; with `upTo` it ends there.
    void duplicateChat(ChatId chat, MessageId upTo = 0);
    void search(const QString& words); // searchFinished() follows
    Draft draft() const;               // of the open chat
    void saveDraft(const QString& text);
    /// An earlier message is being changed in the message field. message 0: no longer.
    void saveEdit(MessageId message, const QString& text);
    void exportChat(ChatId chat, ExportFormat format, const QString& path); // exportFinished() or notice()
    /// A chat that is here already is opened instead, and alreadyHere() is emitted.
    void importChat(const QString& path, Twice twice = Twice::Ask);
    /// As exportChat() would write it.
    void chatAsMarkdown(ChatId chat, QObject* context, std::function<void(const QString& text)> done);
    /// The messages of a chat (its newest branch) as one text, for the Inspector's comparison.
    void readChat(ChatId chat, QObject* context, std::function<void(const QString& text)> done);
    void setChatSystemPrompt(const QString& text); // costs a re-read of the chat

    // Messages
    // What takes a text says so. False: this chat is being opened or answered, there is no text or no model, or the store is read-only; a
    // notice says why where that is not plain to see. Keep the text.
    /// A draft of the same text is over; `draft` is what was kept for it, where that is written in another way.
    bool send(const QString& text, const QString& draft = {});
    /// A new branch; the edit is over. Also false when the message is not in the branch that is shown: it is brought back.
    bool editAndResend(MessageId userMessage, const QString& text);
    void stop();
    void stopChat(ChatId chat);
    /// The last answer was stopped or interrupted, or the last question has none.
    bool canContinue() const;
    void continueAnswer();
    void regenerate(MessageId answer);              // a new version beside the old one
    void showVersion(MessageId message, int delta); // the sibling before or after
    /// With all that follows it; an answer that is being written there is stopped first. Undoable: messagesDeleted() is emitted.
    void deleteMessage(MessageId message);
    void undoDeleteMessages(const DeletedMessages& deleted);

    // Model and settings
    void loadModel(const QString& path);
    void cancelLoading();
    void applySettings(const Settings& settings); // saves; reloads or re-reads where needed
    /// What these settings and these instructions of the open chat would cost. Counted with the tokenizer of the model that would be in use;
    /// until that is done it is about, and costKnown() follows.
    RereadCost rereadCost(const Settings& settings, const QString& systemPrompt);
    /// What switching to this model would cost.
    RereadCost switchCost(const QString& modelPath);

Q_SIGNALS:
    void started();
    void chatsChanged();
    /// Another chat is about to be opened: the last chance to save a draft.
    void chatClosing();
    void chatChosen(app::ChatId chat);
    void chatOpened(app::ChatId chat, const QString& draft);
    void chatDeleted(app::ChatId chat, const QString& title);
    void messagesDeleted(const app::DeletedMessages& deleted);
    void searchFinished(const QString& words, const QList<app::SearchHit>& hits);
    void activityChanged();
    void busyChanged();
    void readingProgressChanged();
    void cacheStatusChanged();
    void modelStateChanged();
    void settingsChanged();
    void costKnown();       // rereadCost() and switchCost() may say more
    void writableChanged(); // isReadOnly() may say something else
    void exportFinished(const QString& path);
    void alreadyHere(app::ChatId chat, const QString& title, const QString& path); // what was to be imported
    /// A sentence for the banner above the composer, and what its button does.
    void notice(const QString& sentence, app::NoticeAction action = app::NoticeAction::None);
    /// For tests and scripts: bytes (UTF-8) of an answer that are in the store; its end is in the store.
    void chunkStored(app::MessageId answer, qint64 bytes);
    void answerStored(app::MessageId answer, app::MessageState state);

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace app
