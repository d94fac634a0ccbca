#pragma once
#include "engine/types.h"

#include <string>

namespace test {

/// What devices are asked that fail in the middle of the answer: greedy, so that all of them have to give the same.
inline engine::ChatRequest harbourQuestion(int maxTokens) {
    engine::ChatRequest request;
    request.chatId = 1;
    request.history = {{1, engine::Role::User, "What is in the harbour?"}};
    request.answerId = 2;
    request.maxTokens = maxTokens;
    request.cache.window = 100;
    request.sampling = {.temperature = 0, .repetitionPenalty = 1};
    return request;
}

/// The same answer, of which there is a beginning.
inline engine::ChatRequest harbourContinued(const std::string& beginning, int maxTokens) {
    engine::ChatRequest request = harbourQuestion(maxTokens);
    if (beginning.empty())
        return request;
    request.history.push_back({2, engine::Role::Assistant, beginning});
    request.purpose = engine::Purpose::Continue;
    return request;
}

} // namespace test
