#include "app/controller/chat_title.h"
#include "app/controller/history.h"
#include "app/controller/impl.h"

#include <algorithm>

// Questions, answers and their versions: what a turn is made of.
namespace app {

bool ChatController::Impl::mayAsk() {
    if (openTurn() || !filled || changing.contains(current.id))
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
    History history = historyOf(messagesBefore, windowOf(settings.cache));
    turn->firstRead = history.firstRead;
    turn->request.history = std::move(history.messages);
    turn->request.earlierBytes = history.earlierBytes;
    turn->request.system = current.systemPrompt.toStdString();
    return turn;
}

/// Of the open chat's first `messages` what can matter to a cache of that size.
History ChatController::Impl::historyOf(int messages, int window) const {
    History history = newestMessages(transcript.messages(), messages, byteLimit(window));
    if (!transcript.isWhole()) // older ones are on their way
        history.earlierBytes = std::max<qint64>(history.earlierBytes, 1);
    return history;
}

bool ChatController::Impl::send(const QString& text, const QString& draft) {
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
    begin(turn);
    drafts.sent(draft);
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

bool ChatController::Impl::edit(MessageId userMessage, const QString& text) {
    if (text.trimmed().isEmpty() || !mayAsk())
        return false;
    const int row = transcript.rowOf(userMessage);
    if (row <= 0 && !transcript.isWhole()) {
        tell(tr("This chat is still being read. Try again in a moment."));
        return false;
    }
    if (row < 0) {
        bringBack(userMessage);
        return false;
    }
    if (transcript.at(row).role != Role::User)
        return false;
    auto turn = newTurn(row);
    Message question = transcript.at(row);
    question.id = 0;
    question.text = text;
    question.created = turn->answer.created;
    question.versions += 1;
    question.version = question.versions;
    turn->question = question;
    begin(turn);
    drafts.changeEdit(0, {});
    return true;
}

bool ChatController::Impl::canContinue() const {
    if (transcript.count() == 0 || openTurn())
        return false;
    const Message& last = transcript.at(transcript.count() - 1);
    return last.role == Role::User || last.state == MessageState::Stopped ||
           last.state == MessageState::Interrupted;
}

void ChatController::Impl::continueAnswer() {
    if (!canContinue() || !mayAsk())
        return;
    const Message last = transcript.at(transcript.count() - 1);
    if (last.role == Role::User) {
        begin(newTurn(transcript.count()));
        return;
    }
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
            if (shown == view)
                showBranch(branch);
        });
}

/// A message of another branch is shown again, with what follows it.
void ChatController::Impl::bringBack(MessageId message) {
    if (message <= 0 || current.id <= 0)
        return;
    store.run(
        &q,
        [message, chat = current.id](Database& database) {
            database.setActiveLeaf(chat, database.leafBelow(message));
            return database.branch(chat);
        },
        [this, shown = view](const QList<Message>& branch) {
            if (shown != view)
                return;
            showBranch(branch);
            tell(tr(
                "The message you are changing was in another version. It is shown again: send once more."));
        });
}

void ChatController::Impl::showBranch(const QList<Message>& branch) {
    if (openTurn())
        return;
    int same = 0; // what both branches share stays where it is on the screen
    while (same < transcript.count() && same < branch.size() && transcript.at(same).id == branch[same].id)
        ++same;
    transcript.truncate(same);
    for (auto row = same; row < branch.size(); ++row)
        transcript.append(branch[row]);
    Q_EMIT q.activityChanged(); // canContinue() may differ
    prepare();
}

} // namespace app
