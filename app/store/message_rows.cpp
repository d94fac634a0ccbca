#include "app/store/message_rows.h"

using namespace Qt::StringLiterals;

namespace app::store {

StoreError gone() {
    return {StoreError::Kind::Other, u"This message does not exist any more."_s};
}

Message load(Connection& connection, MessageId id) {
    Query query = connection.query("SELECT " SUMIDERO_MESSAGE_COLUMNS " FROM message WHERE id = ?");
    if (!query.bind(id).next())
        throw gone();
    return messageFrom(query);
}

void complete(Connection& connection, Message& message, bool writerAlive) {
    if (message.state != MessageState::Streaming)
        return;
    message.text = assembledText(connection, message.id);
    if (!writerAlive)
        message.state = MessageState::Interrupted;
}

QList<MessageId> siblings(Connection& connection, ChatId chat, MessageId parent) {
    Query query = connection.query(
        "SELECT id FROM message WHERE chat = ?1 AND parent IS ?2 AND " SUMIDERO_IS_KEPT " ORDER BY id");
    query.bind(chat).bindIdOrNull(parent);
    QList<MessageId> result;
    while (query.next())
        result.append(query.integer(0));
    return result;
}

void number(Message& message, const QList<MessageId>& versions) {
    message.versions = static_cast<int>(versions.size());
    message.version = static_cast<int>(versions.indexOf(message.id)) + 1;
}

} // namespace app::store
