#include "app/controller/impl.h"
#include "app/duplicate.h"
#include "app/presentable.h"

#include <QFile>

#include <algorithm>

// Which chats there are, and what is done to one of them as a whole.
namespace app {

/// Only the newest list that was asked for counts, and whatever changes a chat asks for one: a list that was read before a change is never
/// shown after it.
void ChatController::Impl::refreshChats() {
    if (!store.isOpen()) {
        listUnsaved();
        return;
    }
    const int asked = ++listing;
    store.run(
        &q, [](Database& database) { return database.chats(); },
        [this, asked](const QList<ChatSummary>& stored) {
            if (asked != listing)
                return;
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
    const QString name = presentableTitle(title);
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

void ChatController::Impl::setSystemPrompt(const QString& text) {
    current.systemPrompt = text;
    hasOwnPrompt = true;
    for (const TurnWriter* writer : std::as_const(writers)) {
        Turn& turn = *writer->turn();
        if (turn.chat <= 0 && isVisible(turn)) { // for when it is created; it may be on its way
            turn.systemPrompt = text;
            turn.promptChanged = true;
        }
    }
    if (current.id > 0) {
        store.run([chat = current.id, text](Database& database) { database.setSystemPrompt(chat, text); });
        refreshChats();
    }
    prepare();
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
    store.readAside(
        &q, {},
        [chat, format, path](Database& database) {
            exportChatToFile(database, chat, format, path);
            return path;
        },
        [this](const QString& written) { Q_EMIT q.exportFinished(written); });
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
