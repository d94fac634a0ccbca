#include "app/controller/chat_title.h"
#include "app/controller/history.h"
#include "app/controller/impl.h"

#include <algorithm>

// Questions, answers and their versions, up to the moment when the engine is asked.
namespace app {

bool ChatController::Impl::mayAsk() {
    if (openTurn())
        return false;
    if (q.isReadOnly()) {
        tell(tr("These chats can only be read. What you write cannot be kept, so it is not sent."));
        return false;
    }
    if (!models.hasModel() && !models.isLoading()) {
        tell(tr("There is no model to answer. Choose one in the settings."), NoticeAction::ChooseModel);
        return false;
    }
    return true;
}

/// A turn of the open chat whose history are its first `messagesBefore` messages.
std::shared_ptr<Turn> ChatController::Impl::newTurn(int messagesBefore) const {
    auto turn = std::make_shared<Turn>();
    turn->view = view;
    turn->chat = current.id;
    turn->title = current.title;
    turn->systemPrompt = current.systemPrompt;
    turn->parent = messagesBefore > 0 ? transcript.at(messagesBefore - 1).id : 0;
    turn->answer.chat = current.id;
    turn->answer.parent = turn->parent;
    turn->answer.role = Role::Assistant;
    turn->answer.state = MessageState::Streaming;
    turn->answer.model = QString::fromStdString(models.state().info.name);
    turn->answer.created = QDateTime::currentDateTimeUtc();
    History history =
        newestMessages(transcript.messages(), messagesBefore, byteLimit(windowOf(settings.cache)));
    turn->firstRead = history.firstRead;
    turn->request.history = std::move(history.messages);
    turn->request.system = current.systemPrompt.toStdString();
    return turn;
}

bool ChatController::Impl::send(const QString& text) {
    if (text.trimmed().isEmpty() || !mayAsk())
        return false;
    auto turn = newTurn(transcript.count());
    if (current.id == 0)
        turn->title = titleFrom(text);
    Message question;
    question.chat = current.id;
    question.parent = turn->parent;
    question.text = text;
    question.created = turn->answer.created;
    turn->question = question;
    drafts.forget();
    begin(turn);
    return true;
}

void ChatController::Impl::regenerate(MessageId answer) {
    const int row = transcript.rowOf(answer);
    if (row == 0 && !transcript.isWhole()) {
        whenWhole([this, answer] { regenerate(answer); });
        return;
    }
    if (row < 1 || transcript.at(row).role != Role::Assistant || !mayAsk())
        return;
    auto turn = newTurn(row);
    turn->answer.versions = turn->answer.version = transcript.at(row).versions + 1;
    begin(turn);
}

void ChatController::Impl::edit(MessageId userMessage, const QString& text) {
    const int row = transcript.rowOf(userMessage);
    if (row == 0 && !transcript.isWhole()) {
        whenWhole([this, userMessage, text] { edit(userMessage, text); });
        return;
    }
    if (row < 0 || transcript.at(row).role != Role::User || text.trimmed().isEmpty() || !mayAsk())
        return;
    auto turn = newTurn(row);
    Message question = transcript.at(row);
    question.id = 0;
    question.text = text;
    question.created = turn->answer.created;
    question.versions += 1;
    question.version = question.versions;
    turn->question = question;
    begin(turn);
}

bool ChatController::Impl::canContinue() const {
    if (transcript.count() == 0 || openTurn())
        return false;
    const Message& last = transcript.at(transcript.count() - 1);
    return last.role == Role::Assistant &&
           (last.state == MessageState::Stopped || last.state == MessageState::Interrupted);
}

void ChatController::Impl::continueAnswer() {
    if (!canContinue() || !mayAsk())
        return;
    const Message last = transcript.at(transcript.count() - 1);
    // An answer without a word is asked for again; otherwise the engine reads it and goes on.
    const bool empty = last.text.isEmpty();
    auto turn = newTurn(transcript.count() - (empty ? 1 : 0));
    turn->request.purpose = empty ? engine::Purpose::Answer : engine::Purpose::Continue;
    turn->goesOn = true;
    turn->parent = last.parent;
    turn->earlierTokens = last.tokens;
    turn->answer = last;
    turn->answer.state = MessageState::Streaming;
    begin(turn);
}

void ChatController::Impl::showVersion(MessageId message, int delta) {
    if (openTurn() || message <= 0 || current.id <= 0)
        return;
    if (!transcript.isWhole()) {
        whenWhole([this, message, delta] { showVersion(message, delta); });
        return;
    }
    store.run(
        &q,
        [message, delta, chat = current.id](Database& database) {
            const QList<Message> versions = database.versionsOf(message);
            for (qsizetype i = 0; i < versions.size(); ++i) {
                if (versions[i].id == message && i + delta >= 0 && i + delta < versions.size())
                    database.setActiveLeaf(chat, database.leafBelow(versions[i + delta].id));
            }
            return database.branch(chat);
        },
        [this, shown = view](const QList<Message>& branch) {
            if (shown != view || openTurn())
                return;
            int same = 0; // what both branches share stays where it is on the screen
            while (same < transcript.count() && same < branch.size() &&
                   transcript.at(same).id == branch[same].id)
                ++same;
            transcript.truncate(same);
            for (auto row = same; row < branch.size(); ++row)
                transcript.append(branch[row]);
            Q_EMIT q.activityChanged(); // canContinue() may differ
            prepare();
        });
}

void ChatController::Impl::begin(const std::shared_ptr<Turn>& turn) {
    const TurnWriter::Ids ids{[this](ChatId id) { return storedChats.value(id, id); },
                              [this](MessageId id) { return storedMessages.value(id, id); }};
    auto* writer = new TurnWriter(store, turn, ids, &q);
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
    writer->begin();
}

/// The question is on disk. Usually this is what the engine waits for; after a refusal the ids become real.
void ChatController::Impl::onBegun(TurnWriter* writer, ChatId chat, const Message& question,
                                   const Message& answer) {
    const std::shared_ptr<Turn> turn = writer->turn(); // kept alive
    const bool visible = isVisible(*turn);
    const bool late = turn->stage != Turn::Stage::Storing;
    const int questionRow = visible && late && turn->question ? transcript.rowOf(turn->question->id) : -1;
    const int answerRow = visible && late ? transcript.rowOf(turn->answer.id) : -1;
    if (turn->chat < 0)
        storedChats[turn->chat] = chat;
    turn->chat = chat;
    if (turn->question) {
        if (turn->question->id < 0)
            storedMessages[turn->question->id] = question.id;
        turn->question->id = question.id;
        turn->question->chat = chat;
        turn->question->parent = question.parent;
    }
    if (turn->answer.id < 0)
        storedMessages[turn->answer.id] = answer.id;
    turn->answer.id = answer.id;
    turn->answer.chat = chat;
    turn->answer.parent = answer.parent;
    turn->parent = storedMessages.value(turn->parent, turn->parent);
    if (visible && current.id != chat) {
        current.id = chat;
        current.title = turn->title;
        drafts.adopt(chat);
        rememberOpenChat();
    }
    if (questionRow >= 0)
        transcript.change(questionRow, *turn->question);
    if (answerRow >= 0)
        transcript.change(answerRow, turn->answer);
    if (!late)
        ready(turn);
    for (TurnWriter* other : std::as_const(writers)) { // they may have waited for this one's ids
        if (!other->isBegun() && other->turn()->stage != Turn::Stage::Storing)
            other->retryNow();
    }
    refreshChats();
}

/// The chat goes on in memory; the store's own sentence has become a notice.
void ChatController::Impl::onRefused(TurnWriter* writer) {
    const std::shared_ptr<Turn> turn = writer->turn();
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
        drafts.adopt(turn->chat);
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
}

void ChatController::Impl::ready(const std::shared_ptr<Turn>& turn) {
    if (turn->question)
        turn->request.history.push_back(
            {turn->question->id, engine::Role::User, turn->question->text.toStdString()});
    if (isVisible(*turn))
        showRows(*turn);
    turn->stage = Turn::Stage::Waiting;
    if (turn->stopAsked) {
        end(turn, MessageState::Stopped, 0);
        return;
    }
    if (running && running->chat != turn->chat)
        tell(tr("The answer in another chat is finished first."));
    pump();
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
        if (turn == running)
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

std::shared_ptr<Turn> ChatController::Impl::openTurn() const {
    for (const TurnWriter* writer : writers) {
        if (writer->turn()->stage != Turn::Stage::Over && isVisible(*writer->turn()))
            return writer->turn();
    }
    return nullptr;
}

} // namespace app
