#include "app/controller/impl.h"

// The store opens, or may be written, later than the program began: a full disk has room again, another
// program has ended.
namespace app {

void ChatController::Impl::onStoreImproved(const QString& notice) {
    const bool late = std::exchange(openFailed, false);
    tell(!notice.isEmpty() ? notice
         : writable()      ? tr("There is room again: the chats are being saved.")
                           : tr("The chats can be read again."));
    Q_EMIT q.writableChanged();
    if (late) {
        store.run(
            &q,
            [characters = charactersAtOnce()](Database& database) {
                return readStartState(database, characters);
            },
            [this](const StartState& state) { takeStartLate(state); });
    } else {
        drafts.flush();
        rememberOpenChat();
        refreshChats();
    }
    for (TurnWriter* writer : std::as_const(writers))
        writer->retryNow();
}

/// What is stored comes under what was done in the meantime: settings that were changed and a chat that was
/// begun stay.
void ChatController::Impl::takeStartLate(const StartState& state) {
    const QMap<QString, QString> untouched = Settings().toMap();
    const QMap<QString, QString> now = settings.toMap();
    QMap<QString, QString> merged = state.settings;
    for (auto entry = now.begin(); entry != now.end(); ++entry) {
        if (untouched.value(entry.key()) != entry.value())
            merged.insert(entry.key(), entry.value());
    }
    const Settings stored = Settings::fromMap(state.settings);
    settings = Settings::fromMap(merged);
    if (settings == stored)
        Q_EMIT q.settingsChanged();
    else
        saveSettings(stored);
    chats = state.chats;
    listUnsaved();
    const bool nothingBegun = current.id == 0 && transcript.count() == 0 && drafts.current().text.isEmpty();
    drafts.load(state.drafts);
    if (nothingBegun) {
        ChatSummary fresh;
        fresh.systemPrompt = settings.systemPrompt;
        choose(state.chat.value_or(fresh));
        fill(state.branch);
    } else {
        drafts.flush();
        rememberOpenChat();
    }
    library.refresh(settings.modelFolders);
    if (!models.isLoading() && (nothingBegun || !models.hasModel()))
        loadAtStart(state.settings);
}

} // namespace app
