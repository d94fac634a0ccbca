#include "app/cli/chat_run.h"
#include "app/cli/interrupts.h"

#include <algorithm>
#include <cstdio>

namespace cli {
namespace {

constexpr int BlockTokens = 16, MemoryTokens = 1024;

const char* name(engine::StopReason reason) {
    switch (reason) {
    case engine::StopReason::EndOfTurn:
        return "end of turn";
    case engine::StopReason::Length:
        return "length";
    case engine::StopReason::Cancelled:
        return "stopped";
    case engine::StopReason::CacheFull:
        return "cache full";
    }
    return "?";
}

double quantile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

} // namespace

ChatRun::ChatRun(std::shared_ptr<const engine::Model> model, const CacheChoice& cache,
                 const ChatOptions& options, std::function<bool(const std::string&)> print)
    : m_options(options), m_print(std::move(print)), m_session(std::move(model)) {
    m_request.chatId = 1;
    m_request.system = options.system;
    m_request.cache = {cache.mode, cache.sinks, cache.window, cache.ringType};
    m_request.sampling = options.sampling;
    m_observer.token = [this](engine::TokenId, const std::string& text, const engine::CacheStatus&) {
        tokenCame(text);
    };
    m_observer.deviceFailed = [](const std::string& sentence) {
        complain(sentence + " The chat goes on on the CPU.");
    };
}

void ChatRun::say(const std::string& text) {
    m_request.history.push_back({m_nextId++, engine::Role::User, text});
    m_request.answerId = m_nextId++;
    m_request.maxTokens = m_options.maxTokens;
    if (m_options.totalTokens > 0) {
        const int left = m_options.totalTokens - static_cast<int>(m_generatedTokens);
        m_request.maxTokens = m_request.maxTokens > 0 ? std::min(m_request.maxTokens, left) : left;
    }
    m_answer.clear();
    m_stop = std::stop_source();
    m_tokenBegan = -1;
    {
        const Interrupts::Stoppable stoppable(m_stop);
        m_last = m_session.run(m_request, m_observer, m_stop.get_token());
    }
    m_print("\n");
    m_request.history.push_back({m_request.answerId, engine::Role::Assistant, m_answer});
    m_promptTokens += m_last.promptTokens;
    m_generatedTokens += m_last.generatedTokens;
    m_promptSeconds += m_last.promptSeconds;
    m_generateSeconds += m_last.generateSeconds;
    ++m_turns;
    m_lastText = m_answer;
    forgetOldMessages();
}

void ChatRun::sayUntil(const std::string& text) {
    say(text);
    while (m_generatedTokens < m_options.totalTokens && m_last.reason != engine::StopReason::Cancelled &&
           m_last.reason != engine::StopReason::CacheFull)
        say(m_options.followUp);
}

void ChatRun::tokenCame(const std::string& text) {
    m_answer += text;
    if (!m_print(text))
        m_stop.request_stop();
    if (!m_options.report)
        return;
    const double now = cpuSeconds();
    if (m_tokenBegan >= 0) { // the first token of an answer comes after the reading of the question
        m_blockSeconds += now - m_tokenBegan;
        if (++m_blockTokens == BlockTokens) {
            m_blockMilliseconds.push_back(1000 * m_blockSeconds / BlockTokens);
            if (m_blockMilliseconds.size() % (MemoryTokens / BlockTokens) == 0)
                m_memory.push_back(memoryBytes());
            m_blockSeconds = 0;
            m_blockTokens = 0;
        }
    }
    m_tokenBegan = cpuSeconds();
}

// The session only compares what its window holds; what is much older need not be handed over.
void ChatRun::forgetOldMessages() {
    const std::size_t enough = 16 * static_cast<std::size_t>(std::max(1, m_session.status().capacity));
    std::size_t characters = 0, first = m_request.history.size();
    while (first > 0 && characters < enough)
        characters += m_request.history[--first].text.size() + 1;
    for (std::size_t i = 0; i < first; ++i)
        m_request.earlierBytes += static_cast<std::int64_t>(m_request.history[i].text.size());
    m_request.history.erase(m_request.history.begin(),
                            m_request.history.begin() + static_cast<std::ptrdiff_t>(first));
}

nlohmann::json ChatRun::report() const {
    const engine::CacheStatus status = m_session.status();
    nlohmann::json result{
        {"text", m_lastText},
        {"stop_reason", name(m_last.reason)},
        {"turns", m_turns},
        {"prompt_tokens", m_promptTokens},
        {"generated_tokens", m_generatedTokens},
        {"prompt_seconds", m_promptSeconds},
        {"generate_seconds", m_generateSeconds},
        {"tokens_per_second", m_generateSeconds > 0 ? m_generatedTokens / m_generateSeconds : 0.0},
        {"cache",
         {{"visible", status.visible},
          {"capacity", status.capacity},
          {"sinks", status.sinks},
          {"window", status.window},
          {"position", status.position},
          {"forgotten", status.forgotten},
          {"read_again", status.readAgain},
          {"bytes", status.cacheBytes}}},
        {"peak_memory_bytes", peakMemoryBytes()}};
    if (m_blockMilliseconds.empty())
        return result;
    const double middle = quantile(m_blockMilliseconds, 0.5), high = quantile(m_blockMilliseconds, 0.99);
    result["report"] = {{"block_tokens", BlockTokens},
                        {"cpu_milliseconds_per_token", m_blockMilliseconds},
                        {"cpu_median", middle},
                        {"cpu_p99", high},
                        {"p99_over_median", high / middle},
                        {"memory_bytes", m_memory}};
    return result;
}

} // namespace cli
