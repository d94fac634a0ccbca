#include "app/controller/history.h"

#include <algorithm>

namespace app {

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
        history.messages.push_back({message.id, message.role, message.text.toStdString()});
    }
    history.firstRead = first > 0 ? messages[first].id : 0;
    for (int row = 0; row < first; ++row)
        history.earlierBytes += messages[row].text.size();
    return history;
}

int aboutToRead(const engine::ChatRequest& request, int capacity) {
    constexpr std::size_t bytesPerToken = 4; // English prose with a vocabulary of 49,152
    constexpr std::size_t glue = 6;          // what the chat format puts round a message
    const auto most = static_cast<std::size_t>(capacity);
    std::size_t tokens = request.system.size() / bytesPerToken + glue;
    for (const engine::ChatMessage& message : request.history)
        tokens = std::min(most, tokens + message.text.size() / bytesPerToken + glue);
    return static_cast<int>(tokens);
}

} // namespace app
