#include "app/duplicate.h"

#include "app/database.h"

#include <QHash>

using namespace Qt::StringLiterals;

namespace app {
namespace {

/// Those of `messages` (oldest first) that lead to one of them.
QList<Message> pathTo(const QList<Message>& messages, MessageId last) {
    QList<Message> path;
    for (auto message = messages.crbegin(); message != messages.crend(); ++message) {
        if (message->id != last)
            continue;
        path.prepend(*message);
        last = message->parent;
    }
    return path;
}

} // namespace

ChatId duplicateChat(Database& database, ChatId from, const QString& title, MessageId upTo) {
    std::optional<ChatSummary> chat = database.chat(from);
    QList<Message> messages = database.allMessages(from);
    if (upTo != 0)
        messages = pathTo(messages, upTo);
    if (!chat || (upTo != 0 && messages.isEmpty()))
        throw StoreError(StoreError::Kind::Other, u"What should be copied does not exist any more."_s);
    const MessageId oldLeaf = upTo != 0 ? upTo : database.activeLeaf(from);
    chat->title = title;
    chat->created = chat->updated = QDateTime::currentDateTimeUtc();
    database.runInTransaction([&] {
        chat->id = database.insertChat(*chat);
        QHash<MessageId, MessageId> ids;
        for (Message& message : messages) {
            const MessageId old = message.id;
            message.chat = chat->id;
            message.parent = ids.value(message.parent);
            if (message.state == MessageState::Streaming)
                message.state = MessageState::Interrupted;
            ids.insert(old, database.insertMessage(message));
        }
        if (oldLeaf != 0)
            database.setActiveLeaf(chat->id, ids.value(oldLeaf));
    });
    return chat->id;
}

} // namespace app
