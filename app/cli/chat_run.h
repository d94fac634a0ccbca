#pragma once
#include "app/cli/model_options.h"
#include "engine/session.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cli {

struct ChatOptions {
    std::string system;
    std::string followUp = "Go on.";
    engine::SamplingOptions sampling;
    int maxTokens = 0;
    int totalTokens = 0;
    bool report = false;
};

/// A conversation on the command line: keeps the history, hands out text, and watches time and memory per
/// token.
class ChatRun {
public:
    /// `print` gets text as it comes; false stops the answer, and so does Ctrl+C.
    ChatRun(std::shared_ptr<const engine::Model> model, const CacheChoice& cache, const ChatOptions& options,
            std::function<bool(const std::string&)> print);

    void say(const std::string& text);
    /// Says `text`, then the follow-up, until totalTokens have been generated or an answer is stopped.
    void sayUntil(const std::string& text);
    nlohmann::json report() const;
    engine::StopReason reason() const { return m_last.reason; } // of the newest answer
    bool answerIsEmpty() const { return m_lastText.empty(); }
    int capacity() const { return m_session.status().capacity; } // tokens
    const engine::ModelInfo& modelInfo() const { return m_session.model()->info; }

private:
    void tokenCame(const std::string& text);
    void forgetOldMessages();

    ChatOptions m_options;
    std::function<bool(const std::string&)> m_print;
    engine::Session m_session;
    engine::ChatRequest m_request;
    engine::Session::Observer m_observer;
    std::stop_source m_stop;
    std::string m_answer;
    std::string m_lastText;
    std::int64_t m_nextId = 1;

    engine::GenerationResult m_last;
    std::int64_t m_promptTokens = 0, m_generatedTokens = 0, m_turns = 0;
    double m_promptSeconds = 0, m_generateSeconds = 0;
    double m_tokenBegan = -1; // processor time; negative: no token of this answer yet
    double m_blockSeconds = 0;
    int m_blockTokens = 0;
    std::vector<double> m_blockMilliseconds; // per token, of every 16 tokens
    std::vector<std::uint64_t> m_memory;     // resident bytes, every 1,024 tokens
};

} // namespace cli
