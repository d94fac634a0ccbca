#include "engine/session/window_plan.h"

#include <algorithm>

namespace engine {

CacheSize cacheSize(int usualTokens, const CacheOptions& options, std::size_t blockTokens) {
    const bool streams = options.mode == CacheMode::Streaming;
    const int asked = streams ? std::max(0, options.sinks) : 0;
    const int window = options.window > 0 ? options.window : defaultWindow(usualTokens, asked);
    const int capacity = asked + window;
    CacheSize size{asked, window};
    if (streams)
        size.sinks = std::min(std::max(asked, static_cast<int>(blockTokens)), std::max(asked, capacity / 2));
    size.window = std::max(1, capacity - size.sinks);
    return size;
}

/// The state of looking back. Tokens are counted from the end of the branch.
struct WindowPlanner::Walk {
    std::span<const ChatMessage> history;
    bool hasEarlier;
    const Lookup& held;
    const std::stop_token& stop;
    WindowPlan plan = {};         // items newest first
    std::vector<int> counts = {}; // tokens of each item
    int most = 0;                 // more than this, up to the newest question's end, cannot be in view
    int sum = 0;                  // tokens so far
    int behindQuestion = 0;       // of them, what follows the newest question
    bool hasQuestion = false;
    int aligned = -1; // from the best beginning of a turn
    bool reachedBegin = false;

    int room() const { return most + behindQuestion - sum; }
};

WindowPlan WindowPlanner::plan(std::span<const ChatMessage> history, bool hasEarlier, const Lookup& held,
                               const std::stop_token& stop) const {
    Walk walk{.history = history, .hasEarlier = hasEarlier, .held = held, .stop = stop};
    walk.most = std::max(m_size.window, m_size.capacity() - m_block);
    if (m_mode == CacheMode::Dense)
        ++walk.most; // one too many is enough to know
    walk.hasQuestion = std::none_of(history.begin(), history.end(),
                                    [](const ChatMessage& m) { return m.role == Role::User; });
    walk.reachedBegin = !hasEarlier;
    for (std::size_t index = history.size(); index > 0;) {
        --index;
        if (walk.room() <= 0 || !take(walk, index)) {
            walk.reachedBegin = false;
            break;
        }
    }
    if (stop.stop_requested())
        walk.plan.isComplete = false;
    else
        finish(walk);
    return std::move(walk.plan);
}

/// Adds the next older message; false when nothing older can be in view.
bool WindowPlanner::take(Walk& walk, std::size_t index) const {
    const ChatMessage& message = walk.history[index];
    if (message.role == Role::User && !walk.hasQuestion) {
        walk.hasQuestion = true;
        walk.behindQuestion = walk.sum;
    }
    const int room = walk.room();
    const std::optional<Held> held = walk.held ? walk.held(index) : std::nullopt;
    WindowPlan::Item item;
    item.index = index;
    int tokens = 0, contentBegin = 0;
    bool isTail = false;
    if (held && held->isTail && held->tokens < room) {
        walk.plan.isComplete = false; // more of it is wanted than was read
        return false;
    }
    if (held && held->unread == 0) {
        item.isHeld = true;
        tokens = held->tokens;
        contentBegin = held->contentBegin;
        isTail = held->isTail;
    } else {
        item.passage = m_writer.message(message, index, static_cast<std::size_t>(room), walk.stop);
        tokens = static_cast<int>(item.passage.tokens.size());
        contentBegin = static_cast<int>(item.passage.contentBegin);
        isTail = item.passage.isTail;
    }
    const int fromContent = walk.sum + tokens - contentBegin;
    walk.sum += tokens;
    walk.plan.items.push_back(std::move(item));
    walk.counts.push_back(tokens);
    // Sinks that the system block does not fill hold the chat's first words, whatever is in view behind them.
    const bool isPinned = index == 0 && !walk.hasEarlier && m_block < m_size.sinks;
    if (m_mode == CacheMode::Streaming && message.role == Role::User && !isTail && !isPinned &&
        fromContent - walk.behindQuestion <= m_size.window)
        walk.aligned = fromContent;
    return !isTail && !walk.stop.stop_requested();
}

void WindowPlanner::finish(Walk& walk) const {
    WindowPlan& plan = walk.plan;
    const int window = m_size.window, toQuestion = walk.sum - walk.behindQuestion;
    const bool allFits = walk.reachedBegin && m_block + walk.sum <= m_size.capacity();
    if (m_mode == CacheMode::Dense) {
        plan.everything = true;
        plan.fits = allFits;
        plan.tokens = walk.sum;
    } else if (allFits || (walk.reachedBegin && walk.sum < window)) {
        plan.everything = true;
        plan.tokens = walk.sum;
    } else if (walk.reachedBegin && m_block + toQuestion <= m_size.capacity()) {
        plan.tokens = std::min(walk.sum, window);
    } else {
        const bool turns = walk.aligned >= 0 && walk.aligned - walk.behindQuestion >= window / 2;
        plan.tokens = std::min(turns ? walk.aligned : walk.sum, window);
    }
    int newer = 0; // tokens behind the item looked at
    std::size_t kept = 0;
    while (kept < plan.items.size() && (plan.everything || newer < plan.tokens))
        newer += walk.counts[kept++];
    plan.items.resize(kept);
    std::reverse(plan.items.begin(), plan.items.end());
}

} // namespace engine
