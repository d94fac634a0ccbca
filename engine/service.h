#pragma once
#include "engine/attention_frame.h"
#include "engine/compare.h"
#include "engine/journal.h"
#include "engine/model_info.h"
#include "engine/session.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace engine {

using RequestId = std::uint64_t; // 0: none

/// What the service owes for one request: a handle to stop it by, and the id that its events carry. A copy stands for the same
/// request; letting go of it stops nothing. Any thread.
class Reply {
public:
    Reply() : m_stop(std::nostopstate) {} // to nothing
    explicit Reply(RequestId id, std::stop_source stop = {}) : m_id(id), m_stop(std::move(stop)) {}
    RequestId id() const { return m_id; }
    explicit operator bool() const { return m_id != 0; }
    /// Asks for an early end: Finished, LoadCancelled or CompareFinished follows all the same. Never too early: what has not begun by
    /// then does not begin. Too late is harmless.
    void stop() const {
        std::stop_source stop = m_stop;
        stop.request_stop();
    }
    std::stop_token stopToken() const { return m_stop.get_token(); }

private:
    RequestId m_id = 0;
    std::stop_source m_stop;
};

// What comes back, in order and without loss. The last event of a request is ModelLoaded, LoadCancelled, Finished,
// CompareFinished or Failed.
struct LoadProgress {
    RequestId id;
    float fraction;
};
struct ModelLoaded {
    RequestId id;
    ModelInfo info;
};
struct LoadCancelled {
    RequestId id;
}; // the old model is still there
struct ReadProgress {
    RequestId id;
    int read;
    int total;
    CacheStatus status;
};
struct TextGenerated {
    RequestId id;
    std::string text;
    int tokens;
    CacheStatus status;
}; // whole characters
struct Finished {
    RequestId id;
    GenerationResult result;
    CacheStatus status;
};
struct DeviceFailed {
    RequestId id;
    std::string sentence;
}; // the model is loaded on the CPU, and the request goes on there
struct ModelMoved {
    RequestId id;
    ModelInfo info;
}; // after DeviceFailed: the request goes on with this one
struct CompareProgress {
    RequestId id;
    CacheMode mode;
    std::vector<float> newLosses; // nats per token, in order
    std::size_t tokensRead, tokensTotal;
    float firstTokenShare = -1; // of attention, by the newest token; -1: not in view
};
struct CompareFinished {
    RequestId id;
    bool cancelled;
};
struct Failed {
    RequestId id;
    std::string sentence;
};
using EngineEvent =
    std::variant<LoadProgress, ModelLoaded, LoadCancelled, ReadProgress, TextGenerated, Finished,
                 DeviceFailed, ModelMoved, CompareProgress, CompareFinished, Failed>;

struct CompareRequest {
    std::string text;                    // UTF-8
    std::vector<EvaluationOptions> runs; // one after the other, in turns with the chat
    int maxTokens = 4096;
};

/// All that a front end asks of the engine: the window through app's EngineBridge, a program without Qt directly.
///
/// THREAD BORDER: everything above runs on one thread of the caller's (the main thread), everything below on the engine thread that this
/// class owns. Std only.
///
/// Requests are done in order; comparisons run in the background, a chunk at a time, whenever nothing else waits. A stop is honoured
/// within one token, or within 100 ms while a prompt is read. An exception below becomes a Failed event; the thread lives on. A device that
/// fails costs a chat nothing but time (Session::run); a comparison fails with it.
///
/// One Session serves all chats: what of the last one a request begins with is used, by its text. A second chat in memory is a
/// second Session over the same Model: EngineWorker::chat() is the place where a request would be given to the one that holds its
/// chat, and Session is all that it would need to hold twice.
class Service {
public:
    /// `wake` is called on the engine thread when events are waiting and the last ones have been taken; it must return at once. A caller
    /// that waits for events needs none.
    explicit Service(std::function<void()> wake = {});
    ~Service(); // stops what runs and joins

    // The caller's thread. A stop source of one's own may stop several requests, or one before it is asked.
    Reply load(std::filesystem::path path, LoadOptions options, std::stop_source stop = {});
    Reply chat(ChatRequest request, std::stop_source stop = {});
    Reply compare(CompareRequest request, std::stop_source stop = {});
    void setCapture(CaptureRequest request);
    /// Generation pauses before the next token until released (the Inspector's Shift+Space).
    void setPaused(bool paused);

    /// What has come since the last call. Text of one answer and the progress of one request are joined where they follow each other.
    std::vector<EngineEvent> takeEvents();
    std::vector<EngineEvent> waitForEvents(); // sleeps until there are some
    Latest<AttentionFrame>& frames();         // the main thread is its reader
    Journal& journal();                       // the main thread is its reader
    Recorder& recorder(); // writes every row of every decoded token to a file while it is on

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace engine
