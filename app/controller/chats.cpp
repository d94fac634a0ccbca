#include "app/controller/impl.h"

#include <algorithm>

// Which chat is open.
namespace app {
namespace {

const QString OpenChatKey = QStringLiteral("state.open_chat");

} // namespace

StartState readStartState(Database& database, qint64 characters) {
    StartState state;
    state.settings = database.settings();
    state.chats = database.chats();
    state.drafts = DraftKeeper::read(database, state.settings);
    const ChatId last = state.settings.value(OpenChatKey).toLongLong();
    const bool listed = std::any_of(state.chats.begin(), state.chats.end(),
                                    [&](const ChatSummary& c) { return c.id == last; });
    if (last > 0 && listed) {
        state.chat = database.chat(last);
        state.branch = database.branchEnd(last, RowsAtOnce, characters);
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
        drafts.load(state.drafts);
        Q_EMIT q.settingsChanged();
        Q_EMIT q.chatsChanged();
        ChatSummary fresh;
        fresh.systemPrompt = settings.systemPrompt;
        choose(state.chat.value_or(fresh));
        fill(state.branch);
        library.refresh(settings.modelFolders);
        Q_EMIT q.started();
        tellOfRescued();
        loadAtStart(state.settings);
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

void ChatController::Impl::tellOfRescued() {
    if (const QStringList files = Rescue::files(); !files.isEmpty())
        tell(tr("When Sumidero ended, the disk did not take all of your text. It is in %1; take from it what "
                "you need, and delete it.")
                 .arg(files.last()));
}

/// The one place where the open chat changes, at once: what is typed from here on is its own. fill() follows.
void ChatController::Impl::choose(const ChatSummary& chat) {
    Q_EMIT q.chatClosing();
    const Activity before = q.activity();
    ++view;
    drafts.setChat(chat.id);
    current = chat;
    filled = false;
    hasOwnPrompt = false;
    firstRead = 0;
    waitingForWhole.clear();
    transcript.reset({});
    rememberOpenChat();
    Q_EMIT q.chatChosen(chat.id);
    if (q.activity() != before)
        Q_EMIT q.activityChanged();
}

/// The messages of the chosen chat are here.
void ChatController::Impl::fill(const BranchPart& branch) {
    filled = true;
    transcript.reset(withTurns(current.id, branch.messages), branch.isWhole);
    Q_EMIT q.chatOpened(current.id, drafts.current().text);
    prepare();
    loadEarlier(FirstRowsLater);
}

void ChatController::Impl::openChat(ChatId chat) {
    if (chat == 0) {
        newChat();
        return;
    }
    const auto listed =
        std::find_if(chats.cbegin(), chats.cend(), [chat](const ChatSummary& one) { return one.id == chat; });
    const bool known = listed != chats.cend();
    if (chat < 0 && !known)
        return;
    ChatSummary summary;
    summary.id = chat;
    if (known)
        summary = *listed;
    choose(summary);
    if (chat < 0) {
        fill({{}, true});
        return;
    }
    struct Opened {
        std::optional<ChatSummary> chat;
        BranchPart branch;
    };
    const auto refused = [this, shown = view] {
        if (shown == view)
            tell(tr("This chat cannot be read."));
    };
    store.run(
        &q,
        [chat, characters = charactersAtOnce()](Database& database) {
            return Opened{database.chat(chat), database.branchEnd(chat, RowsAtOnce, characters)};
        },
        [this, known, refused, shown = view](const Opened& opened) {
            if (shown != view)
                return;
            if (!opened.chat) {
                refused();
                return;
            }
            if (!known) {
                current = *opened.chat;
                Q_EMIT q.chatsChanged();
            }
            fill(opened.branch);
        },
        [refused](const StoreError&) { refused(); });
}

void ChatController::Impl::newChat() {
    ChatSummary fresh;
    fresh.systemPrompt = settings.systemPrompt;
    choose(fresh);
    fill({{}, true});
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
        } else if (turn.stage != Turn::Stage::Over || !writer->isBegun()) {
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

} // namespace app
