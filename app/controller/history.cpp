#include "app/controller/history.h"

#include "engine/tokenizer.h"

#include <algorithm>

namespace app {
namespace {

engine::Role engineRole(Role role) {
    switch (role) {
    case Role::System:
        return engine::Role::System;
    case Role::User:
        return engine::Role::User;
    case Role::Assistant:
        return engine::Role::Assistant;
    }
    return engine::Role::User;
}

int tokensOf(const QString& text, const engine::Tokenizer* tokenizer) {
    constexpr int bytesPerToken = 4; // English prose with a vocabulary of 49,152
    const QByteArray utf8 = text.toUtf8();
    if (tokenizer == nullptr)
        return static_cast<int>(utf8.size()) / bytesPerToken + 1;
    return static_cast<int>(
        tokenizer->encodePlain({utf8.constData(), static_cast<std::size_t>(utf8.size())}).size());
}

} // namespace

qint64 byteLimit(int window) {
    return 64 * static_cast<qint64>(std::max(window, 64));
}

History newestMessages(const QList<Message>& messages, int count, qint64 limit) {
    History history;
    qint64 bytes = 0;
    int first = count;
    while (first > 0 && (first == count || bytes < limit)) {
        --first;
        bytes += messages[first].text.toUtf8().size();
    }
    history.messages.reserve(static_cast<std::size_t>(count - first));
    for (int row = first; row < count; ++row) {
        const Message& message = messages[row];
        history.messages.push_back({message.id, engineRole(message.role), message.text.toStdString()});
    }
    history.firstRead = first > 0 ? messages[first].id : 0;
    for (int row = 0; row < first; ++row)
        history.earlierBytes += messages[row].text.size();
    return history;
}

int tokensToRead(const QList<Message>& messages, const QString& system, int capacity,
                 const engine::Tokenizer* tokenizer) {
    constexpr int glue = 5; // what the chat format puts round a message
    if (messages.isEmpty() || capacity <= 0)
        return 0;
    int tokens = tokensOf(system, tokenizer) + glue;
    for (auto row = messages.size(); row > 0 && tokens < capacity; --row) {
        // Of a very long message only as much is counted as can fit.
        const QString text = messages[row - 1].text.right(byteLimit(capacity));
        tokens += tokensOf(text, tokenizer) + glue;
    }
    return std::min(tokens, capacity);
}

} // namespace app
