#include "engine/session/branch.h"

namespace engine {

Branch::Branch(const ChatRequest& request, const ChatFormat& format)
    : system(request.system), messages(request.history), hasEarlier(request.earlierBytes > 0) {
    while (!hasEarlier && !messages.empty() && messages.front().role == Role::System) {
        system += (system.empty() ? "" : "\n\n") + messages.front().text;
        messages = messages.subspan(1);
    }
    if (system.empty() && !format.source)
        system = format.defaultSystem;
    isUnfinished =
        request.purpose == Purpose::Continue && !messages.empty() && messages.back().role == Role::Assistant;
}

PromptWriter::After before(std::span<const ChatMessage> history, std::size_t index, bool hasEarlier) {
    using After = PromptWriter::After;
    if (index > 0)
        return PromptWriter::afterMessage(history[index - 1].role);
    if (!hasEarlier)
        return After::SystemBlock;
    return history[index].role == Role::Assistant ? After::User : After::Assistant;
}

} // namespace engine
