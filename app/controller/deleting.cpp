#include "app/controller/impl.h"

// Messages go to the trash and come back. What is being written in their chat is stored first, whole: until then, and until the store has
// answered, no question is asked there.
namespace app {
namespace {

/// What stands where the branch was cut: another version and what follows it, or nothing.
QList<Message> tailOf(Database& database, ChatId chat, MessageId parent) {
    QList<Message> branch = database.branch(chat);
    for (auto row = branch.size(); row > 0 && parent != 0; --row) {
        if (branch[row - 1].id == parent)
            return branch.mid(row);
    }
    return parent == 0 ? branch : QList<Message>();
}

} // namespace

void ChatController::Impl::deleteMessage(MessageId message) {
    message = storedMessages.value(message, message);
    const int row = transcript.rowOf(message);
    if (row < 0)
        return;
    const int edited = drafts.current().edited == 0 ? -1 : transcript.rowOf(drafts.current().edited);
    const TurnWriter* unsaved = firstOf(current.id);
    if (q.isReadOnly())
        tell(tr("These chats can only be read. Nothing can be deleted from them."));
    else if (message < 0 || current.id <= 0 || (unsaved && unsaved->isRefused()))
        tell(tr("This is not on the disk yet. It can be deleted once it is."));
    else if (edited >= row)
        tell(tr("You are changing a message that would be deleted with it. Send the change or cancel it "
                "first."));
    else if (!changing.contains(current.id))
        deleteWhenStored(message);
}

void ChatController::Impl::deleteWhenStored(MessageId message) {
    const ChatId chat = current.id;
    stop(chat);
    changing.append(chat);
    struct Outcome {
        DeletedMessages deleted;
        QList<Message> tail;
    };
    const auto over = [this, chat] { changing.removeOne(chat); };
    const auto remove = [this, chat, message, over] {
        store.run(
            &q,
            [chat, message](Database& database) {
                const DeletedMessages deleted = database.deleteMessage(message);
                return Outcome{deleted, tailOf(database, chat, deleted.parent)};
            },
            [this, over](const Outcome& outcome) {
                over();
                showTail(outcome.deleted, outcome.tail);
                refreshChats();
                Q_EMIT q.messagesDeleted(outcome.deleted);
            },
            [over](const StoreError&) { over(); });
    };
    whenStored(chat, remove, [this, over] {
        over();
        tell(tr("The disk does not take the answer, so nothing was deleted."));
    });
}

void ChatController::Impl::undoDeleteMessages(const DeletedMessages& deleted) {
    whenStored(deleted.chat, [this, deleted] {
        changing.append(deleted.chat);
        store.run(
            &q,
            [deleted](Database& database) {
                database.restoreMessages(deleted);
                return tailOf(database, deleted.chat, deleted.parent);
            },
            [this, deleted](const QList<Message>& tail) {
                changing.removeOne(deleted.chat);
                refreshChats();
                if (current.id == deleted.chat && filled)
                    showTail(deleted, tail);
                else
                    openChat(deleted.chat);
            },
            [this, deleted](const StoreError&) { changing.removeOne(deleted.chat); });
    });
}

/// What was above the cut stays where it is on the screen.
void ChatController::Impl::showTail(const DeletedMessages& deleted, const QList<Message>& tail) {
    if (current.id != deleted.chat || !filled)
        return; // it is read as it is now when it is opened
    const int parent = transcript.rowOf(deleted.parent);
    if (deleted.parent != 0 && parent < 0) { // in another version, or not read yet
        openChat(deleted.chat);
        return;
    }
    transcript.truncate(parent + 1);
    for (const Message& message : tail)
        transcript.append(message);
    Q_EMIT q.activityChanged(); // canContinue() may differ
    prepare();
}

/// At once, or when all that was written in this chat is on the disk. `refused`: instead, when the disk does not take it; may be empty.
void ChatController::Impl::whenStored(ChatId chat, std::function<void()> task,
                                      std::function<void()> refused) {
    if (firstOf(chat))
        waitingForStore.push_back({chat, std::move(task), std::move(refused)});
    else
        task();
}

void ChatController::Impl::runWhatIsStored() {
    for (WaitingForStore& waiting : std::exchange(waitingForStore, {}))
        whenStored(waiting.chat, std::move(waiting.task), std::move(waiting.refused));
}

void ChatController::Impl::giveUpWhatIsRefused(ChatId chat) {
    for (WaitingForStore& waiting : std::exchange(waitingForStore, {})) {
        if (waiting.chat == chat && waiting.refused)
            waiting.refused();
        else
            waitingForStore.push_back(std::move(waiting));
    }
}

} // namespace app
