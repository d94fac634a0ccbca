#pragma once
#include "engine/session/prompt_writer.h"
#include "engine/types.h"

#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace engine {

/// How a cache is divided: the sinks grow to hold the whole system block and the window shrinks by as much, so that the
/// size stays what was asked for. `usualTokens`: that of a model (ModelConfig) where nothing was asked for.
struct CacheSize {
    int sinks = 0;
    int window = 1;
    int capacity() const { return sinks + window; }
};
CacheSize cacheSize(int usualTokens, const CacheOptions& options, std::size_t blockTokens);

/// Which part of a branch is in view at its end. This is the rule, and the only place where it stands:
///
///  * What fits is in view, all of it.
///  * Else the view begins, when the newest question has been read, at the first user's message from which everything up to
///    there fits into the window; where that would leave less than half of the window, `window` tokens before that place.
///    (Window mode has no turns: always the latter.)
///  * What follows the question pushes out the oldest tokens, one by one.
///
/// It depends on the messages, the system prompt and the size of the cache alone, never on what was done before.
struct WindowPlan {
    struct Item {              // a message of which at least a part is in view
        std::size_t index = 0; // in the history
        bool isHeld = false;   // the cache has all its tokens; `passage` is empty then
        Passage passage;
    };
    std::vector<Item> items; // oldest first
    int tokens = 0;          // from the beginning of the view to the end of the branch
    bool everything = false; // nothing of the branch is out of view
    bool fits = true;        // false: too much for a dense cache
    bool isComplete = true;  // false: stopped, or what is held is not enough to tell
};

/// Looks back along a branch from its end, no further than can matter. Engine thread, or any other with a tokenizer.
class WindowPlanner {
public:
    /// `writer`: shows the branch that is planned.
    WindowPlanner(const PromptWriter& writer, std::size_t blockTokens, CacheMode mode, CacheSize size)
        : m_writer(writer), m_block(static_cast<int>(blockTokens)), m_mode(mode), m_size(size) {}

    /// A message that need not be tokenized, because its tokens are in the cache.
    struct Held {
        int tokens = 0;       // all of it, what was left out in front included
        int contentBegin = 0; // index of its own first token
        bool isTail = false;  // see HeldMessage
        int unread = 0;
    };
    using Lookup = std::function<std::optional<Held>(std::size_t index)>;

    /// `hasEarlier`: the branch begins before this history.
    WindowPlan plan(std::span<const ChatMessage> history, bool hasEarlier, const Lookup& held,
                    const std::stop_token& stop) const;

private:
    struct Walk;
    bool take(Walk& walk, std::size_t index) const;
    void finish(Walk& walk) const;

    const PromptWriter& m_writer;
    int m_block;
    CacheMode m_mode;
    CacheSize m_size;
};

} // namespace engine
