#include "app/controller/impl.h"

#include <algorithm>

// A chat is shown before all of it is read.
namespace app {

/// Twice what a window of prose holds, so that reading ahead need not wait for older messages.
qint64 ChatController::Impl::charactersAtOnce() const {
    return std::max<qint64>(50'000, 12 * static_cast<qint64>(windowOf(settings.cache)));
}

void ChatController::Impl::loadEarlier(int rows) {
    if (transcript.isWhole()) {
        for (const std::function<void()>& waiting : std::exchange(waitingForWhole, {}))
            waiting();
        return;
    }
    const MessageId last = transcript.count() > 0 ? transcript.at(0).parent : 0;
    if (last <= 0) { // what was at the beginning has been replaced in the meantime
        transcript.prepend({}, true);
        loadEarlier(rows);
        return;
    }
    store.run(
        &q,
        [chat = current.id, last, rows](Database& database) { return database.branchUpTo(chat, last, rows); },
        [this, last, rows, shown = view](const BranchPart& part) {
            if (shown != view)
                return;
            if (transcript.count() > 0 && transcript.at(0).parent == last)
                transcript.prepend(part.messages, part.isWhole);
            loadEarlier(std::min(2 * rows, MostRowsLater));
        });
}

/// At once, or when the last of the older messages is there.
void ChatController::Impl::whenWhole(std::function<void()> task) {
    if (transcript.isWhole())
        task();
    else
        waitingForWhole.push_back(std::move(task));
}

} // namespace app
