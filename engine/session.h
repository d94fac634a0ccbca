#pragma once
#include "engine/attention_frame.h"
#include "engine/generator.h"
#include "engine/journal.h"
#include "engine/model_info.h"
#include "engine/recorder.h"
#include "engine/types.h"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace engine {

class Context;
class Model;

enum class Purpose : std::uint8_t {
    Answer,   // history ends with a user message; generate the answer
    Continue, // history ends with an unfinished answer; go on with it
    Prepare   // only bring the cache up to date, so that the next answer starts at once
};

struct ChatRequest {
    std::int64_t chatId =
        0; // whose numbers they are; what another chat has left in view and this one begins with is used
    /// Empty = the template's default. Instructions at the beginning of the whole history are added to it.
    std::string system;
    /// The newest messages of the branch, oldest first, more than can fit. What is in view at their end depends on them alone
    /// (session/window_plan.h); what of that the cache holds already is not read again.
    std::vector<ChatMessage> history;
    std::int64_t earlierBytes = 0; // of the branch's older messages that were left out; 0: none were
    std::int64_t answerId =
        0; // id the generated tokens belong to (Answer), for the horizon and the Inspector
    Purpose purpose = Purpose::Answer;
    CacheOptions cache;
    SamplingOptions sampling;
    GeneratorFactory generator; // how the answer goes on; empty: SampledGenerator
    int maxTokens = 0;          // 0 = until the end of the turn
    /// The answer ends in front of the first of them; it is neither handed out nor kept in view. UTF-8.
    std::vector<std::string> stopWords;
};

/// State of the cache in numbers; copied freely.
struct CacheStatus {
    int visible = 0;               // tokens in view, sinks included
    int capacity = 0;              // sinks + window
    int sinks = 0;                 // pinned: BOS and the system block, CacheOptions::sinks at least
    int window = 0;                // ring tokens behind them
    StreamPosition position = 0;   // tokens in the stream so far
    StreamPosition forgotten = 0;  // of the chat and not in view, whether it was ever read or not
    bool forgottenIsAbout = false; // a part of it was never counted
    std::int64_t readAgain = 0;    // of this chat, read a second time since the program began
    std::uint64_t cacheBytes = 0;
    Horizon horizon;
    float tokensPerSecond = 0; // of the answer being written, or of the last one
    float captureCost =
        -1; // what looking at attention costs, as a share of a token's time; -1: not measured yet
    CaptureLevel captureLevel =
        CaptureLevel::Map; // in force; lower than asked for when the governor stepped in
};

struct GenerationResult {
    StopReason reason = StopReason::EndOfTurn;
    int promptTokens = 0; // read for this answer
    int generatedTokens = 0;
    double promptSeconds = 0;
    double generateSeconds = 0;
};

/// Where a session shows what happens to its cache. Nothing of it is owned: all of it outlives the session.
struct Probes {
    std::function<CaptureRequest()>
        capture; // asked before every token, on the session's thread; empty: the layout only
    Latest<AttentionFrame>* frames = nullptr;
    Journal* journal = nullptr;
    Recorder* recorder = nullptr; // asked before every decoded token
};

/// One conversation in a cache, over any number of turns. Blocking and single-threaded: the engine thread, the command line or a test.
/// Contains the decode loop. Several sessions on one model are fine, one run at a time: they share its weights, and each has a
/// cache of its own.
class Session {
public:
    /// Who asked, for one run. Called on its thread.
    struct Observer {
        std::function<void(int read, int total)> prefill = {}; // while reading
        std::function<void(TokenId, const std::string& text, const CacheStatus&)> token =
            {}; // text may be empty (held back); NoToken: text of no token, held back or the marks round a thought
        std::function<void(const std::string& sentence)> deviceFailed = {}; // the run goes on on the CPU
        std::function<void(const ModelInfo&)> moved = {}; // after that: the model that it goes on with
    };

    /// `before`: the last model's session. What it has read is read again now.
    explicit Session(std::shared_ptr<const Model> model, const Session* before = nullptr);
    ~Session();

    void watch(Probes probes); // before the first run, or between two
    /// Throws engine::Error: for a request that cannot be answered before anything has changed, else the cache is given up.
    /// Where a device other than the CPU fails, the model is loaded on the CPU, the chat read there, and the answer goes on behind what was
    /// handed out. A stop while it is loaded ends the run; then the next run tries again.
    GenerationResult run(const ChatRequest& request, const Observer& observer, std::stop_token stop);
    CacheStatus status() const;
    Context* context();                         // null before the first run
    std::shared_ptr<const Model> model() const; // another one after a device failed

private:
    bool moveToCpu(const std::string& problem, const Observer& observer, const std::stop_token& stop);

    struct Impl;
    std::unique_ptr<Impl> m_impl;
    Probes m_probes;
};

} // namespace engine
