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

using RequestId = std::uint64_t; // given by the caller, unique

// What comes back, in order and without loss.
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
using EngineEvent = std::variant<LoadProgress, ModelLoaded, LoadCancelled, ReadProgress, TextGenerated,
                                 Finished, CompareProgress, CompareFinished, Failed>;

struct CompareRequest {
    std::string text;                    // UTF-8
    std::vector<EvaluationOptions> runs; // one after the other, in turns with the chat
    int maxTokens = 4096;
};

/// THREAD BORDER: everything above runs on the main thread, everything below on the engine thread that this class owns. Std only.
///
/// Commands are queued and done in order; comparisons run in the background, a chunk at a time, whenever no command waits. Each
/// command has its own stop token, made by the caller, so an early stop is never lost. A stop is honoured within one token, or within
/// 100 ms while a prompt is read. An exception below becomes a Failed event; the thread lives on.
class EngineThread {
public:
    /// `wake` is called on the engine thread when events are waiting and the last ones have been taken; it must return at once.
    explicit EngineThread(std::function<void()> wake);
    ~EngineThread(); // stops what runs and joins

    // Main thread:
    void load(RequestId id, std::filesystem::path path, LoadOptions options, std::stop_token stop);
    void chat(RequestId id, ChatRequest request, std::stop_token stop);
    void compare(RequestId id, CompareRequest request, std::stop_token stop);
    void setCapture(CaptureRequest request);
    /// Generation pauses before the next token until released (the Inspector's Shift+Space).
    void setPaused(bool paused);

    std::vector<EngineEvent> takeEvents();
    Latest<AttentionFrame>& frames(); // the main thread is its reader
    Journal& journal();               // the main thread is its reader
    Recorder& recorder();             // writes every row of every decoded token to a file while it is on

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace engine
