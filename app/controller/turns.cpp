#include "app/controller/impl.h"

#include <algorithm>

// A turn on its way: to the disk first, then to the engine. Of each chat the oldest turn that is not stored yet writes; those behind it
// wait for its end, so that nothing that touches an answer overtakes anything else that does.
namespace app {

void ChatController::Impl::begin(const std::shared_ptr<Turn>& turn) {
    const TurnWriter* before = firstOf(turn->chat);
    auto* writer = new TurnWriter(store, turn, storedIds, &q);
    writers.append(writer);
    connect(writer, &TurnWriter::begun, &q,
            [this, writer](ChatId chat, const Message& question, const Message& answer) {
                onBegun(writer, chat, question, answer);
            });
    connect(writer, &TurnWriter::refused, &q, [this, writer] { onRefused(writer); });
    connect(writer, &TurnWriter::stored, &q, [this, writer] { onStored(writer); });
    connect(writer, &TurnWriter::chunkStored, &q,
            [this, writer](qint64 bytes) { Q_EMIT q.chunkStored(writer->turn()->answer.id, bytes); });
    progress = 0;
    Q_EMIT q.activityChanged();
    tellBusy();
    if (!before)
        writer->begin();
    else if (before->isRefused())
        goOnInMemory(turn);
}

/// The question is on disk. Usually this is what the engine waits for; after a refusal the ids become real.
void ChatController::Impl::onBegun(TurnWriter* writer, ChatId chat, const Message& question,
                                   const Message& answer) {
    const std::shared_ptr<Turn> turn = writer->turn(); // kept alive
    takeChatId(*turn, chat);
    takeMessageIds(*turn, question, answer);
    if (turn->stage == Turn::Stage::Storing)
        ready(turn);
    refreshChats();
    tellBusy();
}

void ChatController::Impl::takeChatId(Turn& turn, ChatId chat) {
    const ChatId temporary = turn.chat; // 0: a new one
    const bool visible = isVisible(turn);
    turn.chat = turn.answer.chat = chat;
    if (temporary != chat) {
        for (const TurnWriter* other : std::as_const(writers)) {
            if (temporary < 0 && other->turn()->chat == temporary)
                other->turn()->chat = chat;
        }
        if (visible || temporary < 0)
            drafts.adopt(temporary, chat);
        if (visible) {
            current.id = chat;
            current.title = turn.title;
            rememberOpenChat();
        }
    }
    if (turn.promptChanged)
        store.run(
            [chat, text = turn.systemPrompt](Database& database) { database.setSystemPrompt(chat, text); });
    turn.promptChanged = false;
    if (turn.question) {
        drafts.stored(chat);
        drafts.stored(temporary);
    }
}

void ChatController::Impl::takeMessageIds(Turn& turn, const Message& question, const Message& answer) {
    if (turn.question) {
        replaceId(turn.question->id, question.id);
        turn.question->id = question.id;
        turn.question->chat = turn.chat;
        turn.question->parent = question.parent;
    }
    replaceId(turn.answer.id, answer.id);
    turn.answer.id = answer.id;
    turn.answer.parent = answer.parent;
}

/// Whatever knows a message by its temporary id learns the real one.
void ChatController::Impl::replaceId(MessageId temporary, MessageId real) {
    if (temporary >= 0)
        return;
    storedMessages[temporary] = real;
    drafts.replaceId(temporary, real);
    for (const TurnWriter* writer : std::as_const(writers)) {
        Turn& turn = *writer->turn();
        for (MessageId* id : {&turn.parent, &turn.answer.id, &turn.answer.parent}) {
            if (*id == temporary)
                *id = real;
        }
    }
    if (const int row = transcript.rowOf(temporary); row >= 0) {
        Message message = transcript.at(row);
        message.id = real;
        transcript.change(row, message);
    }
}

/// The store's own sentence has become a notice; it will be asked again.
void ChatController::Impl::onRefused(TurnWriter* writer) {
    const ChatId chat = writer->turn()->chat;
    const QList<TurnWriter*> all = writers; // those behind it do not wait for it in the window either
    for (const TurnWriter* one : all) {
        if (one == writer || (chat != 0 && one->turn()->chat == chat))
            goOnInMemory(one->turn());
    }
    giveUpWhatIsRefused(chat);
}

/// The chat goes on in memory.
void ChatController::Impl::goOnInMemory(const std::shared_ptr<Turn>& turn) {
    if (turn->stage != Turn::Stage::Storing)
        return;
    const bool visible = isVisible(*turn);
    if (turn->chat == 0)
        turn->chat = --lastTemporary;
    if (turn->question)
        turn->question->id = --lastTemporary;
    if (!turn->goesOn)
        turn->answer.id = --lastTemporary;
    if (visible && current.id == 0) {
        current.id = turn->chat;
        current.title = turn->title;
        drafts.adopt(0, turn->chat);
    }
    ready(turn);
    listUnsaved();
}

void ChatController::Impl::onStored(TurnWriter* writer) {
    const std::shared_ptr<Turn> turn = writer->turn();
    writers.removeOne(writer);
    writer->deleteLater();
    Q_EMIT q.answerStored(turn->answer.id, turn->answer.state);
    refreshChats();
    if (TurnWriter* next = firstOf(turn->chat))
        next->begin();
    else
        runWhatIsStored();
}

void ChatController::Impl::ready(const std::shared_ptr<Turn>& turn) {
    if (turn->question)
        turn->request.history.push_back(
            {turn->question->id, engine::Role::User, turn->question->text.toStdString()});
    if (isVisible(*turn) && filled)
        showRows(*turn);
    turn->stage = Turn::Stage::Waiting;
    if (turn->stopAsked)
        end(turn, MessageState::Stopped, 0);
    else
        pump();
    tellBusy();
}

void ChatController::Impl::showRows(const Turn& turn) {
    if (turn.goesOn) {
        if (const int row = transcript.rowOf(turn.answer.id); row >= 0)
            transcript.change(row, turn.answer);
        return;
    }
    transcript.truncate(turn.parent == 0 ? 0 : transcript.rowOf(turn.parent) + 1);
    if (turn.question)
        transcript.append(*turn.question);
    transcript.append(turn.answer);
}

void ChatController::Impl::stop(ChatId chat) {
    for (TurnWriter* writer : std::as_const(writers)) {
        const std::shared_ptr<Turn> turn = writer->turn();
        if (turn->stage == Turn::Stage::Over || (chat == 0 ? !isVisible(*turn) : turn->chat != chat))
            continue;
        turn->stopAsked = true;
        if (turn == work.turn())
            stopEngine();
        else if (turn->stage == Turn::Stage::Waiting)
            end(turn, MessageState::Stopped, 0);
        return; // a chat has one at a time
    }
}

bool ChatController::Impl::isVisible(const Turn& turn) const {
    return turn.chat == current.id && (turn.chat != 0 || turn.view == view);
}

TurnWriter* ChatController::Impl::writerOf(const Turn& turn) const {
    for (TurnWriter* writer : writers) {
        if (writer->turn().get() == &turn)
            return writer;
    }
    return nullptr;
}

/// The chat's oldest turn that is not stored. A chat that is not stored itself (0) has only one.
TurnWriter* ChatController::Impl::firstOf(ChatId chat) const {
    for (TurnWriter* writer : writers) {
        if (chat != 0 && writer->turn()->chat == chat)
            return writer;
    }
    return nullptr;
}

std::shared_ptr<Turn> ChatController::Impl::openTurn() const {
    for (const TurnWriter* writer : writers) {
        if (writer->turn()->stage != Turn::Stage::Over && isVisible(*writer->turn()))
            return writer->turn();
    }
    return nullptr;
}

Busy ChatController::Impl::busy() const {
    Busy busy;
    for (const TurnWriter* writer : writers) {
        const Turn& turn = *writer->turn();
        if (turn.stage == Turn::Stage::Running)
            busy.answering = turn.chat;
        else if (turn.stage == Turn::Stage::Waiting)
            busy.waiting.append(turn.chat);
    }
    return busy;
}

void ChatController::Impl::tellBusy() {
    if (const Busy now = busy(); now != lastBusy) {
        lastBusy = now;
        Q_EMIT q.busyChanged();
    }
}

} // namespace app
