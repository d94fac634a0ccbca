#include "app/controller/impl.h"
#include "app/duplicate.h"

#include <QFile>

#include <algorithm>

// Which chats there are and which one is open.
namespace app {
namespace {

const QString OpenChatKey = QStringLiteral("state.open_chat");

} // namespace

StartState readStartState(Database& database, qint64 characters) {
    StartState state;
    state.settings = database.settings();
    state.chats = database.chats();
    state.newChatDraft = database.draft(0);
    state.draft = state.newChatDraft;
    const ChatId last = state.settings.value(OpenChatKey).toLongLong();
    const bool listed = std::any_of(state.chats.begin(), state.chats.end(),
                                    [&](const ChatSummary& c) { return c.id == last; });
    if (last > 0 && listed) {
        state.chat = database.chat(last);
        state.branch = database.branchEnd(last, RowsAtOnce, characters);
        state.draft = database.draft(last);
    }
    return state;
}

void ChatController::Impl::start() {
    if (store.isOpen() || openFailed) {
        readStart();
        return;
    }
    connect(&store, &TranscriptStore::opened, &q, [this] { readStart(); });
    connect(&store, &TranscriptStore::openFailed, &q, [this] { readStart(); });
}

void ChatController::Impl::readStart() {
    const auto goOn = [this](const StartState& state) {
        settings = Settings::fromMap(state.settings);
        chats = state.chats;
        drafts.setNewChatDraft(state.newChatDraft);
        Q_EMIT q.settingsChanged();
        Q_EMIT q.chatsChanged();
        ChatSummary fresh;
        fresh.systemPrompt = settings.systemPrompt;
        show(state.chat.value_or(fresh), state.branch, state.draft);
        library.refresh(settings.modelFolders);
        Q_EMIT q.started();
        loadAtStart(state.settings.value(ModelSwitcher::MarkerKey));
    };
    if (store.isOpen())
        store.run(
            &q,
            [characters = charactersAtOnce()](Database& database) {
                return readStartState(database, characters);
            },
            goOn, [goOn](const StoreError&) { goOn({}); });
    else
        goOn({}); // the chat goes on in memory; the notice says so
}

/// The one place where the open chat changes.
void ChatController::Impl::show(const ChatSummary& chat, const BranchPart& branch, const QString& draft) {
    const Activity before = q.activity();
    ++view;
    ++opening;
    drafts.setChat(chat.id);
    current = chat;
    firstRead = 0;
    waitingForWhole.clear();
    transcript.reset(withTurns(chat.id, branch.messages), branch.isWhole);
    rememberOpenChat();
    Q_EMIT q.chatOpened(chat.id, draft);
    if (q.activity() != before)
        Q_EMIT q.activityChanged();
    prepare();
    loadEarlier(FirstRowsLater);
}

void ChatController::Impl::openChat(ChatId chat) {
    drafts.flush(); // what is read below must see it
    if (chat == 0) {
        newChat();
        return;
    }
    const int asked = ++opening;
    if (chat < 0) {
        for (const ChatSummary& summary : std::as_const(chats)) {
            if (summary.id == chat) {
                show(ChatSummary(summary), {{}, true}, {});
                return;
            }
        }
        return;
    }
    struct Opened {
        std::optional<ChatSummary> chat;
        BranchPart branch;
        QString draft;
    };
    store.run(
        &q,
        [chat, characters = charactersAtOnce()](Database& database) {
            return Opened{database.chat(chat), database.branchEnd(chat, RowsAtOnce, characters),
                          database.draft(chat)};
        },
        [this, asked](const Opened& opened) {
            if (asked == opening && opened.chat)
                show(*opened.chat, opened.branch, opened.draft);
        });
}

void ChatController::Impl::newChat() {
    drafts.flush();
    ChatSummary fresh;
    fresh.systemPrompt = settings.systemPrompt;
    show(fresh, {{}, true}, drafts.newChatDraft());
}

/// The messages of a chat as stored, with what is not stored yet: the answer that is being written and the
/// turns the store refused.
QList<Message> ChatController::Impl::withTurns(ChatId chat, QList<Message> messages) const {
    const auto rowOf = [&](MessageId id) {
        for (auto row = messages.size(); row > 0; --row) {
            if (messages[row - 1].id == id)
                return static_cast<int>(row - 1);
        }
        return -1;
    };
    for (const TurnWriter* writer : writers) {
        const Turn& turn = *writer->turn();
        if (turn.chat == 0 || turn.chat != chat || turn.answer.id == 0)
            continue;
        if (const int row = rowOf(turn.answer.id); row >= 0) {
            messages[row] = turn.answer;
        } else if (!writer->isBegun()) {
            messages.resize(rowOf(turn.parent) + 1);
            if (turn.question)
                messages.append(*turn.question);
            messages.append(turn.answer);
        }
    }
    return messages;
}

void ChatController::Impl::rememberOpenChat() {
    if (writable() && current.id >= 0)
        store.run([chat = current.id](Database& database) {
            database.saveSetting(OpenChatKey, QString::number(chat));
        });
}

void ChatController::Impl::refreshChats() {
    if (!store.isOpen()) {
        listUnsaved();
        return;
    }
    store.run(
        &q, [](Database& database) { return database.chats(); },
        [this](const QList<ChatSummary>& stored) {
            chats = stored;
            for (const ChatSummary& chat : stored) {
                if (chat.id == current.id)
                    current = chat;
            }
            listUnsaved();
        },
        [this](const StoreError&) { listUnsaved(); });
}

/// Chats that the store has not taken yet stand in front, so that they can be found again.
void ChatController::Impl::listUnsaved() {
    chats.removeIf([](const ChatSummary& chat) { return chat.id < 0; });
    for (const TurnWriter* writer : std::as_const(writers)) {
        const Turn& turn = *writer->turn();
        const bool listed = std::any_of(chats.cbegin(), chats.cend(),
                                        [&](const ChatSummary& chat) { return chat.id == turn.chat; });
        if (turn.chat >= 0 || listed)
            continue;
        ChatSummary summary;
        summary.id = turn.chat;
        summary.title = turn.title;
        summary.systemPrompt = turn.systemPrompt;
        summary.created = summary.updated = QDateTime::currentDateTimeUtc();
        chats.prepend(summary);
    }
    Q_EMIT q.chatsChanged();
}

void ChatController::Impl::renameChat(ChatId chat, const QString& title) {
    const QString name = title.simplified();
    if (name.isEmpty() || chat == 0)
        return;
    for (TurnWriter* writer : std::as_const(writers)) {
        if (writer->turn()->chat == chat)
            writer->turn()->title = name; // for when it is created
    }
    if (chat > 0)
        store.run(
            &q, [chat, name](Database& database) { database.renameChat(chat, name); },
            [this] { refreshChats(); });
    else
        listUnsaved();
}

void ChatController::Impl::deleteChat(ChatId chat) {
    if (chat < 0) {
        tell(tr("This chat is not on the disk yet. It can be deleted once it is."));
        return;
    }
    if (chat == 0)
        return;
    stop(chat);
    QString title;
    ChatId next = 0; // the one below it in the list, else the one above
    for (qsizetype i = 0; i < chats.size(); ++i) {
        if (chats[i].id != chat)
            continue;
        title = chats[i].title;
        next = i + 1 < chats.size() ? chats[i + 1].id : i > 0 ? chats[i - 1].id : 0;
    }
    drafts.flush();
    store.run(
        &q, [chat](Database& database) { database.deleteChat(chat); },
        [this, chat, title, next] {
            if (current.id == chat)
                openChat(next);
            refreshChats();
            Q_EMIT q.chatDeleted(chat, title);
        });
}

void ChatController::Impl::undoDelete(ChatId chat) {
    store.run(
        &q, [chat](Database& database) { database.restoreChat(chat); },
        [this, chat] {
            refreshChats();
            openChat(chat);
        });
}

QString ChatController::Impl::titleOf(ChatId chat) const {
    const auto found = std::find_if(chats.cbegin(), chats.cend(),
                                    [chat](const ChatSummary& summary) { return summary.id == chat; });
    return found == chats.cend() ? QString() : found->title;
}

void ChatController::Impl::duplicateChat(ChatId chat, MessageId upTo) {
    const MessageId last = storedMessages.value(upTo, upTo);
    if (chat == 0)
        return;
    if (chat < 0 || last < 0) {
        tell(tr("This is not on the disk yet. It can be copied once it is."));
        return;
    }
    store.run(
        &q,
        [chat, last, title = tr("%1 (copy)").arg(titleOf(chat))](Database& database) {
            return app::duplicateChat(database, chat, title, last);
        },
        [this](ChatId copy) {
            refreshChats();
            openChat(copy);
        });
}

void ChatController::Impl::exportChat(ChatId chat, ExportFormat format, const QString& path) {
    if (chat <= 0) {
        tell(tr("This chat has nothing on the disk yet that could be exported."));
        return;
    }
    store.run(
        &q, [chat, format, path](Database& database) { exportChatToFile(database, chat, format, path); },
        [this, path] { Q_EMIT q.exportFinished(path); });
}

void ChatController::Impl::importChat(const QString& path, Twice twice) {
    struct Imported {
        ChatId chat = 0;
        bool isNew = true;
    };
    store.run(
        &q,
        [path, twice](Database& database) {
            QFile file(path);
            if (!file.open(QIODevice::ReadOnly))
                throw StoreError(StoreError::Kind::Other,
                                 tr("“%1” cannot be read: %2").arg(path, file.errorString()));
            const ChatId here = twice == Twice::Ask ? findExported(database, file) : 0;
            file.seek(0);
            return here != 0 ? Imported{here, false} : Imported{app::importChat(database, file), true};
        },
        [this, path](const Imported& imported) {
            refreshChats();
            openChat(imported.chat);
            if (!imported.isNew)
                Q_EMIT q.alreadyHere(imported.chat, titleOf(imported.chat), path);
        });
}

/// The same sentence is not said twice within half a minute: a full disk is reported once, not with every
/// chunk.
void ChatController::Impl::tell(const QString& sentence, NoticeAction action) {
    if (sentence == lastNotice && noticeTime.isValid() && !noticeTime.hasExpired(30'000))
        return;
    lastNotice = sentence;
    noticeTime.start();
    Q_EMIT q.notice(sentence, action);
}

} // namespace app
