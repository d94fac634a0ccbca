#pragma once
#include "engine/session.h"

#include <chrono>
#include <string>

namespace engine {

/// What was handed out of an answer whose device may fail, so that it goes on behind that. Engine thread; one for a run.
class AnswerSoFar {
public:
    /// `observer` must outlive what is returned.
    Session::Observer watch(const Session::Observer& observer);
    /// What is still to be done for the request: nobody is told anything twice.
    ChatRequest rest(const ChatRequest& request) const;
    /// The numbers of both parts.
    GenerationResult with(GenerationResult rest) const;

private:
    using Clock = std::chrono::steady_clock;
    std::string m_text;
    int m_tokens = 0;
    Clock::time_point m_first, m_last; // when tokens came
};

} // namespace engine
